"""What a failed check raises, with everything it knows as data.

Raised by :mod:`shapecheck.runtime.reference` only. jaxtyping is not imported here: the class that is really raised also
derives from jaxtyping's own error, and is made when the first check fails, by which time jaxtyping is loaded.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "AnnotationError",
    "Binding",
    "Report",
    "ShapeError",
    "ShapeWarning",
    "UncheckedWarning",
    "annotation_error",
    "shape_error",
    "subject",
    "warn",
]

_SPECIAL = {"return": "the return value", "yield": "an earlier item", "body": "the body"}

type Size = int | tuple[int, ...] | str


@dataclass(frozen=True, slots=True)
class Binding:
    """A name, its value in this call, and who gave it that value.

    Attributes:
        name: as written, with its star: `b`, `*batch`, or the name of a PyTree structure.
        value: a size, a shape, or a tree structure as text.
        argument: the argument that bound it, such as `x`, `xs[2]` or `return`.
        axis: the axis of that argument, for a size; the first of the axes for a shape; None for a structure.
    """

    name: str
    value: Size
    argument: str
    axis: int | None

    def __str__(self) -> str:
        return f"{self.name} = {self.value} ({self.origin})"

    @property
    def origin(self) -> str:
        """Who bound it, in words."""
        where = _SPECIAL.get(self.argument) or f"`{self.argument.removeprefix('local ')}`"
        return where if self.axis is None else f"{where} axis {self.axis}"


@dataclass(frozen=True, slots=True)
class Report:
    """One failed check.

    Attributes:
        code: the diagnostic code: `shape-mismatch`, `shape-rank`, `shape-dtype`, `shape-broadcast` or `shape-type`.
        function: qualified name of the checked function.
        argument: the parameter at fault, or `return`, `yield`, `self.weight` for an attribute, `local y` for a local.
        place: where in that argument, such as `xs[2]["w"]`; equal to `argument` when it is the whole of it.
        expected: the annotation, `Float[Tensor, "b c"]`.
        found: the value in the same words, `Float32[Tensor, "4 5"]`.
        reason: what does not fit, in one line.
        axis: the axis at fault, when it is one axis.
        bindings: every name bound so far, in order.
        hint: how to repair it, where that is certain.
    """

    code: str
    function: str
    argument: str
    place: str
    expected: str
    found: str
    reason: str
    axis: int | None = None
    bindings: tuple[Binding, ...] = ()
    hint: str | None = None

    def __str__(self) -> str:
        rows = [("expected", self.expected), ("found", self.found), ("because", self.reason)]
        if self.bindings:
            rows.append(("bound", ", ".join(map(str, self.bindings))))
        if self.hint:
            rows.append(("hint", self.hint))
        lines = "".join(f"\n  {label:<8}  {text}" for label, text in rows)
        return f"{self.function}: {subject(self.argument, self.place)} does not fit its annotation{lines}"


def subject(argument: str, place: str) -> str:
    """What a message is about, in words: `` argument `xs[2]` ``, `the return value`."""
    match argument:
        case "return" | "yield":
            kind = f"the {argument} value"
            return kind if place == argument else f"{kind} (at `{place}`)"
        case _ if argument.startswith("local "):
            return f"the local `{place.removeprefix('local ')}`"
        case _:
            return f"{'attribute' if argument.startswith('self.') else 'argument'} `{place}`"


class ShapeError(TypeError):
    """A value does not fit its annotation. The attributes are those of :class:`Report`.

    It is also a `jaxtyping.TypeCheckError` whenever jaxtyping is in use, so handlers written for that still work.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name not in Report.__slots__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.report, name)

    def __reduce__(self) -> tuple[Callable[[Report], ShapeError], tuple[Report]]:
        return shape_error, (self.report,)


class AnnotationError(Exception):
    """An annotation that cannot be checked as it stands: `n+1` before `n`, or `?n` outside a structured PyTree.

    It is also a `jaxtyping.AnnotationError` whenever jaxtyping is in use.
    """

    def __reduce__(self) -> tuple[Callable[[str], AnnotationError], tuple[str]]:
        return annotation_error, (str(self),)


class ShapeWarning(UserWarning):
    """A value does not fit its annotation, in mode `warn`."""


class UncheckedWarning(UserWarning):
    """Something was asked to be checked and cannot be."""


_OURS: Final = (__file__.rpartition("errors")[0], "<shapecheck")


def warn(text: str, category: type[Warning]) -> None:
    """A warning about the line that called or decorated what is checked."""
    warnings.warn(text, category, skip_file_prefixes=_OURS)


def shape_error(report: Report) -> ShapeError:
    """The exception for a report."""
    return _ours_and_theirs(ShapeError, "TypeCheckError")(report)


def annotation_error(text: str) -> AnnotationError:
    """The exception for an annotation that makes no sense."""
    return _ours_and_theirs(AnnotationError, "AnnotationError")(text)


def _ours_and_theirs[E: Exception](ours: type[E], name: str) -> type[E]:
    """Our class, also derived from jaxtyping's of that name if jaxtyping has been imported."""
    theirs = getattr(sys.modules.get("jaxtyping"), name, None)
    return _derive(ours, theirs) if isinstance(theirs, type) else ours


_derived: dict[tuple[type, type], Any] = {}


def _derive[E: Exception](ours: type[E], theirs: type) -> type[E]:
    if (ours, theirs) not in _derived:
        contents = {"__module__": "shapecheck", "__doc__": ours.__doc__}
        _derived[ours, theirs] = type(ours.__name__, (ours, theirs), contents)
    derived: type[E] = _derived[ours, theirs]
    return derived


# What a traceback prints: the name users import.
for _public in (ShapeError, ShapeWarning, AnnotationError, UncheckedWarning):
    _public.__module__ = "shapecheck"
