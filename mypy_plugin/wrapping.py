"""Puts a call around returned values that `returns` will check. Called by `binding` after semantic analysis."""

from __future__ import annotations

from mypy.nodes import ARG_OPT, ARG_POS, CallExpr, Expression, FuncDef, ReturnStmt, TempNode
from mypy.types import CallableType, TupleType, Type, UnionType, get_proper_type

from mypy_plugin.blocks import statements_in
from mypy_plugin.carriers import is_carrier, opened
from mypy_plugin.encode import ANY, NamedTypes
from mypy_plugin.variables import free_variables

NAME = "shapecheck.returned"


def prepare(function: FuncDef, named: NamedTypes) -> None:
    """Wraps the values that a function returns, when its annotation is one of ours that mypy does not see."""
    if not isinstance(function.type, CallableType) or function.is_generator or function.is_coroutine:
        return
    declared = function.type.ret_type
    if not _is_carried(declared) and not _shares_names(declared):
        return
    for statement in statements_in(function.body.body):
        if isinstance(statement, ReturnStmt) and statement.expr is not None and not _is_wrapped(statement.expr):
            statement.expr = _wrapped(statement.expr, declared, named)


def _is_carried(declared: Type) -> bool:
    whole = opened(declared)
    if is_carrier(whole):
        return True
    proper = get_proper_type(whole)
    return isinstance(proper, UnionType | TupleType) and any(map(_is_carried, proper.items))


def _shares_names(declared: Type) -> bool:
    """Whether two items of a tuple have the same size, of a name that no parameter binds: mypy compares one at a time."""
    proper = get_proper_type(declared)
    if not isinstance(proper, TupleType):
        return False
    names = [variable.id for item in proper.items for variable in {v.id: v for v in free_variables(item)}.values()]
    return len(names) != len(set(names))


def _is_wrapped(value: Expression) -> bool:
    """The daemon analyses functions again, not always from their source."""
    return isinstance(value, CallExpr) and isinstance(value.callee, TempNode)


def _wrapped(value: Expression, declared: Type, named: NamedTypes) -> CallExpr:
    function = named("builtins.function", [])
    callee = TempNode(CallableType([ANY, declared], [ARG_POS, ARG_OPT], [None, None], ANY, function, name=NAME))
    call = CallExpr(callee, [value], [ARG_POS], [None])
    for node in (callee, call):
        node.set_line(value)
    return call
