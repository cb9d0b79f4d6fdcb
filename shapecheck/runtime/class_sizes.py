"""Sizes that the methods and attributes of one object share: `class MLP[d_in: int, d_out: int = Literal[10]](nn.Module)`.

A name in an annotation that is an `int` type parameter of the class has one value per object, not per call. The value
comes, in this order, from `MLP[Literal[784], Literal[10]](...)` or a base written so; from an `int` parameter of
`__init__` of that name; from an array argument of `__init__`; from the default of the type parameter (PEP 696). What is
still open then is bound by the first call that knows it. `decorator` finds the :class:`Owner` of a function, `call` and
the compiled wrappers ask :func:`known_sizes`.

The values lie in the object's `__dict__`, as plain tuples under one key, and never change: so copies, pickles and threads
need no care, and nothing keeps the object alive. An object without `__dict__` shares only what its class says.
"""

from __future__ import annotations

import sys
import types
import typing
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

__all__ = [
    "NOWHERE",
    "Known",
    "Layout",
    "Owner",
    "add_defaults",
    "known_sizes",
    "open_constructor",
    "own_sizes",
    "owner_of",
    "owner_of_class",
    "remember",
]

type Known = tuple[int, str, int | None]
"""A size, and the argument and axis that bound it."""

NOWHERE: Final[tuple[None]] = (None,)
"""Stands for a size that is not known yet, in compiled wrappers."""

_KEY: Final = "__shapecheck_sizes__"
_UNSHARED: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})  # these have no `self`


@dataclass(frozen=True, slots=True)
class Owner:
    """The class around a function, as far as its type parameters are sizes.

    Attributes:
        name: of the class, for messages.
        keys: for each size parameter, the key under which objects keep it.
    """

    name: str
    keys: Mapping[str, str]


def owner_of_class(target: type) -> Owner | None:
    """The owner that a class is for its functions; None without size parameters."""
    return _owner(target.__module__, target.__qualname__, target.__type_params__)


def owner_of(function: Callable[..., Any], frame: types.FrameType) -> Owner | None:
    """The owner of a function that is decorated in the body of a class, which is the frame."""
    names = frame.f_locals
    if "__type_params__" not in names or "__qualname__" not in names:
        return None
    inside = getattr(function, "__qualname__", "").rpartition(".")[0]
    return _owner(names["__module__"], inside, names["__type_params__"]) if inside == names["__qualname__"] else None


def _owner(module: str, qualname: str, parameters: tuple[Any, ...]) -> Owner | None:
    keys = {each.__name__: f"{module}.{qualname}.{each.__name__}" for each in parameters if _is_size(each)}
    return Owner(qualname.rpartition(".")[2], keys) if keys else None


def _is_size(parameter: object) -> bool:
    return isinstance(parameter, TypeVar) and parameter.__bound__ is int


def own_sizes(owner: Owner | None, function: Callable[..., Any]) -> Owner | None:
    """The owner as one function sees it, whose own type parameters hide those of the class."""
    if owner is None or getattr(function, "__name__", "") in _UNSHARED:
        return None
    hidden = {each.__name__ for each in getattr(function, "__type_params__", ())}
    return Owner(owner.name, {name: key for name, key in owner.keys.items() if name not in hidden})


# What a class says


@dataclass(frozen=True, slots=True)
class Layout:
    """The size parameters of a class and its bases.

    Attributes:
        same: from the key of every parameter to the key of the one it is passed on from, most often its own.
        fixed: sizes that arguments in brackets give.
        defaults: PEP 696 defaults of parameters that got no argument: a size, or the key of another parameter.
    """

    same: dict[str, str] = field(default_factory=dict[str, str])
    fixed: dict[str, Known] = field(default_factory=dict[str, Known])
    defaults: dict[str, int | str] = field(default_factory=dict[str, int | str])


_layouts: Final[weakref.WeakKeyDictionary[type, Layout]] = weakref.WeakKeyDictionary()


def _layout(target: type) -> Layout:
    if target not in _layouts:
        _layouts[target] = _read_layout(target, ())
    return _layouts[target]


def _read_layout(target: type, arguments: tuple[Any, ...]) -> Layout:
    layout = Layout()
    _add_class(layout, target, arguments, {}, target.__qualname__)
    return layout


def _add_class(layout: Layout, target: Any, arguments: tuple[Any, ...], outer: Mapping[Any, str], by: str) -> None:
    """Take in one class with its arguments, which may be parameters of the class that derives from it."""
    parameters = getattr(target, "__type_params__", ())
    given = dict(zip(parameters, arguments, strict=False))
    keys = {each: f"{target.__module__}.{target.__qualname__}.{each.__name__}" for each in parameters if _is_size(each)}
    for parameter, key in keys.items():
        argument = given.get(parameter)
        layout.same.setdefault(key, outer.get(argument, key) if isinstance(argument, TypeVar) else key)
        if (size := _literal(argument)) is not None:
            layout.fixed.setdefault(key, (size, f"class {by}", None))
        elif parameter not in given and (default := _default(parameter, keys)) is not None:
            layout.defaults.setdefault(key, default)
    passed = {parameter: layout.same[key] for parameter, key in keys.items()}
    for base in vars(target).get("__orig_bases__", target.__bases__):
        origin = typing.get_origin(base) or base
        if isinstance(origin, type):
            _add_class(layout, origin, typing.get_args(base), passed, target.__qualname__)


