"""Whether a class has the members of a protocol when their shapes are not looked at.

Nothing compares shapes of a protocol's members at run time, and names of two classes are names of two classes. mypy
compares them as types; `gate` asks here before such an error is stored, with the names that the message shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from mypy.checker_state import checker_state
from mypy.nodes import TypeInfo
from mypy.subtypes import find_member, is_subtype
from mypy.types import AnyType, CallableType, Instance, ProperType, Type, get_proper_type
from mypy.typevars import fill_typevars_with_any

from mypy_plugin.encode import array_of
from mypy_plugin.erasure import erased, without_shapes
from mypy_plugin.loosening import is_int_variable
from mypy_plugin.text import Node
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_SKIPPED = ("torch", "jax", "jaxlib", "numpy", "builtins", "typing")


def classes_named(name: str) -> Iterator[TypeInfo]:
    """The classes of users' modules with a name: a message says no more than that."""
    checker = cast("TypeChecker | None", checker_state.type_checker)
    for fullname, module in checker.modules.items() if checker is not None else ():
        if fullname.partition(".")[0] not in _SKIPPED:
            symbol = module.names.get(name)
            if symbol is not None and isinstance(symbol.node, TypeInfo):
                yield symbol.node


def has_sizes(name: str) -> bool:
    """Whether a class of the name has sizes as type parameters."""
    return any(is_int_variable(variable) for info in classes_named(name) for variable in info.defn.type_vars)


def has_arrays(name: str) -> bool:
    """Whether a typed dictionary of the name has items with shapes: of a union of such, mypy tries one after the other."""
    dictionaries = [info.typeddict_type for info in classes_named(name) if info.typeddict_type is not None]
    return any(_mentions_shape(item) for dictionary in dictionaries for item in dictionary.items.values())


def fits(found: str, expected: str) -> bool:
    """Whether a class is what is expected, a protocol or `Callable`, as far as anybody checks."""
    if expected == "Callable":
        return is_called_with_arrays(found)
    protocols = [info for info in classes_named(expected) if info.is_protocol]
    return any(_has_members(info, protocol) for info in classes_named(found) for protocol in protocols)


def takes(function: Node, expected: str) -> bool:
    """Whether a function is what a protocol with `__call__` asks for when shapes are not looked at."""
    if len(function.args) != 2 or function.args[0].name != "[]":
        return False
    calls = [_member(info, "__call__") for info in classes_named(expected) if info.is_protocol]
    return any(_takes(function.args[0].args, call) for call in calls if isinstance(call, CallableType))


def _takes(parameters: tuple[Node, ...], call: CallableType) -> bool:
    given = call.arg_types
    needed = [node for node in parameters if node.last != "DefaultArg"]
    if not any(array_of(typ) is not None for typ in given) or not len(needed) <= len(given) <= len(parameters):
        return False
    return all(_alike(_unnamed(node), get_proper_type(typ)) for node, typ in zip(parameters, given, strict=False))


def _unnamed(node: Node) -> Node:
    return node.args[0] if node.last in ("Arg", "DefaultArg") and node.args else node


def _alike(node: Node, typ: ProperType) -> bool:
    """Whether both are arrays of one class, or of the same name otherwise."""
    if node.last == "Any" or isinstance(typ, AnyType):
        return True
    return isinstance(typ, Instance) and node.last == typ.type.name


def is_called_with_arrays(name: str) -> bool:
    """Whether objects of a class of the name are called with arrays."""
    members = [_member(info, "__call__") for info in classes_named(name)]
    return any(isinstance(m, CallableType) and any(array_of(typ) is not None for typ in m.arg_types) for m in members)


def is_subclass(name: str, base: str) -> bool:
    """Whether a class of a user's has a base of a name."""
    return any(parent.name == base for info in classes_named(name) for parent in info.mro[1:])


def _member(info: TypeInfo, name: str) -> Type | None:
    instance = fill_typevars_with_any(info)
    found = find_member(name, instance, instance) if isinstance(instance, Instance) else None
    return get_proper_type(found) if found is not None else None


def _has_members(info: TypeInfo, protocol: TypeInfo) -> bool:
    pairs = [(_member(info, name), _member(protocol, name)) for name in protocol.protocol_members]
    mentioned = any(_mentions_shape(wanted) for _, wanted in pairs if wanted is not None)
    return mentioned and all(
        found is not None and wanted is not None and is_subtype(_bare(found), _bare(wanted)) for found, wanted in pairs
    )


def _bare(typ: Type) -> Type:
    return without_shapes(typ) if isinstance(typ, CallableType) else erased(typ)


def _mentions_shape(typ: Type) -> bool:
    if isinstance(typ, CallableType):
        return any(map(_mentions_shape, [*typ.arg_types, typ.ret_type]))
    array = array_of(typ)
    return array is not None and array != Array(library=array.library)
