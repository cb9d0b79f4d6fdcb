"""Attributes of users' objects: what mypy inferred for them from one assignment is not a promise about the others.

Hook of the checking phase. When something is assigned, the shape of an un-annotated attribute is dropped, so that a
second shape is no error; when it is read, an attribute that its class assigns in several places has no shape.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mypy.expandtype import expand_type
from mypy.nodes import Decorator, MemberExpr, Var
from mypy.plugin import AttributeContext
from mypy.types import Instance, TupleType, Type, TypeVarTupleType, UnionType, get_proper_type
from mypy.types_utils import remove_optional

from mypy_plugin.assigned import assigned_to, is_optional_array, sets
from mypy_plugin.encode import array_instance, array_of, array_type, library_of
from mypy_plugin.erasure import erased
from mypy_plugin.integers import is_int
from mypy_plugin.names import layer_rule
from mypy_plugin.operations import checker
from mypy_plugin.origins import METADATA, registered
from mypy_plugin.results import field_of
from mypy_plugin.symbols import is_free
from mypy_plugin.values import Reader
from mypy_plugin.variables import variables_in
from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import CLASSES, accepts
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


def read(ctx: AttributeContext) -> Type:
    """The type of an attribute access."""
    name = getattr(ctx.context, "name", None)
    owner = get_proper_type(ctx.type)
    if isinstance(owner, TupleType) and isinstance(name, str):
        return field_of(owner, name) or ctx.default_attr_type
    if not isinstance(name, str) or not isinstance(owner, Instance):
        return ctx.default_attr_type
    if ctx.is_lvalue and isinstance(ctx.context, MemberExpr):
        _keep_sizes(owner, name, ctx.context, checker(ctx.api))
    if _may_get_others(ctx.default_attr_type) and _is_inferred(owner, name):
        return erased(ctx.default_attr_type)
    if not _carries_shape(ctx.default_attr_type):
        return ctx.default_attr_type
    if _is_property(owner, name):
        return with_unknown_names(ctx.default_attr_type, Reader(checker(ctx.api)))
    if not ctx.is_lvalue and is_optional_array(ctx.default_attr_type) and isinstance(ctx.context, MemberExpr):
        return remove_optional(ctx.default_attr_type) if sets(checker(ctx.api), ctx.context) else ctx.default_attr_type
    if not _is_inferred(owner, name):
        return ctx.default_attr_type
    if ctx.is_lvalue or _varies(owner, name):
        return without_shape(ctx.default_attr_type, Reader(checker(ctx.api)))
    if any(name in registered(info) for info in owner.type.mro):
        return _movable(ctx.default_attr_type, Reader(checker(ctx.api)))
    return ctx.default_attr_type


def _may_get_others(typ: Type) -> bool:
    """Whether a container may get items of other shapes than those it was made with, in any method."""
    proper = get_proper_type(typ)
    return isinstance(proper, Instance) and proper.type.fullname in _MUTABLE


_MUTABLE = frozenset(["builtins.list", "builtins.dict", "builtins.set", "collections.deque", "collections.defaultdict"])


def _keep_sizes(owner: Instance, name: str, target: MemberExpr, chk: TypeChecker) -> None:
    """Gives a field that is declared as a layer (`fc: eqx.nn.Linear`) the sizes of the one layer that `__init__` assigns."""
    symbol = owner.type.names.get(name)
    node = symbol.node if symbol is not None else None
    declared = get_proper_type(node.type) if isinstance(node, Var) else None
    if not isinstance(node, Var) or not isinstance(declared, Instance) or layer_rule(declared.type.fullname) is None:
        return
    made = get_proper_type(assigned_to(chk, target)) if not _varies(owner, name) else None
    if isinstance(made, Instance) and made.type is declared.type:
        node.type = made


def _movable(typ: Type, reader: Reader) -> Type:
    """The type of a buffer: with its module it is moved to another floating-point dtype (`.half()`)."""
    array, instance = array_of(typ), array_instance(typ)
    if array is None or instance is None or accepts(CLASSES["Float"], array.dtype) is not Verdict.EQUAL:
        return typ
    return array_type(instance, array.with_dtype(CLASSES["Float"]), reader.named)


def _carries_shape(typ: Type) -> bool:
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        return any(map(_carries_shape, proper.items))
    return array_instance(proper) is not None or is_int(proper)


def _is_inferred(owner: Instance, name: str) -> bool:
    symbol = owner.type.get(name)
    node = symbol.node if symbol is not None else None
    return isinstance(node, Var) and node.is_inferred and not node.explicit_self_type  # `self.x: Float[...] = x` is declared


def _is_property(owner: Instance, name: str) -> bool:
    symbol = owner.type.get(name)
    return symbol is not None and isinstance(symbol.node, Decorator) and symbol.node.var.is_property


def with_unknown_names(typ: Type, reader: Reader) -> Type:
    """The type of a property's value: names that its signature does not bind are new sizes at every read."""
    size = reader.named("builtins.int", [])
    run = reader.named("builtins.tuple", [size])
    free = {v.id: run if isinstance(v, TypeVarTupleType) else size for v in variables_in(typ) if is_free(v)}
    return expand_type(typ, dict(free)) if free else typ


def _varies(owner: Instance, name: str) -> bool:
    """Whether a class assigns the attribute in more than one place, or we could not look."""
    for info in owner.type.mro:
        sources = info.metadata.get(METADATA, {}).get("attributes", {})
        if name in sources:
            return not sources[name]
    return True


def without_shape(typ: Type, reader: Reader) -> Type:
    """The type with its arrays' shapes and dtypes, and its ints' sizes, unknown."""
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        return UnionType.make_union([without_shape(item, reader) for item in proper.items])
    if (instance := array_instance(proper)) is not None:
        return array_type(instance, Array(library=library_of(instance)), reader.named) if instance.args else proper
    return reader.named("builtins.int", []) if is_int(proper) else typ


@cache
def is_untyped_method(name: str) -> bool:
    """Whether `name` is a method that torch defines without types, so that calling it is no fault of the user's."""
    return name in _UNTYPED_TORCH


_UNTYPED_TORCH = frozenset([
    "backward", "split", "register_hook", "register_post_accumulate_grad_hook", "retain_grad", "norm", "lu", "stft", "istft", "unique",
    "unique_consecutive", "refine_names", "align_to", "unflatten", "rename", "rename_", "to_sparse_coo", "storage", "is_shared",
    "share_memory_", "detach_", "reinforce", "module_load", "zero_grad", "dim_order",
])  # fmt: skip
