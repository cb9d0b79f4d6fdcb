"""Shapes of arrays: sizes of axes with at most one variadic part, and the three-valued operations on them.

A shape is what is known of an actual array; `unify` holds what annotations ask for against it. Every refusal is a
`Mismatch`: data that a door turns into text. Called by rules and by all three doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, zip_longest

from shapecheck.core.dim import (
    ONE,
    UNKNOWN_DIM,
    Broadcastable,
    Dim,
    Facts,
    Symbol,
    Verdict,
    Volume,
    compare,
    dim,
    product,
)


@dataclass(frozen=True, slots=True)
class Run:
    """The variadic part of a shape: `*name`, or any number of unknown axes when the name is None.

    A broadcastable run (`*#name`) stands for any shape that broadcasts to the named one. A loose one is of a name that no
    signature binds, an attribute's: some axes, not any that a caller likes.
    """

    name: str | None = None
    scope: str = ""
    broadcast: bool = False
    loose: bool = field(default=False, compare=False)

    @property
    def is_rigid(self) -> bool:
        """Whether the program must work whatever these axes are, so that they are no fixed number of axes."""
        return self.name is not None and not self.broadcast and not self.loose

    @property
    def volume(self) -> Dim:
        """The number of elements in the run."""
        return UNKNOWN_DIM if self.name is None or self.broadcast else dim(Volume(self.name, self.scope))

    def __str__(self) -> str:
        return "..." if self.name is None else f"*{'#' * self.broadcast}{self.name}"


ANY_RUN = Run()
type Item = Dim | Run


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an array's axes. With a `run`, `prefix` and `suffix` are the axes before and after it."""

    prefix: tuple[Dim, ...] = ()
    run: Run | None = None
    suffix: tuple[Dim, ...] = ()

    @property
    def rank(self) -> int | None:
        """The number of axes, None when it is not known."""
        return len(self.prefix) if self.run is None else None

    @property
    def min_rank(self) -> int:
        """The number of axes it has at least."""
        return len(self.prefix) + len(self.suffix)

    @property
    def dims(self) -> tuple[Dim, ...]:
        """All sizes of a shape of known rank.

        Raises:
            ValueError: the rank is not known.
        """
        if self.run is not None:
            raise ValueError(f"the rank of {self} is not known")
        return self.prefix

    @property
    def items(self) -> tuple[Item, ...]:
        """Sizes and, at its place, the run."""
        return self.prefix if self.run is None else (*self.prefix, self.run, *self.suffix)

    @property
    def size(self) -> Dim:
        """The number of elements."""
        whole = product(self.prefix) * product(self.suffix)
        return whole if self.run is None else whole * self.run.volume

    @property
    def is_known(self) -> bool:
        """Whether every size is known (perhaps as a symbol)."""
        return self.run is None and not any(size.is_unknown for size in self.prefix)

    def __str__(self) -> str:
        return " ".join(map(str, self.items))


def shape(*items: Item | int | str) -> Shape:
    """A shape from sizes, names and at most one run: `shape("b", 3)`, `shape(ANY_RUN, "d")`."""
    return from_items([item if isinstance(item, Run) else dim(item) for item in items])


def from_items(items: Iterable[Item]) -> Shape:
    """A shape from its items; a second run makes everything between the two unknown."""
    listed = list(items)
    runs = [index for index, item in enumerate(listed) if isinstance(item, Run)]
    if not runs:
        return Shape(_dims(listed))
    first, last = runs[0], runs[-1]
    run = listed[first]
    return Shape(_dims(listed[:first]), run if first == last and isinstance(run, Run) else ANY_RUN, _dims(listed[last + 1 :]))


def _dims(items: Iterable[Item]) -> tuple[Dim, ...]:
    return tuple([item for item in items if isinstance(item, Dim)])


ANY_SHAPE = Shape(run=ANY_RUN)
SCALAR = Shape()


def axis_from_right(shape: Shape, distance: int) -> Dim | None:
    """The size `distance` axes from the right (0 is the last); None when there is none, unknown inside a run."""
    axes = shape.prefix if shape.run is None else shape.suffix
    if distance < len(axes):
        return axes[-1 - distance]
    return UNKNOWN_DIM if shape.run is not None else None


def negative_size(shape: Shape) -> Mismatch | None:
    """The mismatch of a shape that cannot be: a size is below zero."""
    for axis, size in enumerate(shape.items):
        if isinstance(size, Dim) and size.terms and size.terms[0][1] < 0 and size.constant is not None:
            return _negative(axis, size)
    return None


def _negative(axis: int, size: Dim) -> Mismatch:
    return Mismatch("shape-op", f"a size of {size} on axis {axis}", axis, "0 or more", str(size))


def unknown_sizes(count: int) -> tuple[Dim, ...]:
    """So many axes of which nothing is known."""
    return (UNKNOWN_DIM,) * count


