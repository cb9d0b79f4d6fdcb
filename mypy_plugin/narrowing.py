"""Narrowing: the type that an array has where a condition about it holds.

`conditions` puts a call that only mypy sees beside each condition. When that call is checked, `settle` works out the type that
its array has from then on, and hands it to mypy as that of a `TypeGuard`. What contradicts earlier knowledge leaves the size
unknown: `assert x.shape[0] == 3` on an axis `b` is no error, and `x` may be passed on as either.
"""

from __future__ import annotations

from collections.abc import Sequence

from mypy.nodes import (
    CallExpr,
    CastExpr,
    StrExpr,
    TempNode,
)
from mypy.plugin import FunctionContext, FunctionSigContext
from mypy.subtypes import is_proper_subtype
from mypy.type_visitor import TypeTranslator
from mypy.typeops import make_simplified_union
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    NoneType,
    ProperType,
    Type,
    TypeAliasType,
    UnionType,
    get_proper_type,
)

from mypy_plugin.conditions import mentions_shape
from mypy_plugin.encode import ANY, NamedTypes, array_instance, array_of, array_type, tuple_type
from mypy_plugin.names import SIZE
from mypy_plugin.operations import checker
from mypy_plugin.values import Reader
from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.merge import merged
from shapecheck.core.shape import ANY_RUN, Shape, unknown_of_rank, unknown_sizes
from shapecheck.core.value import Array, Value


def accept_annotations(ctx: FunctionSigContext) -> FunctionLike:
    """`isinstance` takes jaxtyping's annotations, which are classes at run time though not to a type checker."""
    signature = ctx.default_signature
    if len(ctx.args) == 2 and len(ctx.args[1]) == 1 and mentions_shape(ctx.args[1][0], checker(ctx.api).tree):
        return signature.copy_modified(arg_types=[signature.arg_types[0], ANY])
    return signature


def settle(ctx: FunctionContext) -> Type:
    """Gives the guard the type that its first argument has from here on."""
    call = ctx.context
    if isinstance(call, CallExpr) and isinstance(call.callee, TempNode) and len(call.args) == 3:
        chk = checker(ctx.api)
        signature = get_proper_type(call.callee.type)
        assert isinstance(signature, CallableType)
        reader = Reader(chk)
        narrowed = _narrowed(ctx.arg_types[0][0], call, reader)
        if narrowed is not None and is_proper_subtype(ctx.arg_types[0][0], narrowed, ignore_promotions=True):
            narrowed = narrowed.accept(_Forget(reader.named))
        chk.store_type(call.callee, signature.copy_modified(type_guard=narrowed))
    return ctx.default_return_type


def _narrowed(subject: Type, call: CallExpr, reader: Reader) -> Type | None:
    form, value = call.args[1], call.args[2]
    assert isinstance(form, StrExpr)
    if isinstance(value, CastExpr) and form.value == "is":
        return instance_of(subject, value.type, reader.named)
    said = _said(form.value.split(), reader.value(value))
    return with_shape(subject, said, reader.named) if said is not None else None


class _Forget(TypeTranslator):
    """Makes unknown sizes other types than `int`: mypy ignores a guard that is wider than what it knows."""

    def __init__(self, named: NamedTypes) -> None:
        super().__init__()
        self.size: Type = named(SIZE, [NoneType(), tuple_type([], named)])

    def visit_instance(self, t: Instance, /) -> Type:
        if t.type.fullname == "builtins.int":
            return self.size
        return t.copy_modified(args=[arg.accept(self) for arg in t.args]) if _may_hold_size(t) else t

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def _may_hold_size(instance: Instance) -> bool:
    return instance.type.fullname == "builtins.tuple" or array_instance(instance) is not None


def with_shape(subject: Type, said: Shape, named: NamedTypes) -> Type | None:
    """The array type with what is said of its shape; None when it is no array, or a class without a place for a shape."""
    proper = get_proper_type(subject)
    if isinstance(proper, UnionType):
        items = [with_shape(item, said, named) or item for item in _of_rank(proper.items, said)]
        return make_simplified_union(items) if any(array_of(item) is not None for item in items) else None
    like, array = array_instance(proper), array_of(proper)
    if like is None or array is None or not isinstance(proper, Instance) or len(like.args) != 2:
        return None
    return array_type(like, array.with_shape(merged(array.shape, said)), named)


