"""What an annotation asks for, unified with a shape: patterns of `Expected` axes, matched by `bind`.

Names are bound from left to right, as jaxtyping binds them; what cannot be decided yet waits until `settle`. Every refusal
is a `Mismatch`. Called by the mypy plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from shapecheck.core.dim import (
    ONE,
    UNKNOWN_DIM,
    Atom,
    Broadcastable,
    Dim,
    Facts,
    Symbol,
    Verdict,
    broadcastable,
    compare,
    dim,
    substitute,
)
from shapecheck.core.shape import ANY_RUN, Item, Mismatch, Run, Shape, broadcast, from_items, may_be_one, same


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
        return _rank_mismatch(f"expected {at_least}{counted(fixed)}, found {counted(rank)}", pattern, actual)
    if rank is None and index is None:
        if actual.min_rank > fixed:
            return _rank_mismatch(f"expected {counted(fixed)}, found at least {counted(actual.min_rank)}", pattern, actual)
        if actual.run is not None and actual.run.is_rigid:
            return _rank_mismatch(f"expected {counted(fixed)}, found any number of them ({actual.run})", pattern, actual)
    return None


def counted(count: int) -> str:
    """A number of axes in words."""
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
    if expected.broadcast and actual.constant is None and may_be_one(actual):
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
