"""Annotations that are `Any` or a type variable to mypy, and what they ask of shapes: `PyTree[...]`, `Float[Any, ...]`, `Float[T, ...]`.

Such a type is an alias of our stub, `PyTree[Leaf]`, `Duck[DType, Shape]` or `Like[T, DType, Shape]`: it stands for `Any` or `T`,
and mypy carries its arguments along. `annotations` writes them, `matching` reads them where a call is checked.
"""

from __future__ import annotations

from mypy.nodes import MypyFile, TypeAlias, TypeInfo
from mypy.plugin import AnalyzeTypeContext
from mypy.type_visitor import TypeTranslator
from mypy.typeanal import TypeAnalyser
from mypy.types import (
    AnyType,
    Instance,
    NoneType,
    ProperType,
    Type,
    TypeAliasType,
    TypeOfAny,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from mypy_plugin.encode import ANY, NamedTypes, array_instance, array_type, dtypes_of, library_of, literal, shape_of
from mypy_plugin.names import DUCK, GENERIC_ARRAYS, LIKE, PYTREE
from shapecheck.core.dtype import ANY_DTYPE, CLASSES
from shapecheck.core.shape import SCALAR, shape
from shapecheck.core.value import Array, Library

CARRIERS = frozenset([PYTREE, DUCK, LIKE])


def is_carrier(typ: Type) -> bool:
    """Whether a type is one of our aliases."""
    return isinstance(typ, TypeAliasType) and typ.alias is not None and typ.alias.fullname in CARRIERS


def is_like(typ: Type) -> bool:
    """Whether a type is an array of a type variable's class."""
    return isinstance(typ, TypeAliasType) and typ.alias is not None and typ.alias.fullname == LIKE


def opened(typ: Type) -> Type:
    """The type with aliases replaced by what they stand for, but for our own."""
    while isinstance(typ, TypeAliasType) and not is_carrier(typ):
        if typ.alias is None or typ.is_recursive:
            return get_proper_type(typ)
        typ = typ._expand_once()
    return typ


def carry(alias: str, args: list[Type], analyser: TypeAnalyser) -> Type:
    """The alias with arguments; `Any` when our stub is not part of the build."""
    symbol = analyser.api.lookup_fully_qualified_or_none(alias)
    node = symbol.node if symbol is not None else None
    return TypeAliasType(node, args) if isinstance(node, TypeAlias) else AnyType(TypeOfAny.special_form)


class _Settle(TypeTranslator):
    """Gives arrays of a type variable the shape and dtype that their annotation says."""

    def __init__(self, named: NamedTypes) -> None:
        super().__init__()
        self.named = named

    def bound(self, variable: ProperType) -> Instance | None:
        """The array class that a type variable is bounded by; mypy gives it no arguments there."""
        upper = get_proper_type(variable.upper_bound) if isinstance(variable, TypeVarType) else None
        known = isinstance(upper, Instance) and upper.type.fullname in GENERIC_ARRAYS
        return self.named(upper.type.fullname, [ANY, ANY]) if known and isinstance(upper, Instance) else None

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        if t.alias is None or t.alias.fullname != LIKE:
            return t
        variable, dtype, axes = get_proper_type(t.args[0]), *t.args[1:]
        like = array_instance(variable) or self.bound(variable)
        if like is None or len(like.args) != 2:
            return variable
        return array_type(like, Array(shape_of(axes), dtypes_of(dtype), library_of(like)), self.named)


def settled(typ: Type, named: NamedTypes) -> Type:
    """The type of a result whose type variables are solved."""
    return typ.accept(_Settle(named))


# --- names that jaxtyping gives to jax's arrays --------------------------------------------------------------------


def pytree(ctx: AnalyzeTypeContext) -> Type:
    """The type of `PyTree`, `PyTree[leaf]` and `PyTree[leaf, "structure"]`."""
    analyser = ctx.api
    assert isinstance(analyser, TypeAnalyser)
    if not ctx.type.args:
        return AnyType(TypeOfAny.special_form)
    leaf, *structure = ctx.type.args
    named = getattr(structure[0], "original_str_expr", None) if structure else None
    name = literal(named, analyser.named_type) if isinstance(named, str) else NoneType()
    return carry(PYTREE, [analyser.anal_type(leaf), name], analyser)


_SCALAR = ((SCALAR, ANY_DTYPE),)
_KEYS = ((SCALAR, CLASSES["Key"]), (shape(2), CLASSES["UInt32"]), (shape(4), CLASSES["UInt32"]))
_NAMED = {"jaxtyping.Scalar": _SCALAR, "jaxtyping.PRNGKeyArray": _KEYS}


def named_array(ctx: AnalyzeTypeContext, info: TypeInfo, module: MypyFile | None) -> Type | None:
    """The type of `Scalar` or `PRNGKeyArray`, which to mypy are `jax.Array`; None for another name of it."""
    from mypy_plugin.annotations import imported

    analyser = ctx.api
    assert isinstance(analyser, TypeAnalyser)
    meanings = _NAMED.get(imported(ctx.type.name, module) or "")
    plain = analyser.analyze_type_with_type_info(info, (), ctx.type, False) if meanings is not None else None
    if meanings is None or not isinstance(plain, Instance) or len(plain.args) != 2:
        return None
    arrays = [array_type(plain, Array(axes, dtypes, Library.JAX), analyser.named_type) for axes, dtypes in meanings]
    return UnionType.make_union(arrays)
