"""Where an axis that is given as a number is in a shape: `dim=-1`, `axes=(0, 2)`, `unsqueeze(1)`.

Axes are answered as places in `Shape.items`, so that this also works on shapes with a run: `dim=-1` of `*b d` is the
place of `d`. Called by signatures and by the rules that are functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM
from shapecheck.core.shape import Mismatch, Shape


def place(axis: int, shape: Shape, scalar_has_axis: bool = False) -> int | Mismatch | None:
    """Where an axis is in `shape.items`; None inside a run; a mismatch when there is no such axis.

    `scalar_has_axis`: torch lets most operations treat a scalar as one axis.
    """
    if shape.run is None:
        rank = max(len(shape.prefix), 1) if scalar_has_axis else len(shape.prefix)
        return axis % rank if -rank <= axis < rank else out_of_range(axis, shape)
    if 0 <= axis < len(shape.prefix):
        return axis
    return len(shape.items) + axis if -len(shape.suffix) <= axis < 0 else None


def out_of_range(axis: int, shape: Shape) -> Mismatch:
    """The mismatch of an axis that an array does not have."""
    count = "no axes" if shape.rank == 0 else "1 axis" if shape.rank == 1 else f"{shape.rank} axes"
    reason = f"axis {axis} is out of range, the array has {count}" + (f' "{shape}"' if shape.rank else "")
    return Mismatch("shape-rank", reason, None, f"more than {axis if axis >= 0 else -axis - 1} axes", str(shape))


def places(axes: Sequence[int], shape: Shape, scalar_has_axis: bool = False) -> list[int] | Mismatch | None:
    """The places of several axes, each of which may occur once."""
    found: list[int] = []
    for axis in axes:
        at = place(axis, shape, scalar_has_axis)
        if not isinstance(at, int):
            return at
        if at in found:
            return Mismatch("shape-op", f"axis {axis} is given twice", axis)
        found.append(at)
    return found


def insertion_place(axis: int, shape: Shape, added: int = 1) -> int | Mismatch | None:
    """Where a new axis goes in `shape.items` when the result has `added` more axes, all on one side; None inside a run."""
    if shape.run is None:
        rank = len(shape.prefix) + added
        if -rank <= axis < rank:
            return axis % rank
        reason = f"a new axis {axis} is out of range, the array has {len(shape.prefix)} axes"
        return Mismatch("shape-rank", reason, None, "", str(shape))
    if 0 <= axis < len(shape.prefix) + added:
        return axis
    return len(shape.items) + added + axis if -len(shape.suffix) - added <= axis < 0 else None


def of_rank(shape: Shape, rank: int) -> Shape | None:
    """The shape knowing that it has `rank` axes; None when it never has."""
    if shape.run is None:
        return shape if len(shape.prefix) == rank else None
    missing = rank - shape.min_rank
    return Shape((*shape.prefix, *[UNKNOWN_DIM] * missing, *shape.suffix)) if missing >= 0 else None
