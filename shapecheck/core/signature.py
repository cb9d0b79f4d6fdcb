"""Applies one-line rules to shapes: `signature("*b m? k, *b k n? -> *b m? n?").apply(shapes)`.

The notation is `notation`'s; `pairing` tells which axis of a shape is which of an operand, `placing` has axes whose places
are arguments. A signature is read once, and what it does to shapes of the same ranks is kept where sizes do not matter
(`plans`). Called by the rule families; a pure function of shapes, dtypes are the rule's business.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TypeGuard

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, Facts, Verdict, compare, dim, extremum
from shapecheck.core.notation import Axis, Operand, Term, Terms, names_in, parse
from shapecheck.core.pairing import Taken, is_word, take
from shapecheck.core.placing import Lifted, Scalars, inserted, lift, refilled
from shapecheck.core.plans import Key, Plan, arguments_of, call_of, compares_nothing, filled, key_of, placeholders, planned
from shapecheck.core.shape import (
    ANY_RUN,
    ANY_SHAPE,
    SCALAR,
    Item,
    Mismatch,
    Shape,
    broadcast,
    broadcasts_to,
    clash,
    from_items,
    negative_size,
)
from shapecheck.core.value import Value

NO_FACTS: Facts = frozenset()
SIDES = ("the left", "the right")
"""What two operands without names are called."""
type Fixed = Mapping[str, Dim | Shape]


@dataclass(slots=True)
class _Bound:
    """The sizes and runs bound so far, and the operand that bound each."""

    facts: Facts
    sizes: dict[str, Dim]
    count: int
    kept: frozenset[str]
    call: Mapping[str, Value]
    runs: dict[str, Shape] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    vague: frozenset[str] = frozenset()
    lifted: Lifted | None = None
    names: Sequence[str] = ()
    parts: dict[str, list[tuple[str, Shape]]] = field(default_factory=dict)

    def name(self, position: int) -> str:
        """What a message calls an operand."""
        if self.names:
            return self.names[position]
        return SIDES[position] if self.count == 2 else f"argument {position + 1}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A parsed signature; `str` gives its text."""

    text: str
    operands: tuple[Operand, ...]
    results: tuple[Terms, ...]
    names: frozenset[str]
    runs: frozenset[str]
    order: tuple[int, ...]
    """The operands in the order in which they are bound: those that only have to fit come last."""
    count: int
    """The number of operands, but for those that only have to fit."""
    kept: frozenset[str]
    """The names that a result has; the others are summed over."""
    arguments: tuple[str, ...]
    """The arguments that name axes."""
    echoes: tuple[int | None, ...]
    """For each result the operand of the same words when no other bears on it."""
    is_planned: bool
    """Whether sizes do not matter, so that shapes of the same ranks have the same plan."""

    def __str__(self) -> str:
        return self.text

    def apply(
        self,
        shapes: Sequence[Shape | None],
        facts: Facts = NO_FACTS,
        fixed: Fixed | None = None,
        call: Mapping[str, Value] | None = None,
        scalars: Scalars = Scalars.REFUSED,
        names: Sequence[str] = (),
    ) -> Shape | tuple[Shape, ...] | Mismatch:
        """The shape of the result (a tuple for several results), or the first certain mismatch.

        Args:
            shapes: one shape per operand, `ANY_SHAPE` where nothing is known, None where the call has no such operand.
            facts: divisibility that the program has established.
            fixed: names bound beforehand, such as the sizes of a layer; an unknown size binds nothing.
            call: the arguments that name axes, and `keepdim`.
            scalars: what an axis 0 or -1 of a scalar is.
            names: what a mismatch calls the operands; two without names are the left and the right one.
        """
        if len(shapes) != len(self.operands):
            raise ValueError(f"{self.text!r} has {len(self.operands)} operands, got {len(shapes)}")
        if self.is_planned and not fixed and (answer := self._planned(shapes, call or {}, scalars)) is not None:
            return answer
        bound = _begin(fixed or {}, facts, self.count, self.kept, call or {})
        bound.names = names
        return self._evaluated(shapes, bound, scalars)

    def _evaluated(self, shapes: Sequence[Shape | None], bound: _Bound, scalars: Scalars) -> Shape | tuple[Shape, ...] | Mismatch:
        undecided = False
        for position in self.order:
            operand, actual = self.operands[position], shapes[position]
            if actual is None:
                continue
            if operand.broadcasts:
                if (mismatch := _fits(_whole(operand, bound), actual, bound, position)) is not None:
                    return mismatch
                continue
            rest = _lift(operand, actual, position, bound, scalars) if operand.lifted else actual
            name = bound.names[position] if bound.names else ""
            taken = rest if isinstance(rest, Mismatch) else take(operand, rest, self._absorbs(position, shapes), name)
            if isinstance(taken, Mismatch):
                return taken
            undecided |= taken.undecided
            if (mismatch := _bind(operand, taken, position, bound)) is not None:
                return mismatch
        return self._answers(bound, shapes, undecided)

    def _planned(
        self, shapes: Sequence[Shape | None], call: Mapping[str, Value], scalars: Scalars
    ) -> Shape | tuple[Shape, ...] | Mismatch | None:
        """The answer by a plan; None when there is none, as for a mismatch, whose text the sizes are in."""
        if not _are_given(shapes):
            return None
        key = key_of(shapes, self.arguments, call, scalars)
        plan = _plan(self.text, key) if key is not None else None
        return filled(plan, shapes) if plan is not None else None

    def plan(self, key: Key) -> Plan | None:
        """What the signature does to all shapes of a key."""
        shapes = placeholders(key)
        bound = _begin({}, NO_FACTS, self.count, self.kept, call_of(key, self.arguments))
        return planned(shapes, self._evaluated(shapes, bound, key.scalars))

    def _answers(self, bound: _Bound, shapes: Sequence[Shape | None], undecided: bool) -> Shape | tuple[Shape, ...] | Mismatch:
        """The results; where it is not known which axes an operand lacks only those that are operands are."""
        answers: list[Shape] = []
        for terms, same in zip(self.results, self.echoes, strict=True):
            run = bound.runs.get(terms[0].plain_run) if len(terms) == 1 and not undecided and bound.lifted is None else None
            whole = shapes[same] if same is not None and run is None else None
            found = run or (ANY_SHAPE if undecided else _result(terms, bound))
            if whole is not None and isinstance(found, Shape) and found.rank is None:
                found = whole
            answer = found if isinstance(found, Mismatch) else negative_size(found) or found
            if isinstance(answer, Mismatch):
                return answer
            answers.append(answer)
        return answers[0] if len(answers) == 1 else tuple(answers)

    def _absorbs(self, position: int, shapes: Sequence[Shape | None]) -> bool:
        """Whether an optional axis of unknown presence may count as the end of the run before it.

        `*b m? k` of an array that is `*batch d`: when no other operand has batch axes, `*b m?` is all that precedes `k`.
        """
        operand = self.operands[position]
        if not operand.run or not operand.right or not operand.right[0].optional:
            return False
        others = [(o, s) for i, (o, s) in enumerate(zip(self.operands, shapes, strict=True)) if i != position and o.run]
        alone = all(s is None or (s.rank is not None and s.rank <= len(o.axes)) for o, s in others)
        return alone and all(_follows(terms, operand.run, operand.right[0].name) for terms in self.results)