def _of_rank[T: Type](members: Sequence[T], said: Shape) -> list[T]:
    """The members of a union that can have the number of axes which a condition tells of; all when none can."""
    kept = [member for member in members if (array := array_of(member)) is None or _may_agree(array.shape, said)]
    return kept or list(members)


def _may_agree(one: Shape, other: Shape) -> bool:
    """Whether two shapes can have the same number of axes."""
    return not any(a.rank is not None and a.rank < b.min_rank for a, b in ((one, other), (other, one)))


def instance_of(subject: Type, annotation: Type, named: NamedTypes) -> Type:
    """The type of an object that is an instance of the annotation."""
    wanted = get_proper_type(annotation)
    if isinstance(wanted, UnionType):
        return UnionType.make_union([instance_of(subject, item, named) for item in wanted.items])
    proper = get_proper_type(subject)
    members = list(map(get_proper_type, proper.items)) if isinstance(proper, UnionType) else [proper]
    declared = array_of(wanted)
    members = _of_rank(members, declared.shape) if declared is not None else members
    found = [both for member in members if (both := _array_of_both(member, wanted, named)) is not None]
    return UnionType.make_union(found) if found else annotation


def _array_of_both(member: ProperType, wanted: ProperType, named: NamedTypes) -> Type | None:
    """An array that is of both types; None when one is no array, or of another library."""
    like, declared, array = array_instance(member), array_of(wanted), array_of(member)
    if like is None or declared is None or array is None or not isinstance(wanted, Instance) or not isinstance(member, Instance):
        return None
    if wanted.type.has_base(like.type.fullname):
        like = wanted
    elif not like.type.has_base(wanted.type.fullname):
        return None
    if len(like.args) != 2:
        return like  # a user's subclass
    dtype = declared.dtype & array.dtype
    shape = merged(array.shape, declared.shape)
    return array_type(like, Array(shape, dtype if dtype.names else declared.dtype, array.library), named)


def _said(form: list[str], value: Value) -> Shape | None:
    """The shape that a true comparison with the value says; None when it says nothing we can use."""
    match form, value:
        case ["rank"], Dim(constant=int() as rank) if rank >= 0:
            return unknown_of_rank(rank)
        case ["shape"], tuple() as items:
            return Shape(_sizes(items))
        case ["axis", axis], Dim() as size:
            return _axis(int(axis), size)
        case ["slice", start, stop], tuple() as items if items:
            return _slice(_bound(start), _bound(stop), _sizes(items))
        case _:
            return None


def _sizes(items: tuple[Value, ...]) -> tuple[Dim, ...]:
    return tuple(item if isinstance(item, Dim) else UNKNOWN_DIM for item in items)


def _bound(text: str) -> int | None:
    return None if text == "None" else int(text)


def _axis(axis: int, size: Dim) -> Shape:
    if axis >= 0:
        return Shape((*unknown_sizes(axis), size), ANY_RUN)
    return Shape((), ANY_RUN, (size, *unknown_sizes(-axis - 1)))


def _slice(start: int | None, stop: int | None, sizes: tuple[Dim, ...]) -> Shape | None:
    """`x.shape[start:stop] == sizes`. A slice that is shorter than it asks for tells of a short shape: not used."""
    first = start or 0
    if first >= 0 and stop is None:
        return Shape((*unknown_sizes(first), *sizes))
    if first >= 0 and stop is not None and stop < 0:
        return Shape((*unknown_sizes(first), *sizes, *unknown_sizes(-stop)))
    if first >= 0 and stop is not None and len(sizes) == stop - first:
        return Shape((*unknown_sizes(first), *sizes), ANY_RUN)
    if first < 0 and stop is None and len(sizes) == -first:
        return Shape((), ANY_RUN, sizes)
    return None