def _literal(argument: object) -> int | None:
    values = typing.get_args(argument) if typing.get_origin(argument) is Literal else (argument,)
    return values[0] if len(values) == 1 and type(values[0]) is int else None


def _default(parameter: Any, keys: Mapping[Any, str]) -> int | str | None:
    if not parameter.has_default():
        return None
    default = parameter.__default__
    return keys.get(default) if isinstance(default, TypeVar) else _literal(default)


# What an object knows


def known_sizes(instance: object, traced: bool = False) -> Mapping[str, Known]:
    """The sizes of an object by key; those that its class says when it was not made by a checked constructor.

    Args:
        instance: any object.
        traced: whether Dynamo is looking on, which cannot follow how a class is read; only what is kept counts then.
    """
    found: Mapping[str, Known] | None = getattr(instance, "__dict__", {}).get(_KEY)
    if found is not None:
        return found
    return {} if traced else _sizes_by_class(instance)


def _sizes_by_class(instance: Any) -> Mapping[str, Known]:
    """For objects that are copies made of fields (as jax's transformations do), and classes without constructor."""
    target = type(instance)
    alias = getattr(instance, "__dict__", {}).get("__orig_class__")
    layout = _layout(target) if alias is None else _read_layout(target, typing.get_args(alias))
    sizes = _spread(layout, layout.fixed)
    for name, key in _fields(target):
        if key not in sizes and type(size := getattr(instance, name, None)) is int:
            sizes |= _spread(layout, {layout.same.get(key, key): (size, f"self.{name}", None)})
    if target.__init__ in (object.__init__, getattr(sys.modules.get("torch.nn"), "Module", object).__init__):
        sizes |= _defaults(layout, sizes, target)
    return sizes


def _fields(target: Any) -> Iterator[tuple[str, str]]:
    """Fields of a dataclass that have the name of a size, with its key."""
    fields = getattr(target, "__dataclass_fields__", {})
    for each in target.__mro__:
        if (owner := owner_of_class(each)) is not None:
            yield from ((name, key) for name, key in owner.keys.items() if name in fields)


def _defaults(layout: Layout, known: Mapping[str, Known], target: type) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for key, default in layout.defaults.items():
        size = (known.get(default) or (None,))[0] if isinstance(default, str) else default
        if key not in known and size is not None and layout.same[key] == key:
            found |= _spread(layout, {key: (size, f"class {target.__qualname__}", None)})
    return found


def _spread(layout: Layout, sizes: Mapping[str, Known]) -> dict[str, Known]:
    """Sizes under every key that stands for them."""
    return {key: sizes[first] for key, first in layout.same.items() if first in sizes}


def remember(instance: object, new: Mapping[str, Known]) -> None:
    """Keep sizes that a call has bound, unless another thread was first or there is no place for them."""
    layout, known = _layout(type(instance)), known_sizes(instance)
    first = {layout.same[key]: size for key, size in new.items() if key in layout.same}
    added = {key: size for key, size in _spread(layout, first).items() if key not in known}
    if added:
        _keep(instance, {**known, **added})


def _keep(instance: object, sizes: Mapping[str, Known]) -> None:
    names: dict[str, object] | None = getattr(instance, "__dict__", None)
    if names is not None:
        names[_KEY] = dict(sizes)


def open_constructor(instance: object) -> Layout:
    """A constructor starts: keep what the class and the arguments in its brackets say."""
    target, arguments = _called(instance)
    layout = _read_layout(target, arguments) if arguments else _layout(target)
    if _KEY not in getattr(instance, "__dict__", {_KEY: None}):  # else a derived class's constructor is running
        _keep(instance, _spread(layout, layout.fixed))
    return layout


def add_defaults(instance: object, layout: Layout) -> None:
    """The arguments of a constructor are bound: what they leave open has its default."""
    known = known_sizes(instance)
    if added := _defaults(layout, known, type(instance)):
        _keep(instance, {**known, **added})


def _called(instance: object) -> tuple[type, tuple[Any, ...]]:
    """The class and the `[...]` of the call `MLP[...](...)` that runs; `typing` tells the object only after its constructor."""
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame is not None and _is_constructing(frame, instance):
        if frame.f_globals.get("__name__") == "typing":
            alias = frame.f_locals.get("self")
            origin = typing.get_origin(alias)
            return (origin, typing.get_args(alias)) if isinstance(origin, type) else (type(instance), ())
        frame = frame.f_back
    return type(instance), ()


_OURS: Final = ("<shapecheck", __file__.rpartition("class_sizes")[0])


def _is_constructing(frame: types.FrameType, instance: object) -> bool:
    """Whether a frame lies between a constructor and the call that makes the object: ours, a metaclass's, a constructor's."""
    code = frame.f_code
    if code.co_filename.startswith(_OURS) or code.co_name == "__call__":
        return True
    return code.co_name == "__init__" and frame.f_locals.get(code.co_varnames[0]) is instance