def _are_given(shapes: Sequence[Shape | None]) -> TypeGuard[Sequence[Shape]]:
    """Whether the call has every operand."""
    return None not in shapes


def _follows(terms: Terms, run: str, name: str) -> bool:
    """Whether the optional axis comes right after the run in a result, or neither is there."""
    for one, other in pairwise(terms):
        if one.run == run:
            return other.text == f"{name}?"
    return not any(term.run == run or term.text == f"{name}?" for term in terms)


@lru_cache(maxsize=1024)
def signature(text: str) -> Signature:
    """Reads a signature.

    Raises:
        ValueError: the text is not in the notation of `notation`.
    """
    operands, results = parse(text)
    kept = frozenset(term.text.rstrip("?") for terms in results for term in terms)
    runs = frozenset(each.run for each in operands if each.run) | {
        run for terms in results for term in terms for run in term.runs
    }
    order = tuple(sorted(range(len(operands)), key=lambda index: operands[index].broadcasts))
    names, arguments = names_in(operands, results), arguments_of(operands, results)
    count = sum(not operand.broadcasts for operand in operands)
    echoes = tuple(_echo(terms, operands) for terms in results)
    is_planned = compares_nothing(operands, results)
    return Signature(text, operands, results, names, runs, order, count, kept, arguments, echoes, is_planned)


def _echo(terms: Terms, operands: Sequence[Operand]) -> int | None:
    """The number of the operand that a result is, when there is only that."""
    binding = [index for index, operand in enumerate(operands) if not operand.broadcasts]
    alike = len(binding) == 1 and [term.text for term in terms] == operands[binding[0]].text.split()
    return binding[0] if alike and not operands[binding[0]].lifted else None


@lru_cache(maxsize=4096)
def _plan(text: str, key: Key) -> Plan | None:
    return signature(text).plan(key)


