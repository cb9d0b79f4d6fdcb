"""`jax.lax.cond`, `switch` and `map`: functions that call a function they are given, once or for every item.

Hooks of the checking phase. The result is that of the function for the operands' shapes; where the branches are not alike, or a
function has no annotations, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mypy.nodes import ListExpr, TupleExpr
from mypy.plugin import FunctionContext
from mypy.types import AnyType, CallableType, Type, get_proper_type

from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail
from mypy_plugin.transforms import mapped_result, unstacked
from mypy_plugin.values import Reader


def cond(ctx: FunctionContext) -> Type:
    """`cond(pred, true_fun, false_fun, *operands)`."""
    return _alike([types[0] for types in ctx.arg_types[1:3] if types], ctx)


def switch(ctx: FunctionContext) -> Type:
    """`switch(index, branches, *operands)`."""
    written = ctx.args[1][0] if len(ctx.args) > 1 and ctx.args[1] else None
    if not isinstance(written, ListExpr | TupleExpr):
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    return _alike([reader.type_of(item) for item in written.items], ctx)


def _alike(branches: Sequence[Type | None], ctx: FunctionContext) -> Type:
    """The one result of all branches."""
    operands = [
        typ for name, types in zip(ctx.callee_arg_names, ctx.arg_types, strict=True) if name == "operands" for typ in types
    ]
    results = [_result(branch, operands, ctx) for branch in branches]
    first = results[0] if results else None
    return first if first is not None and all(each == first for each in results) else ctx.default_return_type


def _result(function: Type | None, operands: Sequence[Type], ctx: FunctionContext) -> Type | None:
    """What a function answers for these arguments; None when that is not known. A shape that does not fit is reported."""
    known = get_proper_type(function) if function is not None else None
    if not isinstance(known, CallableType) or known.is_type_obj() or len(known.arg_types) != len(operands):
        return None
    chk = checker(ctx.api)
    matching = Matching(chk, known)
    for declared, actual in zip(known.arg_types, operands, strict=True):
        mismatch = matching.match(declared, actual, None, matching.flexible)
        if mismatch is not None:
            fail(f'an operand does not fit "{known.name or "the function"}": {mismatch.reason}', "shape-op", ctx.context, chk)
            return None
    result = get_proper_type(matching.result(known.ret_type))
    return None if isinstance(result, AnyType) else result


def map_(ctx: FunctionContext) -> Type:
    """`map(f, xs)`: the results for every item along the first axis, stacked."""
    if len(ctx.arg_types) < 2 or not ctx.arg_types[0] or not ctx.arg_types[1]:
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    length, item = unstacked(get_proper_type(ctx.arg_types[1][0]), reader)
    result = _result(ctx.arg_types[0][0], [item], ctx)
    return mapped_result(result, length, reader) if result is not None else ctx.default_return_type


_FLOW = "jax._src.lax.control_flow"
HOOKS: dict[str, Callable[[FunctionContext], Type]] = {
    f"{_FLOW}.conditionals.cond": cond,
    f"{_FLOW}.conditionals.switch": switch,
    f"{_FLOW}.loops.map": map_,
}
"""The hooks by mypy's names."""
