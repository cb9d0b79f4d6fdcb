"""What an int expression stands for, as a dim: sizes read from shapes, constants, and ints known by their access path.

`d_model`, `self.n_head` and `config.n_embd` are plain ints to mypy. They become opaque symbols keyed by path and owner,
equal to themselves and their multiples, unknown against everything else. Called when a rule's arguments are read and by
the hooks of `int` arithmetic, whose results remember what they were made of.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mypy.nodes import (
    AssignmentExpr,
    AssignmentStmt,
    ClassDef,
    Decorator,
    DelStmt,
    Expression,
    ForStmt,
    FuncDef,
    FuncItem,
    IntExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    OpExpr,
    StarExpr,
    Statement,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
    Var,
    WithStmt,
)
from mypy.types import Instance, Type, get_proper_type

from mypy_plugin.binding import blocks_of
from mypy_plugin.encode import dim_of
from mypy_plugin.names import SIZE
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, dim

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

METADATA = "shapecheck"
OPERATORS: Mapping[str, Callable[[Dim, Dim], Dim]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}


def is_int(typ: Type | None) -> bool:
    """Whether a type is an int that may carry a size."""
    proper = get_proper_type(typ) if typ is not None else None
    return isinstance(proper, Instance) and proper.type.fullname in ("builtins.int", SIZE)


def integer_of(expression: Expression, chk: TypeChecker) -> Dim:
    """The dim of an int expression; unknown when it is none or nothing is known of it."""
    match expression:
        case IntExpr(value=value):
            return dim(value)
        case UnaryExpr(op="-", expr=inner):
            return -integer_of(inner, chk)
        case OpExpr(op=op, left=left, right=right) if op in OPERATORS:
            typed = _typed(expression, chk)
            return typed if not typed.is_unknown else OPERATORS[op](integer_of(left, chk), integer_of(right, chk))
        case NameExpr() | MemberExpr():
            typed = _typed(expression, chk)
            return typed if not typed.is_unknown else _by_path(expression, chk)
        case _:
            return _typed(expression, chk)


def _typed(expression: Expression, chk: TypeChecker) -> Dim:
    return dim_of(chk.lookup_type(expression)) if chk.has_type(expression) else UNKNOWN_DIM


def _by_path(expression: NameExpr | MemberExpr, chk: TypeChecker) -> Dim:
    if not chk.has_type(expression) or not is_int(chk.lookup_type(expression)):
        return UNKNOWN_DIM
    symbol = path_symbol(expression, chk)
    return dim(symbol) if symbol is not None else UNKNOWN_DIM


def path_symbol(expression: Expression, chk: TypeChecker) -> Symbol | None:
    """The symbol of a name or an attribute chain whose parts are assigned once; None when that is not certain."""
    match expression:
        case NameExpr(name=name, node=Var() as variable):
            owner = _owner(variable, chk)
            return Symbol(name, owner, Kind.VALUE) if owner is not None else None
        case MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name):
            return attribute_symbol(expression.expr, name, chk)
        case MemberExpr(expr=root, name=name):
            base = path_symbol(root, chk)
            return Symbol(f"{base.name}.{name}", base.scope, Kind.VALUE) if base is not None else None
        case _:
            return None


def attribute_symbol(root: Expression, name: str, chk: TypeChecker) -> Symbol | None:
    """The symbol of `self.name`: what `__init__` assigned it from, when it did so once and nobody else does."""
    typ = get_proper_type(chk.lookup_type(root)) if chk.has_type(root) else None
    if not isinstance(typ, Instance):
        return None
    for info in typ.type.mro:
        sources = info.metadata.get(METADATA, {}).get("attributes", {})
        if name in sources:
            return Symbol(sources[name], info.fullname, Kind.VALUE) if sources[name] else None
        if name in info.names:
            return Symbol(f"self.{name}", info.fullname, Kind.VALUE) if not _is_reassigned_unknown(info) else None
    return None


def _is_reassigned_unknown(info: TypeInfo) -> bool:
    """Whether we could not look at the class: its module was not analysed with the plugin's attribute pass."""
    return METADATA not in info.metadata


def _owner(variable: Var, chk: TypeChecker) -> str | None:
    """Who owns a variable that never changes: its function, or the class for `__init__`; None when it changes."""
    function = chk.scope.current_function()
    if not isinstance(function, FuncDef):
        return None
    for parameter in function.arguments:
        if parameter.variable is variable:
            return owner_name(function) if variable.name not in assigned_names(function) else None
    if list(assignments(function)).count(variable.name) == 1 and variable.name not in _loop_names(function):
        return owner_name(function)
    return None


def owner_name(function: FuncDef) -> str:
    """The scope of a function's ints: those of `__init__` belong to the class, so that methods can share them."""
    return function.info.fullname if function.name == "__init__" and function.info else function.fullname