def _begin(fixed: Fixed, facts: Facts, count: int, kept: frozenset[str], call: Mapping[str, Value]) -> _Bound:
    if not fixed:
        return _Bound(facts, {}, count, kept, call)
    sizes = {name: size for name, size in fixed.items() if isinstance(size, Dim) and not size.is_unknown}
    runs = {name: run for name, run in fixed.items() if isinstance(run, Shape)}
    vague = frozenset(name for name, size in fixed.items() if isinstance(size, Dim) and size.is_unknown)
    return _Bound(facts, sizes, count, kept, call, runs, dict.fromkeys(runs, -1), vague=vague)


def _lift(operand: Operand, actual: Shape, position: int, bound: _Bound, scalars: Scalars) -> Shape | Mismatch:
    """The axes of an operand but for those that arguments name, which are bound."""
    found = lift(operand, actual, bound.call, scalars)
    if isinstance(found, Mismatch):
        return found
    bound.lifted = bound.lifted or found
    for axis, sizes, places in found.taken:
        if axis.is_run:
            joined = broadcast(bound.runs.get(axis.name, sizes), sizes, bound.facts)
            if isinstance(joined, Mismatch):
                return joined
            bound.runs[axis.name] = joined
        elif places and (mismatch := _bind_axis(axis, sizes.prefix[0], places[0], position, bound)) is not None:
            return mismatch
    return found.rest


# --- binding ----------------------------------------------------------------------------------------------------


def _bind(operand: Operand, taken: Taken, position: int, bound: _Bound) -> Mismatch | None:
    bound.dropped.update(taken.dropped)
    for axis, actual, index in taken.sizes:
        if (mismatch := _bind_axis(axis, actual, index, position, bound)) is not None:
            return mismatch
    if operand.run is None or taken.between is None:
        return None
    before = bound.runs.get(operand.run)
    if before is not None and bound.owners.get(operand.run) == -1:
        return _fits(before, taken.between, bound, position)
    joined = taken.between if before is None else broadcast(before, taken.between, bound.facts)
    parts = bound.parts.setdefault(operand.run, [])
    parts.append((bound.name(position), taken.between))
    if isinstance(joined, Mismatch):
        if bound.names and (apart := _apart(parts, len(operand.right), bound)) is not None:
            return apart
        return joined if before is None or not operand.axes else _batch_mismatch(before, taken.between)
    bound.runs[operand.run] = joined
    return None


def _apart(parts: Sequence[tuple[str, Shape]], after: int, bound: _Bound) -> Mismatch | None:
    """The first two of several named operands whose runs do not broadcast."""
    return clash([shape for _, shape in parts], [name for name, _ in parts], bound.facts, after)


def _whole(operand: Operand, bound: _Bound) -> Shape | None:
    """What an operand must broadcast to, as the others have bound it; None when its run is not bound."""
    run = bound.runs.get(operand.run) if operand.run is not None else SCALAR
    left, right = ([bound.sizes.get(axis.name, UNKNOWN_DIM) for axis in axes] for axes in (operand.left, operand.right))
    return None if run is None else from_items((*left, *run.items, *right))


def _fits(whole: Shape | None, found: Shape, bound: _Bound, position: int) -> Mismatch | None:
    """The mismatch of axes that must broadcast to others, which stay."""
    if whole is None or broadcasts_to(found, whole, bound.facts) is not Verdict.DIFFERENT:
        return None
    who = f"{bound.names[position]} " if bound.names else ""
    return Mismatch("shape-broadcast", f"{who}({found}) must broadcast to ({whole})", None, str(whole), str(found))


def _batch_mismatch(before: Shape, found: Shape) -> Mismatch:
    reason = f"the batch axes ({before}) and ({found}) do not broadcast"
    return Mismatch("shape-broadcast", reason, None, str(before), str(found))


def _bind_axis(axis: Axis, actual: Dim, index: int, position: int, bound: _Bound) -> Mismatch | None:
    if axis.factors:
        return _bind_product(axis, actual, index, position, bound)
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


def _bind_product(axis: Axis, actual: Dim, index: int, position: int, bound: _Bound) -> Mismatch | None:
    """Binds the one factor that is not known: the size is a multiple of the others."""
    known, free = ONE, [name for name in axis.factors if not name.isdigit() and name not in bound.sizes]
    for factor in axis.factors:
        known = known * (dim(int(factor)) if factor.isdigit() else bound.sizes.get(factor, ONE))
    if not free:
        return _bind_axis(Axis("", known), actual, index, position, bound)
    if len(free) > 1 or free[0] in bound.vague:
        return None
    if (actual % known).constant not in (None, 0):
        words = [factor for factor in axis.factors if is_word(factor) and factor != free[0]]
        named = f"{words[0]}={known}" if len(words) == 1 else str(known)
        reason = f"{_which(index)} should be a multiple of {named}, found {actual}"
        return Mismatch("shape-op", reason, index, f"{known}*{free[0]}", str(actual))
    bound.sizes[free[0]] = actual // known
    return None


