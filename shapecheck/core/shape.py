"""Shapes of arrays: sizes of axes with at most one variadic part, and the three-valued operations on them.

A shape is what is known of an actual array. What an annotation asks for is a pattern of `Expected` axes, matched by
`bind`. Every refusal is a `Mismatch`: data that a door turns into text. Called by rules and by all three doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, zip_longest

from shapecheck.core.dim import (
    ONE,
    UNKNOWN_DIM,
    Atom,
    Broadcastable,
    Dim,
    Facts,
    Symbol,
    Verdict,
    Volume,
    broadcastable,
    compare,
    dim,
    product,
    substitute,
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


def unknown_of_rank(rank: int) -> Shape:
    """A shape of `rank` unknown sizes."""
    return Shape((UNKNOWN_DIM,) * rank)


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
            return UNKNOWN_DIM if _may_be_one(left) or _may_be_one(right) else None


def _surely_larger(left: Dim, right: Dim) -> Dim:
    """A size above 1 wins over an unknown one: whatever that is, the result has this size, or the program fails."""
    for one in (left, right):
        if one.constant is not None and one.constant > 1:
            return one
    return UNKNOWN_DIM


def _may_be_one(size: Dim) -> bool:
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
    return Verdict.UNKNOWN if verdict is Verdict.DIFFERENT and _may_be_one(size) else verdict


# --- binding an annotation's pattern ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """One axis that an annotation asks for: a size over the pattern's symbols, or a run of axes."""

    size: Dim = UNKNOWN_DIM  # unknown: `_`
    run: Run | None = None
    broadcast: bool = False  # '#'
    text: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an annotation asks of a shape."""

    axes: tuple[Expected, ...]

    @property
    def run_index(self) -> int | None:
        return next((i for i, axis in enumerate(self.axes) if axis.run is not None), None)

    def __str__(self) -> str:
        return " ".join(axis.text or str(axis.run or axis.size) for axis in self.axes)


@dataclass(slots=True)
class Bindings:
    """The sizes bound so far in one call, and what is still to be checked.

    Equations that cannot be solved yet (`2*h` before `h` is known) wait in `pending` until the end of the call.
    """

    sizes: dict[Symbol, Dim] = field(default_factory=dict)
    runs: dict[Run, tuple[bool, Shape]] = field(default_factory=dict)
    pending: list[tuple[Expected, Dim, int]] = field(default_factory=list)
    facts: Facts = frozenset()

    def copy(self) -> Bindings:
        return Bindings(dict(self.sizes), dict(self.runs), list(self.pending), self.facts)

    def value(self, size: Dim) -> Dim:
        """The size with every bound symbol replaced."""
        values: dict[Atom, Dim] = {symbol: known for symbol, known in self.sizes.items()}  # noqa: C416  # mappings are invariant
        return substitute(size, values)


def bind(pattern: Pattern, actual: Shape, flexible: frozenset[Symbol], bindings: Bindings) -> Mismatch | None:
    """Matches an actual shape against a pattern and binds the `flexible` symbols, left to right as at run time.

    Returns the first certain mismatch. What cannot be decided is accepted.
    """
    index = pattern.run_index
    fixed = len(pattern.axes) - (index is not None)
    if (mismatch := _check_rank(pattern, actual, fixed, index)) is not None:
        return mismatch
    if index is None:
        return _bind_fixed(pattern, actual, flexible, bindings)
    return _bind_around_run(pattern, index, actual, flexible, bindings)


def _check_rank(pattern: Pattern, actual: Shape, fixed: int, index: int | None) -> Mismatch | None:
    rank = actual.rank
    if rank is not None and (rank < fixed if index is not None else rank != fixed):
        at_least = "at least " if index is not None else ""
        return _rank_mismatch(f"expected {at_least}{_axes(fixed)}, found {_axes(rank)}", pattern, actual)
    if rank is None and index is None:
        if actual.min_rank > fixed:
            return _rank_mismatch(f"expected {_axes(fixed)}, found at least {_axes(actual.min_rank)}", pattern, actual)
        if actual.run is not None and actual.run.is_rigid:
            return _rank_mismatch(f"expected {_axes(fixed)}, found any number of them ({actual.run})", pattern, actual)
    return None


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _rank_mismatch(reason: str, pattern: Pattern, actual: Shape) -> Mismatch:
    return Mismatch("shape-rank", reason, None, str(pattern), str(actual))


def _bind_fixed(pattern: Pattern, actual: Shape, flexible: frozenset[Symbol], bindings: Bindings) -> Mismatch | None:
    if actual.run is None:
        sizes: Iterable[Dim] = actual.prefix
    else:
        hidden = len(pattern.axes) - actual.min_rank
        sizes = (*actual.prefix, *[UNKNOWN_DIM] * hidden, *actual.suffix)
    for axis, (expected, size) in enumerate(zip(pattern.axes, sizes, strict=True)):
        if (mismatch := bind_axis(expected, size, axis, flexible, bindings)) is not None:
            return mismatch
    return None


def _bind_around_run(
    pattern: Pattern, index: int, actual: Shape, flexible: frozenset[Symbol], bindings: Bindings
) -> Mismatch | None:
    before, after = pattern.axes[:index], pattern.axes[index + 1 :]
    run = pattern.axes[index].run
    taken, found = _split_ends(actual, len(before), len(after))
    left, right = taken
    for axis, (expected, size) in enumerate(zip(before, left, strict=True)):
        if (mismatch := bind_axis(expected, size, axis, flexible, bindings)) is not None:
            return mismatch
    if run is not None and run.name is not None:
        if (mismatch := bind_run(run, pattern.axes[index].broadcast, found, bindings)) is not None:
            return mismatch
    for axis, (expected, size) in enumerate(zip(after, right, strict=True)):
        if (mismatch := bind_axis(expected, size, axis - len(after), flexible, bindings)) is not None:
            return mismatch
    return None


def _split_ends(actual: Shape, left: int, right: int) -> tuple[tuple[list[Dim], list[Dim]], Shape]:
    """The first `left` and last `right` sizes, and the shape between them."""
    if actual.run is None:
        stop = len(actual.prefix) - right
        return (list(actual.prefix[:left]), list(actual.prefix[stop:])), Shape(actual.prefix[left:stop])
    head = list(actual.prefix[:left]) + [UNKNOWN_DIM] * (left - len(actual.prefix))
    kept = max(len(actual.suffix) - right, 0)
    tail = [UNKNOWN_DIM] * (right - len(actual.suffix)) + list(actual.suffix[kept:])
    # Where one end runs out of known axes, it takes some of the run's, or of the other end's if the run is short.
    from_run_left, from_run_right = max(left - len(actual.prefix), 0), max(right - len(actual.suffix), 0)
    run = ANY_RUN if from_run_left or from_run_right else actual.run
    rest_prefix = actual.prefix[left : max(len(actual.prefix) - from_run_right, left)]
    return (head, tail), Shape(rest_prefix, run, actual.suffix[min(from_run_left, kept) : kept])


def bind_axis(expected: Expected, actual: Dim, axis: int, flexible: frozenset[Symbol], bindings: Bindings) -> Mismatch | None:
    """Matches one axis. A size of 1 passes `#` without binding, as at run time."""
    if expected.size.is_unknown or (expected.broadcast and actual == ONE):
        return None
    if actual.is_unknown:
        return None
    if expected.broadcast and actual.constant is None and _may_be_one(actual):
        return None
    symbol = expected.size.symbol
    if symbol is not None and symbol in flexible and symbol not in bindings.sizes:
        if expected.broadcast and isinstance(actual.atom, Broadcastable):
            actual = actual.atom.inner
        bindings.sizes[symbol] = actual
        return None
    wanted = bindings.value(expected.size)
    if wanted.symbols() & flexible - frozenset(actual.symbols()) and _unbound(expected.size, flexible, bindings):
        bindings.pending.append((expected, actual, axis))
        return None
    return _compare_axis(expected, wanted, actual, axis, bindings)


def _unbound(size: Dim, flexible: frozenset[Symbol], bindings: Bindings) -> bool:
    return any(symbol in flexible and symbol not in bindings.sizes for symbol in size.symbols())


def _compare_axis(expected: Expected, wanted: Dim, actual: Dim, axis: int, bindings: Bindings) -> Mismatch | None:
    if expected.broadcast:
        match actual.atom:
            case Broadcastable(inner):
                actual = inner
    if compare(wanted, actual, bindings.facts) is not Verdict.DIFFERENT:
        return None
    if isinstance(wanted.atom, Broadcastable) or isinstance(actual.atom, Broadcastable):
        return None
    name = expected.size.symbol
    text = str(expected.size) if expected.size.constant is None else expected.text or str(expected.size)
    shown = f"{text}={wanted}" if expected.size.constant is None and text != str(wanted) else str(wanted)
    reason = f"axis {axis} should be {shown}, found {actual}"
    return Mismatch("shape-mismatch", reason, axis, str(wanted), str(actual), name.name if name is not None else "")


def settle(bindings: Bindings, flexible: frozenset[Symbol]) -> Mismatch | None:
    """Checks the equations that waited: solves those with one unknown (`n+1` against 7), then compares the rest."""
    progress = True
    while progress:
        progress = False
        for expected, actual, _ in bindings.pending:
            free = [s for s in bindings.value(expected.size).symbols() if s in flexible and s not in bindings.sizes]
            if (
                len(free) == 1
                and not expected.broadcast
                and (solution := solve(bindings.value(expected.size), free[0], actual)) is not None
            ):
                bindings.sizes[free[0]] = solution
                progress = True
    for expected, actual, axis in bindings.pending:
        if not _unbound(expected.size, flexible, bindings):
            if (mismatch := _compare_axis(expected, bindings.value(expected.size), actual, axis, bindings)) is not None:
                return mismatch
    return None


def solve(equation: Dim, unknown: Symbol, value: Dim) -> Dim | None:
    """The `unknown` for which the linear `equation` is `value`; None when there is no unique exact answer."""
    zero = substitute(equation, {unknown: dim(0)})
    slope = substitute(equation, {unknown: ONE}) - zero
    if substitute(equation, {unknown: dim(2)}) - zero != slope * 2 or unknown in slope.symbols() or slope == dim(0):
        return None
    if any(unknown in atom_symbols(atom) for atom in equation.atoms() if atom != unknown):
        return None
    quotient = (value - zero) // slope
    return quotient if quotient * slope + zero == value else None


def atom_symbols(atom: object) -> frozenset[Symbol]:
    """The symbols inside one atom."""
    return dim(atom).symbols()  # type: ignore[arg-type]  # an atom is what `Dim.atoms` yields


def bind_run(run: Run, broadcast_run: bool, found: Shape, bindings: Bindings) -> Mismatch | None:
    """Binds or checks a named variadic part: jaxtyping's rules for `*name` and `*#name` in any order of use."""
    key = replace(run, broadcast=False)
    if key not in bindings.runs:
        bindings.runs[key] = (broadcast_run, found)
        return None
    was_broadcast, before = bindings.runs[key]
    if not was_broadcast and not broadcast_run:
        return _run_mismatch(run, before, found) if same(before, found, bindings.facts) is Verdict.DIFFERENT else None
    joined = broadcast(before, found, bindings.facts)
    if isinstance(joined, Mismatch):
        return _run_mismatch(run, before, found)
    if not broadcast_run or not was_broadcast:
        exact = found if not broadcast_run else before
        if same(joined, exact, bindings.facts) is Verdict.DIFFERENT and not _has_unknown(joined):
            return _run_mismatch(run, before, found)
        joined = exact
    bindings.runs[key] = (was_broadcast and broadcast_run, joined)
    return None


