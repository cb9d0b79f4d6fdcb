"""Which axis of a shape is which of an operand: `*b m? k` beside `*batch n d`.

Called by `signature`, which binds the sizes that are paired here; a pure function of ranks, no size matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.notation import Axis, Operand
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape


@dataclass(frozen=True, slots=True)
class Taken:
    """The axes of an operand with the sizes that a shape has there, and what its run stands for.

    Attributes:
        sizes: each axis, its actual size and its index in the shape.
        between: the run's part of the shape; None for an operand without one.
        dropped: the optional axes that the shape lacks.
        undecided: whether it is not known which optional axes the shape has.
    """

    sizes: tuple[tuple[Axis, Dim, int], ...]
    between: Shape | None
    dropped: tuple[str, ...] = ()
    undecided: bool = False


def take(operand: Operand, actual: Shape, absorb: bool) -> Taken | Mismatch:
    """Pairs the axes of an operand with an actual shape's; a mismatch when it has too few or too many.

    `absorb`: an optional axis that may or may not be there counts as the end of the run before it.
    """
    if not operand.left and not operand.right and operand.run is not None:
        return Taken((), actual)
    if (mismatch := _rank_mismatch(operand, actual)) is not None:
        return mismatch
    rank = actual.rank
    if rank is None and actual.min_rank < len(operand.axes) and operand.required < len(operand.axes):
        if not absorb:
            return Taken(_right_sizes(operand, actual), None, undecided=True)
        right = tuple(axis for axis in operand.right if not axis.optional)
        folded = Operand(operand.text, operand.left, operand.run, right)
        return _split(folded, actual, _optional_names(operand.axes))
    missing = max(0, len(operand.axes) - rank) if rank is not None else 0
    return _without(operand, missing, actual)


def _optional_names(axes: Iterable[Axis]) -> tuple[str, ...]:
    return tuple(axis.name for axis in axes if axis.optional)


def _without(operand: Operand, missing: int, actual: Shape) -> Taken:
    """Drops as many optional axes as the operand is short of, the first ones first."""
    if not missing:
        return _split(operand, actual, ())
    optional = [axis for axis in operand.axes if axis.optional][:missing]
    left = tuple(axis for axis in operand.left if axis not in optional)
    right = tuple(axis for axis in operand.right if axis not in optional)
    return _split(Operand(operand.text, left, operand.run, right), actual, _optional_names(optional))


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


def _split(operand: Operand, actual: Shape, dropped: tuple[str, ...]) -> Taken:
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
    return Taken(_paired(operand, head, tail), between, dropped)


def _split_known(operand: Operand, sizes: tuple[Dim, ...], dropped: tuple[str, ...]) -> Taken:
    left, stop = len(operand.left), len(sizes) - len(operand.right)
    between = Shape(sizes[left:stop]) if operand.run is not None else None
    return Taken(_paired(operand, sizes[:left], sizes[stop:]), between, dropped)


def _paired(operand: Operand, head: Sequence[Dim], tail: Sequence[Dim]) -> tuple[tuple[Axis, Dim, int], ...]:
    before = [(axis, size, index) for index, (axis, size) in enumerate(zip(operand.left, head, strict=True))]
    after = [(axis, size, index - len(tail)) for index, (axis, size) in enumerate(zip(operand.right, tail, strict=True))]
    return (*before, *after)
