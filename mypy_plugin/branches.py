"""`jax.lax.cond`, `switch` and `map`, `jax.jvp` and `vjp`: functions that call a function they are given, once or for every item.

Hooks of the checking phase. The result is that of the function for the operands' shapes; where the branches are not alike, or a
function is neither annotated nor a lambda, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mypy.nodes import ARG_OPT, ARG_POS, Expression, ListExpr, TupleExpr
from mypy.plugin import FunctionContext
from mypy.types import AnyType, CallableType, TupleType, Type, get_proper_type

from mypy_plugin import lambdas, lenient
from mypy_plugin.encode import tuple_type
from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail
from mypy_plugin.scans import unstacked
from mypy_plugin.values import Reader
from mypy_plugin.vmaps import mapped


def cond(ctx: FunctionContext) -> Type:
    """`cond(pred, true_fun, false_fun, *operands)`."""
    given = [(types[0], written[0]) for types, written in zip(ctx.arg_types[1:3], ctx.args[1:3], strict=True) if types]
    return _alike(given, ctx)


def switch(ctx: FunctionContext) -> Type:
    """`switch(index, branches, *operands)`."""
    written = ctx.args[1][0] if len(ctx.args) > 1 and ctx.args[1] else None
    if not isinstance(written, ListExpr | TupleExpr):
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    return _alike([(reader.type_of(item), item) for item in written.items], ctx)


def _alike(branches: Sequence[tuple[Type | None, Expression]], ctx: FunctionContext) -> Type:
    """The one result of all branches."""
    operands = [
        typ for name, types in zip(ctx.callee_arg_names, ctx.arg_types, strict=True) if name == "operands" for typ in types
    ]
    results = [_result(branch, operands, ctx, written) for branch, written in branches]
    first = results[0] if results else None
    return lenient.certain(first) if first is not None and all(each == first for each in results) else ctx.default_return_type


def _result(function: Type | None, operands: Sequence[Type], ctx: FunctionContext, written: Expression | None) -> Type | None:
    """What a function answers for these arguments; None when that is not known. A shape that does not fit is reported."""
    known = get_proper_type(function) if function is not None else None
    known = lambdas.typed(written, operands, checker(ctx.api)) or known
    if not isinstance(known, CallableType) or known.is_type_obj() or len(known.arg_types) != len(operands):
        return None
    if any(kind not in (ARG_POS, ARG_OPT) for kind in known.arg_kinds):
        return None
    matching = Matching(checker(ctx.api), known)
    result = get_proper_type(matching.applied(operands, ctx.context))
    for fault in matching.faults[:1]:
        fail(fault.text, "shape-op" if fault.code == "shape-mismatch" else fault.code, fault.place, matching.chk)
    return None if isinstance(result, AnyType) or matching.faults else result


def map_(ctx: FunctionContext) -> Type:
    """`map(f, xs)`: the results for every item along the first axis, stacked."""
    if len(ctx.arg_types) < 2 or not ctx.arg_types[0] or not ctx.arg_types[1]:
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    length, item = unstacked(get_proper_type(ctx.arg_types[1][0]), reader)
    result = _result(ctx.arg_types[0][0], [item], ctx, ctx.args[0][0])
    return mapped(result, 0, length, reader) if result is not None else ctx.default_return_type


# --- derivatives at a point ----------------------------------------------------------------------------------------


def jvp(ctx: FunctionContext) -> Type:
    """`jvp(f, primals, tangents)`: the result and its tangent, which are alike."""
    primals = get_proper_type(ctx.arg_types[1][0]) if len(ctx.arg_types) > 2 and ctx.arg_types[1] else None
    if not isinstance(primals, TupleType) or len(_given(ctx)) > 3:
        return ctx.default_return_type
    result = _result(ctx.arg_types[0][0], primals.items, ctx, ctx.args[0][0])
    return tuple_type([result, result], Reader(checker(ctx.api)).named) if result is not None else ctx.default_return_type


def vjp(ctx: FunctionContext) -> Type:
    """`vjp(f, *primals)`: the result, and a function that we do not follow."""
    default = get_proper_type(ctx.default_return_type)
    result = _at_operands(ctx)
    if result is None or not isinstance(default, TupleType) or len(default.items) != 2:
        return ctx.default_return_type
    return default.copy_modified(items=[result, default.items[1]])


def evaluated(ctx: FunctionContext) -> Type:
    """`eval_shape(f, *args)`: the function is called, what comes back is no array."""
    _at_operands(ctx)
    return ctx.default_return_type


def _at_operands(ctx: FunctionContext) -> Type | None:
    """What the function answers for the arguments after it, None when there are others or `*args`."""
    if len(_given(ctx)) > 2 or not ctx.arg_types[0] or any(kind.is_star() for kinds in ctx.arg_kinds for kind in kinds):
        return None
    return _result(ctx.arg_types[0][0], ctx.arg_types[1], ctx, ctx.args[0][0]) if len(ctx.arg_types) > 1 else None


def _given(ctx: FunctionContext) -> list[Sequence[Type]]:
    """The parameters that the call has arguments for."""
    return [types for types in ctx.arg_types if types]


_FLOW = "jax._src.lax.control_flow"
HOOKS: dict[str, Callable[[FunctionContext], Type]] = {
    f"{_FLOW}.conditionals.cond": cond,
    f"{_FLOW}.conditionals.switch": switch,
    f"{_FLOW}.loops.map": map_,
    "jax._src.api.jvp": jvp,
    "equinox._ad.filter_jvp": jvp,
    "torch._functorch.eager_transforms.jvp": jvp,
    "jax._src.api.vjp": vjp,
    "jax._src.api.linearize": vjp,
    "equinox._ad.filter_vjp": vjp,
    "torch._functorch.eager_transforms.vjp": vjp,
    "jax._src.api.eval_shape": evaluated,
    "equinox._eval_shape.filter_eval_shape": evaluated,
}
"""The hooks by mypy's names."""
