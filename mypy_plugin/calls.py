"""Checks calls of functions whose signatures have shapes, and gives their results exact types.

Two hooks per call. `loosening.loosen` takes the shapes out of the signature before mypy checks the call and remembers the
original; `settle_call` afterwards matches the original parameters against the actual types, reports the first certain
mismatch, and fills the bound names into the return type.
"""

from __future__ import annotations

from mypy.argmap import map_actuals_to_formals
from mypy.nodes import CallExpr, IndexExpr, SuperExpr
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import (
    CallableType,
    Type,
    TypeVarType,
    get_proper_type,
)

from mypy_plugin import ascriptions, lenient
from mypy_plugin.encode import ANY
from mypy_plugin.loosening import Remembered, has_array, remembered, size_variables
from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail
from mypy_plugin.patterns import shown
from mypy_plugin.symbols import is_free, symbol_of
from mypy_plugin.values import Reader
from mypy_plugin.variables import variables_in
from shapecheck.core.unify import settle


def settle_call(ctx: FunctionContext | MethodContext) -> Type:
    """Checks the call against the original signature; the return type with every name filled in."""
    asked = remembered(ctx.context)
    known = asked or Remembered(ctx.context, _called_directly(ctx))
    if ctx.callee_arg_names == [None, None] and known.signatures and lenient.is_spread(ctx.context):
        ctx = _mapped(ctx, known.signatures[-1][0])
    candidates = _candidates(known, ctx)
    if not candidates:
        return _of_call(ctx)
    outcomes = [Matching(checker(ctx.api), signature).run(ctx) for signature in candidates]
    chosen = next((outcome for outcome in outcomes if not outcome.faults), outcomes[0])
    for fault in chosen.faults[:1] or chosen.doubts:  # a call stops at its first wrong argument
        fail(fault.text, fault.code, fault.place, checker(ctx.api), ctx.context)
    result = chosen.result(ctx.default_return_type if asked is not None else _unsolved(chosen.signature, ctx))
    return lenient.certain(result) if lenient.is_marked(chosen.signature) else result


def _of_call(ctx: FunctionContext | MethodContext) -> Type:
    """The result of a call that has no shapes to check."""
    call, chk = ctx.context, checker(ctx.api)
    callee = get_proper_type(chk.lookup_type_or_none(call.callee)) if isinstance(call, CallExpr) else None
    is_marked = isinstance(callee, CallableType) and lenient.is_marked(callee)
    return lenient.certain(ctx.default_return_type) if is_marked else ctx.default_return_type


def _mapped(ctx: FunctionContext | MethodContext, signature: CallableType) -> FunctionContext | MethodContext:
    """The context of a call with `*args` that mypy took for one of anything, with its arguments given to the parameters."""
    call, chk = ctx.context, checker(ctx.api)
    if not isinstance(call, CallExpr) or signature.arg_names == ctx.callee_arg_names:
        return ctx
    types = [chk.lookup_type(argument) if chk.has_type(argument) else ANY for argument in call.args]
    chosen = map_actuals_to_formals(call.arg_kinds, call.arg_names, signature.arg_kinds, signature.arg_names, lambda i: types[i])
    return ctx._replace(
        args=[[call.args[i] for i in actuals] for actuals in chosen],
        arg_types=[[types[i] for i in actuals] for actuals in chosen],
        arg_kinds=[[call.arg_kinds[i] for i in actuals] for actuals in chosen],
        arg_names=[[call.arg_names[i] for i in actuals] for actuals in chosen],
        callee_arg_names=list(signature.arg_names),
    )


def _called_directly(ctx: FunctionContext | MethodContext) -> list[tuple[CallableType, CallableType]]:
    """The signature of a callee that is an expression, as in `jax.vmap(f)(x)` and `super().f(x)`: mypy asks for none of it."""
    if not isinstance(ctx.context, CallExpr) or not isinstance(ctx.context.callee, CallExpr | IndexExpr | SuperExpr):
        return []
    chk = checker(ctx.api)
    solved = get_proper_type(chk.lookup_type(ctx.context.callee)) if chk.has_type(ctx.context.callee) else None
    if not isinstance(solved, CallableType) or not any(map(has_array, solved.arg_types)):
        return []
    with chk.msg.filter_errors(), chk.local_type_map:  # mypy has replaced the signature by what it solved it to
        callee = get_proper_type(chk.expr_checker.accept(ctx.context.callee))
    return [(callee, callee)] if isinstance(callee, CallableType) else []


def _unsolved(signature: CallableType, ctx: FunctionContext | MethodContext) -> Type:
    """The result as declared where only sizes are to be solved: mypy makes `Never` of `*#name`, which it sees in no argument."""
    sizes = {variable.id for variable in size_variables(signature)}
    return signature.ret_type if all(v.id in sizes for v in signature.variables) else ctx.default_return_type


def _candidates(known: Remembered, ctx: FunctionContext | MethodContext) -> list[CallableType]:
    """The signatures that mypy may have used: an overload's items, of the last time it looked the function up.

    mypy renames a method's type variables at each look-up, so those left in the result tell which one it was.
    """
    left = {v.id for v in variables_in(ctx.default_return_type)}
    same = [signature for signature, _ in known.signatures if signature.arg_names == ctx.callee_arg_names]
    exact = [s for s in same if left & {v.id for v in s.variables}]
    return exact or [s for s in same if s.ret_type == ctx.default_return_type][-1:] or same[-1:]


def settle_annotation(ctx: FunctionContext) -> Type:
    """Checks the value of an annotated local (see `ascriptions`)."""
    annotated, actual = ascriptions.annotation_of(ctx), ctx.arg_types[0][0]
    if annotated is None:
        return actual
    chk = checker(ctx.api)
    free = frozenset(symbol_of(v) for v in variables_in(annotated) if isinstance(v, TypeVarType) and is_free(v))
    matching = Matching(chk, CallableType([], [], [], ANY, Reader(chk).named("builtins.function", [])))
    mismatch = matching.match(annotated, actual, ctx.args[0][0], free) or settle(matching.bindings, free)
    if mismatch is not None:
        fail(
            f"Assigned {shown(actual)} to a variable declared {shown(annotated)}: {mismatch.reason}",
            mismatch.code,
            ctx.context,
            chk,
        )
        return annotated
    return ascriptions.merged_type(annotated, actual, Reader(chk).named)
