"""What an assignment does: `if self.mean is None: self.mean = zeros(n)` leaves no `None`.

mypy narrows a variable to what is assigned only where that fits the declared type to its letter. Where it does not, because
shapes are unknown or differ in names, `gate` drops the error and `narrow` narrows a variable to the declared arrays;
`attributes` does it for an attribute, whose type mypy reads once more before the value is assigned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy.nodes import AssignmentStmt, CallExpr, MemberExpr, NameExpr, ReturnStmt
from mypy.types import AnyType, CallableType, Instance, Type, TypeOfAny, UnionType, get_proper_type
from mypy.types_utils import is_overlapping_none, remove_optional

from mypy_plugin.blocks import statement_at
from mypy_plugin.encode import array_of
from mypy_plugin.lenient import is_marked
from mypy_plugin.names import MODULE

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


def narrow(chk: TypeChecker, line: int) -> None:
    """Narrows the variables that the assignment at a line sets; the checker has just compared its value with them."""
    statement = statement_at(chk.tree.defs, line, AssignmentStmt)
    value = chk.lookup_type_or_none(statement.rvalue) if statement is not None else None
    if statement is None or value is None or is_overlapping_none(value):
        return
    for target in statement.lvalues:
        declared = chk.lookup_type_or_none(target) if isinstance(target, NameExpr) else None
        if declared is not None and is_optional_array(declared):
            chk.binder.put(target, remove_optional(declared))


def unpacks_any(chk: TypeChecker, line: int) -> bool:
    """Whether the assignment at a line unpacks what a module or a transformed function returned: `Any` to plain mypy."""
    statement = statement_at(chk.tree.defs, line, AssignmentStmt)
    called = chk.lookup_type_or_none(statement.rvalue.callee) if statement and isinstance(statement.rvalue, CallExpr) else None
    owner = get_proper_type(called)
    if isinstance(owner, CallableType):
        return is_marked(owner)
    return isinstance(owner, Instance) and owner.type.has_base(MODULE)


def sets(chk: TypeChecker, target: MemberExpr) -> bool:
    """Whether an attribute access is the target of an assignment whose value is never `None`."""
    value = assigned_to(chk, target)
    return value is not None and not is_overlapping_none(value)


def assigned_to(chk: TypeChecker, target: MemberExpr) -> Type | None:
    """The type of what is assigned where an attribute access is the target of an assignment; mypy looks at it later."""
    statement = statement_at(chk.tree.defs, target.line, AssignmentStmt)
    if statement is None or not any(target is lvalue for lvalue in statement.lvalues):
        return None
    with chk.msg.filter_errors():
        return chk.expr_checker.accept(statement.rvalue)


def returns_own_any(chk: TypeChecker, line: int) -> bool:
    """Whether a `return` answers what is `Any` because of us: plain mypy then has a type for it, or a source of the `Any`."""
    statement = statement_at(chk.tree.defs, line, ReturnStmt)
    value = chk.lookup_type_or_none(statement.expr) if statement is not None and statement.expr is not None else None
    found = get_proper_type(value)
    if not isinstance(found, AnyType):
        return False
    return TypeOfAny.special_form in (found.type_of_any, found.source_any and found.source_any.type_of_any)


def is_optional_array(typ: Type) -> bool:
    """Whether a type is a union of `None` and arrays."""
    rest = get_proper_type(remove_optional(typ))
    items = rest.items if isinstance(rest, UnionType) else [rest]
    return is_overlapping_none(typ) and all(array_of(item) is not None for item in items)
