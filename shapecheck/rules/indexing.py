"""Indexing: `x[i]`, `x[:, 1:]`, `x[..., None]`, `x[mask]`, `x[rows, columns]` and assignment to them.

numpy's rules, with torch's one difference: torch takes plain ints out first, so they do not count as index arrays when it
is decided whether the axes of index arrays stay in place or go to the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import EllipsisType

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, extremum
from shapecheck.core.dtype import CLASSES, accepts
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Mismatch, Shape, broadcast_all, broadcasts_to, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Slice, Value
from shapecheck.rules.axes import at_least, at_most, is_rigid
from shapecheck.rules.table import rule

INDEX_DTYPES = CLASSES["Integer"] | CLASSES["Bool"]

# --- slices ------------------------------------------------------------------------------------------------------


def slice_length(n: Dim, start: Dim | None, stop: Dim | None) -> Dim:
    """The number of elements of `start:stop` on an axis of size `n`.

    A slice clamps, so `:t` has `min(t, n)` elements. Where `t` and `n` are names of a signature, which must work for every
    size and so for `t <= n`, it has `t`.
    """
    low = ZERO if start is None else _clamped(start, n)
    high = n if stop is None else _clamped(stop, n)
    return _difference(low, high)


def _difference(low: Dim, high: Dim) -> Dim:
    length = high - low
    if length.is_unknown or at_least(length, 0):
        return length
    if at_most(length, 0):
        return ZERO
    return length if is_rigid(length) else extremum("max", [length, ZERO])


def _clamped(bound: Dim, n: Dim) -> Dim:
    """Where a bound of a slice falls on an axis of size `n`."""
    if bound.is_unknown or n.is_unknown:
        return ZERO if bound == ZERO else UNKNOWN_DIM
    if at_least(bound, 0):
        return _smaller(bound, n)
    if at_most(bound, -1):
        return _difference(-bound, n)
    return UNKNOWN_DIM


def _smaller(bound: Dim, n: Dim) -> Dim:
    least = extremum("min", [bound, n])
    return bound if least not in (bound, n) and is_rigid(bound) and is_rigid(n) else least


def sliced(n: Dim, index: Slice) -> Dim | Mismatch:
    """The size of an axis of size `n` under a slice with any step."""
    start, stop, step = (_bound(part) for part in (index.start, index.stop, index.step))
    if step is None or step == ONE:
        return slice_length(n, start, stop)
    if step == ZERO:
        return Mismatch("shape-op", "a slice cannot have the step 0")
    by = step.constant
    if by is None:
        return UNKNOWN_DIM
    if by < 0:
        return _backwards(n, start, stop, by)
    length = slice_length(n, start, stop)
    return (length + (by - 1)) // by if at_least(length, 0) or is_rigid(length) else UNKNOWN_DIM


def _bound(part: Value) -> Dim | None:
    return part if part is None or isinstance(part, Dim) else UNKNOWN_DIM


def _backwards(n: Dim, start: Dim | None, stop: Dim | None, step: int) -> Dim:
    if start is None and stop is None:
        return (n + (-step - 1)) // -step
    ends = [None if end is None else end.constant for end in (start, stop)]
    if n.constant is None or any(end is not None and end.constant is None for end in (start, stop)):
        return UNKNOWN_DIM
    return dim(len(range(*slice(ends[0], ends[1], step).indices(n.constant))))


# --- one index after the other -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Taken:
    """What of an array is left while its indices are read: the axes of the result so far and the index arrays."""

    rest: Shape
    library: Library
    result: list[Item] = field(default_factory=list)
    advanced: list[Shape] = field(default_factory=list)
    places: list[int] = field(default_factory=list)  # where in `result` each index array stands
    scalars: list[int] = field(default_factory=list)  # and each plain int
    dots: int = 0  # how many of both stand before `...`

    def next_axis(self) -> Dim | Mismatch:
        """Takes the first axis that is left."""
        if self.rest.prefix:
            first, self.rest = self.rest.prefix[0], Shape(self.rest.prefix[1:], self.rest.run, self.rest.suffix)
            return first
        if self.rest.run is None:
            return Mismatch("shape-rank", "")
        self.rest = ANY_SHAPE
        return UNKNOWN_DIM


def consumed(index: Value) -> int | None:
    """How many axes an index takes; None when that is not known."""
    match index:
        case None | EllipsisType():
            return 0
        case Dim() | Slice():
            return 1
        case Array() if _is_mask(index) is True:
            return index.shape.rank
        case Array() if _is_mask(index) is False or index.shape.rank == 1:
            return 1
        case _:
            return None


def _is_mask(array: Array) -> bool | None:
    """Whether an index array is a mask; None when its dtype is not known. torch also takes uint8 for masks."""
    if array.dtype == CLASSES["Bool"]:
        return True
    masks = {"bool", "uint8"} if array.library is Library.TORCH else {"bool"}
    return None if array.dtype.names & masks else False


def indexed(source: Shape, index: Value, library: Library) -> Shape | Mismatch:
    """The shape of `x[index]`."""
    indices = index if isinstance(index, tuple) else (index,)
    counts = [consumed(one) for one in indices]
    dots = [at for at, one in enumerate(indices) if one is Ellipsis]
    if len(dots) > 1 and library is Library.TORCH:
        return ANY_SHAPE  # torch takes them all, and what the later ones stand for is its own affair
    if len(dots) > 1:
        return Mismatch("shape-op", "an index can have one `...` only")
    for one in indices:
        if (refused := _refused(one, library)) is not None:
            return refused
    known = [count for count in counts if count is not None]
    if source.rank is not None and sum(known) > source.rank:
        return _too_many(sum(known), source)
    if _is_new_axis(indices, library):
        return indexed(source, tuple(None if one is True else one for one in indices), library)
    if len(known) != len(counts):
        return ANY_SHAPE
    return _read(source, indices, sum(known), dots[0] if dots else len(indices), library)


def _is_new_axis(indices: Sequence[Value], library: Library) -> bool:
    """Whether a single `True` stands among slices, where it is an axis of size 1; beside `None`, jax has its own idea."""
    bools = [one for one in indices if isinstance(one, bool)]
    others = [one for one in indices if not isinstance(one, bool | Slice | EllipsisType)]
    return bools == [True] and all(one is None and library is not Library.JAX for one in others)


def _refused(index: Value, library: Library) -> Mismatch | None:
    """Why an index is wrong for every array."""
    match index:
        case Array(dtype=found) if accepts(INDEX_DTYPES, found) is Verdict.DIFFERENT:
            return Mismatch("shape-dtype", f"an index array must have ints or bools, found {found}", None, "Int", str(found))
        case Slice(step=Dim() as step) if library is Library.TORCH and at_most(step, -1):
            return Mismatch("shape-op", f"torch has no slices with a negative step ({step}), use flip", None, "", str(step))
        case _:
            return None


def _too_many(count: int, source: Shape) -> Mismatch:
    reason = f'{count} indices for an array of {source.rank} axes ("{source}")'
    return Mismatch("shape-rank", reason, None, f"at most {source.rank} indices", str(count))


def _read(source: Shape, indices: Sequence[Value], total: int, dots: int, library: Library) -> Shape | Mismatch:
    before, after = indices[:dots], indices[dots + 1 :]
    tail = sum(consumed(one) or 0 for one in after)
    front, back = _parted(source, total - tail, tail)
    taken = _Taken(front, library)
    if (refused := _take_all(taken, before)) is not None:
        return refused
    taken.result.extend(taken.rest.items)
    taken.dots = len(taken.places) + len(taken.scalars)
    taken.rest = back
    if (refused := _take_all(taken, after)) is not None:
        return refused
    return _assembled(taken)


def _parted(source: Shape, head: int, tail: int) -> tuple[Shape, Shape]:
    """The source without its last `tail` axes, and those."""
    if tail == 0:
        return source, Shape()
    if source.run is None:
        return Shape(source.prefix[:-tail]), Shape(source.prefix[-tail:])
    if tail > len(source.suffix):
        missing = (UNKNOWN_DIM,) * (tail - len(source.suffix))
        return Shape(source.prefix[:head], ANY_RUN), Shape((*missing, *source.suffix))
    return Shape(source.prefix, source.run, source.suffix[:-tail]), Shape(source.suffix[-tail:])


def _take_all(taken: _Taken, indices: Sequence[Value]) -> Mismatch | None:
    for one in indices:
        if (refused := _take(taken, one)) is not None:
            return refused
    return None


def _take(taken: _Taken, index: Value) -> Mismatch | None:
    match index:
        case None:
            taken.result.append(ONE)
        case Dim():
            return _take_int(taken, index)
        case Slice():
            return _take_slice(taken, index)
        case Array() if index.shape == Shape() and _is_mask(index) is False:
            return _take_int(taken, UNKNOWN_DIM)
        case Array() if _is_mask(index) is not False:
            return _take_mask(taken, index)
        case Array():
            taken.next_axis()
            taken.places.append(len(taken.result))
            taken.advanced.append(index.shape)
    return None


def _take_int(taken: _Taken, index: Dim) -> Mismatch | None:
    size = taken.next_axis()
    taken.scalars.append(len(taken.result))
    if isinstance(size, Mismatch) or size.is_unknown or index.is_unknown or taken.library is Library.JAX:
        return None
    if at_least(index - size, 0) or at_most(index + size, -1):
        return Mismatch("shape-op", f"index {index} is out of range for an axis of size {size}", None, f"<{size}", str(index))
    return None


def _take_slice(taken: _Taken, index: Slice) -> Mismatch | None:
    before = taken.next_axis()
    if isinstance(before, Mismatch):
        return before
    after = sliced(before, index)
    if isinstance(after, Mismatch):
        return after
    taken.result.append(after)
    return None


def _take_mask(taken: _Taken, mask: Array) -> Mismatch | None:
    taken.places.append(len(taken.result))
    for axis, wanted in enumerate(mask.shape.dims):
        size = taken.next_axis()
        if isinstance(size, Dim) and compare(size, wanted) is Verdict.DIFFERENT and _is_mask(mask) is True:
            reason = f'the mask "{mask.shape}" does not fit the array: its axis {axis} is {wanted}, the array has {size} there'
            return Mismatch("shape-mismatch", reason, None, str(size), str(wanted))
    taken.advanced.append(Shape((UNKNOWN_DIM,)))
    return None


def _assembled(taken: _Taken) -> Shape | Mismatch:
    items = [*taken.result, *taken.rest.items]
    if not taken.advanced:
        return from_items(items)
    together = broadcast_all(taken.advanced)
    if isinstance(together, Mismatch):
        shown = " and ".join(f'"{one}"' for one in taken.advanced)
        return replace(together, reason=f"the index arrays {shown} do not broadcast: {together.reason}")
    at = _place_of_arrays(taken)
    return from_items([*items[:at], *together.items, *items[at:]])


def _place_of_arrays(taken: _Taken) -> int:
    """Where the axes of the index arrays go: in place when all stand together, else to the front."""
    if taken.library is Library.TORCH:
        return taken.places[0] if len(set(taken.places)) == 1 else 0
    # numpy counts plain ints as index arrays once there is one, and `...` parts them even when it stands for no axes.
    places = set(taken.places + taken.scalars)
    parted = 0 < taken.dots < len(taken.places) + len(taken.scalars)
    return 0 if parted or len(places) > 1 else taken.places[0]


# --- rules -------------------------------------------------------------------------------------------------------


def getitem(a: Arguments) -> Result:
    array = a.array("input")
    if array is None:
        return UNKNOWN
    shape = indexed(array.shape, a["index"], a.library)
    return shape if isinstance(shape, Mismatch) else replace(array, shape=shape)


def setitem(a: Arguments) -> Result:
    """The value must broadcast to what the index selects; axes of size 1 in front of it do not count."""
    array, value = a.array("input"), a["value"]
    if array is None:
        return None
    target = indexed(array.shape, a["index"], a.library)
    if isinstance(target, Mismatch):
        return target
    if not isinstance(value, Array) or value.shape.run is not None:
        return None
    found = _without_leading_ones(value.shape, target)
    if ZERO in value.shape.prefix and not at_least(target.size, 1):
        return None  # nothing is written where nothing is selected
    if target.run is None and broadcasts_to(found, target, a.facts) is Verdict.DIFFERENT:
        reason = f'cannot assign an array of shape "{value.shape}" to a selection of shape "{target}"'
        return Mismatch("shape-broadcast", reason, None, str(target), str(value.shape))
    return None


def _without_leading_ones(source: Shape, target: Shape) -> Shape:
    sizes = list(source.prefix)
    while sizes and len(sizes) > target.min_rank and compare(sizes[0], ONE) is not Verdict.DIFFERENT:
        sizes.pop(0)
    return Shape(tuple(sizes))


TABLE = (
    rule(getitem, "input, index", "Tensor.__getitem__", "Array.__getitem__", "ndarray.__getitem__"),
    rule(setitem, "input, index, value", "Tensor.__setitem__", "ndarray.__setitem__"),
)  # fmt: skip
