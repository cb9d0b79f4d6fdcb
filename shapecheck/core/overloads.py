"""Several signatures in one line: `"n -> n n; m n -> min(m,n)"`, of which a call takes the first that fits.

    a -> b; c -> d               `c -> d` where the operands have not as many axes as `a`
    a -> b; a, c -> d            `a -> b` where the second operand is None
    a -> b if mode=full; -> c    by an argument; a signature that begins with its arrow has the operands of the one before

Conditions are `name=word` (a word, a number, None, ()), `name` and `not name`, joined by `and`. Where it is not known which
signature fits, all that may are answered. Called by the rule families, which read every signature this way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shapecheck.core.dim import Dim, Verdict, compare, dim
from shapecheck.core.notation import Operand
from shapecheck.core.pairing import fits_rank, rank_mismatch
from shapecheck.core.shape import Mismatch, Shape
from shapecheck.core.signature import Signature, signature
from shapecheck.core.value import UNKNOWN, Scalar, Value

type Call = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Condition:
    """What an argument must be for a signature to fit."""

    argument: str
    wanted: Value

    def holds(self, call: Call) -> bool | None:
        """Whether it holds in a call; None when that is not known."""
        value = call[self.argument]
        if value is self.wanted:
            return True
        if isinstance(value, Dim) and isinstance(self.wanted, Dim):
            verdict = compare(value, self.wanted)
            return None if verdict is Verdict.UNKNOWN else verdict is Verdict.EQUAL
        if value is UNKNOWN or (isinstance(value, Scalar) and isinstance(self.wanted, bool)):
            return None
        return type(value) is type(self.wanted) and value == self.wanted


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the signatures of a line, and the arguments by which a call takes it."""

    shapes: Signature
    conditions: tuple[Condition, ...]
    ranked: tuple[int, ...]
    """The operands whose number of axes chooses: not those with axes at arguments, or that only broadcast, or of any axes."""

    def is_open(self, shapes: Sequence[Shape | None], call: Call, least: int) -> bool | None:
        """Whether its conditions hold and the call has its operands; None when that is not known.

        `least`: the number of operands that all signatures have; of the others those that it lacks must be None.
        """
        certain = True
        for condition in self.conditions:
            held = condition.holds(call)
            if held is False:
                return False
            certain = certain and held is not None
        for position in range(least, len(shapes)):
            if (shapes[position] is None) is (position < len(self.shapes.operands)):
                return False
        return certain or None

    def misfit(self, shapes: Sequence[Shape | None]) -> int | None:
        """The first operand that has not as many axes as its shape."""
        return next((position for position in self.ranked if self._fits(position, shapes) is False), None)

    def fits(self, shapes: Sequence[Shape | None]) -> bool:
        """Whether all operands have for certain as many axes as their shapes."""
        return all(self._fits(position, shapes) for position in self.ranked)

    def _fits(self, position: int, shapes: Sequence[Shape | None]) -> bool | None:
        actual = shapes[position]
        return True if actual is None else fits_rank(self.shapes.operands[position], actual)


@dataclass(frozen=True, slots=True)
class Overloads:
    """The signatures of a line; `str` gives its text."""

    text: str
    alternatives: tuple[Alternative, ...]
    signatures: tuple[Signature, ...]
    names: frozenset[str]
    """Every name that a size or run goes by."""
    runs: frozenset[str]
    """The names of runs."""
    arguments: frozenset[str]
    """The arguments that conditions speak of."""
    arity: int
    """The number of operands of the signature that has most."""
    least: int
    """The number of operands of the signature that has fewest."""

    def __str__(self) -> str:
        return self.text

    @property
    def is_single(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.alternatives) == 1 and not self.arguments

    def chosen(self, shapes: Sequence[Shape | None], call: Call, names: Sequence[str] = ()) -> list[int] | Mismatch:
        """The signatures that a call may take, by number; none where no conditions hold, a mismatch where no ranks fit.

        `names`: what a mismatch calls the operands.
        """
        found: list[int] = []
        misfits: list[tuple[int, Operand]] = []
        taken: list[tuple[Operand, ...]] = []
        for number, each in enumerate(self.alternatives):
            is_open = each.is_open(shapes, call, self.least)
            if is_open is False or (taken and each.shapes.operands in taken):
                continue
            if each.ranked and (position := each.misfit(shapes)) is not None:
                misfits.append((position, each.shapes.operands[position]))
                continue
            found.append(number)
            if is_open and each.fits(shapes):
                break
            if is_open:
                taken.append(each.shapes.operands)
        return _refusal(misfits, shapes, names) if misfits and not found else found


def _refusal(misfits: Sequence[tuple[int, Operand]], shapes: Sequence[Shape | None], names: Sequence[str]) -> Mismatch:
    """The mismatch of the operand that stopped the last signatures, in which any of their ranks would do."""
    last = max(position for position, _ in misfits)
    actual = shapes[last]
    assert actual is not None
    wanted = [operand for position, operand in misfits if position == last]
    return rank_mismatch(wanted, actual, names[last] if names else "")


@lru_cache(maxsize=1024)
def overloads(text: str) -> Overloads:
    """Reads a line of signatures.

    Raises:
        ValueError: the text is not in the notation of this module and of `notation`.
    """
    alternatives = _alternatives(text) if ";" in text or " if " in text else (_alternative(signature(text)),)
    signatures = tuple(each.shapes for each in alternatives)
    return Overloads(
        text,
        alternatives,
        signatures,
        names=frozenset[str]().union(*(each.names for each in signatures)),
        runs=frozenset[str]().union(*(each.runs for each in signatures)),
        arguments=frozenset(condition.argument for each in alternatives for condition in each.conditions),
        arity=max(len(each.operands) for each in signatures),
        least=min(len(each.operands) for each in signatures),
    )


def _alternatives(text: str) -> tuple[Alternative, ...]:
    found: list[Alternative] = []
    for part in text.split(";"):
        shapes, _, conditions = part.strip().partition(" if ")
        if found and shapes.startswith("->"):
            shapes = found[-1].shapes.text.partition("->")[0] + shapes
        found.append(_alternative(signature(shapes), tuple(map(_condition, conditions.split(" and "))) if conditions else ()))
    return tuple(found)


def _alternative(shapes: Signature, conditions: tuple[Condition, ...] = ()) -> Alternative:
    ranked = tuple(
        number for number, each in enumerate(shapes.operands) if not each.lifted and not each.broadcasts and each.is_ranked
    )
    return Alternative(shapes, conditions, ranked)


def _condition(text: str) -> Condition:
    name, equals, word = text.strip().partition("=")
    if not equals:
        return Condition(name.removeprefix("not "), not name.startswith("not "))
    constants: Mapping[str, Value] = {"None": None, "()": ()}
    return Condition(name, constants[word] if word in constants else dim(int(word)) if word.removeprefix("-").isdigit() else word)
