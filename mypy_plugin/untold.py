"""What is `Any` to plain mypy and known to us: calls of modules, results of functions without types, and what is made of them.

mypy then says more than it would without us, also about things that are no shapes: `None` as the other operand, an `int | None`
among the arguments of `reshape`. `gate` asks here before such an error is stored, while the function is being checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mypy.nodes import (
    AssignmentStmt,
    CallExpr,
    ComparisonExpr,
    ConditionalExpr,
    DictExpr,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    IndexExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    OperatorAssignmentStmt,
    OpExpr,
    ReturnStmt,
    Statement,
    TupleExpr,
    UnaryExpr,
    Var,
)
from mypy.types import AnyType, CallableType, Instance, Overloaded, Type, TypeVarType, get_proper_type

from mypy_plugin.blocks import statements_in
from mypy_plugin.lenient import is_marked
from mypy_plugin.origins import attribute_values

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_DEPTH = 6
"""How many assignments and parts of expressions are followed."""


def is_about(chk: TypeChecker, line: int, column: int) -> bool:
    """Whether an error at a place is about an expression that is `Any` to plain mypy."""
    function = chk.scope.current_function()
    if not isinstance(function, FuncDef):
        return False
    found = [
        part for statement in statements_in(function.body.body) for root in _roots(statement) for part in _at(root, line, column)
    ]
    return any(_is_any(part, chk, function, _DEPTH) for part in found)


def _roots(statement: Statement) -> Sequence[Expression]:
    match statement:
        case AssignmentStmt(rvalue=value) | OperatorAssignmentStmt(rvalue=value) | ExpressionStmt(expr=value):
            return [value]
        case ReturnStmt(expr=Expression() as value) | ForStmt(expr=value):
            return [value]
        case _:
            return []


def _at(expression: Expression, line: int, column: int, above: Expression | None = None) -> Iterator[Expression]:
    """What decides of the error at a place: the expressions there, and what they are an argument or an operand of."""
    if (expression.line, expression.column) == (line, column):
        yield expression
        yield from _subjects(expression)
        yield from _subjects(above) if above is not None else ()
    for part in _parts(expression):
        yield from _at(part, line, column, expression)


def _subjects(expression: Expression) -> Sequence[Expression]:
    """The parts of an expression whose type decides what may stand beside them."""
    match expression:
        case CallExpr(callee=callee):
            return [callee]
        case OpExpr(left=left, right=right):
            return [left, right]
        case MemberExpr(expr=inner) | IndexExpr(base=inner):
            return [inner]
        case _:
            return []


def _parts(expression: Expression) -> Sequence[Expression]:
    match expression:
        case CallExpr(callee=callee, args=args):
            return [callee, *args]
        case OpExpr(left=left, right=right):
            return [left, right]
        case IndexExpr(base=base, index=index):
            return [base, index]
        case MemberExpr(expr=inner) | UnaryExpr(expr=inner):
            return [inner]
        case TupleExpr(items=items) | ListExpr(items=items) | ComparisonExpr(operands=items):
            return items
        case ConditionalExpr(if_expr=first, else_expr=second):
            return [first, second]
        case DictExpr(items=entries):
            return [value for _, value in entries]
        case _:
            return []


def _is_any(expression: Expression, chk: TypeChecker, function: FuncDef, depth: int) -> bool:
    """Whether an expression is `Any` to plain mypy, as far as we see."""
    if depth == 0:
        return False

    def known(part: Expression) -> bool:
        return _is_any(part, chk, function, depth - 1)

    match expression:
        case NameExpr(node=Var() as variable):
            return isinstance(get_proper_type(variable.type), AnyType) or any(map(known, _values(variable, function)))
        case CallExpr(callee=callee, args=args):
            called = get_proper_type(chk.lookup_type_or_none(callee))
            return _returns_any(called, any(map(known, args))) or known(callee)
        case MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name) if function.info:
            return any(map(known, filter(None, attribute_values(function.info, name))))
        case IndexExpr(base=base):
            return known(base)
        case OpExpr() | MemberExpr() | ConditionalExpr() | DictExpr() | ListExpr() | TupleExpr():
            return any(map(known, _parts(expression)))
        case _:
            return False


def _values(variable: Var, function: FuncDef) -> Iterator[Expression]:
    """What a function assigns to a variable of its own."""
    for statement in statements_in(function.body.body):
        match statement:
            case AssignmentStmt(lvalues=targets, rvalue=value) if any(_holds(target, variable) for target in targets):
                yield value
            case ForStmt(index=target, expr=value) if _holds(target, variable):
                yield value


def _holds(target: Expression, variable: Var) -> bool:
    match target:
        case NameExpr(node=node):
            return node is variable
        case TupleExpr(items=items) | ListExpr(items=items):
            return any(_holds(item, variable) for item in items)
        case _:
            return False


def _returns_any(called: Type | None, takes_any: bool) -> bool:
    """Whether a call gives `Any`; of overloads, and where the type of an argument is returned, when it takes `Any`."""
    match called:
        case AnyType():
            return True
        case CallableType(ret_type=result):
            answer = get_proper_type(result)
            return isinstance(answer, AnyType) or is_marked(called) or (isinstance(answer, TypeVarType) and takes_any)
        case Overloaded():
            return takes_any
        case Instance(type=info):
            member = info.get("__call__")
            typ = get_proper_type(member.node.type) if member is not None and isinstance(member.node, Var | FuncDef) else None
            return isinstance(typ, CallableType) and isinstance(get_proper_type(typ.ret_type), AnyType)
        case _:
            return False