def unknown_of_rank(rank: int) -> Shape:
    """A shape of `rank` unknown sizes."""
    return Shape(unknown_sizes(rank))


# --- mismatches --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why shapes or dtypes do not fit, as data.

    `code` is one of the catalogue's; `axis` counts from 0 in the actual shape (negative: from the right); `expected`
    and `found` are texts in jaxtyping's words; `symbol` is the named axis at fault, when there is one.
    """

    code: str
    reason: str
    axis: int | None = None
    expected: str = ""
    found: str = ""
    symbol: str = ""

    def __str__(self) -> str:
        return self.reason


def shared(one: Shape, other: Shape) -> Shape:
    """What is true of a shape that is one or the other: the sizes that both have, from the right where their ranks differ."""
    if one == other:
        return one
    if one.rank is not None and one.rank == other.rank:
        return Shape(_alike(one.prefix, other.prefix))
    tails = [each.suffix if each.run is not None else each.prefix for each in (one, other)]
    count = min(map(len, tails))
    return Shape((), ANY_RUN, _alike(tails[0][len(tails[0]) - count :], tails[1][len(tails[1]) - count :]))


def _alike(one: Sequence[Dim], other: Sequence[Dim]) -> tuple[Dim, ...]:
    return tuple(a if a == b else UNKNOWN_DIM for a, b in zip(one, other, strict=True))


# --- comparison --------------------------------------------------------------------------------------------------


def same(left: Shape, right: Shape, facts: Facts = frozenset()) -> Verdict:
    """Whether two actual shapes are the same."""
    if left == right and _is_definite(left.run) and not any(size.is_unknown for size in left.prefix + left.suffix):
        return Verdict.EQUAL
    if left.run is None and right.run is None:
        return _same_rank(left, right, facts)
    return _same_with_runs(left, right, facts)


def _is_definite(run: Run | None) -> bool:
    """Whether two occurrences of the run are the same axes: `*name`, not `...` or `*#name`."""
    return run is not None and run.name is not None and not run.broadcast


def _same_rank(left: Shape, right: Shape, facts: Facts) -> Verdict:
    if len(left.prefix) != len(right.prefix):
        return Verdict.DIFFERENT
    return conjunction(compare(a, b, facts) for a, b in zip(left.prefix, right.prefix, strict=True))


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """EQUAL when all are, DIFFERENT when one is."""
    answer = Verdict.EQUAL
    for verdict in verdicts:
        if verdict is Verdict.DIFFERENT:
            return verdict
        if verdict is Verdict.UNKNOWN:
            answer = verdict
    return answer


def _same_with_runs(left: Shape, right: Shape, facts: Facts) -> Verdict:
    for one, other in ((left, right), (right, left)):
        if one.rank is not None and one.rank < other.min_rank:
            return Verdict.DIFFERENT
    ends = [compare(a, b, facts) for a, b in zip(left.prefix, right.prefix, strict=False) if left.run or right.run]
    for distance in range(min(_right_length(left), _right_length(right))):
        a, b = axis_from_right(left, distance), axis_from_right(right, distance)
        if a is not None and b is not None:
            ends.append(compare(a, b, facts))
    if conjunction(ends) is Verdict.DIFFERENT:
        return Verdict.DIFFERENT
    named = left.run is not None and right.run is not None and left.run.name is not None and right.run.name is not None
    if named and left.run != right.run and len(left.prefix) == len(right.prefix) and len(left.suffix) == len(right.suffix):
        rigid = left.run is not None and right.run is not None and left.run.is_rigid and right.run.is_rigid
        return Verdict.DIFFERENT if rigid else Verdict.UNKNOWN
    if named and left.run == right.run and left.min_rank != right.min_rank:
        return Verdict.DIFFERENT
    # A rigid run may be empty or long, so it never equals a fixed number of axes for every shape.
    for one, other in ((left, right), (right, left)):
        if one.run is not None and one.run.is_rigid and other.is_known:
            return Verdict.DIFFERENT
    return Verdict.UNKNOWN


def _right_length(shape: Shape) -> int:
    return len(shape.prefix if shape.run is None else shape.suffix)


# --- broadcasting ------------------------------------------------------------------------------------------------


def broadcast_dims(left: Dim, right: Dim, facts: Facts = frozenset()) -> Dim | None:
    """The size of two axes broadcast together; None when they never broadcast, unknown when it is not decided."""
    if left == right:
        return left
    if left == ONE:
        return right
    if right == ONE:
        return left
    for one, other in ((left, right), (right, left)):
        match one.atom:
            case Broadcastable(inner) if compare(inner, other, facts) is Verdict.EQUAL:
                return other
            case Broadcastable():
                return UNKNOWN_DIM
    match compare(left, right, facts):
        case Verdict.EQUAL:
            return left
        case Verdict.UNKNOWN:
            return _surely_larger(left, right)
        case Verdict.DIFFERENT:
            return UNKNOWN_DIM if may_be_one(left) or may_be_one(right) else None


def _surely_larger(left: Dim, right: Dim) -> Dim:
    """A size above 1 wins over an unknown one: whatever that is, the result has this size, or the program fails."""
    for one in (left, right):
        if one.constant is not None and one.constant > 1:
            return one
    return UNKNOWN_DIM


def may_be_one(size: Dim) -> bool:
    """Whether the size could be 1 without breaking its signature's promise: rigid names must work for every size."""
    if size.constant is not None:
        return size.constant == 1
    rigid = all(isinstance(atom, Symbol) and atom.kind.value == "rigid" for atom in size.atoms())
    return not rigid and compare(size, ONE) is not Verdict.DIFFERENT


