"""The one-line language of operation rules: `"*b m? k, *b k n? -> *b m? n?"`, read once and applied to shapes.

Operands are separated by commas, their axes by spaces, as in an annotation and as in numpy's gufunc signatures:

    name     one axis; the same name is the same size wherever it stands
    3        an axis of exactly that size
    _        an axis of any size
    name?    an axis that an operand may lack (all of them, or as many as it is short of); results then lack it too
    *name    any number of axes; operands that share the name broadcast with each other
    2*d+1    (results only) arithmetic over the names

Rules call `signature(text).apply(shapes)`. A pure function of shapes: dtypes are the rule's business.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Facts, Verdict, compare, dim
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Mismatch, Shape, broadcast, from_items

NO_FACTS: Facts = frozenset()


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of an operand: a name, a size, or (name empty) anything."""

    name: str
    size: Dim | None = None
    optional: bool = False
    is_run: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """The axes of one operand, split at its run."""

    text: str
    left: tuple[Axis, ...]
    run: str | None
    right: tuple[Axis, ...]

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.left + self.right

    @property
    def required(self) -> int:
        """The number of axes it has at least."""
        return sum(not axis.optional for axis in self.axes)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Term:
    """One item of a result: an axis by name, a run, or arithmetic."""

    text: str
    run: str | None = None
    optional: bool = False
    tree: ast.expr | None = field(default=None, compare=False)


@dataclass(slots=True)
class _Bound:
    """The sizes and runs bound so far, and the operand that bound each."""

    facts: Facts
    sizes: dict[str, Dim]
    count: int
    kept: frozenset[str]
    runs: dict[str, Shape] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Signature:
    """A parsed signature; `str` gives its text."""

    text: str
    operands: tuple[Operand, ...]
    results: tuple[tuple[Term, ...], ...]

    def __str__(self) -> str:
        return self.text

    def apply(
        self, shapes: Sequence[Shape], facts: Facts = NO_FACTS, fixed: Mapping[str, Dim] | None = None
    ) -> Shape | tuple[Shape, ...] | Mismatch:
        """The shape of the result (a tuple for several results), or the first certain mismatch.

        Args:
            shapes: one shape per operand, `ANY_SHAPE` where nothing is known.
            facts: divisibility that the program has established.
            fixed: names bound beforehand, such as the sizes of a layer; an unknown size binds nothing.
        """
        if len(shapes) != len(self.operands):
            raise ValueError(f"{self.text!r} has {len(self.operands)} operands, got {len(shapes)}")
        known = {name: size for name, size in (fixed or {}).items() if not size.is_unknown}
        bound = _Bound(facts, known, len(shapes), self.kept)
        undecided = False
        for position, (operand, actual) in enumerate(zip(self.operands, shapes, strict=True)):
            taken = _take(operand, actual, self._absorbs(position, shapes))
            if isinstance(taken, Mismatch):
                return taken
            undecided |= taken.undecided
            if (mismatch := _bind(operand, taken, position, bound)) is not None:
                return mismatch
        answers = tuple(ANY_SHAPE if undecided else _result(terms, bound) for terms in self.results)
        return answers[0] if len(answers) == 1 else answers

    def _absorbs(self, position: int, shapes: Sequence[Shape]) -> bool:
        """Whether an optional axis of unknown presence may count as the end of the run before it.

        `*b m? k` of an array that is `*batch d`: when no other operand has batch axes, `*b m?` is all that precedes `k`.
        """
        operand = self.operands[position]
        others = [(o, s) for i, (o, s) in enumerate(zip(self.operands, shapes, strict=True)) if i != position and o.run]
        alone = all(s.rank is not None and s.rank <= len(o.axes) for o, s in others)
        if not alone or not operand.run or not operand.right or not operand.right[0].optional:
            return False
        return all(_follows(terms, operand.run, operand.right[0].name) for terms in self.results)

    @property
    def kept(self) -> frozenset[str]:
        """The names that a result has; the others are summed over."""
        return frozenset(term.text.rstrip("?") for terms in self.results for term in terms)


def _follows(terms: Sequence[Term], run: str, name: str) -> bool:
    """Whether the optional axis comes right after the run in a result, or neither is there."""
    for one, other in pairwise(terms):
        if one.run == run:
            return other.text == f"{name}?"
    return not any(term.run == run or term.text == f"{name}?" for term in terms)


# --- taking an operand's axes apart --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Taken:
    sizes: tuple[tuple[Axis, Dim, int], ...]  # axis, actual size, its index
    between: Shape | None
    dropped: tuple[str, ...] = ()
    undecided: bool = False


