"""Why a value does not fit its hint, as data: made by the reference, told by the reports."""

from dataclasses import dataclass

from shapecheck.runtime.arrays import class_of, describe
from shapecheck.runtime.errors import Binding
from shapecheck.runtime.hints import Hint
from shapecheck.runtime.scope import Place


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a value does not fit; data for a report.

    Attributes:
        progress: how far the check came (0 class, 1 dtype, 2 rank, 3 axes), to choose among members of a union.
        fatal: an annotation that broke while it was evaluated; no other member of a union is tried.
    """

    code: str
    reason: str
    expected: str
    found: str
    place: Place
    axis: int | None = None
    bindings: tuple[Binding, ...] = ()
    progress: int = 0
    fatal: bool = False


class Misfit(Exception):
    """A reason on its way to the place that knows value and hint."""

    def __init__(self, code: str, reason: str, axis: int | None = None, *, progress: int = 3) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.axis = axis
        self.progress = progress


def wrong_class(hint: Hint, value: object, place: Place) -> Failure:
    """The failure of a value whose class alone rules it out."""
    reason = f"its type is {class_of(value)}" if value is not None else "it is None"
    return Failure("shape-type", reason, str(hint), describe(value), place)
