"""Recorded runs as evidence: the shapes that a function was really called with, from `shapecheck run --record`.

Only what differs between calls says something: an axis that had several sizes is a name, the same name for all axes that
had the same size in every call. An axis of one size may be a constant or an accident; of it only its existence counts.
The recording is read by the command line; `walk` has each function's part read before its statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from shapecheck.codemod.facts import DTypeFact, ShapeFact
from shapecheck.codemod.frame import CONSTRUCTOR, Frame
from shapecheck.codemod.report import RETURN, Evidence
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Symbol, dim
from shapecheck.core.dtype import CLASSES
from shapecheck.core.recording import Call, Recording, Seen
from shapecheck.core.shape import Shape

__all__ = ["read_recording"]

type _Calls = Sequence[Mapping[str, Seen]]

_KINDS = ("Float", "Int", "UInt", "Bool", "Complex", "Key")


def read_recording(frame: Frame) -> None:
    """Takes note of what was seen when the program ran: names that the code gives are better than these."""
    calls = _calls_of(frame.program.recording, frame.function.module.source.path, frame.function.qualname)
    shapes = _observed_shapes(calls, frame.scope)
    line, text = frame.function.node.lineno, f"{len(calls)} different calls"
    for parameter in (each.arg for each in frame.function.parameters if each.arg in shapes):
        evidence = Evidence("recorded run", line, f"{parameter} in {text}")
        frame.facts.sizes.name(shapes[parameter], CONSTRUCTOR)
        frame.add_shape(parameter, ShapeFact(shapes[parameter], evidence, False))
        if (kind := _kind(calls, parameter)) is not None:
            frame.add_dtypes(parameter, DTypeFact(CLASSES[kind], evidence))
    if RETURN in shapes:
        fact = ShapeFact(shapes[RETURN], Evidence("recorded run", line, text), False)
        frame.facts.stated_results += [] if fact in frame.facts.stated_results else [fact]


def _calls_of(recording: Recording, path: Path, function: str) -> list[Call]:
    """The different calls of a function; the recording's files are relative to some folder above the file."""
    parts = path.resolve().parts
    found: list[Call] = []
    for (file, name), calls in recording.functions.items():
        inside = Path(file).parts
        if name == function and parts[-len(inside) :] == inside:
            found += calls
    return found


def _observed_shapes(calls: Sequence[Call], scope: str) -> dict[str, Shape]:
    """The shape of each array that had the same rank in all calls that passed it."""
    arrays = [dict(call) for call in calls]
    ranks = {name: {len(seen.shape) for call in arrays if (seen := call.get(name))} for call in arrays for name in call}
    sizes: dict[tuple[int | None, ...], Dim] = {}
    shapes: dict[str, Shape] = {}
    for name, (rank, *others) in ranks.items():
        if not others:
            shapes[name] = Shape(tuple(_axis(arrays, name, axis, sizes, scope) for axis in range(rank)))
    return shapes


def _axis(calls: _Calls, name: str, axis: int, sizes: dict[tuple[int | None, ...], Dim], scope: str) -> Dim:
    seen = tuple(call[name].shape[axis] if name in call else None for call in calls)
    if len(set(seen) - {None}) < 2:
        return UNKNOWN_DIM
    return sizes.setdefault(seen, dim(Symbol(f"d{len(sizes)}", f"{scope}#")))


def _kind(calls: Sequence[Call], name: str) -> str | None:
    """The one class of dtypes that an array had in all calls."""
    dtypes = {seen.dtype for call in calls for each, seen in call if each == name}
    kinds = {kind for dtype in dtypes for kind in _KINDS if dtype in CLASSES[kind].names}
    return kinds.pop() if len(kinds) == 1 else None
