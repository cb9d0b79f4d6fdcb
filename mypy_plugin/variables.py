"""The type variables in a type: names of shape strings, bound to a signature or not, and the user's own.

Pure functions on mypy's types, called wherever names are bound, counted or replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from mypy.types import (
    Instance,
    TupleType,
    Type,
    TypeAliasType,
    TypeVarLikeType,
    TypeVarTupleType,
    TypeVarType,
    UnionType,
    UnpackType,
)

from mypy_plugin.carriers import opened
from mypy_plugin.symbols import is_free


def has_free(typ: Type) -> bool:
    """Whether a free name occurs in the type."""
    return any(True for _ in free_variables(typ))


def free_variables(typ: Type) -> Iterator[TypeVarLikeType]:
    """The free names in the type, in the order they are written. Callables keep theirs: they are not checked."""
    for variable in variables_in(typ):
        if is_free(variable):
            yield variable


def variables_in(typ: Type) -> Iterator[TypeVarLikeType]:
    """Every type variable in a type, outside callables, named tuples and recursive aliases."""
    if isinstance(typ, TypeAliasType) and (typ.alias is None or typ.is_recursive):
        return
    match opened(typ):
        case TypeVarType() | TypeVarTupleType() as variable:
            yield variable
        case TypeAliasType(args=parts):
            for part in parts:
                yield from variables_in(part)
        case UnpackType(type=inner):
            yield from variables_in(inner)
        case TupleType(partial_fallback=fallback) if fallback.type.fullname != "builtins.tuple":
            return  # a named tuple's names are its own
        case Instance(args=parts) | TupleType(items=parts) | UnionType(items=parts):
            for part in parts:
                yield from variables_in(part)