def broadcast(left: Shape, right: Shape, facts: Facts = frozenset()) -> Shape | Mismatch:
    """The shape of an elementwise operation (NumPy's rules), or why there is none."""
    if left.run is None and left == right:
        return left
    suffix: list[Dim] = []
    for distance in range(max(_right_length(left), _right_length(right))):
        a, b = axis_from_right(left, distance), axis_from_right(right, distance)
        size = broadcast_dims(a if a is not None else ONE, b if b is not None else ONE, facts)
        if size is None:
            return Mismatch(
                "shape-broadcast",
                f"axis {-1 - distance} is {a} on the left and {b} on the right",
                -1 - distance,
                str(a),
                str(b),
            )
        suffix.insert(0, size)
    return _with_runs(left, right, suffix)


def _with_runs(left: Shape, right: Shape, suffix: list[Dim]) -> Shape:
    runs = [one for one in (left, right) if one.run is not None]
    if not runs:
        return Shape(tuple(suffix))
    if len(runs) == 2 and left.run == right.run and left.run is not None and left.run.name is not None:
        if len(left.suffix) == len(right.suffix) and left.prefix == right.prefix:
            return Shape(left.prefix, left.run, tuple(suffix))
    if len(runs) == 1 or SCALAR in (left, right):
        one = runs[0]
        other = right if one is left else left
        if other.run is None and len(other.prefix) <= len(one.suffix):
            return Shape(one.prefix, one.run, tuple(suffix))
    shortest = min(len(one.suffix) for one in runs)
    return Shape((), ANY_RUN, tuple(suffix[len(suffix) - shortest :]) if shortest else ())


def broadcast_all(shapes: Sequence[Shape], facts: Facts = frozenset(), names: Sequence[str] = ()) -> Shape | Mismatch:
    """Broadcasts any number of shapes; a mismatch calls them by `names`, if given."""
    result = SCALAR
    for one in shapes:
        joined = broadcast(result, one, facts)
        if isinstance(joined, Mismatch):
            return clash(shapes, names, facts) or joined
        result = joined
    return result


def clash(shapes: Sequence[Shape], names: Sequence[str], facts: Facts = frozenset(), after: int = 0) -> Mismatch | None:
    """The first two of the named shapes that do not broadcast; None when there is no such pair.

    `after` counts the axes that the arrays have behind those of the shapes.
    """
    for (one, left), (other, right) in combinations(zip(names, shapes, strict=False), 2):
        found = broadcast(left, right, facts)
        if isinstance(found, Mismatch):
            axis = (found.axis or 0) - after
            return replace(found, axis=axis, reason=f"axis {axis} is {found.expected} in {one} and {found.found} in {other}")
    return None


def broadcasts_to(source: Shape, target: Shape, facts: Facts = frozenset()) -> Verdict:
    """Whether `source` can be expanded to exactly `target`."""
    if source.rank is None or target.rank is None:
        return Verdict.UNKNOWN
    if source.rank > target.rank:
        return Verdict.DIFFERENT
    pairs = zip(reversed(source.prefix), reversed(target.prefix), strict=False)
    return conjunction(Verdict.EQUAL if a == ONE else _or_one(compare(a, b, facts), a) for a, b in pairs)


def _or_one(verdict: Verdict, size: Dim) -> Verdict:
    return Verdict.UNKNOWN if verdict is Verdict.DIFFERENT and may_be_one(size) else verdict


def differing_axes(expected: Shape, found: Shape, facts: Facts = frozenset()) -> list[tuple[int, Dim, Dim]]:
    """The axes of two shapes of one rank that certainly differ, with both sizes."""
    if expected.rank is None or expected.rank != found.rank:
        return []
    pairs = zip_longest(expected.prefix, found.prefix, fillvalue=UNKNOWN_DIM)
    return [(i, a, b) for i, (a, b) in enumerate(pairs) if compare(a, b, facts) is Verdict.DIFFERENT]
