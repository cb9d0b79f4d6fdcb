"""How a transformation such as `jax.vmap` was called: its options, as far as they are written as constants.

Read by `transforms`, `vmaps` and `gradients`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.nodes import (
    ARG_STAR,
    ARG_STAR2,
    Expression,
    IntExpr,
    NameExpr,
    TupleExpr,
    UnaryExpr,
)
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import (
    CallableType,
    Type,
)

from mypy_plugin.encode import ANY
from mypy_plugin.operations import checker

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


@dataclass(frozen=True, slots=True)
class Options:
    """How a transformation was called: its options by name, as they are written."""

    written: dict[str, Expression]
    place: FunctionContext | MethodContext

    @property
    def chk(self) -> TypeChecker:
        return checker(self.place.api)

    def of(self, name: str, default: int | None) -> Axes:
        """An option made of ints, tuples and `None`; `...` when it is anything else."""
        expression = self.written.get(name)
        return _axes(expression) if expression is not None else default

    def flag(self, name: str) -> bool | None:
        """A boolean option; None when it is not a constant."""
        match self.written.get(name):
            case None | NameExpr(fullname="builtins.False"):
                return False
            case NameExpr(fullname="builtins.True"):
                return True
            case _:
                return None


type Axes = int | tuple[Axes, ...] | object | None
UNREADABLE = object()


def _axes(expression: Expression) -> Axes:
    match expression:
        case IntExpr(value=value):
            return value
        case UnaryExpr(op="-", expr=IntExpr(value=value)):
            return -value
        case NameExpr(fullname="builtins.None"):
            return None
        case TupleExpr(items=items):
            return tuple(map(_axes, items))
        case _:
            return UNREADABLE


def is_readable(axes: Axes) -> bool:
    return all(map(is_readable, axes)) if isinstance(axes, tuple) else axes is None or isinstance(axes, int)


type Transform = Callable[[CallableType, Options], Type | None]


def anything(chk: TypeChecker) -> CallableType:
    """`Callable[..., Any]`."""
    function = chk.named_type("builtins.function")
    return CallableType([ANY, ANY], [ARG_STAR, ARG_STAR2], [None, None], ANY, function, is_ellipsis_args=True)
