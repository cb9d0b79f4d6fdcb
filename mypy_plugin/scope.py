"""What an expression comes from: the values of its names, of attributes, of what loops and comprehensions go through.

Pure reading of mypy's tree, in the function that is being checked. `untold` asks when an error is about to be stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeIs

from mypy.join import join_type_list
from mypy.nodes import (
    AssertStmt,
    AssignmentStmt,
    CallExpr,
    ComparisonExpr,
    ConditionalExpr,
    DictExpr,
    DictionaryComprehension,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    GeneratorExpr,
    IfStmt,
    IndexExpr,
    ListComprehension,
    ListExpr,
    MemberExpr,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    OpExpr,
    ReturnStmt,
    SetComprehension,
    Statement,
    TupleExpr,
    UnaryExpr,
    Var,
    WhileStmt,
)
from mypy.types import AnyType, CallableType, Instance, Overloaded, Type, TypeVarType, UnionType, get_proper_type

from mypy_plugin.blocks import statements_in
from mypy_plugin.encode import array_of
from mypy_plugin.erasure import erased
from mypy_plugin.lenient import is_marked
from mypy_plugin.names import CONTAINERS
from mypy_plugin.origins import attribute_values
from shapecheck.core.value import Library

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_DEPTH = 6
"""How many assignments and parts of expressions are followed."""


def roots_of(statement: Statement) -> Sequence[Expression]:
    match statement:
        case AssignmentStmt(lvalues=targets, rvalue=value):
            return [*targets, value]
        case OperatorAssignmentStmt(lvalue=target, rvalue=value):
            return [target, value]
        case ReturnStmt(expr=Expression() as value) | ForStmt(expr=value) | ExpressionStmt(expr=value):
            return [value]
        case IfStmt(expr=conditions):
            return conditions
        case WhileStmt(expr=value) | AssertStmt(expr=value):
            return [value]
        case _:
            return []


def subjects(expression: Expression) -> Sequence[Expression]:
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


def parts(expression: Expression) -> Sequence[Expression]:
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
        case ListComprehension(generator=made) | SetComprehension(generator=made):
            return [made]
        case DictionaryComprehension(key=key, value=value, sequences=sequences):
            return [*filter(None, [key]), value, *sequences]
        case GeneratorExpr(left_expr=item, sequences=sequences):
            return [item, *sequences]
        case _:
            return []


@dataclass(frozen=True, slots=True)
class Scope:
    """What is being checked: a function, or a module's own statements."""

    chk: TypeChecker
    function: FuncDef | None

    @classmethod
    def of(cls, chk: TypeChecker) -> Scope:
        """The scope that a checker is in."""
        function = chk.scope.current_function()
        return cls(chk, function if isinstance(function, FuncDef) else None)

    def statements(self) -> Iterator[Statement]:
        """The statements of the function, then those of the module."""
        if self.function is not None:
            yield from statements_in(self.function.body.body)
        yield from statements_in(filter(_is_statement, self.chk.tree.defs))

    def roots(self) -> Iterator[Expression]:
        """The expressions that these statements are made of."""
        return (root for statement in self.statements() for root in roots_of(statement))

    def is_any(self, expression: Expression, depth: int = _DEPTH) -> bool:
        """Whether an expression is `Any` to plain mypy, as far as we see."""
        if depth == 0:
            return False

        def known(part: Expression) -> bool:
            return self.is_any(part, depth - 1)

        match expression:
            case NameExpr(node=Var() as variable):
                if isinstance(get_proper_type(variable.type), AnyType):
                    return True
                return any(map(self._is_tensor, self.sequences(variable))) or any(map(known, self.values(variable)))
            case CallExpr(callee=callee, args=args):
                called = get_proper_type(self.chk.lookup_type_or_none(callee))
                return _returns_any(called, any(map(known, args))) or known(callee)
            case MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name) if self.function is not None and self.function.info:
                return any(map(known, filter(None, attribute_values(self.function.info, name))))
            case IndexExpr(base=base):
                return known(base)
            case OpExpr() | MemberExpr() | ConditionalExpr() | DictExpr() | ListExpr() | TupleExpr():
                return any(map(known, parts(expression)))
            case ListComprehension() | SetComprehension() | GeneratorExpr():
                return any(map(known, parts(expression)))
            case _:
                return False

    def joins(self, expression: Expression, depth: int = _DEPTH) -> bool:
        """Whether an expression leads to a display whose items have a type in common only when shapes are not looked at."""
        if depth == 0:
            return False

        def joined(part: Expression) -> bool:
            return self.joins(part, depth - 1)

        match expression:
            case ListExpr(items=items):
                return self._are_alike(items)
            case DictExpr(items=entries):
                return self._are_alike([value for _, value in entries])
            case NameExpr(node=Var() as variable):
                return any(map(joined, self.values(variable)))
            case MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name) if self.function is not None and self.function.info:
                return any(map(joined, filter(None, attribute_values(self.function.info, name))))
            case IndexExpr() | CallExpr() | MemberExpr() | ListComprehension() | GeneratorExpr():
                return any(map(joined, [*subjects(expression), *parts(expression)]))
            case _:
                return False

    def _are_alike(self, items: Sequence[Expression]) -> bool:
        types = [erased(typ) for item in items if (typ := self.chk.lookup_type_or_none(item)) is not None]
        return bool(types) and _is_something(join_type_list(types))

    def is_held(self, expression: Expression) -> bool:
        """Whether an expression is an item of a `ModuleList` or its like."""
        match expression:
            case IndexExpr(base=base):
                return self._is_container(base)
            case NameExpr(node=Var() as variable):
                return any(self._is_container(value) for value in self.values(variable))
            case _:
                return False

    def _is_container(self, expression: Expression) -> bool:
        """Whether an expression is a container of modules, or goes through one: `enumerate(self.blocks)`."""
        typ = get_proper_type(self.chk.lookup_type_or_none(expression))
        if isinstance(typ, Instance) and typ.type.fullname in CONTAINERS:
            return True
        match expression:
            case CallExpr(callee=callee, args=args):
                return any(map(self._is_container, [*args, *subjects(callee)]))
            case IndexExpr(base=base):
                return self._is_container(base)
            case _:
                return False

    def goes_through(self, expression: Expression) -> bool:
        """Whether an expression is what a loop or a comprehension goes through."""
        if any(isinstance(statement, ForStmt) and statement.expr is expression for statement in self.statements()):
            return True
        return any(sequence is expression for root in self.roots() for sequence in _all_sequences(root))

    def _is_tensor(self, expression: Expression) -> bool:
        """Whether a tensor is gone through, whose `__iter__` torch defines without types: `zip(tensor, names)`."""
        typ = get_proper_type(self.chk.lookup_type_or_none(expression))
        array = array_of(typ) if typ is not None else None
        match expression:
            case CallExpr(callee=NameExpr(name="zip" | "enumerate" | "reversed"), args=inside):
                pass
            case _:
                inside = []
        return (array is not None and array.library is Library.TORCH) or any(map(self._is_tensor, inside))

    def values(self, variable: Var) -> Iterator[Expression]:
        """What is assigned to a variable, put into it, or what it goes through."""
        for statement in self.statements():
            match statement:
                case AssignmentStmt(lvalues=targets, rvalue=value) if any(_holds(target, variable) for target in targets):
                    yield value
                case ExpressionStmt(expr=CallExpr(callee=MemberExpr(expr=NameExpr(node=node), name=name), args=[*_, value])) if (
                    node is variable and name in _PUTTING
                ):
                    yield value
        yield from self.sequences(variable)

    def sequences(self, variable: Var) -> Iterator[Expression]:
        """What a variable goes through in loops and comprehensions, and what it is unpacked from."""
        for statement in self.statements():
            match statement:
                case ForStmt(index=target, expr=value) if _holds(target, variable):
                    yield value
                case AssignmentStmt(lvalues=targets, rvalue=value) if any(_unpacks(target, variable) for target in targets):
                    yield value
        for root in self.roots():
            yield from _sequences(root, variable)


def _is_something(typ: Type) -> bool:
    proper = get_proper_type(typ)
    return not (isinstance(proper, Instance) and proper.type.fullname == "builtins.object")


_PUTTING = ("append", "extend", "insert")


def _is_statement(node: Node) -> TypeIs[Statement]:
    return isinstance(node, Statement)


def _sequences(expression: Expression, variable: Var) -> Iterator[Expression]:
    """What the variable of a comprehension goes through."""
    if isinstance(expression, GeneratorExpr):
        pairs = zip(expression.indices, expression.sequences, strict=True)
        yield from (sequence for target, sequence in pairs if _holds(target, variable))
    for part in parts(expression):
        yield from _sequences(part, variable)


def _all_sequences(expression: Expression) -> Iterator[Expression]:
    """What the comprehensions in an expression go through."""
    if isinstance(expression, GeneratorExpr | DictionaryComprehension):
        yield from expression.sequences
    for part in parts(expression):
        yield from _all_sequences(part)


def _unpacks(target: Expression, variable: Var) -> bool:
    return not isinstance(target, NameExpr) and _holds(target, variable)


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
        case UnionType(items=items):
            return any(_returns_any(get_proper_type(item), takes_any) for item in items)
        case _:
            return False