def _take(operand: Operand, actual: Shape, absorb: bool) -> _Taken | Mismatch:
    """Pairs the axes of an operand with an actual shape's."""
    if (mismatch := _rank_mismatch(operand, actual)) is not None:
        return mismatch
    rank = actual.rank
    if rank is None and actual.min_rank < len(operand.axes) and operand.required < len(operand.axes):
        if not absorb:
            return _Taken(_right_sizes(operand, actual), None, undecided=True)
        right = tuple(axis for axis in operand.right if not axis.optional)
        folded = Operand(operand.text, operand.left, operand.run, right)
        return _split(folded, actual, _names(operand.axes))
    missing = max(0, len(operand.axes) - rank) if rank is not None else 0
    return _without(operand, missing, actual)


def _names(axes: Iterable[Axis]) -> tuple[str, ...]:
    return tuple(axis.name for axis in axes if axis.optional)


def _without(operand: Operand, missing: int, actual: Shape) -> _Taken:
    """Drops as many optional axes as the operand is short of, the first ones first."""
    optional = [axis for axis in operand.axes if axis.optional][:missing]
    left = tuple(axis for axis in operand.left if axis not in optional)
    right = tuple(axis for axis in operand.right if axis not in optional)
    return _split(Operand(operand.text, left, operand.run, right), actual, _names(optional))


def _rank_mismatch(operand: Operand, actual: Shape) -> Mismatch | None:
    least, most = operand.required, None if operand.run is not None else len(operand.axes)
    rank = actual.rank
    if (rank is not None and rank < least) or (most is not None and actual.min_rank > most):
        at_least = "at least " if most is None else ""
        wanted = f"{least} to {most}" if most is not None and least != most else str(least)
        plural = "axis" if wanted == "1" else "axes"
        reason = f"expected {at_least}{wanted} {plural}, found {_count(actual)}"
        return Mismatch("shape-rank", reason, None, str(operand), str(actual))
    return None


def _count(actual: Shape) -> str:
    at_least = "at least " if actual.rank is None else ""
    return f"{at_least}{actual.min_rank} ({actual})" if actual.min_rank else "a scalar"


def _right_sizes(operand: Operand, actual: Shape) -> tuple[tuple[Axis, Dim, int], ...]:
    """The axes that are certain whatever the rank is: the required ones at the right end."""
    found: list[tuple[Axis, Dim, int]] = []
    for distance, axis in enumerate(reversed(operand.right)):
        if axis.optional or distance >= len(actual.suffix):
            break
        found.append((axis, actual.suffix[-1 - distance], -1 - distance))
    return tuple(found)


def _split(operand: Operand, actual: Shape, dropped: tuple[str, ...]) -> _Taken:
    left, right = len(operand.left), len(operand.right)
    if actual.run is None:
        return _split_known(operand, actual.prefix, dropped)
    if operand.run is None:
        hidden = left + right - actual.min_rank
        return _split_known(operand, (*actual.prefix, *[UNKNOWN_DIM] * hidden, *actual.suffix), dropped)
    head = (*actual.prefix[:left], *[UNKNOWN_DIM] * (left - len(actual.prefix)))
    tail = (*[UNKNOWN_DIM] * (right - len(actual.suffix)), *actual.suffix[max(0, len(actual.suffix) - right) :])
    tail = tail if right else ()
    borrowed = left > len(actual.prefix) or right > len(actual.suffix)
    rest = actual.suffix[: len(actual.suffix) - right] if not borrowed else ()
    between = ANY_SHAPE if borrowed else Shape(actual.prefix[left:], actual.run, rest)
    return _Taken(_paired(operand, head, tail), between, dropped)


def _split_known(operand: Operand, sizes: tuple[Dim, ...], dropped: tuple[str, ...]) -> _Taken:
    left, stop = len(operand.left), len(sizes) - len(operand.right)
    between = Shape(sizes[left:stop]) if operand.run is not None else None
    return _Taken(_paired(operand, sizes[:left], sizes[stop:]), between, dropped)


def _paired(operand: Operand, head: Sequence[Dim], tail: Sequence[Dim]) -> tuple[tuple[Axis, Dim, int], ...]:
    before = [(axis, size, index) for index, (axis, size) in enumerate(zip(operand.left, head, strict=True))]
    after = [(axis, size, index - len(tail)) for index, (axis, size) in enumerate(zip(operand.right, tail, strict=True))]
    return (*before, *after)


# --- binding ----------------------------------------------------------------------------------------------------


def _bind(operand: Operand, taken: _Taken, position: int, bound: _Bound) -> Mismatch | None:
    bound.dropped.update(taken.dropped)
    for axis, actual, index in taken.sizes:
        if (mismatch := _bind_axis(axis, actual, index, position, bound)) is not None:
            return mismatch
    if operand.run is None or taken.between is None:
        return None
    before = bound.runs.get(operand.run)
    joined = taken.between if before is None else broadcast(before, taken.between, bound.facts)
    if isinstance(joined, Mismatch):
        return joined if before is None or not operand.axes else _batch_mismatch(before, taken.between)
    bound.runs[operand.run] = joined
    return None


