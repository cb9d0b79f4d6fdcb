"""Lambdas that are handed to a library: `jax.vmap(lambda row: row @ w)(x)`, `jax.lax.map(lambda row: row @ w, x)`.

To mypy the parameters of such a lambda are `Any`. Where the arguments are known that it will get, its body is read again with
them. What `vmap`, `grad` and `jit` make of a lambda gets a name that says where the lambda waits, until the result is called in
the same place; a variable would lose the name. Hooks of the checking phase, asked by `transforms`, `scans`, `branches` and the plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.nodes import ARG_POS, Expression, LambdaExpr
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import AnyType, CallableType, Type, get_proper_type

from mypy_plugin import codes, lenient
from mypy_plugin.encode import ANY
from mypy_plugin.loosening import has_array
from mypy_plugin.matching import Matching
from mypy_plugin.operations import fail
from mypy_plugin.options import Options, Transform
from mypy_plugin.waiting import Waiting

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

type Unmap = Callable[[Sequence[Type], Options], list[Type] | None]


@dataclass(frozen=True, slots=True)
class Given:
    """A lambda that a transformation was given: the transformation, its options, and what the lambda gets of the arguments."""

    function: LambdaExpr
    make: Transform
    written: dict[str, Expression]
    unmap: Unmap


PREFIX = "shapecheck.lambda "
_waiting = Waiting[Given](PREFIX)


def typed(function: Expression | None, given: Sequence[Type], chk: TypeChecker) -> CallableType | None:
    """The signature of a lambda for the arguments that it gets, errors in its body reported; None of anything else."""
    if not isinstance(function, LambdaExpr) or len(function.arguments) != len(given) or not any(map(has_array, given)):
        return None
    if any(kind != ARG_POS for kind in function.arg_kinds):
        return None
    kinds, names = list(function.arg_kinds), list(function.arg_names)
    context = CallableType(list(given), kinds, names, ANY, chk.named_type("builtins.function"))
    with chk.msg.filter_errors(save_filtered_errors=True) as said, chk.local_type_map:
        found = get_proper_type(chk.expr_checker.accept(function, context))
    for info in said.filtered_errors():
        if info.code in codes.BY_NAME.values():  # the others are mypy's, which took the parameters for `Any`
            chk.errors.add_error_info(info)
    return found.copy_modified(name="the lambda") if isinstance(found, CallableType) else None


def keep(
    made: CallableType, ctx: FunctionContext | MethodContext, make: Transform, written: dict[str, Expression], unmap: Unmap
) -> CallableType:
    """What a transformation made of its first argument, under a name that `settle` knows if that is a lambda."""
    function = ctx.args[0][0] if ctx.args and ctx.args[0] else None
    if not isinstance(function, LambdaExpr):
        return made
    name = _waiting.leave(ctx.context, Given(function, make, written, unmap))
    return made.copy_modified(name=name, implicit=False)


def settle(ctx: FunctionContext, name: str) -> Type:
    """The type of calling what a transformation made of a lambda."""
    waiting = _waiting.get(name)
    given = [types[0] for types in ctx.arg_types if len(types) == 1]
    if waiting is None or len(given) != len(ctx.arg_types) or any(kind != ARG_POS for kinds in ctx.arg_kinds for kind in kinds):
        return ctx.default_return_type
    options = Options(waiting.written, ctx)
    inner = waiting.unmap(given, options)
    signature = typed(waiting.function, inner, options.chk) if inner is not None else None
    made = waiting.make(signature, options) if signature is not None else None
    if not isinstance(made, CallableType):
        return ctx.default_return_type
    matching = Matching(options.chk, made)
    result = get_proper_type(matching.applied(given, ctx.context))
    for fault in matching.faults[:1]:
        fail(fault.text, fault.code, fault.place, options.chk)
    return ctx.default_return_type if isinstance(result, AnyType) or matching.faults else lenient.certain(result)
