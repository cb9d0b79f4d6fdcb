"""Normalization: over the last axes (LayerNorm, RMSNorm) or by channel (BatchNorm, GroupNorm, InstanceNorm).

The shape stays; what is checked is that the sizes of the layer fit the input. Weights may have been moved to another
dtype since the layer was made, so only arrays of ints or bools are refused for their dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from shapecheck.core.dim import ZERO, Dim, Verdict
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import Typed
from shapecheck.core.shape import Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import differs, sizes
from shapecheck.rules.convolution import check_groups
from shapecheck.rules.families import gufunc, shape_of, sized
from shapecheck.rules.table import Layer, layer, rule
from shapecheck.rules.windows import float_part, last_axes, not_float


def kept(array: Array) -> Result:
    """The array as it is, now that it was taken for floats."""
    return Array(array.shape, float_part(array.dtype), array.library)


# --- over the last axes ------------------------------------------------------------------------------------------


def last_normalized(a: Arguments) -> Result:
    """LayerNorm and RMSNorm: the last sizes are the normalized shape."""
    array, expected = a.array("input"), sizes(a["normalized_shape"])
    if array is None:
        return UNKNOWN
    if a["normalized_shape"] == ():
        return Mismatch("shape-op", "the normalized shape needs at least 1 axis", None, "1 axis", "")
    refused = not_float(array) or _differing_end(array.shape, expected or (), a)
    return refused or _other_parameters(a, expected) or kept(array)


def _other_parameters(a: Arguments, expected: Sequence[Dim] | None) -> Mismatch | None:
    """The mismatch of a weight or bias that has not the normalized shape."""
    for name in ("weight", "bias"):
        given = a.values.get(name)
        if expected and isinstance(given, Array) and same(given.shape, Shape(tuple(expected)), a.facts) is Verdict.DIFFERENT:
            wanted = " ".join(map(str, expected))
            reason = f"the {name} must have the normalized shape ({wanted}), found ({given.shape})"
            return Mismatch("shape-mismatch", reason, None, wanted, str(given.shape))
    return None


def _differing_end(shape: Shape, expected: Sequence[Dim], a: Arguments) -> Mismatch | None:
    wanted = " ".join(map(str, expected))
    if shape.rank is not None and shape.rank < len(expected):
        reason = f'expected the last {len(expected)} axes to be ({wanted}), found "{shape}"'
        return Mismatch("shape-rank", reason, None, wanted, str(shape))
    for axis, (want, found) in enumerate(
        zip(expected, last_axes(shape, len(expected)) if expected else (), strict=True), start=-len(expected)
    ):
        if differs(want, found, a):
            where = "the last axis" if axis == -1 else f"axis {axis}"
            return Mismatch("shape-mismatch", f"expected {want} features in {where}, found {found}", axis, str(want), str(found))
    return None


# --- by channel --------------------------------------------------------------------------------------------------


def second_axis(shape: Shape) -> Dim | None:
    """The size of axis 1 when it is before any run."""
    return shape.prefix[1] if len(shape.prefix) > 1 else None


def differing_channels(shape: Shape, channels: Dim, a: Arguments) -> Mismatch | None:
    """The mismatch of another number of channels in axis 1."""
    found = second_axis(shape)
    if found is None or not differs(channels, found, a):
        return None
    return Mismatch("shape-mismatch", f"expected {channels} channels in axis 1, found {found}", 1, str(channels), str(found))


def _no_channels(shape: Shape) -> Mismatch | None:
    if shape.rank is None or shape.rank >= 2:
        return None
    return Mismatch(
        "shape-rank", f'expected at least 2 axes (batch, channels, ...), found {shape.rank} ("{shape}")', None, "2", str(shape)
    )


def check_group_norm(a: Arguments) -> Result:
    return check_groups(a, "num_channels", "num_groups") or UNKNOWN


def per_channel(a: Arguments) -> Mismatch | None:
    """The mismatch of a parameter that has not one element for every channel."""
    channels = second_axis(shape_of(a["input"]))
    for name in ("weight", "bias", "running_mean", "running_var"):
        given = a.values.get(name)
        if channels is None or not isinstance(given, Array):
            continue
        if differs(channels, given.shape.size, a):
            reason = f"the {name} needs one element for each of the {channels} channels, found ({given.shape})"
            return Mismatch("shape-mismatch", reason, None, str(channels), str(given.shape))
    return None


def by_channel(a: Arguments) -> Result:
    """`F.batch_norm`: every statistic and parameter has one element per channel."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    refused = not_float(array) or (_no_channels(array.shape) if array.shape.size != ZERO else None)
    for name in ("running_mean", "running_var", "weight", "bias"):
        given = a.array(name)
        if refused is None and given is not None and given.shape.rank == 1 and array.shape.size != ZERO:
            refused = differing_channels(array.shape, given.shape.dims[0], a)
    return refused or (per_channel(a) if array.shape.size != ZERO else None) or kept(array)


