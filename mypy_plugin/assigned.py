"""What an assignment does: `if self.mean is None: self.mean = zeros(n)` leaves no `None`.

mypy narrows a variable to what is assigned only where that fits the declared type to its letter. Where it does not, because
shapes are unknown or differ in names, `gate` drops the error and `narrow` narrows a variable to the declared arrays;
`attributes` does it for an attribute, whose type mypy reads once more before the value is assigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mypy.nodes import AssignmentStmt, CallExpr, MemberExpr, NameExpr, Node
from mypy.types import Instance, Type, UnionType, get_proper_type
from mypy.types_utils import is_overlapping_none, remove_optional

from mypy_plugin.blocks import all_blocks_of
from mypy_plugin.encode import array_of
from mypy_plugin.names import MODULE

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


def narrow(chk: TypeChecker, line: int) -> None:
    """Narrows the variables that the assignment at a line sets; the checker has just compared its value with them."""
    statement = _assignment(chk.tree.defs, line)
    value = chk.lookup_type_or_none(statement.rvalue) if statement is not None else None
    if statement is None or value is None or is_overlapping_none(value):
        return
    for target in statement.lvalues:
        declared = chk.lookup_type_or_none(target) if isinstance(target, NameExpr) else None
        if declared is not None and is_optional_array(declared):
            chk.binder.put(target, remove_optional(declared))


def unpacks_module(chk: TypeChecker, line: int) -> bool:
    """Whether the assignment at a line unpacks what a module returned when it was called: `Any` to plain mypy."""
    statement = _assignment(chk.tree.defs, line)
    called = chk.lookup_type_or_none(statement.rvalue.callee) if statement and isinstance(statement.rvalue, CallExpr) else None
    owner = get_proper_type(called)
    return isinstance(owner, Instance) and owner.type.has_base(MODULE)


def sets(chk: TypeChecker, target: MemberExpr) -> bool:
    """Whether an attribute access is the target of an assignment whose value is never `None`."""
    value = assigned_to(chk, target)
    return value is not None and not is_overlapping_none(value)


def assigned_to(chk: TypeChecker, target: MemberExpr) -> Type | None:
    """The type of what is assigned where an attribute access is the target of an assignment; mypy looks at it later."""
    statement = _assignment(chk.tree.defs, target.line)
    if statement is None or not any(target is lvalue for lvalue in statement.lvalues):
        return None
    with chk.msg.filter_errors():
        return chk.expr_checker.accept(statement.rvalue)


def is_optional_array(typ: Type) -> bool:
    """Whether a type is a union of `None` and arrays."""
    rest = get_proper_type(remove_optional(typ))
    items = rest.items if isinstance(rest, UnionType) else [rest]
    return is_overlapping_none(typ) and all(array_of(item) is not None for item in items)


def _assignment(statements: Sequence[Node], line: int) -> AssignmentStmt | None:
    """The assignment that holds a line."""
    for statement in statements:
        if statement.line <= line <= (statement.end_line or statement.line):
            if isinstance(statement, AssignmentStmt):
                return statement
            for block in all_blocks_of(statement):
                if (found := _assignment(block.body, line)) is not None:
                    return found
    return None
