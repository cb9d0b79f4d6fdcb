"""Reading the axis and size arguments of operations: `dim=-1`, `axes=(0, 2)`, `view(b, -1)`.

Where an axis is in a shape is core's business (`shapecheck.core.axes`). Called by the rule families; nothing here knows an
operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from math import isfinite

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, Kind, Symbol, Verdict, bounds, compare, dim
from shapecheck.core.shape import ANY_SHAPE, Item, Mismatch, Shape, from_items, negative_size
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Scalar, Value
from shapecheck.rules.table import Compute

type ShapeRule = Callable[[Arguments, Shape], Shape | Mismatch]


def on_array(shape_rule: ShapeRule) -> Compute:
    """A computation that changes the shape of `input` (or else the first argument) and keeps its dtype."""

    @wraps(shape_rule)
    def compute(a: Arguments) -> Result:
        name = "input" if "input" in a.values else next(iter(a.values))
        array = a.array(name)
        if array is None:
            return UNKNOWN
        return reshaped(array, shape_rule(a, array.shape), a.library)

    return compute


def reshaped(array: Array, shape: Shape | Mismatch, library: Library | None = None) -> Array | Mismatch:
    """The array with another shape, or why there is none."""
    if isinstance(shape, Mismatch):
        return shape
    return replace(array, shape=shape, library=library or array.library)


def integer(value: Value) -> int | None:
    """An argument that is a known int."""
    return value.constant if isinstance(value, Dim) else None


def integers(value: Value) -> tuple[int, ...] | None:
    """An argument that is one known int or a tuple of them."""
    if isinstance(value, Dim):
        value = (value,)
    if not isinstance(value, tuple):
        return None
    found = tuple(integer(item) for item in value)
    return None if None in found else tuple(item for item in found if item is not None)


def size(value: Value) -> Dim:
    """An argument as a size, unknown when it is not one."""
    return value if isinstance(value, Dim) else UNKNOWN_DIM


def number(value: Value) -> float | None:
    """An argument that is a known int or float."""
    if isinstance(value, Scalar):
        return value.value
    found = integer(value)
    return None if found is None else float(found)


def scaled(n: Dim, factor: Value) -> Dim:
    """A size times an int or a float, rounded down as torch does it; of names only where the float is exact: a half, a quarter."""
    if isinstance(factor, Dim):
        return n * factor
    times = number(factor)
    if times is None or not isfinite(times):
        return UNKNOWN_DIM
    if n.constant is not None:
        return dim(int(n.constant * times))
    over, under = times.as_integer_ratio()
    return n * over // under if under <= 64 else UNKNOWN_DIM


def sizes(value: Value) -> tuple[Dim, ...] | None:
    """An argument as sizes: a tuple of ints or one int; None when it is not known how many."""
    if isinstance(value, Dim):
        return (value,)
    return tuple(map(size, value)) if isinstance(value, tuple) else None


def shape_argument(value: Value) -> Shape | Mismatch:
    """The shape that `size=`/`shape=` asks for."""
    match value:
        case Dim():
            return _checked((value,))
        case tuple():
            return _checked(tuple(item if isinstance(item, Dim) else UNKNOWN_DIM for item in value))
        case _:
            return ANY_SHAPE


def _checked(sizes: tuple[Dim, ...]) -> Shape | Mismatch:
    found = Shape(sizes)
    return negative_size(found) or found


def flag(value: Value) -> bool | None:
    """An argument that is a known bool."""
    return value if isinstance(value, bool) else None


# --- axes as places ----------------------------------------------------------------------------------------------


def replaced(shape: Shape, at: int, *items: Item) -> Shape:
    """The shape with other items in the place of one."""
    listed = list(shape.items)
    listed[at : at + 1] = items
    return from_items(listed)


def size_at(shape: Shape, at: int) -> Dim:
    """The size at a place."""
    item = shape.items[at]
    return item if isinstance(item, Dim) else UNKNOWN_DIM


def any_of_rank(shape: Shape) -> Shape:
    """A shape of the same rank (if that is known) of which nothing else is known."""
    return ANY_SHAPE if shape.rank is None else Shape((UNKNOWN_DIM,) * shape.rank)


# --- comparing sizes ---------------------------------------------------------------------------------------------


def agreed(left: Dim, right: Dim, a: Arguments) -> Dim | None:
    """The size of two axes that must be equal, the better known of the two; None when they certainly differ."""
    match compare(left, right, a.facts):
        case Verdict.DIFFERENT:
            return None
        case Verdict.EQUAL:
            return left
        case Verdict.UNKNOWN:
            return right if left.is_unknown or right.constant is not None else left


def differs(left: Dim, right: Dim, a: Arguments) -> bool:
    """Whether two sizes certainly differ."""
    return compare(left, right, a.facts) is Verdict.DIFFERENT


def is_one(value: Dim) -> bool | None:
    """Whether an axis has size 1; rigid names must work for every size, so they are not."""
    if value == ONE:
        return True
    if value.is_unknown or not is_rigid(value):
        return False if compare(value, ONE) is Verdict.DIFFERENT else None
    return False


def is_rigid(value: Dim) -> bool:
    """Whether a size is built from ints and names of a signature alone."""
    return not value.is_unknown and all(isinstance(atom, Symbol) and atom.kind is Kind.RIGID for atom in value.atoms())


def at_least(value: Dim, low: int) -> bool:
    """Whether a size is certainly `low` or more."""
    found, _ = bounds(value)
    return found is not None and found >= low


def at_most(value: Dim, high: int) -> bool:
    """Whether a size is certainly `high` or less."""
    _, found = bounds(value)
    return found is not None and found <= high
