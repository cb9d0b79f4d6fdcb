"""Making arrays larger: broadcasting to sizes, repeating, tiling, overlapping windows along an axis.

`reshape` has what keeps the number of elements.
"""

from __future__ import annotations

from shapecheck.core.axes import place
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, dim
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, axis_from_right
from shapecheck.core.value import Arguments, Array, Library
from shapecheck.rules.axes import (
    any_of_rank,
    at_least,
    at_most,
    differs,
    integer,
    integers,
    is_one,
    on_array,
    replaced,
    size,
    size_at,
    sizes,
)
from shapecheck.rules.families import gufunc, kept
from shapecheck.rules.reshape import MINUS_ONE, listed
from shapecheck.rules.table import rule

# --- broadcasting to sizes ---------------------------------------------------------------------------------------


def expanded(shape: Shape, target: tuple[Dim, ...], a: Arguments) -> Shape | Mismatch:
    """The shape broadcast to sizes, in which torch writes -1 for "as it is"."""
    if shape.run is None and len(shape.prefix) > len(target):
        reason = f"cannot expand {len(shape.prefix)} axes ({shape}) to {len(target)} ({listed(target)})"
        return Mismatch("shape-broadcast", reason, None, listed(target), str(shape))
    result: list[Dim] = []
    for distance, wanted in enumerate(reversed(target)):
        have = axis_from_right(shape, distance)
        axis = -1 - distance
        if wanted == MINUS_ONE and a.library is Library.TORCH:
            if have is None:
                return Mismatch("shape-op", f"-1 in a new axis {axis}: there is no size to keep", axis)
            result.insert(0, have)
        elif at_most(wanted, -1):
            if ZERO not in (*target, shape.size):  # torch lets it pass when there are no elements
                return Mismatch("shape-op", f"{wanted} is not a size", axis, "", str(wanted))
            result.insert(0, UNKNOWN_DIM)
        elif have is not None and not _expands(have, wanted, a):
            reason = f"cannot expand axis {axis} from {have} to {wanted}, only an axis of size 1 expands"
            return Mismatch("shape-broadcast", reason, axis, str(wanted), str(have))
        else:
            result.insert(0, wanted)
    return Shape(tuple(result))


def _expands(have: Dim, wanted: Dim, a: Arguments) -> bool:
    """Whether `have` may be expanded to `wanted`; a size of another kind than a rigid one may be 1."""
    return is_one(have) is not False or not differs(have, wanted, a)


@on_array
def expand(a: Arguments, shape: Shape) -> Shape | Mismatch:
    target = sizes(a["size"])
    return ANY_SHAPE if target is None else expanded(shape, target, a)


# --- repeating ---------------------------------------------------------------------------------------------------


