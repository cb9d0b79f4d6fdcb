"""Padding and resampling: `F.pad`, `np.pad`, `F.interpolate` and their layers."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import any_of_rank, at_most, on_array, reshaped, size, sizes
from shapecheck.rules.convolution import AXES, last_axes, per_axis, with_last_axes, wrong_rank
from shapecheck.rules.table import Compute, Layer, layer, rule

# --- padding -----------------------------------------------------------------------------------------------------


@on_array
def pad(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """torch's order: pairs of (before, after), the last axis first."""
    amounts = sizes(a["pad"])
    if amounts is None:
        return any_of_rank(shape)
    if len(amounts) % 2:
        return Mismatch("shape-op", f"padding comes in pairs (before, after), found {len(amounts)} amounts")
    count = len(amounts) // 2
    if shape.rank is not None and count > shape.rank:
        reason = f'padding for {count} axes, the array has {shape.rank} ("{shape}")'
        return Mismatch("shape-rank", reason, None, f"at least {count} axes", str(shape))
    return padded(shape, list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]) if count else shape


def padded(shape: Shape, amounts: Sequence[tuple[Dim, Dim]]) -> Shape | Mismatch:
    """The shape with so much before and after each of its last axes."""
    found: list[Dim] = []
    for axis, (n, (before, after)) in enumerate(zip(last_axes(shape, len(amounts)), amounts, strict=True), start=-len(amounts)):
        total = n + before + after
        if at_most(total, -1):
            return Mismatch("shape-op", f"nothing is left of axis {axis}: {n} + {before} + {after} is negative", axis, ">=0", str(total))
        found.append(total)
    return with_last_axes(shape, len(amounts), found)


def pad_layer(axes: int) -> Compute:
    """The computation of the padding layers; the words of `wrong_rank` are those of an image batch."""

    def padded_layer(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        amounts = per_axis(a["padding"], 2 * axes)
        if array.shape.rank is not None and array.shape.rank < axes:
            return wrong_rank(array.shape, range(axes, 99), f"..., {AXES[axes]}") or UNKNOWN
        return reshaped(array, padded(array.shape, list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]))

    return padded_layer


@on_array
def numpy_pad(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`np.pad`: one amount, one pair for all axes, or a pair for each."""
    rank = shape.rank
    if rank is None:
        return ANY_SHAPE
    amounts = _pairs(a["pad_width"], rank)
    if isinstance(amounts, Mismatch):
        return amounts
    for axis, (before, after) in enumerate(amounts):
        if at_most(before, -1) or at_most(after, -1):
            return Mismatch("shape-op", f"padding cannot be negative, found {before} and {after} for axis {axis}", axis)
    return Shape(tuple(n + before + after for n, (before, after) in zip(shape.dims, amounts, strict=True)))


def _pairs(value: Value, rank: int) -> list[tuple[Dim, Dim]] | Mismatch:
    unknown = [(UNKNOWN_DIM, UNKNOWN_DIM)] * rank
    match value:
        case Dim():
            return [(value, value)] * rank
        case (Dim() as before, Dim() as after):
            return [(before, after)] * rank
        case (Dim() as both,):
            return [(both, both)] * rank
        case tuple() if value and all(isinstance(pair, tuple) and len(pair) in (1, 2) for pair in value):
            pairs = [(size(pair[0]), size(pair[-1])) for pair in value if isinstance(pair, tuple)]
            if len(pairs) == 1:
                return pairs * rank
            if len(pairs) != rank:
                return Mismatch("shape-rank", f"padding for {len(pairs)} axes, the array has {rank}", None, str(len(pairs)), str(rank))
            return pairs
        case _:
            return unknown


# --- resampling --------------------------------------------------------------------------------------------------

_AXES_OF_MODE = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


def interpolate(a: Arguments) -> Result:
    """New sizes for all axes after batch and channels, given or as a factor."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    mode = a["mode"]
    axes = _AXES_OF_MODE.get(mode) if isinstance(mode, str) else None
    words = f"batch, channels, {AXES[axes]}" if axes else "batch, channels and 1 to 3 more"
    ranks = (axes + 2,) if axes else (3, 4, 5)
    if (refused := wrong_rank(array.shape, ranks, words)) is not None:
        return refused
    rank = array.shape.rank or (axes + 2 if axes and isinstance(mode, str) else None)
    if rank is None:
        return Array(ANY_SHAPE, array.dtype, array.library)
    found = _resampled(a, array.shape, rank - 2)
    return found if isinstance(found, Mismatch) else reshaped(array, with_last_axes(array.shape, rank - 2, found))


def _resampled(a: Arguments, shape: Shape, axes: int) -> Sequence[Dim] | Mismatch:
    before = last_axes(shape, axes)
    for name in ("size", "scale_factor"):
        given = a[name]
        if isinstance(given, tuple) and len(given) != axes:
            count = len(given)
            return Mismatch("shape-op", f'{name} has {count} values for {axes} axes after batch and channels ("{shape}")', None, str(axes), str(count))
    match a["size"], a["scale_factor"]:
        case None, None:
            return Mismatch("shape-op", "one of size and scale_factor must be given")
        case None, factor:
            return [n * f for n, f in zip(before, per_axis(factor, axes), strict=True)]
        case wanted, None:
            return per_axis(wanted, axes)
        case _:
            return [UNKNOWN_DIM] * axes


def _pad_layers(n: int) -> tuple[Layer, ...]:
    kinds = {"Constant": "padding, value", "Zero": "padding", "Reflection": "padding", "Replication": "padding", "Circular": "padding"}
    return tuple(layer(f"nn.{kind}Pad{n}d", fields, "input", pad_layer(n)) for kind, fields in kinds.items())


TABLE = (
    rule(pad, "input, pad, mode='constant', value=None", "F.pad"),
    rule(numpy_pad, "array, pad_width, mode='constant', **", "jnp.pad", "np.pad"),
    rule(interpolate, "input, size=None, scale_factor=None, mode='nearest', align_corners=None, **", "F.interpolate", "F.upsample"),
    layer("nn.Upsample", "size=None, scale_factor=None, mode='nearest', align_corners=None, **", "input", interpolate),
    layer("nn.UpsamplingNearest2d", "size=None, scale_factor=None, mode='nearest'", "input", interpolate),
    layer("nn.UpsamplingBilinear2d", "size=None, scale_factor=None, mode='bilinear'", "input", interpolate),
    *_pad_layers(1), *_pad_layers(2), *_pad_layers(3),
)  # fmt: skip
