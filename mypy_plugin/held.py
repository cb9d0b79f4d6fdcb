"""Attributes of layers: the shapes of their weights, and the sizes that their constructors were given.

Hook of the checking phase, for attributes that the classes of torch and equinox declare. What is assigned to such an attribute
may be anything, as for an attribute of the user's.
"""

from __future__ import annotations

from functools import cache

from mypy.plugin import AttributeContext
from mypy.types import Instance, Type, UnionType, get_proper_type

from mypy_plugin.encode import array_instance, array_type, int_type
from mypy_plugin.integers import is_int
from mypy_plugin.layers import layer_of
from mypy_plugin.names import LAYER_MODULES
from mypy_plugin.operations import checker
from mypy_plugin.values import Reader
from shapecheck.core.dim import Dim
from shapecheck.core.value import Array
from shapecheck.rules import registry
from shapecheck.rules.held import HELD, held

_PREFIXES = tuple(private for private, _ in LAYER_MODULES)


def is_layers(fullname: str) -> bool:
    """Whether an attribute may be one of a layer that we know something of."""
    return fullname.startswith(_PREFIXES) and fullname.rpartition(".")[2] in _names()


@cache
def _names() -> frozenset[str]:
    fields = {field for layer in registry().layers.values() for field in layer.fields}
    return frozenset(fields.union(*HELD.values()))


def read(ctx: AttributeContext) -> Type:
    """The type of an attribute of a layer."""
    name, owner = getattr(ctx.context, "name", None), get_proper_type(ctx.type)
    layer = layer_of(owner) if isinstance(owner, Instance) and not ctx.is_lvalue else None
    if layer is None or not isinstance(name, str):
        return ctx.default_attr_type
    reader = Reader(checker(ctx.api))
    array, size = held(layer, name), layer.fields.get(name)
    if array is not None:
        return _with(array, ctx.default_attr_type, reader)
    if is_int(ctx.default_attr_type) and isinstance(size, Dim) and not size.is_unknown:
        return int_type(size, reader.named)
    return ctx.default_attr_type


def _with(array: Array, declared: Type, reader: Reader) -> Type:
    """The declared type with what is known of the array; `None` stays possible where it is declared."""
    proper = get_proper_type(declared)
    if isinstance(proper, UnionType):
        return UnionType.make_union([_with(array, item, reader) for item in proper.items])
    instance = array_instance(proper)
    return array_type(instance, array, reader.named) if instance is not None and instance.args else declared
