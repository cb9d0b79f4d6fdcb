"""`shapecheck.jaxtyped`: replace `from jaxtyping import jaxtyped` by `from shapecheck import jaxtyped`, and nothing else.

The two uses of jaxtyping's decorator that check nothing by themselves, `jaxtyped("context")` and
`jaxtyped(typechecker=None)`, are still jaxtyping's.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, overload

import jaxtyping

from shapecheck.runtime.decorator import checked

__all__ = ["jaxtyped"]

_UNSET: Final = object()
_THEIRS: Final[Any] = vars(jaxtyping)["jaxtyped"]  # as it was before anybody put ours in its place


@overload
def jaxtyped(target: Literal["context"], /) -> AbstractContextManager[None]: ...
@overload
def jaxtyped[T](target: T, /, *, typechecker: object = ...) -> T: ...
@overload
def jaxtyped[T](*, typechecker: object = ...) -> Callable[[T], T]: ...
def jaxtyped(target: Any = None, /, *, typechecker: Any = _UNSET) -> Any:
    """`checked` with the signature of jaxtyping's decorator.

    Args:
        target: a function or class, or `"context"`.
        typechecker: None opens a scope for checks by hand; anything else is ignored, since beartype checks what is not
            an array.
    """
    if typechecker is None or target == "context":
        options = {} if target == "context" else {"typechecker": None}
        return _THEIRS(target, **options) if target is not None else _THEIRS(**options)
    return checked(target) if target is not None else checked()
