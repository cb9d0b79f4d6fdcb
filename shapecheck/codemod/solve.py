"""From facts to arrays: proofs first, statements where they add something, nothing where sources disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shapecheck.codemod.facts import Disagreement, Equalities, Facts, ShapeFact, joined, merge, spelled
from shapecheck.codemod.report import Confidence, Evidence
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.shape import ANY_SHAPE, Shape
from shapecheck.core.value import UNKNOWN, Array, Library, Value


@dataclass(frozen=True, slots=True)
class Solution:
    """What is known of a slot: its value, why, and how surely; or the reason why nothing can be said."""

    value: Value
    evidence: tuple[Evidence, ...] = ()
    confidence: Confidence = Confidence.STATED
    refused: str = ""


@dataclass(slots=True)
class Solver:
    """Solves the slots of one function."""

    facts: Facts
    library: Library
    findings: list[Evidence] = field(default_factory=list)

    @property
    def sizes(self) -> Equalities:
        return self.facts.sizes

    def parameter(self, name: str) -> Solution | None:
        """A parameter's array; None when no source says anything of it."""
        shapes = self.facts.shapes.get(name, [])
        dtypes = self.facts.dtypes.get(name, [])
        if not shapes:
            return None
        evidence = tuple(dict.fromkeys([*(fact.evidence for fact in shapes), *(fact.evidence for fact in dtypes)]))
        try:
            shape = self._shape(shapes)
            dtype = _intersection(fact.dtypes for fact in dtypes)
        except Disagreement as conflict:
            return Solution(UNKNOWN, evidence, refused=f"sources disagree: {conflict}")
        return Solution(Array(shape, dtype, self.library), evidence, _confidence(shapes))

    def _shape(self, facts: Sequence[ShapeFact]) -> Shape:
        shape = ANY_SHAPE
        for fact in (fact for fact in facts if fact.proved):
            shape = self._met(shape, fact, proved=True)
        proved = shape
        for fact in (fact for fact in facts if not fact.proved):
            try:
                shape = self._met(shape, fact, proved=False)
            except Disagreement:
                if proved == ANY_SHAPE:
                    raise
                text = f"says ({fact.evidence.text.strip('()')}), the code needs ({spelled(proved)})"
                self.findings.append(Evidence(fact.evidence.source, fact.evidence.line, text))
        return self.sizes.canonical_shape(shape)

    def _met(self, shape: Shape, fact: ShapeFact, proved: bool) -> Shape:
        pairs = merge(shape, fact.shape)
        if pairs is None:
            raise Disagreement(f"({spelled(shape)}) and {fact.evidence}")
        for known, new in pairs:
            # a number that somebody states does not make a size constant, for the code works with others
            if not proved and new.constant is not None and known.constant is None:
                continue
            if not self.sizes.unify(known, new):
                raise Disagreement(f"{self.sizes.canonical(known)} and {new} ({fact.evidence})")
        return joined(self.sizes.canonical_shape(shape), self.sizes.canonical_shape(fact.shape))

    def result(self) -> Solution | None:
        """What a function returns; None when nothing is known of it."""
        evidence = tuple(
            dict.fromkeys([*(e for _, e in self.facts.returned), *(fact.evidence for fact in self.facts.stated_results)])
        )
        values = [self.sizes.canonical_value(value) for value, _ in self.facts.returned]
        if not values:
            return None
        try:
            joint = _joint(values)
        except Disagreement as conflict:
            return Solution(UNKNOWN, evidence, refused=f"returns differ: {conflict}")
        if isinstance(joint, Array) or joint is UNKNOWN:
            joint = self._stated_result(joint)
        proved = any(isinstance(value, Array | tuple) for value in values)
        return Solution(joint, evidence, Confidence.PROVED if proved else Confidence.STATED)

    def _stated_result(self, value: Value) -> Value:
        for fact in self.facts.stated_results:
            if not isinstance(value, Array):
                value = Array(fact.shape, ANY_DTYPE, self.library)
                continue
            pairs = merge(value.shape, fact.shape)
            stale = pairs is None or any(a.constant is not None and b.constant is not None and a != b for a, b in pairs)
            if stale or not all(self.sizes.unify(known, new) for known, new in pairs or [] if new.symbol is not None):
                text = f"says ({spelled(fact.shape)}), the code computes ({spelled(value.shape)})"
                self.findings.append(Evidence(fact.evidence.source, fact.evidence.line, text))
                continue
            value = value.with_shape(self.sizes.canonical_shape(joined(value.shape, fact.shape)))
        return value


def _joint(values: Sequence[Value]) -> Value:
    first, *rest = values
    for value in rest:
        if value == first:
            continue
        if isinstance(first, Array) and isinstance(value, Array):
            if first.shape != value.shape:
                raise Disagreement(f"({spelled(first.shape)}) and ({spelled(value.shape)})")
            first = first.with_dtype(first.dtype | value.dtype)
        elif isinstance(first, tuple) and isinstance(value, tuple) and len(first) == len(value):
            first = tuple(_joint(pair) for pair in zip(first, value, strict=True))
        else:
            raise Disagreement("not all of them are arrays of one shape")
    return first


def _intersection(several: Iterable[DTypes]) -> DTypes:
    found = ANY_DTYPE
    for dtypes in several:
        found &= dtypes
    if not found.names:
        raise Disagreement("no dtype suits all operations")
    return found


def _confidence(facts: Sequence[ShapeFact]) -> Confidence:
    if any(fact.proved for fact in facts):
        return Confidence.PROVED
    return Confidence.SUPPORTED if len({fact.evidence.source for fact in facts}) > 1 else Confidence.STATED
