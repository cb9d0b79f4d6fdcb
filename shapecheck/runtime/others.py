"""Every hint that is not about arrays, by beartype's public API.

Called by the reference for :class:`~shapecheck.runtime.hints.OtherHint`, and by the compiler for the same hints.
beartype is imported when the first such hint is met.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from shapecheck.runtime.errors import UncheckedWarning

__all__ = ["accepts", "compiled_check"]


def accepts(hint: Any, value: object, *, tower: bool = False) -> bool:
    """Whether a value fits a hint; yes, with a warning, if beartype does not know such hints.

    Args:
        hint: any type hint.
        value: any object.
        tower: whether an int will do for a float (PEP 484's numeric tower).
    """
    import beartype.door
    import beartype.roar

    try:
        return beartype.door.is_bearable(value, hint, conf=_configuration(tower))
    except beartype.roar.BeartypeException as error:
        warnings.warn(f"{hint!r} is not checked: {error}", UncheckedWarning, stacklevel=2)
        return True


@cache
def _configuration(tower: bool) -> Any:
    import beartype

    return beartype.BeartypeConf(is_pep484_tower=tower)


def compiled_check(hint: Any, *, tower: bool = False) -> Callable[[Any], bool] | None:
    """A function that is True or raises, if its argument does not fit; None, with a warning, if beartype does not know such hints."""
    import beartype
    import beartype.roar

    def check(value: Any) -> bool:
        return True

    check.__annotations__ = {"value": hint}  # no check of the answer
    try:
        return beartype.beartype(conf=_configuration(tower))(check)
    except beartype.roar.BeartypeException as error:
        warnings.warn(f"{hint!r} is not checked: {error}", UncheckedWarning, stacklevel=2)
        return None
