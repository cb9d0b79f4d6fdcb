"""Finding classes by full name while bodies are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy.lookup import lookup_fully_qualified
from mypy.nodes import TypeInfo
from mypy.types import Instance, Type

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


def class_named(fullname: str, chk: TypeChecker) -> TypeInfo:
    """A class by full name, also of modules that the checked one does not import.

    Raises:
        KeyError: the class is not part of this build.
    """
    symbol = lookup_fully_qualified(fullname, chk.modules)
    if symbol is None or not isinstance(symbol.node, TypeInfo):
        raise KeyError(fullname)
    return symbol.node


def instance_of(fullname: str, args: list[Type], chk: TypeChecker) -> Instance:
    """The type of a class by full name."""
    return Instance(class_named(fullname, chk), args)
