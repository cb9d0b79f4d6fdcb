"""Decorators that the user writes without types: `functools.wraps` around `*args, **kwargs`, handed on as they came.

To plain mypy what they return is `Any` or `Callable[..., Any]`. Where every return of the inner function is the call of the
decorated one, the arguments and the result are those of that function. Called by the plugin for calls of users' functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mypy.nodes import (
    ARG_STAR,
    ARG_STAR2,
    AssignmentStmt,
    CallExpr,
    Decorator,
    Expression,
    FuncDef,
    NameExpr,
    ReturnStmt,
    Statement,
    SymbolNode,
)
from mypy.plugin import FunctionContext
from mypy.semanal import refers_to_fullname
from mypy.types import AnyType, CallableType, ProperType, Type, get_proper_type

from mypy_plugin import calls, lenient
from mypy_plugin.blocks import statements_in
from mypy_plugin.operations import checker
from mypy_plugin.values import Reader


def settle(ctx: FunctionContext, find: Callable[[], SymbolNode | None]) -> Type:
    """The type of a call of a user's function: of the decorated function, if it is such a decorator; `find` looks it up."""
    function = get_proper_type(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None
    if isinstance(function, CallableType) and _says_nothing(get_proper_type(ctx.default_return_type)):
        node = find()
        if isinstance(node, FuncDef) and not function.is_type_obj() and passes_through(node):
            return lenient.decorated(function, Reader(checker(ctx.api)).named)
    return calls.settle_call(ctx)


def _says_nothing(made: ProperType) -> bool:
    return isinstance(made, AnyType) or (isinstance(made, CallableType) and made.is_ellipsis_args)


def passes_through(decorator: FuncDef) -> bool:
    """Whether a decorator returns a wrapper whose every return is the call of the decorated function."""
    match decorator.body.body:
        case [*_, Decorator(func=inner) as wrapper, ReturnStmt(expr=NameExpr(node=returned))]:
            parameter = decorator.arguments[0].variable if decorator.arguments else None
            return returned in (inner, wrapper.var, wrapper) and _wraps(wrapper, parameter) and _hands_on(inner, parameter)
        case _:
            return False


def _wraps(wrapper: Decorator, function: SymbolNode | None) -> bool:
    match wrapper.original_decorators:
        case [CallExpr(callee=callee, args=[NameExpr(node=node)])]:
            return refers_to_fullname(callee, "functools.wraps") and node is function
        case _:
            return False


def _hands_on(inner: FuncDef, function: SymbolNode | None) -> bool:
    """Whether all that a wrapper returns is `function(*args, **kwargs)`, or a name for it."""
    if [argument.kind for argument in inner.arguments] != [ARG_STAR, ARG_STAR2] or inner.is_generator or inner.is_coroutine:
        return False
    parameters = [argument.variable for argument in inner.arguments]
    statements = list(statements_in(inner.body.body))
    returned = [statement.expr for statement in statements if isinstance(statement, ReturnStmt)]
    written = [target for statement in statements for target in _targets(statement)]
    if any(target in (function, *parameters) for target in written):
        return False

    def is_call(value: Expression | None) -> bool:
        match value:
            case CallExpr(callee=NameExpr(node=callee), args=[NameExpr(node=one), NameExpr(node=other)], arg_kinds=kinds):
                return callee is function and [one, other] == parameters and kinds == [ARG_STAR, ARG_STAR2]
            case NameExpr(node=node) if node is not None and written.count(node) == 1:
                return any(node in _targets(s) and is_call(s.rvalue) for s in statements if isinstance(s, AssignmentStmt))
            case _:
                return False

    return bool(returned) and all(map(is_call, returned))


def _targets(statement: Statement) -> Iterator[SymbolNode | None]:
    """The names that a statement assigns."""
    if isinstance(statement, AssignmentStmt):
        yield from (target.node for target in statement.lvalues if isinstance(target, NameExpr))