def assigned_names(function: FuncItem) -> frozenset[str]:
    """The names that a function's body assigns."""
    return frozenset(assignments(function))


_assignment_cache: dict[int, tuple[FuncItem, tuple[str, ...]]] = {}


def assignments(function: FuncItem) -> tuple[str, ...]:
    """Every assigned name in a function's body, as often as it is assigned."""
    cached = _assignment_cache.get(id(function))
    if cached is None or cached[0] is not function:
        if len(_assignment_cache) > 512:
            _assignment_cache.clear()
        names = tuple(_assigned(function.body.body))
        cached = _assignment_cache[id(function)] = (function, names)
    return cached[1]


def _assigned(statements: Iterable[Statement]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case AssignmentStmt(lvalues=lvalues):
                yield from (name for lvalue in lvalues for name in _target_names(lvalue))
            case OperatorAssignmentStmt(lvalue=lvalue) | DelStmt(expr=lvalue):
                yield from _target_names(lvalue)
            case ForStmt(index=index):
                yield from list(_target_names(index)) * 2
            case WithStmt(target=targets):
                yield from (name for target in targets if target is not None for name in _target_names(target))
        if not isinstance(statement, FuncDef | ClassDef | Decorator):
            for block in blocks_of(statement):
                yield from _assigned(block.body)


def _target_names(target: Expression) -> Iterator[str]:
    match target:
        case NameExpr(name=name):
            yield name
        case TupleExpr(items=items) | ListExpr(items=items):
            for item in items:
                yield from _target_names(item)
        case StarExpr(expr=inner) | AssignmentExpr(target=inner):
            yield from _target_names(inner)


def _loop_names(function: FuncItem) -> frozenset[str]:
    """Names assigned inside a loop: they differ from round to round."""
    return frozenset(_assigned(statement for body in _loops(function.body.body) for statement in body))


def _loops(statements: Iterable[Statement]) -> Iterator[list[Statement]]:
    for statement in statements:
        for block in blocks_of(statement):
            if isinstance(statement, ForStmt) or type(statement).__name__ == "WhileStmt":
                yield block.body
            else:
                yield from _loops(block.body)


# --- attributes: where `self.name` comes from ----------------------------------------------------------------------


def record_attributes(definition: ClassDef) -> None:
    """Notes in the class's metadata, which mypy caches, what each attribute is assigned from ('' when it varies)."""
    sources: dict[str, str] = {}
    for function in _methods(definition):
        for name, value in _attribute_assignments(function):
            known = name in sources
            sources[name] = "" if known else _source(name, value, function)
    definition.info.metadata.setdefault(METADATA, {})["attributes"] = sources


def _methods(definition: ClassDef) -> Iterator[FuncDef]:
    for statement in definition.defs.body:
        match statement:
            case FuncDef():
                yield statement
            case Decorator(func=function):
                yield function


def _attribute_assignments(function: FuncDef) -> Iterator[tuple[str, Expression | None]]:
    """The `self.name = value` of a method; the value is None where it is not a plain assignment."""
    if not function.arguments:
        return
    this = function.arguments[0].variable.name
    for statement in _statements(function.body.body):
        match statement:
            case AssignmentStmt(lvalues=[MemberExpr(expr=NameExpr(name=root), name=name)], rvalue=value) if root == this:
                yield name, value
            case AssignmentStmt(lvalues=lvalues):
                yield from ((name, None) for target in lvalues for name in _attribute_targets(target, this))
            case OperatorAssignmentStmt(lvalue=target) | ForStmt(index=target):
                yield from ((name, None) for name in _attribute_targets(target, this))


def _attribute_targets(target: Node, this: str) -> Iterator[str]:
    match target:
        case MemberExpr(expr=NameExpr(name=root), name=name) if root == this:
            yield name
        case TupleExpr(items=items) | ListExpr(items=items):
            for item in items:
                yield from _attribute_targets(item, this)


def _statements(statements: Iterable[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        if not isinstance(statement, FuncDef | ClassDef | Decorator):
            for block in blocks_of(statement):
                yield from _statements(block.body)


def _source(name: str, value: Expression | None, function: FuncDef) -> str:
    """The path that an attribute is a copy of, seen from the class: `config.n_embd`, or `self.name` itself."""
    if function.name != "__init__":
        return ""
    parameters = {argument.variable.name for argument in function.arguments[1:]} - assigned_names(function)
    path = _path(value)
    return path if path is not None and path.partition(".")[0] in parameters else f"self.{name}"


def _path(value: Expression | None) -> str | None:
    match value:
        case NameExpr(name=name):
            return name
        case MemberExpr(expr=root, name=name) if (base := _path(root)) is not None:
            return f"{base}.{name}"
        case _:
            return None


