"""Resolved annotations read into trees of hints.

The second phase of a checked function, at its first call: :func:`read_hint` turns each annotation into a
:class:`~shapecheck.runtime.hints.Hint`. Only what contains arrays is taken apart; everything else stays whole and is beartype's.
"""

from __future__ import annotations

import collections
import inspect
import sys
import types
import typing
from collections import abc
from typing import Annotated, Any, Final, TypeAliasType, TypeVar, Union, get_args, get_origin

from shapecheck.core.grammar import parse_shape
from shapecheck.runtime.arrays import DTypeNames
from shapecheck.runtime.hints import (
    ANYTHING,
    Anything,
    ArrayHint,
    BothHint,
    ClassHint,
    Hint,
    ItemsHint,
    MappingHint,
    OtherHint,
    RecordHint,
    TreeHint,
    TupleHint,
    UnionHint,
    VariableHint,
)
from shapecheck.runtime.type_variables import Tie

__all__ = ["mentions_arrays", "opened", "read_hint", "read_record"]

_ITEMS: Final[frozenset[type]] = frozenset(
    {
        *(list, set, frozenset, collections.deque),
        *(abc.Sequence, abc.MutableSequence, abc.Set, abc.MutableSet, abc.Collection, abc.ValuesView, abc.KeysView),
    }
)


_MAPPINGS: Final[frozenset[type]] = frozenset(
    {
        *(dict, collections.OrderedDict, collections.defaultdict),
        *(abc.Mapping, abc.MutableMapping),
    }
)


# In a PyTree jaxtyping follows PEP 484's numeric tower; elsewhere beartype decides, and its default is not to.
_TOWER: Final[dict[type, tuple[type, ...]]] = {float: (float, int), complex: (complex, float, int)}


# The class of `self`, of which a function alone knows nothing; and values that do not exist.
_UNKNOWABLE: Final = (typing.Self, typing.Never, typing.NoReturn)


def read_hint(hint: Any, *, tower: bool = False) -> Hint:
    """The tree of a resolved annotation.

    Raises:
        ShapeSyntaxError: never for an annotation jaxtyping has accepted.
    """
    if any(hint is each for each in (Any, object, inspect.Parameter.empty, *_UNKNOWABLE)):
        return ANYTHING
    if hint is None or hint is type(None):
        return ClassHint((type(None),))
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        return _read_class(hint, tower)
    if (inner := _unwrap(hint)) is not None and mentions_arrays(inner):
        return read_hint(inner, tower=tower)
    if (tie := _tie(hint)) is not None:
        return VariableHint(tie, read_hint(get_args(hint)[0], tower=tower))
    return _read_generic(hint, tower) if mentions_arrays(hint) else _read_other(hint, tower)


def _read_class(hint: type, tower: bool) -> Hint:
    if _is_array(hint):
        return _read_array(hint)
    if _is_tree(hint):
        return _read_tree(hint)
    if typing.is_typeddict(hint) and mentions_arrays(hint):
        return read_record(hint)
    if tower and hint in _TOWER:
        return ClassHint(_TOWER[hint])
    return ClassHint((hint,)) if _is_plain(hint) else OtherHint(hint, tower)


def _is_plain(hint: type) -> bool:
    """Whether beartype would do no more than `isinstance`."""
    special = getattr(hint, "_is_protocol", False) or typing.is_typeddict(hint)
    return not special and not hasattr(hint, "__orig_bases__")


def _is_array(hint: object) -> bool:
    jaxtyping = sys.modules.get("jaxtyping")
    return jaxtyping is not None and isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray)


def _is_tree(hint: object) -> bool:
    return isinstance(hint, type) and type(hint).__name__ == "_MetaPyTree"


def read_record(hint: Any) -> RecordHint:
    """The tree of a `TypedDict`, or of a subscripted generic one."""
    fields = {name: each for name, each in _fields(hint).items() if mentions_arrays(each)}
    return RecordHint((get_origin(hint) or hint).__name__, tuple((name, read_hint(each)) for name, each in fields.items()))


def _fields(hint: Any) -> dict[str, Any]:
    """The annotations of a `TypedDict`, without `Required` and `NotRequired`; none while some cannot be resolved."""
    try:
        return typing.get_type_hints(get_origin(hint) or hint)
    except NameError:
        return {}


def _read_array(annotation: Any) -> ArrayHint:
    names: Any = annotation.dtypes
    dtypes: DTypeNames | None = tuple(names) if type(names) in (tuple, list) else None
    return ArrayHint(annotation, annotation.array_type, dtypes, parse_shape(annotation.dim_str))


