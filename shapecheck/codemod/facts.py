"""The one language of evidence: what each source says of a function's parameters and result, and how it is merged.

Sources are collected by `walk`; `solve` turns them into arrays; both per function and round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shapecheck.codemod.report import Evidence
from shapecheck.core.dim import UNKNOWN_DIM, Atom, Dim, Symbol, dim, substitute
from shapecheck.core.dtype import DTypes
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Run, Shape
from shapecheck.core.value import Array, Value


@dataclass(frozen=True, slots=True)
class ShapeFact:
    """A shape that a source gives to a slot. `proved`: the code fails if it is not so; else somebody says so."""

    shape: Shape
    evidence: Evidence
    proved: bool


@dataclass(frozen=True, slots=True)
class DTypeFact:
    """The dtypes that an operation takes of a slot."""

    dtypes: DTypes
    evidence: Evidence


@dataclass(slots=True)
class Equalities:
    """Sizes that are the same under several names; `ranks` says which name people would use (lower is better)."""

    ranks: dict[Symbol, int] = field(default_factory=dict)
    known: dict[Atom, Dim] = field(default_factory=dict)
    distinct: set[frozenset[Symbol]] = field(default_factory=set)
    nicknames: dict[Dim, Symbol] = field(default_factory=dict)
    """Names that people give to computed sizes: `N` for `H//P*(W//P)`."""

    def name(self, shape: Shape, rank: int) -> None:
        """Takes note of names that one source gives to different axes: they are not the same size."""
        symbols = sorted({size.symbol for size in (*shape.prefix, *shape.suffix) if size.symbol is not None}, key=lambda s: s.key)
        for index, symbol in enumerate(symbols):
            self.ranks[symbol] = min(rank, self.rank(symbol))
            self.distinct.update(frozenset([symbol, other]) for other in symbols[index + 1 :])

    def canonical(self, size: Dim) -> Dim:
        """The size in the best names."""
        for _ in range(len(self.known) + 1):
            better = substitute(size, self.known)
            if better == size:
                break
            size = better
        return size

    def canonical_shape(self, shape: Shape) -> Shape:
        prefix, suffix = (tuple(map(self.canonical, side)) for side in (shape.prefix, shape.suffix))
        return Shape(prefix, shape.run, suffix)

    def canonical_value(self, value: Value) -> Value:
        """A value in the best names."""
        match value:
            case Dim():
                return self.canonical(value)
            case Array():
                return value.with_shape(self.canonical_shape(value.shape))
            case tuple():
                return tuple(map(self.canonical_value, value))
            case _:
                return value

    def unify(self, left: Dim, right: Dim) -> bool:
        """Makes two sizes one, if at least one of them is a name; False when they are certainly not the same."""
        left, right = self.canonical(left), self.canonical(right)
        if left == right or left.is_unknown or right.is_unknown:
            return True
        one, other = left.symbol, right.symbol
        if one is not None and other is not None:
            if self._kept_apart(one, other):
                return False
            worse, better = (one, right) if self.rank(one) > self.rank(other) else (other, left)
            self.known[worse] = better
        elif one is not None and one not in right.symbols():
            self._compute(one, right)
        elif other is not None and other not in left.symbols():
            self._compute(other, left)
        else:
            return left.constant is None or right.constant is None
        return True

    def _compute(self, symbol: Symbol, size: Dim) -> None:
        self.known[symbol] = size
        if size.constant is None:
            self.nicknames.setdefault(size, symbol)

    def _kept_apart(self, one: Symbol, other: Symbol) -> bool:
        roots = {self.canonical(dim(symbol)).symbol for symbol in (one, other)}
        return any({self.canonical(dim(symbol)).symbol for symbol in pair} == roots for pair in self.distinct)

    def rank(self, symbol: Symbol) -> int:
        return self.ranks.get(symbol, _RANKS.get(symbol.scope[-1:], 1))


@dataclass(slots=True)
class Facts:
    """Everything collected about one function in one round."""

    shapes: dict[str, list[ShapeFact]] = field(default_factory=dict)
    dtypes: dict[str, list[DTypeFact]] = field(default_factory=dict)
    returned: list[tuple[Value, Evidence]] = field(default_factory=list)
    stated_results: list[ShapeFact] = field(default_factory=list)
    findings: list[Evidence] = field(default_factory=list)
    sizes: Equalities = field(default_factory=Equalities)

    def add_shape(self, parameter: str, fact: ShapeFact) -> None:
        if fact not in self.shapes.setdefault(parameter, []):
            self.shapes[parameter].append(fact)

    def add_dtypes(self, parameter: str, fact: DTypeFact) -> None:
        if fact not in self.dtypes.setdefault(parameter, []):
            self.dtypes[parameter].append(fact)


_RANKS = {"#": 3, "@": 2}
"""How telling a symbol's name is where no source of this round has used it, by the end of its scope."""


class Disagreement(Exception):
    """Two sources that cannot both be true."""


def merge(one: Shape, other: Shape) -> list[tuple[Dim, Dim]] | None:
    """The axes that two shapes of one array have in common, as pairs; None when their ranks differ."""
    for left, right in ((one, other), (other, one)):
        if left.rank is not None and (right.min_rank > left.rank if right.rank is None else right.rank != left.rank):
            return None
    left, right = _aligned(one, other), _aligned(other, one)
    pairs = list(zip(left.prefix, right.prefix, strict=False))
    return pairs + list(zip(reversed(left.suffix), reversed(right.suffix), strict=False))


def _aligned(shape: Shape, other: Shape) -> Shape:
    """The shape with its run filled with unknown axes when the other's rank is known."""
    if shape.run is None or other.rank is None:
        return shape
    hidden = other.rank - shape.min_rank
    return Shape((*shape.prefix, *[UNKNOWN_DIM] * hidden, *shape.suffix))


def joined(one: Shape, other: Shape) -> Shape:
    """Everything that two shapes of one array say together, the first one's words where both speak.

    Raises:
        Disagreement: their ranks differ.
    """
    if ANY_SHAPE in (one, other):
        return other if one == ANY_SHAPE else one
    if merge(one, other) is None:
        raise Disagreement(f"({spelled(one)}) and ({spelled(other)}) have different ranks")
    left, right = _aligned(one, other), _aligned(other, one)
    if left.run is None:
        return Shape(_either(left.prefix, right.prefix))
    run = left.run if left.run.name is not None else right.run
    if len(left.prefix) != len(right.prefix) or len(left.suffix) != len(right.suffix):
        run = ANY_RUN
    suffix = _either(tuple(reversed(left.suffix)), tuple(reversed(right.suffix)))
    return Shape(_either(left.prefix, right.prefix), run, tuple(reversed(suffix)))


def _either(one: Sequence[Dim], other: Sequence[Dim]) -> tuple[Dim, ...]:
    longer = one if len(one) >= len(other) else other
    both = [a if not a.is_unknown else b for a, b in zip(one, other, strict=False)]
    return (*both, *longer[len(both) :])


def spelled(shape: Shape) -> str:
    """A shape as people write it in comments."""
    return ", ".join(map(str, shape.items))


def named(name: str, scope: str) -> Dim:
    """The size that a function calls by this name."""
    return dim(Symbol(name, scope))


def unknown_run(parameter: str, scope: str) -> Run:
    """The axes of a parameter of which nothing is known yet: whatever keeps its shape hands this run on."""
    return Run(parameter, f"{scope}?")
