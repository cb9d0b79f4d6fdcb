"""What of a class can be checked: its methods of every kind, its properties, and a constructor that it inherits.

Called by :mod:`shapecheck.runtime.decorator`, which checks the functions that are found here.
"""

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Final

from shapecheck.runtime.reading import mentions_arrays

__all__ = ["DESCRIPTORS", "inherited_constructor", "is_member", "nothing_to_check", "rebuilt"]

DESCRIPTORS: Final = (
    *(classmethod, staticmethod, property),
    *(functools.cached_property, functools.partialmethod, functools.singledispatchmethod),
)
"""Objects of a class body that have functions in them."""

_OTHERS: Final = frozenset({"__class_getitem__", "__init_subclass__", "__repr__", "__hash__", "__eq__", "__annotate__"})


def is_member(name: str, value: object) -> bool:
    """Whether a class attribute is something to check."""
    return isinstance(value, (types.FunctionType, *DESCRIPTORS)) and name not in _OTHERS


def rebuilt(target: Any, check: Callable[[Any], Any]) -> Any:
    """A descriptor with checked functions in it.

    Args:
        target: one of :data:`DESCRIPTORS`.
        check: from a function to the one that takes its place.
    """
    match target:
        case property():
            get, set_, delete = (part and check(part) for part in (target.fget, target.fset, target.fdel))
            return property(get, set_, delete, target.__doc__)
        case functools.cached_property():
            target.func = check(target.func)
            return target
        case functools.partialmethod():
            return type(target)(check(target.func), *target.args, **target.keywords)
        case functools.singledispatchmethod():
            for kind, function in list(target.dispatcher.registry.items()):
                target.dispatcher.register(kind, check(function))
            return target
        case _:
            return type(target)(check(target.__func__))


def inherited_constructor(target: Any) -> Any:
    """An `__init__` that speaks for the class although a base has it: a generated one, or one with arrays; else None."""
    constructor = target.__init__
    if "__init__" in vars(target) or not isinstance(constructor, types.FunctionType):
        return None
    generated = dataclasses.is_dataclass(target) or hasattr(target, "__attrs_attrs__")
    return constructor if generated or any(map(mentions_arrays, constructor.__annotations__.values())) else None


def nothing_to_check(target: type) -> str:
    """A warning about a class, with the likely reason."""
    text = f"{target.__qualname__} has no annotated methods, so nothing of it is checked"
    if inspect.get_annotations(target):
        text += "; if `@dataclass` or the like is to make its constructor, put `checked` above that"
    return text
