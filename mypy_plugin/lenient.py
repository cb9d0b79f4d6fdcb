"""Calls that plain mypy does not check: of what `jax.jit`, `jax.checkpoint` and the like return, and of modules.

Knowing their signatures, we must not add errors that are not about shapes: parameters take anything, and `None` among the
results is unknown. What a transformation returned is told by its fallback, the class of its attributes: `jax.jit(f)` has
`f`'s signature and the attributes of jax's own class, such as `lower`. Called by `transforms`, `layers` and `calls`.
"""

from __future__ import annotations

from mypy.nodes import ARG_STAR, ARG_STAR2, CallExpr, Context, FuncDef
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    NoneType,
    Overloaded,
    ParamSpecType,
    TupleType,
    Type,
    UnionType,
    get_proper_type,
)

from mypy_plugin.encode import ANY, NamedTypes, array_instance
from mypy_plugin.names import DECORATED, STATIC

_LIBRARIES = ("jax.", "equinox.", "flax.", "functools.", f"{STATIC}.")


def marked(function: FunctionLike, made: Type, named: NamedTypes) -> FunctionLike | AnyType:
    """The function as what plain mypy says the transformation made of it, if that is an object with a class of its own.

    What is `Any` to plain mypy has every attribute; a function without annotations stays `Any`.
    """
    owner = get_proper_type(made)
    if isinstance(owner, AnyType):
        if isinstance(function, CallableType):
            return owner if function.implicit else decorated(function, named)
        return function
    if not isinstance(owner, Instance):
        return function
    if isinstance(function, Overloaded):
        return Overloaded([item.copy_modified(fallback=owner) for item in function.items])
    return function.copy_modified(fallback=owner) if isinstance(function, CallableType) else function


def decorated(function: CallableType, named: NamedTypes) -> CallableType:
    """The function as what a decorator without types returns."""
    return function if function.implicit else function.copy_modified(fallback=named(DECORATED, []))


def is_marked(signature: CallableType) -> bool:
    """Whether a signature is that of a transformed function. (A class has its metaclass there, equinox's own too.)"""
    return not signature.is_type_obj() and signature.fallback.type.fullname.startswith(_LIBRARIES)


def is_transformed(typ: Type | None) -> bool:
    """Whether a type is that of a transformed function, to plain mypy one that takes and returns anything."""
    return isinstance(typ, CallableType) and is_marked(typ)


def opened(signature: CallableType, call: Context) -> CallableType:
    """The signature with parameters that take anything; with `*args` or `**options` in the call, any number of them."""
    taken = _taken(signature.fallback)
    if is_spread(call):
        return signature.copy_modified(arg_types=[taken, taken], arg_kinds=[ARG_STAR, ARG_STAR2], arg_names=[None, None])
    return signature.copy_modified(arg_types=[taken] * len(signature.arg_types))


def _taken(owner: Instance) -> Type:
    """What plain mypy lets an object take: `functools.cache` wants arguments that can be hashed."""
    symbol = owner.type.get("__call__")
    signature = get_proper_type(symbol.node.type) if symbol is not None and isinstance(symbol.node, FuncDef) else None
    if not isinstance(signature, CallableType) or signature.arg_kinds[1:] != [ARG_STAR, ARG_STAR2]:
        return ANY
    taken = get_proper_type(signature.arg_types[1])
    return ANY if signature.variables or isinstance(taken, ParamSpecType) else taken


def is_spread(call: Context) -> bool:
    """Whether a call has `*args` or `**options`."""
    return isinstance(call, CallExpr) and any(kind.is_star() for kind in call.arg_kinds)


def certain(typ: Type) -> Type:
    """The type without choices that the program knows how to make and mypy does not: to plain mypy the call is `Any`.

    `None` in a union is unknown, as the optional `loss` of a module; a union of arrays and other things is unknown as a whole.
    """
    proper = get_proper_type(typ)
    match proper:
        case UnionType(items=items):
            others = [item for item in map(get_proper_type, items) if not isinstance(item, NoneType)]
            if any(array_instance(item) is None for item in others):
                return ANY
            return UnionType([*others, ANY]) if len(others) < len(items) else typ
        case TupleType(items=items):
            return proper.copy_modified(items=[certain(item) for item in items])
        case _:
            return typ
