"""Overriding and overloading functions with shapes: names may differ, and nothing compares them at run time.

`binding` notes every function with shape names by file and line; `gate` asks here when mypy reports that an override or an
overload's implementation does not fit. Whether it does is decided with the shapes taken out.
"""

from __future__ import annotations

from mypy.nodes import Decorator, FuncDef, OverloadedFuncDef
from mypy.subtypes import is_subtype
from mypy.types import CallableType

from mypy_plugin.encode import ANY
from mypy_plugin.erasure import without_shapes

_functions: dict[str, dict[int, FuncDef]] = {}


def remember(path: str, function: FuncDef) -> None:
    """Notes a function with shape names."""
    _functions.setdefault(path, {})[function.line] = function


def remember_overloads(path: str, function: OverloadedFuncDef) -> None:
    """Notes an overloaded function and its implementation."""
    for item in [*function.items, function.impl]:
        own = item.func if isinstance(item, Decorator) else item
        if item is not None and isinstance(own, FuncDef):
            for line in (item.line, own.line, function.line):
                _functions.setdefault(path, {}).setdefault(line, own)


def forget(path: str) -> None:
    """Forgets a file that is analysed anew."""
    _functions.pop(path, None)


def has_shapes(path: str, line: int) -> bool:
    """Whether a function with shape names stands on the line."""
    return line in _functions.get(path, {})


def fits_without_shapes(path: str, line: int) -> bool:
    """Whether the method on the line overrides its base's method correctly when shapes are not looked at."""
    function = _functions.get(path, {}).get(line)
    if function is None or not function.info or not isinstance(function.type, CallableType):
        return False
    symbols = [base.names[function.name] for base in function.info.mro[1:] if function.name in base.names]
    overridden = [found for symbol in symbols if (found := _signature(symbol.node)) is not None]  # `Module.forward` is a variable
    own = _without_self(without_shapes(function.type))
    return bool(overridden) and is_subtype(own, _without_self(without_shapes(overridden[0])))


def _signature(node: object) -> CallableType | None:
    function = node.func if isinstance(node, Decorator) else node
    typ = function.type if isinstance(function, FuncDef | OverloadedFuncDef) else None
    return typ if isinstance(typ, CallableType) else None


def _without_self(signature: CallableType) -> CallableType:
    """The signature with an untyped first parameter: `self` differs in an override by nature."""
    return signature.copy_modified(arg_types=[ANY, *signature.arg_types[1:]]) if signature.arg_types else signature