@on_array
def repeat(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`Tensor.repeat`: at least as many factors as axes."""
    factors = sizes(a["repeats"])
    if factors is None:
        return ANY_SHAPE
    if shape.rank is not None and len(factors) < shape.rank:
        reason = f"{len(factors)} repeats for {shape.rank} axes ({shape})"
        return Mismatch("shape-rank", reason, None, f"{shape.rank} repeats", str(len(factors)))
    return _repeated(shape, factors, a)


@on_array
def tile(a: Arguments, shape: Shape) -> Shape | Mismatch:
    factors = sizes(a["dims"])
    if factors is None or shape.rank is None:
        return ANY_SHAPE
    return _repeated(shape, (*[ONE] * (shape.rank - len(factors)), *factors), a)


def _repeated(shape: Shape, factors: tuple[Dim, ...], a: Arguments) -> Shape | Mismatch:
    if shape.rank is None:
        return Shape((UNKNOWN_DIM,) * len(factors))
    for axis, factor in enumerate(factors):
        if at_most(factor, -1) and a.library is not Library.JAX:  # jax answers something of negative size
            return Mismatch("shape-op", f"cannot repeat axis {axis} {factor} times", axis)
    full = (*[ONE] * (len(factors) - shape.rank), *shape.dims)
    return Shape(tuple(one * factor for one, factor in zip(full, factors, strict=True)))


@on_array
def repeat_interleave(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Every element (or slice along an axis) several times in place."""
    if a["dim"] is None:
        return _interleaved(Shape((shape.size,)), 0, a)
    axis = integer(a["dim"])
    if shape == Shape():
        shape, axis = Shape((ONE,)), 0 if a.library is Library.JAX else axis  # jax does not look at a scalar's axis
    at = None if axis is None else place(axis, shape)
    if isinstance(at, Mismatch):
        return at
    return any_of_rank(shape) if at is None else _interleaved(shape, at, a)


def _interleaved(shape: Shape, at: int, a: Arguments) -> Shape | Mismatch:
    before = size_at(shape, at)
    match a["repeats"]:
        case Dim() as times if at_most(times, -1) and (a["output_size"] is None or a.library is not Library.JAX):
            return Mismatch("shape-op", f"cannot repeat {times} times", at)
        case Dim() as times if a["output_size"] is None or a.library is not Library.JAX:  # jax cuts or fills up to that size
            return replaced(shape, at, before * times)
        case tuple() as counts if all(isinstance(count, Dim) for count in counts):
            return _interleaved_by(shape, at, [size(count) for count in counts], a)
        case Array(shape=counts) if counts.rank == 1 and _never_pairs(before, counts.dims[0], a):
            reason = f"{counts.dims[0]} repeats for an axis of size {before}"
            return Mismatch("shape-mismatch", reason, at, str(before), str(counts.dims[0]))
        case Dim() as times:
            return replaced(shape, at, size(a["output_size"]) if at_least(before * times, 1) else UNKNOWN_DIM)
        case _:
            return replaced(shape, at, size(a["output_size"]))


def _never_pairs(before: Dim, counts: Dim, a: Arguments) -> bool:
    """Whether the repeats are neither as many as the elements nor a single one (torch and jax then broadcast it)."""
    return differs(before, counts, a) and is_one(counts) is False


def _interleaved_by(shape: Shape, at: int, counts: list[Dim], a: Arguments) -> Shape | Mismatch:
    before = size_at(shape, at)
    if len(counts) == 1:
        return replaced(shape, at, before * counts[0])
    if differs(before, dim(len(counts)), a):
        reason = f"{len(counts)} repeats for an axis of size {before}"
        return Mismatch("shape-mismatch", reason, at, str(before), str(len(counts)))
    return replaced(shape, at, sum(counts, ZERO))


# --- windows -----------------------------------------------------------------------------------------------------


@on_array
def unfold(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`Tensor.unfold`: an axis becomes its windows, which are a new last axis."""
    axis, window, step = integer(a["dimension"]), size(a["size"]), size(a["step"])
    at = None if axis is None else place(axis, shape, scalar_has_axis=True)
    if isinstance(at, Mismatch):
        return at
    if at is None or shape.rank is None:
        return ANY_SHAPE
    if shape == Shape():
        return Shape((window,))
    before = shape.dims[at]
    if at_most(before - window, -1):
        return Mismatch(
            "shape-op", f"a window of {window} is larger than axis {at} of size {before}", at, f">={window}", str(before)
        )
    if at_most(step, 0):
        return Mismatch("shape-op", f"the step is {step}, it must be positive", at)
    count = (before - window) // step + 1
    return Shape((*replaced(shape, at, count).dims, window))


@on_array
def sliding(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`sliding_window_view`: every place of a window along some axes, whose elements are new last axes."""
    window = sizes(a["window_shape"])
    if window is None or shape.rank is None:
        return ANY_SHAPE
    axes = tuple(range(shape.rank)) if a["axis"] is None else integers(a["axis"])
    if axes is None:
        return ANY_SHAPE
    if len(axes) != len(window):
        return Mismatch("shape-op", f"a window of {len(window)} sizes ({listed(window)}) for {len(axes)} axes")
    left = list(shape.dims)
    for axis, covered in zip(axes, window, strict=True):
        at = place(axis, shape)
        if not isinstance(at, int):
            return at or ANY_SHAPE
        if at_most(covered, -1) or at_most(left[at] - covered, -1):
            reason = f"a window of {covered} does not fit axis {axis} of size {left[at]}"
            return Mismatch("shape-op", reason, at, f">={covered}", str(left[at]))
        left[at] = left[at] - covered + 1
    return Shape((*left, *window))


TABLE = (
    rule(expand, "input, *size, implicit=False", "Tensor.expand", "torch.expand_copy"),
    rule(expand, "input|arr|array, *size|shape, **", "Tensor.broadcast_to", "torch.broadcast_to", "jnp.broadcast_to", "np.broadcast_to"),
    gufunc("*#s, *s -> *s", "input, other", kept, "Tensor.expand_as"),
    rule(repeat, "input, *repeats|repeats", "Tensor.repeat"),
    rule(tile, "input, *dims", "Tensor.tile"),
    rule(tile, "input|A, dims|reps", "torch.tile", "jnp.tile", "np.tile"),
    rule(tile, "input|operand, dims|reps", "jax.lax.tile"),
    rule(repeat_interleave, "input|a, repeats, dim|axis=None, output_size|total_repeat_length=None, **", "torch.repeat_interleave", "Tensor.repeat_interleave", "jnp.repeat", "np.repeat", "Array.repeat", "ndarray.repeat"),
    rule(unfold, "input, dimension, size, step", "Tensor.unfold", "torch.unfold_copy"),
    rule(sliding, "input|x, window_shape, axis=None, **", "np.lib.stride_tricks.sliding_window_view"),
)  # fmt: skip
