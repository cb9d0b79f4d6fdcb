"""`jax.lax.scan`: the carry keeps its type, results are stacked along the axis that the scanned arrays lose.

Hooks of the checking phase; `branches` uses the parts.
"""

from __future__ import annotations

from mypy.plugin import FunctionContext, FunctionSigContext
from mypy.types import (
    CallableType,
    FunctionLike,
    NoneType,
    ProperType,
    TupleType,
    Type,
    get_proper_type,
)

from mypy_plugin import lambdas
from mypy_plugin.encode import ANY, tuple_type
from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail
from mypy_plugin.values import Reader
from mypy_plugin.vmaps import item_along, mapped

SCAN = "jax._src.lax.control_flow.loops.scan"


def accept_scan(ctx: FunctionSigContext) -> FunctionLike:
    """`scan` without its own idea of the carry's type: shapes change between the function's view and the caller's."""
    return ctx.default_signature.copy_modified(
        arg_types=[ANY if i < 3 else typ for i, typ in enumerate(ctx.default_signature.arg_types)],
        ret_type=tuple_type([ANY, ANY], Reader(checker(ctx.api)).named),
        variables=[],
    )


def scan(ctx: FunctionContext) -> Type:
    """`jax.lax.scan(f, init, xs)`: the carry keeps its type, results are stacked along the axis that `xs` loses."""
    function = get_proper_type(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None
    if not isinstance(function, CallableType) or len(function.arg_types) < 2 or len(ctx.arg_types) < 3 or not ctx.arg_types[1]:
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    init, xs = ctx.arg_types[1][0], get_proper_type(ctx.arg_types[2][0]) if ctx.arg_types[2] else NoneType()
    length, item = unstacked(xs, reader)
    function = lambdas.typed(ctx.args[0][0], [init, item], reader.chk) or function
    matching = Matching(reader.chk, function)
    for name, declared, actual in zip(("carry", "x"), function.arg_types[:2], (init, item), strict=True):
        mismatch = matching.match(declared, actual, None, matching.flexible)
        if mismatch is not None:
            fail(
                f'jax.lax.scan: the {name} does not fit "{function.name or "the function"}": {mismatch.reason}',
                "shape-op",
                ctx.context,
                reader.chk,
            )
            return ctx.default_return_type
    result = get_proper_type(matching.result(function.ret_type))
    if not isinstance(result, TupleType) or len(result.items) != 2:
        return ctx.default_return_type
    carry, output = result.items
    if (mismatch := matching.match(init, carry, None, frozenset())) is not None:
        fail(f"jax.lax.scan: the carry changes its type: {mismatch.reason}", "shape-op", ctx.context, reader.chk)
        return ctx.default_return_type
    stacked = mapped(output, 0, length, reader)
    return tuple_type([carry, stacked], reader.named)


def unstacked(xs: ProperType, reader: Reader) -> tuple[Type, Type]:
    """The length of the scanned arrays, and the type of one item."""
    length, item = item_along(xs, 0, reader)
    return length, NoneType() if isinstance(xs, NoneType) else item
