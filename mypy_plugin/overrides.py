"""Overriding and overloading functions with shapes: names may differ, and nothing compares them at run time.

`binding` notes every function with shape names by file and line; `gate` asks here when mypy reports that an override or an
overload's implementation does not fit. Whether it does is decided with the shapes taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy.nodes import AssignmentStmt, Decorator, FuncDef, MemberExpr, NameExpr, Node, OverloadedFuncDef
from mypy.subtypes import is_subtype
from mypy.types import CallableType

from mypy_plugin.blocks import statement_at
from mypy_plugin.encode import ANY
from mypy_plugin.erasure import without_shapes
from mypy_plugin.lenient import is_transformed
from mypy_plugin.origins import registered

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_functions: dict[str, dict[int, FuncDef]] = {}


def remember(path: str, function: FuncDef) -> None:
    """Notes a function with shape names."""
    _functions.setdefault(path, {})[function.line] = function


def remember_overloads(path: str, function: OverloadedFuncDef) -> None:
    """Notes an overloaded function and its implementation."""
    for item in [*function.items, function.impl]:
        own = item.func if isinstance(item, Decorator) else item
        if item is not None and isinstance(own, FuncDef):
            for line in (item.line, own.line, function.line):
                _functions.setdefault(path, {}).setdefault(line, own)


def forget(path: str) -> None:
    """Forgets a file that is analysed anew."""
    _functions.pop(path, None)


def has_shapes(path: str, line: int) -> bool:
    """Whether a function with shape names stands on the line."""
    return line in _functions.get(path, {})


def fits_without_shapes(path: str, line: int) -> bool:
    """Whether the method on the line overrides its base's method correctly when shapes are not looked at."""
    function = _functions.get(path, {}).get(line)
    if function is None or not function.info or not isinstance(function.type, CallableType):
        return False
    symbols = [base.names[function.name] for base in function.info.mro[1:] if function.name in base.names]
    overridden = [found for symbol in symbols if (found := _signature(symbol.node)) is not None]  # `Module.forward` is a variable
    own = _without_self(without_shapes(function.type))
    return bool(overridden) and is_subtype(own, _without_self(without_shapes(overridden[0])))


def is_untold(chk: TypeChecker, line: int) -> bool:
    """Whether what a class sets or defines on a line has no type to plain mypy: a buffer that a base registers, a method that a
    decorator without types made."""
    owner = chk.scope.active_class() or chk.scope.enclosing_class()
    own = owner.defn.defs.body if owner is not None else []
    there = [statement for statement in own if statement.line <= line <= (statement.end_line or line)]
    if any(isinstance(each, Decorator) and is_transformed(each.var.type) for each in there):
        return True
    names = [name for statement in there if (name := _name(statement, line))]
    return owner is not None and any(name in registered(base) for name in names for base in owner.mro[1:])


def _name(statement: Node, line: int) -> str | None:
    """The attribute that a statement of a class defines, or sets on a line."""
    match statement:
        case FuncDef() | Decorator():
            inner = statement_at([statement], line, AssignmentStmt)
            return _target(inner) if inner is not None else statement.name
        case AssignmentStmt():
            return _target(statement)
        case _:
            return None


def _target(statement: AssignmentStmt) -> str | None:
    match statement.lvalues:
        case [MemberExpr(expr=NameExpr(name="self"), name=name)] | [NameExpr(name=name)]:
            return name
        case _:
            return None


def _signature(node: object) -> CallableType | None:
    function = node.func if isinstance(node, Decorator) else node
    typ = function.type if isinstance(function, FuncDef | OverloadedFuncDef) else None
    return typ if isinstance(typ, CallableType) else None


def _without_self(signature: CallableType) -> CallableType:
    """The signature with an untyped first parameter: `self` differs in an override by nature."""
    return signature.copy_modified(arg_types=[ANY, *signature.arg_types[1:]]) if signature.arg_types else signature
