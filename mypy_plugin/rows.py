"""What goes through an array gives its rows: loops, also through `enumerate`, `zip` and `reversed`.

Hooks of the checking phase. jax's stubs call the items `Self`, and mypy does not ask a hook about `__iter__` when it matches
an array with `Iterable[T]`: `T` is then an array of which nothing is known. torch and numpy leave items without a type.
"""

from __future__ import annotations

from dataclasses import replace

from mypy.nodes import Expression
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import Instance, TupleType, Type, UnionType, get_proper_type

from mypy_plugin.encode import ANY, array_instance, array_of
from mypy_plugin.scope import Scope
from mypy_plugin.values import Reader
from shapecheck.core.shape import ANY_SHAPE
from shapecheck.core.value import Array, Library, Result

FUNCTIONS = frozenset(["builtins.enumerate", "builtins.zip", "builtins.reversed"])
"""Classes whose items are made of the rows of their arguments."""


def iteration(ctx: MethodContext, array: Array, reader: Reader) -> Type:
    """The iterator over an array: its items lack the first axis."""
    default = get_proper_type(ctx.default_return_type)
    row = None if _is_one_of_several(ctx, reader) else row_of(ctx.type, array, reader)
    if row is None:
        return ctx.default_return_type
    if isinstance(default, Instance) and len(default.args) == 1:
        return default.copy_modified(args=[row])
    return reader.named("typing.Iterator", [row])  # torch defines `__iter__` without types


def through(ctx: FunctionContext, reader: Reader) -> Type:
    """What a loop goes through, with rows where mypy has arrays of which nothing is known.

    Only in a loop: what is an argument of another call, mypy checks again with what that one expects, and then refuses the array.
    """
    default = get_proper_type(ctx.default_return_type)
    given = [typ for types in ctx.arg_types for typ in types]
    if not isinstance(default, Instance) or len(default.args) != 1 or not any(map(_is_of_jax, given)):
        return ctx.default_return_type
    if not isinstance(ctx.context, Expression) or not Scope.of(reader.chk).goes_through(ctx.context):
        return ctx.default_return_type
    item = get_proper_type(default.args[0])
    if not isinstance(item, TupleType):
        return default.copy_modified(args=[_item(given[0], item, reader)])
    items = [_item(typ, each, reader) for typ, each in zip(given, item.items, strict=False)]
    return default.copy_modified(args=[item.copy_modified(items=[*items, *item.items[len(items) :]])])


def row_of(whole: Type, array: Array, reader: Reader) -> Type | None:
    """The type of an array's rows; None where it may have no axis, or its items may be numbers."""
    like = array_instance(whole)
    if like is None or not array.shape.prefix or not like.args:
        return None
    row = array.with_shape(replace(array.shape, prefix=array.shape.prefix[1:]))
    return None if may_be_item(row) else reader.write(row, ANY, like)


def may_be_item(result: Result) -> bool:
    """Whether indexing a numpy array may give what it holds: a number, or any object, to numpy's stubs `Any`."""
    return isinstance(result, Array) and result.library is Library.NUMPY and result.shape == ANY_SHAPE


def _item(whole: Type, item: Type, reader: Reader) -> Type:
    array = array_of(whole)
    if array is None or not _is_of_jax(whole) or not _is_of_jax(item):
        return item
    return row_of(whole, array, reader) or item


def _is_of_jax(typ: Type) -> bool:
    array = array_of(typ)
    return array is not None and array.library is Library.JAX


def _is_one_of_several(ctx: MethodContext, reader: Reader) -> bool:
    """Whether what is iterated is of one of several types: an array there is what the program does not expect to unpack."""
    typ = reader.chk.lookup_type(ctx.context) if isinstance(ctx.context, Expression) else None
    return isinstance(get_proper_type(typ), UnionType)
