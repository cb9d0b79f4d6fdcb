"""Optional variables after an assignment: `if self.mean is None: self.mean = zeros(n)` leaves no `None`.

mypy narrows a variable to what is assigned only where that fits the declared type to its letter. Where it does not, because
shapes are unknown or differ in names, `gate` drops the error and `narrow` narrows a variable to the declared arrays;
`attributes` does it for an attribute, whose type mypy reads once more before the value is assigned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mypy.nodes import AssignmentStmt, Block, ClassDef, Decorator, FuncDef, MemberExpr, NameExpr, Node, OverloadedFuncDef
from mypy.typeops import make_simplified_union
from mypy.types import NoneType, Type, UnionType, get_proper_type

from mypy_plugin.blocks import blocks_of
from mypy_plugin.encode import array_of

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


def narrow(chk: TypeChecker, line: int) -> None:
    """Narrows the variables that the assignment at a line sets; the checker has just compared its value with them."""
    statement = _assignment(chk.tree.defs, line)
    value = chk.lookup_type_or_none(statement.rvalue) if statement is not None else None
    if statement is None or value is None or _has_none(value):
        return
    for target in statement.lvalues:
        declared = chk.lookup_type_or_none(target) if isinstance(target, NameExpr) else None
        if declared is not None and is_optional_array(declared):
            chk.binder.put(target, without_none(declared))


def sets(chk: TypeChecker, target: MemberExpr) -> bool:
    """Whether an attribute access is the target of an assignment whose value is never `None`."""
    statement = _assignment(chk.tree.defs, target.line)
    if statement is None or not any(target is lvalue for lvalue in statement.lvalues):
        return False
    with chk.msg.filter_errors():
        return not _has_none(chk.expr_checker.accept(statement.rvalue))


def is_optional_array(typ: Type) -> bool:
    """Whether a type is a union of `None` and arrays."""
    proper = get_proper_type(typ)
    if not isinstance(proper, UnionType) or not _has_none(proper):
        return False
    return all(array_of(item) is not None for item in _some(proper))


def without_none(typ: Type) -> Type:
    """A union without its `None`."""
    proper = get_proper_type(typ)
    return make_simplified_union(_some(proper)) if isinstance(proper, UnionType) else typ


def _some(union: UnionType) -> list[Type]:
    """The items of a union that are not `None`."""
    return [item for item in union.items if not isinstance(get_proper_type(item), NoneType)]


def _has_none(typ: Type) -> bool:
    proper = get_proper_type(typ)
    items = proper.items if isinstance(proper, UnionType) else [proper]
    return any(isinstance(get_proper_type(item), NoneType) for item in items)


def _assignment(statements: Sequence[Node], line: int) -> AssignmentStmt | None:
    """The assignment that holds a line."""
    for statement in statements:
        if statement.line <= line <= (statement.end_line or statement.line):
            if isinstance(statement, AssignmentStmt):
                return statement
            for block in _inner(statement):
                if (found := _assignment(block.body, line)) is not None:
                    return found
    return None


def _inner(statement: Node) -> Iterator[Block]:
    match statement:
        case FuncDef(body=body):
            yield body
        case ClassDef(defs=body):
            yield body
        case Decorator(func=function):
            yield function.body
        case OverloadedFuncDef(items=items):
            for item in items:
                yield from _inner(item)
        case _:
            yield from blocks_of(statement)
