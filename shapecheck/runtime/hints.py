"""Type hints as small trees, down to the arrays in them, and walks over them.

:mod:`shapecheck.runtime.reading` makes them from annotations, the reference interprets them, the compiler generates code from them.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections import abc
from dataclasses import dataclass
from typing import Any, Final

from shapecheck.core.expression import Expression, free_names
from shapecheck.core.grammar import Axis, Name, ShapeSpec
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
    "names_in",
    "other_hints",
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


def first_items(values: abc.Iterable[Any]) -> abc.Iterator[Any]:
    """The items of a container that are checked."""
    return itertools.islice(values, MAX_ITEMS)


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