def _has_unknown(shape: Shape) -> bool:
    return shape.run is not None or any(size.is_unknown for size in shape.prefix)


def _run_mismatch(run: Run, before: Shape, found: Shape) -> Mismatch:
    reason = f"{run} was ({before}) before, found ({found})"
    return Mismatch("shape-mismatch", reason, None, str(before), str(found), f"*{run.name}")


def expand(pattern: Pattern, bindings: Bindings, free: frozenset[Symbol]) -> Shape:
    """The shape that a (return) pattern promises under bindings; unbound `free` names are sizes nobody knows."""
    items: list[Item] = []
    for axis in pattern.axes:
        if axis.run is not None:
            items.extend(_expanded_run(axis, bindings))
            continue
        size = bindings.value(axis.size)
        if any(symbol in free for symbol in axis.size.symbols() - bindings.sizes.keys()):
            size = UNKNOWN_DIM
        items.append(broadcastable(size) if axis.broadcast else size)
    return from_items(items)


def _expanded_run(axis: Expected, bindings: Bindings) -> Iterator[Item]:
    assert axis.run is not None
    bound = bindings.runs.get(replace(axis.run, broadcast=False))
    if axis.broadcast or bound is None or bound[0]:
        yield ANY_RUN
    else:
        yield from bound[1].items


def differing_axes(expected: Shape, found: Shape, facts: Facts = frozenset()) -> list[tuple[int, Dim, Dim]]:
    """The axes of two shapes of one rank that certainly differ, with both sizes."""
    if expected.rank is None or expected.rank != found.rank:
        return []
    pairs = zip_longest(expected.prefix, found.prefix, fillvalue=UNKNOWN_DIM)
    return [(i, a, b) for i, (a, b) in enumerate(pairs) if compare(a, b, facts) is Verdict.DIFFERENT]
