"""Every hint that is not about arrays, by beartype's public API.

Called by the reference for :class:`~shapecheck.runtime.hints.OtherHint`, and by the compiler for the same hints.
beartype is imported when the first such hint is met.
"""

import functools
import operator
import typing
from collections.abc import Callable
from functools import cache, lru_cache
from types import UnionType
from typing import Any, get_args, get_origin

__all__ = ["accepts", "compiled_check", "problem"]


def accepts(hint: Any, value: object, *, tower: bool = False) -> bool:
    """Whether a value fits a hint; yes, if beartype does not know such hints.

    Args:
        hint: any type hint.
        value: any object.
        tower: whether an int will do for a float (PEP 484's numeric tower).
    """
    import beartype.door
    import beartype.roar

    try:
        return beartype.door.is_bearable(value, _modern(hint), conf=_configuration(tower))
    except beartype.roar.BeartypeException:
        return True


@cache
def _configuration(tower: bool) -> Any:
    import beartype

    return beartype.BeartypeConf(is_pep484_tower=tower)


type _Check = Callable[[Any], bool]


def compiled_check(hint: Any, *, tower: bool = False) -> _Check | None:
    """A function that is True, or raises if its argument does not fit; None if beartype does not know such hints."""
    check = _compiled(hint, tower)
    return None if isinstance(check, str) else check


def problem(hint: Any) -> str | None:
    """Why beartype cannot check a hint, in its words; None if it can."""
    check = _compiled(hint, False)
    return check if isinstance(check, str) else None


def _compiled(hint: Any, tower: bool) -> _Check | str:
    try:
        return _compiled_once(hint, tower)
    except TypeError:  # a hint without hash
        return _compile(hint, tower)


def _compile(hint: Any, tower: bool) -> _Check | str:
    """The function, or why there is none."""
    import beartype
    import beartype.roar

    def check(value: Any) -> bool:
        return True

    check.__annotations__ = {"value": _modern(hint)}  # no check of the answer
    try:
        return beartype.beartype(conf=_configuration(tower))(check)
    except beartype.roar.BeartypeException as error:
        return str(error).splitlines()[0].partition('parameter "value" ')[2].split(". ")[0]


_compiled_once = lru_cache(512)(_compile)
"""Most hints stand in many functions."""


def _modern(hint: Any) -> Any:
    """The same hint without `typing.List` and the like, about which beartype warns."""
    origin: Any = get_origin(hint)
    arguments = get_args(hint)
    if origin is None or not arguments:
        return origin if isinstance(origin, type) and type(hint).__module__ == "typing" else hint
    if origin is typing.Literal:
        return hint
    if origin is typing.Annotated:
        return typing.Annotated[(_modern(arguments[0]), *arguments[1:])]
    modern = tuple([_modern(part) for part in each] if isinstance(each, list) else _modern(each) for each in arguments)
    if isinstance(hint, UnionType):
        return functools.reduce(operator.or_, modern)
    if origin is typing.Union:
        return typing.Union[modern]  # noqa: UP007 - built from a tuple
    old = type(hint).__module__ == "typing" and isinstance(getattr(hint, "_name", None), str)
    return origin[modern] if old or modern != arguments else hint
