"""The type variables that names of shape strings are in mypy, and the core's symbols and runs that they stand for.

Which signature binds a name is in its variable's id. `encode` translates through this module, and remembers the way back.
"""

from __future__ import annotations

from zlib import crc32

from mypy.types import TypeVarId, TypeVarLikeType, TypeVarTupleType, TypeVarType

from shapecheck.core.dim import Kind, Symbol
from shapecheck.core.shape import Run

FREE = -1_000_000_000
"""Raw ids at and below this one belong to names that no signature has bound yet (aliases, attributes, locals)."""
BOUND = -1_000
"""Raw ids at and below this one, and above `FREE`, belong to names that a signature binds."""
FREE_MARK = "~"
"""Ends the printed name of such a variable, so that a message tells it from a bound one; never shown to users."""


_type_variables: dict[str, TypeVarType | TypeVarTupleType] = {}


def free_id(name: str) -> TypeVarId:
    """The id of a name's type variable while no signature has bound it."""
    return TypeVarId(FREE - crc32(name.encode()))


def is_free(variable: TypeVarLikeType) -> bool:
    """Whether no signature has bound the variable."""
    return variable.id.raw_id <= FREE and not variable.id.is_meta_var()


def is_dim(variable: TypeVarLikeType) -> bool:
    """Whether the variable is a name of a shape string, bound to its signature or not."""
    return variable.id.raw_id <= BOUND and not variable.id.is_meta_var()


def symbol_of(variable: TypeVarType) -> Symbol:
    """The core's symbol for a type variable; the way back is remembered."""
    name, scope = variable.name.removesuffix(FREE_MARK), scope_of(variable)
    _type_variables[f"{name}@{scope}"] = variable
    kind = Kind.SIZE if is_loose(variable) else Kind.RIGID
    return Symbol(name, scope, kind)


def is_loose(variable: TypeVarLikeType) -> bool:
    """Whether the variable stands for something unknown, not for whatever a caller passes."""
    return variable.name.endswith(FREE_MARK) or variable.id.raw_id <= FREE or variable.id.is_meta_var()


def scope_of(variable: TypeVarLikeType) -> str:
    """The owner of a type variable. mypy renames variables without a namespace at every use: those own themselves."""
    if variable.id.raw_id <= FREE or (variable.id.namespace and not variable.id.is_meta_var()):
        return str(variable.id.namespace)
    return f"{variable.id.namespace}?{variable.id.raw_id}"


def run_of(variable: TypeVarTupleType, broadcast: bool = False) -> Run:
    """The core's variadic part for a variadic type variable."""
    name, scope = variable.name.removesuffix(FREE_MARK), scope_of(variable)
    _type_variables[f"*{name}@{scope}"] = variable
    return Run(name, scope, broadcast, is_loose(variable))


def variable_of(symbol: Symbol) -> TypeVarType | None:
    """The type variable that a symbol was read from."""
    found = _type_variables.get(f"{symbol.name}@{symbol.scope}")
    return found if isinstance(found, TypeVarType) else None


def run_variable(name: str | None, scope: str) -> TypeVarTupleType | None:
    """The variadic type variable that a run was read from."""
    found = _type_variables.get(f"*{name}@{scope}")
    return found if isinstance(found, TypeVarTupleType) else None