def _read_tree(hint: Any) -> Hint:
    if not hasattr(hint, "leaftype"):
        return ANYTHING
    return TreeHint(read_hint(hint.leaftype, tower=True), tuple((hint.structure or "").split()))


def _unwrap(hint: Any) -> Any:
    """What an alias, a NewType or a type variable stands for; None for anything else, or a bare variable."""
    origin = get_origin(hint)
    if isinstance(hint, TypeAliasType):
        return hint.__value__
    if isinstance(origin, TypeAliasType):
        return _applied(origin, get_args(hint))
    if isinstance(hint, typing.NewType):
        return hint.__supertype__
    if isinstance(hint, TypeVar):
        return hint.__bound__ or (Union[hint.__constraints__] if hint.__constraints__ else None)  # noqa: UP007 - built from a tuple
    return None


def _applied(alias: TypeAliasType, arguments: tuple[Any, ...]) -> Any:
    """A generic alias with arguments. `Float[T, "n"]` in it has forgotten its T, and takes any array that T allows."""
    try:
        return alias.__value__[arguments]
    except TypeError:  # no variable is left in it
        return alias.__value__


def _tie(hint: Any) -> Tie | None:
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Tie)), None)


def mentions_arrays(hint: Any) -> bool:
    """Whether there is an array annotation, a PyTree or a tied type variable in a hint, or in any other object.

    A hint that is defined by itself counts as one without; beartype decides what becomes of it.
    """
    try:
        return _mentions_arrays(hint)
    except RecursionError:
        return False


def _mentions_arrays(hint: Any) -> bool:
    if _is_array(hint) or _is_tree(hint) or isinstance(hint, Tie):
        return True
    if (inner := _unwrap(hint)) is not None and inner is not hint:
        return _mentions_arrays(inner)
    if typing.is_typeddict(get_origin(hint) or hint):
        return any(map(_mentions_arrays, _fields(hint).values()))
    return any(_mentions_arrays(each) for each in get_args(hint))


def _read_generic(hint: Any, tower: bool) -> Hint:
    origin, arguments = get_origin(hint), get_args(hint)
    if typing.is_typeddict(origin):
        return read_record(hint)
    if origin is Union or origin is types.UnionType:
        return UnionHint(tuple(read_hint(each, tower=tower) for each in arguments))
    if origin is Annotated:
        return _read_annotated(hint, tower)
    if origin is tuple:
        return _read_tuple(arguments, tower)
    if origin in _ITEMS:
        return ItemsHint(origin, read_hint(arguments[0], tower=tower))
    if origin in _MAPPINGS:
        key, value = arguments
        return MappingHint(origin, read_hint(key, tower=tower), read_hint(value, tower=tower))
    return OtherHint(hint, tower)


def _read_annotated(hint: Any, tower: bool) -> Hint:
    first, *metadata = get_args(hint)
    validators = tuple(each for each in metadata if type(each).__module__.startswith("beartype."))
    read = read_hint(first, tower=tower)
    return BothHint(read, OtherHint(Annotated[(object, *validators)])) if validators else read


def _read_tuple(arguments: tuple[Any, ...], tower: bool) -> Hint:
    if len(arguments) == 2 and arguments[1] is ...:
        return ItemsHint(tuple, read_hint(arguments[0], tower=tower))
    return TupleHint(tuple(read_hint(each, tower=tower) for each in arguments))


def _read_other(hint: Any, tower: bool) -> Hint:
    """A union of plain classes needs no more than `isinstance` either."""
    if get_origin(hint) in (Union, types.UnionType):
        members = [read_hint(each, tower=tower) for each in get_args(hint)]
        plain = [each for each in members if isinstance(each, ClassHint)]
        if len(plain) == len(members):
            return ClassHint(tuple(each for member in plain for each in member.classes))
        if any(isinstance(each, Anything) for each in members):
            return ANYTHING
    return ANYTHING if _is_unknowable(hint) else OtherHint(hint, tower)


def _is_unknowable(hint: Any) -> bool:
    return any(hint is each for each in _UNKNOWABLE) or any(map(_is_unknowable, get_args(hint)))


def opened(hint: OtherHint) -> Hint:
    """A hint of beartype's taken apart as if there were arrays in it, to find which part of a value does not fit."""
    return hint if get_origin(hint.hint) is Annotated else _read_generic(hint.hint, hint.tower)
