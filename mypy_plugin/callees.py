"""Which of its parameters a function calls, whenever it is called itself.

Pure reading of mypy's tree. `binding` marks the parameters, so that `callables` may hold what is passed against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mypy.nodes import (
    AssignmentStmt,
    Block,
    BreakStmt,
    CallExpr,
    ContinueStmt,
    Decorator,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    IndexExpr,
    LambdaExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    OpExpr,
    ReturnStmt,
    Statement,
    TupleExpr,
    TypeAlias,
    UnaryExpr,
    Var,
    WithStmt,
)
from mypy.types import CallableType, Instance, ProperType, Type, TypeAliasType, UnionType, get_proper_type

from mypy_plugin.blocks import statements_in
from mypy_plugin.carriers import opened
from mypy_plugin.encode import array_of
from mypy_plugin.names import CALLED
from mypy_plugin.origins import assigned_names


def mark(function: FuncDef, signature: CallableType, find: Callable[[str], TypeAlias | None]) -> CallableType:
    """The signature with the parameters marked that are `Callable` and that the function calls; mypy's cache keeps the marks."""
    candidates = [index for index, typ in enumerate(signature.arg_types) if declared_callable(typ) is not None]
    called = [index for index in candidates if _calls(function, function.arguments[index].variable)]
    alias = find(CALLED) if called else None
    if alias is None:
        return signature
    types = [TypeAliasType(alias, [typ]) if index in called else typ for index, typ in enumerate(signature.arg_types)]
    return signature.copy_modified(arg_types=types)


def _call_of(option: ProperType) -> CallableType | None:
    """The signature of a `Callable`, or of a protocol that says how it is called."""
    if isinstance(option, CallableType):
        return option
    if not isinstance(option, Instance) or not option.type.is_protocol or option.type.protocol_members != ["__call__"]:
        return None
    symbol = option.type.get("__call__")
    signature = get_proper_type(symbol.node.type) if symbol is not None and isinstance(symbol.node, FuncDef) else None
    if not isinstance(signature, CallableType):
        return None
    return signature.copy_modified(
        arg_types=signature.arg_types[1:], arg_kinds=signature.arg_kinds[1:], arg_names=signature.arg_names[1:]
    )


def is_marked(declared: Type) -> bool:
    """Whether a parameter's type has the mark."""
    return isinstance(declared, TypeAliasType) and declared.alias is not None and declared.alias.fullname == CALLED


def declared_callable(declared: Type) -> CallableType | None:
    """The `Callable` with shapes that a parameter is declared as, also as an option beside `None`."""
    proper = get_proper_type(opened(declared))
    options = map(get_proper_type, proper.items) if isinstance(proper, UnionType) else [proper]
    found = [call for option in options if (call := _call_of(option)) is not None]
    return found[0] if len(found) == 1 and any(array_of(typ) is not None for typ in found[0].arg_types) else None


def _calls(function: FuncDef, parameter: Var) -> bool:
    """Whether a function calls its parameter whenever it is called, or in the functions it makes.

    Calls under conditions and in `try` do not count, nor those of a name that is assigned again.
    """
    return parameter.name not in assigned_names(function) and any(
        isinstance(expression, CallExpr) and isinstance(expression.callee, NameExpr) and expression.callee.node is parameter
        for expression in _expressions(function.body)
    )


def _expressions(node: Node | None) -> Iterator[Node]:
    """The expressions that are evaluated for certain, in the order of the source."""
    match node:
        case Block(body=statements):
            for statement in statements:
                yield from _expressions(statement)
                if _may_leave(statement):
                    return
        case ExpressionStmt(expr=value) | ReturnStmt(expr=value) | AssignmentStmt(rvalue=value):
            yield from _expressions(value)
        case OperatorAssignmentStmt(rvalue=value):
            yield from _expressions(value)
        case ForStmt(expr=value, body=body):
            yield from _expressions(value)
            yield from _expressions(body)
        case WithStmt(body=body):
            yield from _expressions(body)
        case FuncDef(body=body) | Decorator(func=FuncDef(body=body)) | LambdaExpr(body=body):
            yield from _expressions(body)
        case Expression():
            yield node
            for part in _parts(node):
                yield from _expressions(part)


def _may_leave(statement: Statement) -> bool:
    """Whether a condition in a statement decides that the next one is not reached."""
    return any(isinstance(inner, ReturnStmt | BreakStmt | ContinueStmt) for inner in statements_in([statement]))


def _parts(expression: Expression) -> list[Expression]:
    match expression:
        case CallExpr(callee=callee, args=arguments):
            return [callee, *arguments]
        case OpExpr(op=op, left=left, right=right):
            return [left] if op in ("and", "or") else [left, right]
        case TupleExpr(items=items) | ListExpr(items=items):
            return items
        case UnaryExpr(expr=inner) | MemberExpr(expr=inner):
            return [inner]
        case IndexExpr(base=base, index=index):
            return [base, index]
        case _:
            return []