def _batch_mismatch(before: Shape, found: Shape) -> Mismatch:
    reason = f"the batch axes ({before}) and ({found}) do not broadcast"
    return Mismatch("shape-broadcast", reason, None, str(before), str(found))


def _bind_axis(axis: Axis, actual: Dim, index: int, position: int, bound: _Bound) -> Mismatch | None:
    wanted = axis.size if axis.size is not None else bound.sizes.get(axis.name)
    if wanted is None:
        if axis.name and not actual.is_unknown:
            bound.sizes[axis.name] = actual
            bound.owners[axis.name] = position
        return None
    if compare(wanted, actual, bound.facts) is Verdict.DIFFERENT:
        return _axis_mismatch(axis, wanted, actual, index, position, bound)
    if axis.name and _is_sharper(actual, wanted):
        bound.sizes[axis.name] = actual
    return None


def _is_sharper(one: Dim, other: Dim) -> bool:
    """Whether a size says more than another that it may equal: a number does, then a plain name."""
    rank = [0 if d.constant is not None else 1 if d.symbol is not None else 2 if not d.is_unknown else 3 for d in (one, other)]
    return rank[0] < rank[1]


def _axis_mismatch(axis: Axis, wanted: Dim, actual: Dim, index: int, position: int, bound: _Bound) -> Mismatch:
    owner = bound.owners.get(axis.name)
    if owner is None:
        reason = f"{_which(index)} should be {wanted}, found {actual}"
    elif owner == position:
        reason = f"expected a square matrix, found {wanted} by {actual}"
    else:
        names = ("the left", "the right") if bound.count == 2 else (f"argument {owner + 1}", f"argument {position + 1}")
        reason = _between(axis, wanted, actual, index, names, bound)
    return Mismatch("shape-op", reason, index, str(wanted), str(actual), axis.name)


def _between(axis: Axis, wanted: Dim, actual: Dim, index: int, names: tuple[str, str], bound: _Bound) -> str:
    """Why two operands, called as in `names`, do not meet in an axis."""
    on = "on" if bound.count == 2 else "in"
    if axis.name not in bound.kept:
        return f"inner axes differ: {wanted} {on} {names[0]}, {actual} {on} {names[1]}"
    return f"{_which(index)} {on} {names[1]} should be {wanted} as {on} {names[0]}, found {actual}"


def _which(index: int) -> str:
    return "the last axis" if index == -1 else f"axis {index}"


# --- results ------------------------------------------------------------------------------------------------------


def _result(terms: Sequence[Term], bound: _Bound) -> Shape:
    items: list[Item] = []
    for term in terms:
        if term.run is not None:
            run = bound.runs.get(term.run)
            items.extend(run.items if run is not None else (ANY_RUN,))
        elif not (term.optional and term.text.rstrip("?") in bound.dropped):
            items.append(_value(term.tree, bound.sizes) if term.tree is not None else UNKNOWN_DIM)
    return from_items(items)


_OPERATORS: Mapping[type[ast.operator], Callable[[Dim, Dim], Dim]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def _value(tree: ast.expr, sizes: Mapping[str, Dim]) -> Dim:
    match tree:
        case ast.Constant(value=int(size)):
            return dim(size)
        case ast.Name(id=name):
            return sizes.get(name, UNKNOWN_DIM)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, sizes), _value(right, sizes))
        case _:
            raise ValueError(f"{ast.unparse(tree)!r} is no arithmetic of a signature")


# --- parsing ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def signature(text: str) -> Signature:
    """Parses a signature.

    Raises:
        ValueError: the text is not in the notation of this module.
    """
    inputs, arrow, outputs = text.partition("->")
    if not arrow:
        raise ValueError(f"{text!r} has no '->'")
    return Signature(text, tuple(map(_operand, inputs.split(","))), tuple(map(_terms, outputs.split(","))))


def _operand(text: str) -> Operand:
    axes = list(map(_axis, text.split()))
    runs = [index for index, axis in enumerate(axes) if axis.is_run]
    if len(runs) > 1:
        raise ValueError(f"{text!r} has two runs")
    if not runs:
        return Operand(text.strip(), (), None, tuple(axes))
    at = runs[0]
    return Operand(text.strip(), tuple(axes[:at]), axes[at].name, tuple(axes[at + 1 :]))


def _axis(token: str) -> Axis:
    if token.isdigit():
        return Axis("", dim(int(token)))
    name = token.removeprefix("*").removesuffix("?")
    if not name.isidentifier():
        raise ValueError(f"{token!r} is no axis of a signature")
    return Axis("" if name == "_" else name, None, token.endswith("?"), token.startswith("*"))


def _terms(text: str) -> tuple[Term, ...]:
    return tuple(map(_term, text.split()))


def _term(token: str) -> Term:
    if token.startswith("*"):
        return Term(token, run=token[1:])
    if token == "_":
        return Term(token)
    tree = ast.parse(token.removesuffix("?"), mode="eval").body
    return Term(token, optional=token.endswith("?"), tree=tree)