def _is_sharper(one: Dim, other: Dim) -> bool:
    """Whether a size says more than another that it may equal: a number does, then a plain name."""
    rank = [0 if d.constant is not None else 1 if d.symbol is not None else 2 if not d.is_unknown else 3 for d in (one, other)]
    return rank[0] < rank[1]


def _axis_mismatch(axis: Axis, wanted: Dim, actual: Dim, index: int, position: int, bound: _Bound) -> Mismatch:
    owner = bound.owners.get(axis.name)
    if owner is None:
        word = f" ({axis.name})" if is_word(axis.name) else ""
        reason = f"{_which(index)}{word} should be {wanted}, found {actual}"
    elif owner == position:
        reason = f"expected a square matrix, found {wanted} by {actual}"
    else:
        reason = _between(axis, wanted, actual, index, (bound.name(owner), bound.name(position)), bound)
    return Mismatch("shape-op", reason, index, str(wanted), str(actual), axis.name)


def _between(axis: Axis, wanted: Dim, actual: Dim, index: int, names: tuple[str, str], bound: _Bound) -> str:
    """Why two operands, called as in `names`, do not meet in an axis."""
    if axis.name not in bound.kept and names == SIDES:
        return f"inner axes differ: {wanted} on {names[0]}, {actual} on {names[1]}"
    if bound.names or bound.count > 2:
        return f"{_which(index)} of {names[1]} should be {wanted} as in {names[0]}, found {actual}"
    return f"{_which(index)} on {names[1]} should be {wanted} as on {names[0]}, found {actual}"


def _which(index: int) -> str:
    return "the last axis" if index == -1 else f"axis {index}"


# --- results ------------------------------------------------------------------------------------------------------


def _result(terms: Terms, bound: _Bound) -> Shape | Mismatch:
    lifted = bound.lifted
    if lifted is not None and (lifted.whole or lifted.is_echoed(terms)):
        return lifted.actual
    items: list[Item] = []
    new: list[tuple[Term, tuple[Item, ...]]] = []
    for term in terms:
        if not term.at:
            is_rest = lifted is not None and term.run is not None and term.run == lifted.run
            items.extend(_refilled(lifted, terms, bound) if lifted is not None and is_rest else _items(term, bound))
        elif lifted is None or not lifted.names(term.at):
            new.append((term, tuple(_items(term, bound))))
    if not new or (lifted is not None and lifted.bare):
        return from_items(items)
    may_be_bare = lifted is not None and lifted.actual.rank is None and not lifted.actual.min_rank
    return ANY_SHAPE if may_be_bare else inserted(items, new, bound.call)


def _refilled(lifted: Lifted, terms: Terms, bound: _Bound) -> tuple[Item, ...]:
    """The axes around those that arguments name, with what the result has in the place of each."""
    content = {term.at: tuple(_items(term, bound)) for term in terms if term.at}
    return refilled(lifted, bound.runs.get(lifted.run or "", ANY_SHAPE), content, bound.call)


def _items(term: Term, bound: _Bound) -> Iterable[Item]:
    """What a term stands for."""
    if term.runs:
        name = next((each for each in term.runs if each in bound.runs or each in bound.sizes), None)
        items = (ANY_RUN,) if name is None else bound.runs[name].items if name in bound.runs else (bound.sizes[name],)
        return items if not term.turned else tuple(item if isinstance(item, Dim) else ANY_RUN for item in reversed(items))
    if term.optional and term.text.rstrip("?") in bound.dropped:
        return ()
    return (_value(term.tree, bound) if term.tree is not None else UNKNOWN_DIM,)


_OPERATORS: Mapping[type[ast.operator], Callable[[Dim, Dim], Dim]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def _value(tree: ast.expr, bound: _Bound) -> Dim:
    match tree:
        case ast.Constant(value=int(size)):
            return dim(size)
        case ast.Name(id=name):
            return bound.sizes.get(name, ONE if name in bound.dropped else UNKNOWN_DIM)
        case ast.BinOp(left=ast.Name(id=name) as first, op=ast.BitOr(), right=second):
            return _value(first if name in bound.sizes or name in bound.vague else second, bound)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, bound), _value(right, bound))
        case ast.Call(func=ast.Name(id="min" | "max" as function), args=args):
            return extremum(function, [_value(each, bound) for each in args])
        case ast.Call(func=ast.Name(id="abs"), args=[size]):
            found = _value(size, bound)
            return extremum("max", (found, -found))
        case ast.Call(func=ast.Name(id="prod"), args=[ast.Name(id=run)]):
            return bound.runs[run].size if run in bound.runs else UNKNOWN_DIM
        case ast.UnaryOp(op=ast.USub(), operand=negated):
            return -_value(negated, bound)
        case _:
            raise ValueError(f"{ast.unparse(tree)!r} is no arithmetic of a signature")
