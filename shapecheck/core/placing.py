"""Axes at the places that arguments name: `n@dim` of a signature, taken out of an operand and put into a result.

`lift` splits an operand's shape into those axes and the rest; `refilled` puts what a result has in their place, `inserted`
makes new axes. An argument that is not known leaves as much as is certain: the rank, or the shape itself where nothing
changes. Called by `signature`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapecheck.core.axes import insertion_place, of_rank, place, places
from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim
from shapecheck.core.notation import Axis, Operand, Term, Terms
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, SCALAR, Item, Mismatch, Run, Shape, from_items, unknown_of_rank
from shapecheck.core.value import Value


class Scalars(enum.Enum):
    """What an operation does with an axis 0 or -1 of a scalar: refuse it, keep the scalar, or take it for a vector."""

    REFUSED = "refused"
    KEPT = "kept"
    VECTOR = "vector"


type Call = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Lifted:
    """An operand, the axes that arguments name, and the rest.

    Attributes:
        taken: every such axis with its sizes and places, None where those are not known.
        bare: a scalar that was asked for its only axis; results have none of these axes.
        whole: two arguments name one axis, so that results, which have both, are the operand itself.
    """

    operand: Operand
    actual: Shape
    rest: Shape
    taken: tuple[tuple[Axis, Shape, tuple[int, ...] | None], ...] = ()
    bare: bool = False
    whole: bool = False

    @property
    def run(self) -> str | None:
        return self.operand.run

    @property
    def is_known(self) -> bool:
        """Whether all places are known."""
        return all(at is not None for _, _, at in self.taken)

    def names(self, argument: str) -> bool:
        """Whether an axis of the operand is at the place of this argument."""
        return any(axis.at == argument for axis in self.operand.lifted)

    def is_echoed(self, terms: Terms) -> bool:
        """Whether a result is the operand unchanged, though places are not known."""
        return not self.is_known and sorted(term.text for term in terms) == sorted(self.operand.text.split())


# --- taking axes out ----------------------------------------------------------------------------------------------


def lift(operand: Operand, actual: Shape, call: Call, scalars: Scalars) -> Lifted | Mismatch:
    """Takes the axes that arguments name out of a shape; a mismatch when it has no such axes."""
    named = [(axis, axes_of(call.get(axis.at), axis.is_run)) for axis in operand.lifted]
    if any(axes == () and not axis.is_run for axis, axes in named):
        named = [(axis, HIDDEN) for axis, _ in named]  # an empty tuple in place of an axis: libraries differ
    if any(axes is None for _, axes in named):
        return _without_axis(operand, actual, named)
    if actual == SCALAR and operand.run is not None and scalars is not Scalars.REFUSED and any(axes for _, axes in named):
        if scalars is Scalars.KEPT:
            return _bare(operand, named)
        actual = Shape((ONE,))
    known = actual if operand.run is not None or operand.axes else _ordered(actual, named)
    return known if isinstance(known, Mismatch) else _lifted(operand, known, named)


type Named = Sequence[tuple[Axis, tuple[int | None, ...] | None]]
"""Axes with the numbers that their arguments give, a None for each that is not known; None when the argument is None."""


def axes_of(value: Value, several: bool) -> tuple[int | None, ...] | None:
    """The axes that an argument names: `HIDDEN` when not even their number is known."""
    match value:
        case None:
            return None
        case Dim():
            return (value.constant,)
        case tuple():
            return tuple(item.constant if isinstance(item, Dim) else None for item in value)
        case _:
            return HIDDEN if several else (None,)


HIDDEN: tuple[int | None, ...] = (None, None)
"""Stands for any number of axes (compared by identity)."""


def _without_axis(operand: Operand, actual: Shape, named: Named) -> Lifted:
    """No axis is named: all of them for `*n@dim`, the flattened array for `n@dim`."""
    axis = named[0][0]
    if not axis.is_run:
        return Lifted(operand, Shape((actual.size,)), SCALAR, ((axis, Shape((actual.size,)), (0,)),))
    everywhere = tuple(range(actual.rank)) if actual.rank is not None else None
    return Lifted(operand, actual, SCALAR, ((axis, actual, everywhere),))


def _bare(operand: Operand, named: Named) -> Lifted | Mismatch:
    numbers = {axis.at: [each for each in axes or () if each is not None] for axis, axes in named}
    groups = list(numbers.values()) if operand.swaps else [[each for group in numbers.values() for each in group]]
    found = [places(group, SCALAR, scalar_has_axis=True) for group in groups]
    refused = next((each for each in found if isinstance(each, Mismatch)), None)
    return refused or Lifted(operand, SCALAR, SCALAR, bare=True)


def _ordered(actual: Shape, named: Named) -> Shape | Mismatch:
    """An operand all of whose axes are named, as in an order: it has as many."""
    if any(axes is HIDDEN for _, axes in named):
        return actual
    count = sum(len(axes or ()) for _, axes in named)
    found = of_rank(actual, count)
    if found is not None:
        return found
    at_least = "" if actual.rank is not None else "at least "
    reason = f"an order of {count} axes for an array of {at_least}{actual.min_rank} ({actual})"
    return Mismatch("shape-rank", reason, None, f"{at_least}{actual.min_rank} axes", str(count))


def _lifted(operand: Operand, actual: Shape, named: Named) -> Lifted | Mismatch:
    numbers = [axis for _, axes in named for axis in axes or ()]
    found = _places(operand, [each for each in numbers if each is not None], actual)
    if isinstance(found, Mismatch):
        return found
    if found is None or None in numbers:
        return _hidden(operand, actual, named)
    if len(set(found)) < len(found):
        return Lifted(operand, actual, actual, whole=True)
    rest = iter(found)
    taken = tuple((axis, tuple(next(rest) for _ in axes or ())) for axis, axes in named)
    items = [item for index, item in enumerate(actual.items) if index not in found]
    sizes = tuple((axis, Shape(tuple(_size(actual, each) for each in at)), at) for axis, at in taken)
    return Lifted(operand, actual, from_items(items), sizes)


def _places(operand: Operand, numbers: Sequence[int], actual: Shape) -> list[int] | Mismatch | None:
    """The places of the axes; two arguments may name the same one when the axes only change places."""
    found = [place(each, actual) for each in numbers]
    refused = next((each for each in found if isinstance(each, Mismatch)), None)
    if refused is not None or None in found:
        return refused
    if operand.swaps and len(set(found)) == 1:
        return [each for each in found if isinstance(each, int)]
    return places(numbers, actual)


def _hidden(operand: Operand, actual: Shape, named: Named) -> Lifted:
    """What is left when it is not known which axes are named."""
    certain = all(axes is not HIDDEN for _, axes in named)
    count = sum(len(axes or ()) for _, axes in named)
    rest = unknown_of_rank(max(0, actual.rank - count)) if certain and actual.rank is not None else ANY_SHAPE
    return Lifted(operand, actual, rest, tuple((axis, _unknown(axis, axes), None) for axis, axes in named))


def _unknown(axis: Axis, axes: tuple[int | None, ...] | None) -> Shape:
    return ANY_SHAPE if axes is HIDDEN or axes is None else unknown_of_rank(len(axes) if axis.is_run else 1)


def _size(shape: Shape, at: int) -> Dim:
    item = shape.items[at]
    return item if isinstance(item, Dim) else UNKNOWN_DIM


# --- putting axes back --------------------------------------------------------------------------------------------


def refilled(lifted: Lifted, run: Shape, content: Mapping[str, tuple[Item, ...]], call: Call) -> tuple[Item, ...]:
    """The rest of an operand with something in the place of each axis that was taken.

    Args:
        lifted: the operand.
        run: its other axes, broadcast with those of other operands.
        content: the result's axes by the argument that names their place; what is missing goes, or is 1 with `keepdim`.
        call: the arguments, for `keepdim`.
    """
    if lifted.bare:
        return run.items
    keep = kept_axes(call)
    filled: dict[int, tuple[Item, ...]] = {}
    extra = 0
    for axis, sizes, at in lifted.taken:
        items = content.get(axis.at, _left(sizes, keep))
        if items is None or not _fit(at, items, axis.is_run):
            return (ANY_RUN,)
        extra += len(items)
        if at is not None:
            filled.update(_by_place(at, items, axis.is_run))
    if not lifted.is_known:
        return (*run.items, *[UNKNOWN_DIM] * extra) if run.rank is not None else (ANY_RUN,)
    return _woven(lifted, run, filled)


def kept_axes(call: Call) -> Value:
    """The argument that says whether reduced axes stay, with size 1."""
    return call["keepdim"] if "keepdim" in call else call.get("keepdims", False)


def _fit(at: tuple[int, ...] | None, items: tuple[Item, ...], several: bool) -> bool:
    """Whether it is known which item goes where."""
    if at is None:
        return not any(isinstance(item, Run) for item in items)
    return not several or len(items) in (0, len(at))


def _left(sizes: Shape, keep: Value) -> tuple[Item, ...] | None:
    """What reduced axes leave; None when `keepdim` is not known."""
    if keep is False:
        return ()
    return tuple(ONE if isinstance(item, Dim) else item for item in sizes.items) if keep is True else None


def _by_place(at: tuple[int, ...], items: tuple[Item, ...], several: bool) -> Mapping[int, tuple[Item, ...]]:
    if several and items:
        return {index: (item,) for index, item in zip(at, items, strict=True)}
    return {index: items if number == 0 else () for number, index in enumerate(at)}


def _woven(lifted: Lifted, run: Shape, filled: Mapping[int, tuple[Item, ...]]) -> tuple[Item, ...]:
    """The items of the run with those of the places in between."""
    added = len(run.items) - len(lifted.rest.items)
    if added and (run.run is not None or lifted.rest.run is not None or added < 0):
        return (ANY_RUN,)
    woven, shift = list(run.items), added
    for index in sorted(filled):
        items = filled[index] or (_GONE,)
        woven[index + shift : index + shift] = items
        shift += len(items) - 1
    return tuple(item for item in woven if item is not _GONE)


_GONE = Run("gone")
"""Holds the place of an axis that is gone until the others are in theirs."""


# --- new axes -----------------------------------------------------------------------------------------------------


def inserted(items: Sequence[Item], new: Sequence[tuple[Term, tuple[Item, ...]]], call: Call) -> Shape | Mismatch:
    """A shape with new axes at the places in the result that arguments name."""
    shape, placed = from_items(items), list[tuple[int | None, Item]]()
    for term, items_of_term in new:
        axes = axes_of(call.get(term.at), term.is_run) or ()
        if axes is HIDDEN:
            return ANY_SHAPE
        content = items_of_term * len(axes) if term.is_run and not term.runs else items_of_term
        if len(axes) != len(content):
            counted = all(isinstance(item, Dim) for item in content)
            return Mismatch("shape-op", f"{len(content)} axes cannot move to {len(axes)} places") if counted else ANY_SHAPE
        placed.extend(zip(axes, content, strict=True))
    return _inserted(shape, placed)


def _inserted(shape: Shape, placed: Sequence[tuple[int | None, Item]]) -> Shape | Mismatch:
    count, found = len(placed), dict[int, Item]()
    sides = {axis is not None and axis < 0 for axis, _ in placed}
    for axis, item in placed:
        at = insertion_place(axis, shape, count) if axis is not None else None
        if isinstance(at, Mismatch):
            return at
        if at is None or (shape.run is not None and len(sides) > 1):
            return unknown_of_rank(shape.rank + count) if shape.rank is not None else ANY_SHAPE
        if at in found:
            return Mismatch("shape-op", f"axis {axis} is given twice", axis)
        found[at] = item
    rest = iter(shape.items)
    return from_items([found[at] if at in found else next(rest) for at in range(len(shape.items) + count)])