_BATCH = "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, **"
_INSTANCE = "num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, **"


def of_floats(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of an array, which must be of floats."""
    array = values[0]
    if not isinstance(array, Array):
        return Typed(ANY_DTYPE)
    return not_float(array) or Typed(float_part(array.dtype))


def nothing_to_normalize(a: Arguments) -> Mismatch | None:
    """Refuses groups of no elements; a batch may be empty."""
    shape = shape_of(a["input"])
    if shape.rank is None or ZERO not in shape.dims[1:]:
        return None
    axis = shape.dims.index(ZERO, 1)
    return Mismatch("shape-op", f'axis {axis} must not be empty ("{shape}")', axis, ">=1", "0")


def refused_groups(a: Arguments) -> Mismatch | None:
    """Refuses groups of no elements, and parameters of another size than the channels."""
    return nothing_to_normalize(a) or per_channel(a)


_SPATIAL = {1: "length", 2: "height width", 3: "depth height width"}


def batched(n: int, channels: str = "channels") -> str:
    """The axes of a batch of images of `n` dimensions; batch norm of one takes vectors too."""
    return f"batch {channels} {_SPATIAL[n]}{'?' if n == 1 else ''}"


def images(n: int, channels: str = "channels") -> str:
    """The axes of images of `n` dimensions, with or without a batch axis."""
    return f"batch? {channels} {_SPATIAL[n]}"


def by_channels(axes: Callable[[str], str], *conditions: str) -> str:
    """A signature that keeps the shape and compares the channels where one of the conditions holds."""
    own, any_channels = axes("num_features"), axes("channels")
    checked = "; ".join(f"{own} -> {own} if {condition}" for condition in conditions)
    return f"{checked}; {any_channels} -> {any_channels}"


def _of_axes(n: int) -> tuple[Layer, ...]:
    return (
        sized(f"nn.BatchNorm{n}d", _BATCH, "input", by_channels(partial(batched, n), "affine", "track_running_stats"), of_floats),
        sized(f"nn.InstanceNorm{n}d", _INSTANCE, "input", by_channels(partial(images, n), "affine"), of_floats),
    )


TABLE = (
    layer("nn.LayerNorm", "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, **", "input", last_normalized),
    layer("nn.RMSNorm", "normalized_shape, eps=None, elementwise_affine=True, **", "input", last_normalized),
    sized("nn.GroupNorm", "num_groups, num_channels, eps=1e-05, affine=True, **", "input", "batch num_channels *s -> batch num_channels *s", of_floats, check=check_group_norm),
    sized("nn.SyncBatchNorm", _BATCH, "input", by_channels("batch {} *s".format, "affine", "track_running_stats"), of_floats),
    *_of_axes(1), *_of_axes(2), *_of_axes(3),
    rule(last_normalized, "input, normalized_shape, weight=None, bias=None, eps=1e-05, **", "F.layer_norm", "torch.layer_norm"),
    rule(last_normalized, "input, normalized_shape, weight=None, eps=None", "F.rms_norm", "torch.rms_norm"),
    gufunc("batch num_groups*c *s -> batch num_groups*c *s", "input, num_groups, weight=None, bias=None, eps=1e-05, **", of_floats, "F.group_norm", check=refused_groups),
    rule(by_channel, "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05", "F.batch_norm"),
)  # fmt: skip
