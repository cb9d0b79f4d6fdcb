"""Comparing the two verdicts: which differences are defects, which are agreed, and the table of it all."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.differential.modules import PRELUDE, Kind
from tests.differential.verdicts import Outcome


class Finding(enum.StrEnum):
    """How the verdicts on a program compare.

    A silent checker is wrong (`MISS`) only where every size is known. In a body that must work for every size, failures
    in all variants (`UNSEEN`) are worth a look, those in some are not errors by law.
    """

    BOTH_ACCEPT = "both accept"
    BOTH_REJECT = "both reject"
    FALSE_ALARM = "static only"
    MISS = "run time only"
    WRONG_TYPE = "wrong type"
    AGREED = "agreed exception"
    UNSEEN = "every size fails"
    UNDECIDED = "some sizes work"

    @property
    def defect(self) -> bool:
        return self in (Finding.FALSE_ALARM, Finding.MISS, Finding.WRONG_TYPE)


@dataclass(frozen=True)
class Agreed:
    """A difference that is right as it is: what the failure says, what the program does, and why the checker is silent."""

    reason: str
    raised: str
    written: str = ""


AGREED: Sequence[Agreed] = (
    Agreed(
        "A size computed from a name that no earlier argument bound (`#n` of size 1 binds nothing) stops jaxtyping "
        "with an error about the annotation. The checker answers unknown.",
        raised="AnnotationError",
    ),
    *(
        Agreed("Values decide: a division of ints by zero, classes below zero.", raised=text)
        for text in ("ZeroDivisionError", "Class values must be non-negative")
    ),
    Agreed("`torch.einsum` promotes dtypes with some kernels, not with others.", "expected scalar type", "einsum("),
    Agreed(
        "Only in training `Dropout` takes no integers.", "result type Float can't be cast to the desired output type", "Dropout("
    ),
    Agreed(
        "NumPy's sums take axis 0 of an array without axes, its means do not.", "out of bounds for array of dimension 0", "np."
    ),
    *(
        Agreed("A kernel that CPUs lack and other devices have: the same program runs there.", raised=text)
        for text in ("\"abs_cpu\" not implemented for 'Bool'", "nansum on CPU", "\"trace\" not implemented for 'Bool'")
    ),
)


def finding(outcome: Outcome) -> Finding:
    """How the verdicts on a program compare."""
    if _agreed(outcome):
        return Finding.AGREED
    match outcome.rejected, outcome.failed:
        case True, True:
            return Finding.BOTH_REJECT
        case True, False:
            return Finding.FALSE_ALARM
        case False, True:
            return _silent(outcome)
        case _:
            return Finding.WRONG_TYPE if outcome.broken else Finding.BOTH_ACCEPT


def _silent(outcome: Outcome) -> Finding:
    match outcome.program.kind:
        case Kind.BODIES:
            return Finding.UNSEEN if outcome.always else Finding.UNDECIDED
        case Kind.GRADUAL:
            return Finding.UNDECIDED
        case _:
            return Finding.MISS


def _agreed(outcome: Outcome) -> Agreed | None:
    text = " ".join(f"{type(error).__name__}: {error}" for error in _chain(outcome.failure))
    for each in AGREED:
        if not outcome.rejected and each.raised in text and each.written in outcome.program.source:
            return each
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def explain(outcome: Outcome) -> str:
    """A program with both verdicts, to read."""
    said = [f"  line {each.line}: {each}" for each in outcome.errors] or ["  nothing"]
    lines = str(outcome.failure).strip().splitlines() if outcome.failure else []
    ran = [f"  {type(outcome.failure).__name__}: {' '.join(lines)[:400]}"] if outcome.failure else ["  returns"]
    numbered = [f"{at:4} {line}" for at, line in enumerate(outcome.program.source.splitlines(), 1)]
    shown = "\n".join(line for line in numbered if line[5:] not in PRELUDE.splitlines())
    return "\n".join(
        [
            f"{outcome.program.kind} {outcome.program.name}: {finding(outcome)}",
            shown,
            " static:",
            *said,
            " run time:",
            *ran,
            *outcome.broken,
        ]
    )


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two programs differ in the same way: what stays while a program is made smaller."""
    return finding(one) is finding(other) and _signature(one) == _signature(other)


def _signature(outcome: Outcome) -> tuple[str, str]:
    return (outcome.errors[0].code if outcome.errors else "", type(outcome.failure).__name__)


# --- the table -----------------------------------------------------------------------------------------------------

COLUMNS = tuple(Finding)


@dataclass
class Table:
    """Counts of findings in all, by kind and by construct."""

    total: Counter[Finding] = field(default_factory=Counter)
    by_kind: dict[str, Counter[Finding]] = field(default_factory=dict)
    by_construct: dict[str, Counter[Finding]] = field(default_factory=dict)
    vague: int = 0
    revealed: int = 0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            found = finding(outcome)
            self.total[found] += 1
            self.by_kind.setdefault(outcome.program.kind, Counter())[found] += 1
            for construct in outcome.program.constructs:
                self.by_construct.setdefault(construct, Counter())[found] += 1
            self.revealed += bool(outcome.promises)
            self.vague += outcome.vague

    def __str__(self) -> str:
        head = f"{'':22}{'tried':>8}" + "".join(f"{name:>18}" for name in COLUMNS)
        rows = [("all", self.total), *sorted(self.by_kind.items()), ("", Counter()), *sorted(self.by_construct.items())]
        body = [
            f"{name:22}{counts.total():8}" + "".join(f"{counts[column]:18}" for column in COLUMNS) if name else ""
            for name, counts in rows
        ]
        return "\n".join([head, *body])
