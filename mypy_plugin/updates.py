"""`x.at[index].set(y)`: jax's updates of a copy, whose helper objects have no shapes.

Hook of the checking phase: the whole chain is read where it is written, and the rule of `Array.at.set` is asked.
"""

from __future__ import annotations

from mypy.nodes import CallExpr, Expression, IndexExpr, MemberExpr
from mypy.plugin import MethodContext
from mypy.types import Type

from mypy_plugin.operations import apply_call, checker
from mypy_plugin.values import Reader
from shapecheck.core.value import Array
from shapecheck.rules import lookup

OWNER = "jax._src.basearray._IndexUpdateRef"


def update(ctx: MethodContext) -> Type:
    """The type of a call of a method of `x.at[index]`; jax's own where the chain is not written in one place."""
    match ctx.context:
        case CallExpr(callee=MemberExpr(expr=IndexExpr(base=MemberExpr(expr=array, name="at"), index=index), name=name)):
            return _updated(array, index, f"Array.at.{name}", ctx.context, ctx)
        case _:
            return ctx.default_return_type


def _updated(array: Expression, index: Expression, name: str, call: CallExpr, ctx: MethodContext) -> Type:
    reader = Reader(checker(ctx.api))
    source = reader.value(array)
    if not isinstance(source, Array) or lookup(name) is None:
        return ctx.default_return_type
    return apply_call(name, [source, reader.index(index)], call, ctx)
