"""Windows over the last axes of arrays: how arguments give them, how many places they have, and which arrays they take.

A kernel, a stride, a padding and a dilation are one int or one for each axis. Called by `convolution`, `pooling`, `padding` and
the layers of other libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict
from shapecheck.core.dtype import CLASSES, DTypes, accepts
from shapecheck.core.shape import ANY_RUN, Mismatch, Shape, from_items
from shapecheck.core.value import Arguments, Array, Value
from shapecheck.rules.axes import at_least, at_most, size

AXES = {1: "length", 2: "height, width", 3: "depth, height, width"}
INEXACT = CLASSES["Inexact"]


# --- reading the arguments ---------------------------------------------------------------------------------------


def per_axis(value: Value, count: int) -> tuple[Dim, ...]:
    """A size for each axis: one for all, or a tuple of them."""
    match value:
        case tuple() if len(value) in (1, count):
            return tuple(map(size, value)) * (count // len(value))
        case Dim():
            return (value,) * count
        case _:
            return (UNKNOWN_DIM,) * count


def last_axes(shape: Shape, count: int) -> tuple[Dim, ...]:
    """The last `count` sizes; those that may be inside a run are unknown."""
    known = shape.prefix if shape.run is None else shape.suffix
    return ((UNKNOWN_DIM,) * (count - len(known)) + known)[-count:]


def with_last_axes(shape: Shape, count: int, sizes: Sequence[Dim]) -> Shape:
    """The shape with other sizes in place of its last `count` ones."""
    if shape.run is None:
        return Shape((*shape.prefix[: len(shape.prefix) - count], *sizes))
    if len(shape.suffix) < count:
        return Shape((), ANY_RUN, tuple(sizes))
    return from_items([*shape.prefix, shape.run, *shape.suffix[: len(shape.suffix) - count], *sizes])


def wrong_rank(shape: Shape, ranks: Sequence[int], words: str) -> Mismatch | None:
    """The mismatch of an array that has none of the numbers of axes."""
    if shape.rank in ranks or (shape.rank is None and shape.min_rank <= max(ranks)):
        return None
    count = " or ".join(map(str, sorted(ranks))) if len(ranks) < 4 else f"at least {min(ranks)}"
    return Mismatch("shape-rank", f'expected {count} axes ({words}), found {shape.min_rank} ("{shape}")', None, count, str(shape))


def channels_first(axes: int) -> str:
    """How messages call the axes of an image batch."""
    return f"batch, channels, {AXES[axes]}"


def not_float(array: Array) -> Mismatch | None:
    """The mismatch of an array of ints or bools where weights are floats."""
    if accepts(INEXACT, array.dtype) is Verdict.DIFFERENT:
        return Mismatch("shape-dtype", f"expected a float array, found {array.dtype}", None, "Float", str(array.dtype))
    return None


def float_part(dtypes: DTypes) -> DTypes:
    """What is left of the possible dtypes once the library took the array."""
    return dtypes & INEXACT


# --- windows -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """A window along one axis; all are sizes, `before` and `after` the padding at both ends."""

    kernel: Dim
    stride: Dim = ONE
    before: Dim = ZERO
    after: Dim = ZERO
    dilation: Dim = ONE

    @property
    def reach(self) -> Dim:
        """The elements from the first to the last that it covers."""
        return self.dilation * (self.kernel - 1) + 1

    def count(self, n: Dim, axis: int, ceil: bool = False) -> Dim | Mismatch:
        """How many places it has on an axis of size `n`; with `ceil` a last one may hang over the end."""
        room = n + self.before + self.after - self.reach
        if at_most(room, -1) and (not ceil or at_most(room + self.stride, 0)):
            padded = "" if self.before == ZERO == self.after else f" padded to {n + self.before + self.after}"
            reason = f"a window of {self.reach} does not fit axis {axis} of size {n}{padded}"
            return Mismatch("shape-op", reason, axis, f">={self.reach}", str(n))
        if self.stride.is_unknown or at_most(self.stride, 0):
            return UNKNOWN_DIM
        return self._hanging_over(n, room) if ceil else room // self.stride + 1

    def _hanging_over(self, n: Dim, room: Dim) -> Dim:
        """The count rounded up, less a last window that would start behind the array and its left padding."""
        count = (room + self.stride - 1) // self.stride + 1
        if at_least(self.reach - self.after - self.stride, 0):
            return count  # none can
        behind = ((count - 1) * self.stride - n - self.before).constant
        return UNKNOWN_DIM if behind is None else count - (behind >= 0)

    def spread(self, n: Dim, extra: Dim) -> Dim:
        """The size of a transposed convolution's output."""
        return (n - 1) * self.stride - self.before - self.after + self.reach + extra


def counted(sizes: Sequence[Dim], windows: Sequence[Window], ceil: bool = False) -> list[Dim] | Mismatch:
    """The output's sizes of windows along the last axes, rounded up with `ceil`."""
    found: list[Dim] = []
    for axis, (n, window) in enumerate(zip(sizes, windows, strict=True), start=-len(sizes)):
        count = window.count(n, axis, ceil)
        if isinstance(count, Mismatch):
            return count
        found.append(count)
    return found


def conv_windows(a: Arguments, axes: int, kernel: Sequence[Dim]) -> list[Window]:
    """The windows of a convolution; the padding may be a word."""
    strides, dilations = per_axis(a["stride"], axes), per_axis(a["dilation"], axes)
    windows = [Window(k, s, ZERO, ZERO, d) for k, s, d in zip(kernel, strides, dilations, strict=True)]
    match a["padding"]:
        case "valid":
            return windows
        case "same":
            return [Window(w.kernel, w.stride, ZERO, w.reach - 1, w.dilation) for w in windows]
        case padding:
            paddings = per_axis(padding, axes)
            return [Window(w.kernel, w.stride, p, p, w.dilation) for w, p in zip(windows, paddings, strict=True)]


def refused_windows(windows: Sequence[Window]) -> Mismatch | None:
    """The mismatch of a stride or a dilation below 1, or of a padding below 0."""
    for axis, window in enumerate(windows, start=-len(windows)):
        for what, value, least in (("stride", window.stride, 1), ("dilation", window.dilation, 1), ("padding", window.before, 0)):
            if at_most(value, least - 1):
                reason = f"the {what} along axis {axis} must be at least {least}, found {value}"
                return Mismatch("shape-op", reason, axis, f">={least}", str(value))
    return None
