"""Type hints read into a small tree, down to the arrays in them.

The second phase of a checked function, at its first call: :func:`read_hint` turns each resolved annotation into a
:class:`Hint`. Only what contains arrays is taken apart; everything else stays whole and is beartype's. The reference
interprets the tree, the compiler generates code from it.
"""

from __future__ import annotations

import collections
import inspect
import itertools
import re
import sys
import types
import typing
from collections import abc
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAliasType, TypeVar, Union, get_args, get_origin

from shapecheck.core.expression import Expression, free_names
from shapecheck.core.grammar import Axis, Name, ShapeSpec, parse_shape
from shapecheck.runtime.arrays import DTypeNames
from shapecheck.runtime.type_variables import Tie

__all__ = [
    "ANYTHING",
    "MAX_ITEMS",
    "Anything",
    "ArrayHint",
    "BothHint",
    "ClassHint",
    "Hint",
    "ItemsHint",
    "MappingHint",
    "OtherHint",
    "RecordHint",
    "TreeHint",
    "TupleHint",
    "UnionHint",
    "VariableHint",
    "array_hints",
    "axes_of",
    "axis_name",
    "first_items",
    "mentions_arrays",
    "names_in",
    "opened",
    "other_hints",
    "read_hint",
    "read_record",
    "ties_of",
    "tree_hints",
]

MAX_ITEMS: Final = 1024
"""How many items of one container are checked; jaxtyping with beartype looks at one."""


@dataclass(frozen=True, slots=True)
class Anything:
    """No restriction."""

    def __str__(self) -> str:
        return "Any"


ANYTHING: Final = Anything()


@dataclass(frozen=True, slots=True, eq=False)
class ArrayHint:
    """One jaxtyping annotation. `array_type` may be `Any`; `dtypes` of None are all."""

    annotation: type
    array_type: Any
    dtypes: DTypeNames | None
    shape: ShapeSpec

    def __str__(self) -> str:
        annotation: Any = self.annotation
        array = "Any" if self.array_type is Any else getattr(self.array_type, "__name__", repr(self.array_type))
        return f'{annotation.dtype.__name__}[{array}, "{self.shape}"]'


@dataclass(frozen=True, slots=True)
class ClassHint:
    """An instance of one of some classes."""

    classes: tuple[type, ...]

    def __str__(self) -> str:
        return " | ".join("None" if each is type(None) else each.__qualname__ for each in self.classes)


@dataclass(frozen=True, slots=True)
class UnionHint:
    """The first member that fits, from left to right."""

    members: tuple[Hint, ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.members))


@dataclass(frozen=True, slots=True)
class BothHint:
    """`Annotated[X, validators]`: an X that passes beartype's validators too."""

    first: Hint
    second: Hint

    def __str__(self) -> str:
        return str(self.first)


@dataclass(frozen=True, slots=True)
class VariableHint:
    """A hint with a type variable for the class of the value: in one call they are all of the same class."""

    tie: Tie
    hint: Hint

    def __str__(self) -> str:
        return str(self.hint)


@dataclass(frozen=True, slots=True)
class ItemsHint:
    """A collection whose items are all alike: `list[X]`, `Sequence[X]`, `tuple[X, ...]`, `set[X]`."""

    origin: type
    item: Hint

    def __str__(self) -> str:
        return f"{self.origin.__name__}[{self.item}{', ...' if self.origin is tuple else ''}]"


@dataclass(frozen=True, slots=True)
class TupleHint:
    """A tuple of fixed length."""

    items: tuple[Hint, ...]

    def __str__(self) -> str:
        return f"tuple[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class MappingHint:
    """A mapping with keys and values alike."""

    origin: type
    key: Hint
    value: Hint

    def __str__(self) -> str:
        return f"{self.origin.__name__}[{self.key}, {self.value}]"


@dataclass(frozen=True, slots=True)
class RecordHint:
    """A `TypedDict`: the items with arrays, by key; an item that is missing, or that no key speaks of, is not looked at."""

    name: str
    items: tuple[tuple[str, Hint], ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class TreeHint:
    """`PyTree[leaf, "S T"]`; the structure is its words, none when it has no name."""

    leaf: Hint
    structure: tuple[str, ...]

    def __str__(self) -> str:
        return f'PyTree[{self.leaf}, "{" ".join(self.structure)}"]' if self.structure else f"PyTree[{self.leaf}]"


@dataclass(frozen=True, slots=True, eq=False)
class OtherHint:
    """Any other hint, which beartype checks. `tower`: whether an int will do for a float, as in a PyTree."""

    hint: Any
    tower: bool = False

    def __str__(self) -> str:
        text = inspect.formatannotation(self.hint)
        return re.sub(r"collections\.abc\.|jaxtyping\.|\bOptional\[(.*)\]$", _shorter, text).replace("NoneType", "None")


def _shorter(found: re.Match[str]) -> str:
    return f"{found[1]} | None" if found[1] else ""


type Hint = (
    Anything | ArrayHint | ClassHint | UnionHint | BothHint | VariableHint
    | ItemsHint | TupleHint | MappingHint | RecordHint | TreeHint | OtherHint
)  # fmt: skip

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


def first_items(values: abc.Iterable[Any]) -> abc.Iterator[Any]:
    """The items of a container that are checked."""
    return itertools.islice(values, MAX_ITEMS)


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


def _children(hint: Hint) -> tuple[Hint, ...]:
    match hint:
        case UnionHint(members) | TupleHint(members):
            return members
        case ItemsHint(_, item) | TreeHint(item, _) | VariableHint(_, item):
            return (item,)
        case BothHint(first, second) | MappingHint(_, first, second):
            return (first, second)
        case RecordHint(_, items):
            return tuple(item for _, item in items)
        case _:
            return ()


def _walk(hint: Hint) -> abc.Iterator[Hint]:
    """The hint and everything in it, from the outside in."""
    yield hint
    for child in _children(hint):
        yield from _walk(child)


def array_hints(hint: Hint) -> abc.Iterator[ArrayHint]:
    """Every array annotation in it."""
    return (each for each in _walk(hint) if isinstance(each, ArrayHint))


def tree_hints(hint: Hint) -> abc.Iterator[TreeHint]:
    """Every PyTree in it."""
    return (each for each in _walk(hint) if isinstance(each, TreeHint))


def ties_of(hint: Hint) -> abc.Iterator[Tie]:
    """Every tied type variable in it."""
    return (each.tie for each in _walk(hint) if isinstance(each, VariableHint))


def other_hints(hint: Hint) -> abc.Iterator[OtherHint]:
    """Everything in it that is beartype's."""
    return (each for each in _walk(hint) if isinstance(each, OtherHint))


def axes_of(hint: Hint) -> abc.Iterator[Axis]:
    """Every axis in it that has a name."""
    for array in array_hints(hint):
        yield from (axis for axis in array.shape.axes if isinstance(axis.term, Name) and not axis.anonymous)


def axis_name(axis: Axis) -> str:
    """The name of an axis that :func:`axes_of` gives."""
    assert isinstance(axis.term, Name)
    return axis.term.name


def names_in(hint: Hint) -> set[str]:
    """The names of sizes that it mentions, in expressions too."""
    terms = [axis.term for array in array_hints(hint) for axis in array.shape.axes if not axis.variadic]
    computed = {name for term in terms if isinstance(term, Expression) and term.tree for name in free_names(term.tree)}
    return computed | {term.name for term in terms if isinstance(term, Name)}
