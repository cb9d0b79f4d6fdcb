"""Returned values that mypy cannot hold against their annotation, because it is `Any` or a type variable to it.

`-> PyTree[Float[Array, "n"]]`, `-> Float[Any, "n"]`, `-> Float[T, "n"]`: `binding` has `prepare` wrap every returned value in a
call that only mypy sees, whose type carries the annotation; when it is checked, `settle` compares.
"""

from __future__ import annotations

from mypy.nodes import CallExpr, TempNode
from mypy.plugin import FunctionContext
from mypy.types import CallableType, Type, TypeVarType, get_proper_type

from mypy_plugin.carriers import is_like
from mypy_plugin.encode import ANY, array_of
from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail
from mypy_plugin.patterns import shown
from mypy_plugin.symbols import is_free, symbol_of
from mypy_plugin.values import Reader
from mypy_plugin.variables import variables_in
from shapecheck.core.unify import settle as solve


def settle(ctx: FunctionContext) -> Type:
    """The type of a returned value; a certain mismatch with the annotation is reported."""
    actual = ctx.arg_types[0][0]
    declared = _annotation(ctx)
    if declared is None:
        return actual
    chk = checker(ctx.api)
    free = frozenset(symbol_of(v) for v in variables_in(declared) if isinstance(v, TypeVarType) and is_free(v))
    matching = Matching(chk, CallableType([], [], [], ANY, Reader(chk).named("builtins.function", [])))
    mismatch = matching.match(declared, actual, ctx.args[0][0], free) or solve(matching.bindings, free)
    if mismatch is not None:
        fail(f"Returned {shown(actual)}, declared {shown(declared)}: {mismatch.reason}", mismatch.code, ctx.context, chk)
        return declared  # so that mypy does not say it again
    return declared if is_like(declared) and array_of(actual) is not None else actual


def _annotation(ctx: FunctionContext) -> Type | None:
    call = ctx.context
    callee = call.callee if isinstance(call, CallExpr) else None
    signature = get_proper_type(callee.type) if isinstance(callee, TempNode) else None
    return signature.arg_types[1] if isinstance(signature, CallableType) and len(signature.arg_types) == 2 else None
