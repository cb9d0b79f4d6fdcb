"""The leaves and the structure of what is passed as a `PyTree[leaf, "T"]`, as far as its type and its expression tell.

Tuples, lists, dictionaries, named tuples and `equinox.Module`s are nodes; `None` is a node without leaves. Called by `unifier`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

from mypy.expandtype import expand_type_by_instance
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import DictExpr, Expression, ListExpr, StrExpr, TupleExpr, Var
from mypy.types import Instance, NoneType, ProperType, TupleType, Type, UnionType, UnpackType, get_proper_type

from mypy_plugin.attributes import with_unknown_names
from mypy_plugin.carriers import opened
from mypy_plugin.encode import array_of
from mypy_plugin.origins import METADATA
from mypy_plugin.values import Reader

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_NODES = frozenset(["builtins.list", "builtins.tuple", "builtins.dict", "collections.OrderedDict", "collections.defaultdict"])
"""Generic classes that are nodes of a PyTree, whose last type argument is that of the children."""
_SCALARS = frozenset(["builtins.bool", "builtins.int", "builtins.float", "builtins.complex", "builtins.str", "builtins.bytes"])
"""Classes whose objects are leaves, and no arrays."""
_EQUINOX = "equinox._module._module.Module"

type Child = tuple[Type, Expression | None]


def leaves(tree: Type, expression: Expression | None, chk: TypeChecker) -> Iterator[ProperType]:
    """The leaves that a tree is known to have: arrays, numbers and strings. Others, and those of unknown nodes, are left out."""
    found = get_proper_type(tree)
    for child, written in _children(found, expression, chk):
        yield from leaves(child, written, chk)
    if array_of(found) is not None or (isinstance(found, Instance) and found.type.fullname in _SCALARS):
        yield found.copy_modified(last_known_value=None) if isinstance(found, Instance) else found


def _children(tree: ProperType, expression: Expression | None, chk: TypeChecker) -> list[Child]:
    match tree, expression:
        case _, TupleExpr(items=written) | ListExpr(items=written):
            return _typed(written, chk)
        case _, DictExpr(items=entries):
            return _typed([value for _, value in entries], chk)
        case TupleType(items=items), _:
            return [(item, None) for item in items]
        case Instance(type=info, args=[*_, item]), _ if info.fullname in _NODES:
            return [(item, None)]
        case Instance(), _:
            return [(field, None) for field in _fields(tree, Reader(chk))]
        case _:
            return []


def _typed(expressions: list[Expression], chk: TypeChecker) -> list[Child]:
    """Expressions with the types that mypy gave them."""
    return [(chk.lookup_type(item), item) for item in expressions if chk.has_type(item)]


def _fields(module: Instance, reader: Reader) -> Iterator[Type]:
    """The types of the fields of an equinox module that are no static ones; of those of a class that we have not read, none."""
    if not any(base.fullname == _EQUINOX for base in module.type.mro):
        return
    for info in module.type.mro:
        notes = info.metadata.get(METADATA, {})
        for name in info.names if "static" in notes else ():
            node = info.names[name].node
            if isinstance(node, Var) and node.type is not None and not node.is_classvar and name not in notes["static"]:
                whole = with_unknown_names(node.type, reader)
                yield expand_type_by_instance(whole, map_instance_to_supertype(module, info))


def is_array(leaf: Type) -> bool:
    """Whether a leaf's annotation allows arrays alone."""
    proper = get_proper_type(opened(leaf))
    return all(map(is_array, proper.items)) if isinstance(proper, UnionType) else array_of(proper) is not None


def structure(tree: Type, expression: Expression | None, chk: TypeChecker) -> Hashable | None:
    """What jax calls the tree's structure; None when some node is not known in full."""
    found = get_proper_type(tree)
    match found, expression:
        case _, TupleExpr(items=written):
            return _node("tuple", _typed(written, chk), len(written), chk)
        case _, ListExpr(items=written):
            return _node("list", _typed(written, chk), len(written), chk)
        case _, DictExpr(items=entries):
            keys = [key.value for key, _ in entries if isinstance(key, StrExpr)]
            if len(set(keys)) != len(entries):
                return None
            values = sorted(zip(keys, (value for _, value in entries), strict=True), key=lambda pair: pair[0])
            return _node(("dict", *sorted(keys)), _typed([value for _, value in values], chk), len(entries), chk)
        case TupleType(items=items, partial_fallback=fallback), _:
            if any(isinstance(item, UnpackType) for item in items):
                return None
            name = fallback.type.fullname.rpartition("builtins.")[2]
            return _node(name, [(item, None) for item in items], len(items), chk)
        case NoneType(), _:
            return "None"
        case Instance(type=info), _ if array_of(found) is not None or info.fullname in _SCALARS:
            return "leaf"
        case _:
            return None


def _node(kind: Hashable, children: list[Child], count: int, chk: TypeChecker) -> Hashable | None:
    parts = [structure(child, written, chk) for child, written in children]
    return (kind, *parts) if len(parts) == count and None not in parts else None
