"""Reading the axis and size arguments of operations: `dim=-1`, `axes=(0, 2)`, `view(b, -1)`.

Axes are answered as places in `Shape.items`, so that rules also work on shapes with a run: `dim=-1` of `*b d` is the
place of `d`. Called by the rule families; nothing here knows an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, Kind, Symbol, Verdict, bounds, compare
from shapecheck.core.shape import ANY_SHAPE, Item, Mismatch, Shape, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
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


def sizes(value: Value) -> tuple[Dim, ...] | None:
    """An argument as sizes: a tuple of ints or one int; None when it is not known how many."""
    if isinstance(value, Dim):
        return (value,)
    return tuple(map(size, value)) if isinstance(value, tuple) else None


def flag(value: Value) -> bool | None:
    """An argument that is a known bool."""
    return value if isinstance(value, bool) else None


# --- axes as places ----------------------------------------------------------------------------------------------


def place(axis: int, shape: Shape, scalar_has_axis: bool = False) -> int | Mismatch | None:
    """Where an axis is in `shape.items`; None inside a run; a mismatch when there is no such axis.

    `scalar_has_axis`: torch lets most operations treat a scalar as one axis.
    """
    if shape.run is None:
        rank = max(len(shape.prefix), 1) if scalar_has_axis else len(shape.prefix)
        return axis % rank if -rank <= axis < rank else out_of_range(axis, shape)
    if 0 <= axis < len(shape.prefix):
        return axis
    return len(shape.items) + axis if -len(shape.suffix) <= axis < 0 else None


def out_of_range(axis: int, shape: Shape) -> Mismatch:
    """The mismatch of an axis that an array does not have."""
    count = "no axes" if shape.rank == 0 else "1 axis" if shape.rank == 1 else f"{shape.rank} axes"
    reason = f"axis {axis} is out of range, the array has {count}" + (f' "{shape}"' if shape.rank else "")
    return Mismatch("shape-rank", reason, None, f"more than {axis if axis >= 0 else -axis - 1} axes", str(shape))


def places(axes: Sequence[int], shape: Shape, scalar_has_axis: bool = False) -> list[int] | Mismatch | None:
    """The places of several axes, each of which may occur once."""
    found: list[int] = []
    for axis in axes:
        at = place(axis, shape, scalar_has_axis)
        if not isinstance(at, int):
            return at
        if at in found:
            return Mismatch("shape-op", f"axis {axis} is given twice", axis)
        found.append(at)
    return found


def insertion_place(axis: int, shape: Shape, added: int = 1) -> int | Mismatch | None:
    """Where a new axis goes in `shape.items` when the result has `added` more axes; None inside a run."""
    if shape.run is None:
        rank = len(shape.prefix) + added
        if -rank <= axis < rank:
            return axis % rank
        reason = f"a new axis {axis} is out of range, the array has {len(shape.prefix)} axes"
        return Mismatch("shape-rank", reason, None, "", str(shape))
    if 0 <= axis <= len(shape.prefix):
        return axis
    return len(shape.items) + added + axis if -len(shape.suffix) - 1 <= axis < 0 else None


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


def of_rank(shape: Shape, rank: int) -> Shape | None:
    """The shape knowing that it has `rank` axes; None when it never has."""
    if shape.run is None:
        return shape if len(shape.prefix) == rank else None
    missing = rank - shape.min_rank
    return Shape((*shape.prefix, *[UNKNOWN_DIM] * missing, *shape.suffix)) if missing >= 0 else None


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
