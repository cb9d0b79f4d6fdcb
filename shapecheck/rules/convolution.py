"""Convolutions of torch, plain and transposed, and the image patches that they slide over.

Channels come first; the batch axis may be missing. `windows` counts the places of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, mod
from shapecheck.core.shape import Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import at_least, at_most, differs, reshaped, size
from shapecheck.rules.families import equal_dtypes
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule
from shapecheck.rules.windows import (
    AXES,
    Window,
    channels_first,
    conv_windows,
    counted,
    float_part,
    last_axes,
    not_float,
    per_axis,
    refused_windows,
    with_last_axes,
    wrong_rank,
)


def convolved(a: Arguments, array: Array, axes: int, inside: Dim, outside: Dim, kernel: Sequence[Dim]) -> Result:
    """A convolution of `inside` channels to `outside` ones."""
    windows = conv_windows(a, axes, kernel)
    if (refused := _refused_input(a, array, axes, inside) or refused_windows(windows)) is not None:
        return refused
    sizes = counted(last_axes(array.shape, axes), windows)
    return sizes if isinstance(sizes, Mismatch) else array.with_shape(with_last_axes(array.shape, axes + 1, [outside, *sizes]))


def _of_floats(array: Array) -> Array | Mismatch:
    """The input of a layer, whose weights are floats."""
    return not_float(array) or array.with_dtype(float_part(array.dtype))


def _with_weights(a: Arguments, outside: Dim) -> Array | Mismatch:
    """The input of a function, after what a layer's constructor would see to: one dtype, the bias, groups, `padding="same"`."""
    bias, groups = a.array("bias"), Arguments({"out_channels": outside, "groups": a["groups"]}, a.library)
    array, typed = a.array("input"), equal_dtypes([a[name] for name in ("input", "weight", "bias")], a.library)
    assert array is not None, "the caller has looked"
    if isinstance(typed, Mismatch):
        return typed
    if bias is not None and same(bias.shape, Shape((outside,)), a.facts) is Verdict.DIFFERENT:
        reason = f"the bias needs one element for each of the {outside} channels, found ({bias.shape})"
        return Mismatch("shape-mismatch", reason, None, str(outside), str(bias.shape))
    return check_groups(groups, "out_channels") or _strided_same(a) or array.with_dtype(typed.dtypes)


def _refused_input(a: Arguments, array: Array, axes: int, inside: Dim) -> Mismatch | None:
    refused = wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))
    if refused is not None:
        return refused
    found = last_axes(array.shape, axes + 1)[0]
    if not differs(found, inside, a):
        return None
    at = -axes - 1 if array.shape.rank is None else array.shape.rank - axes - 1
    reason = f"expected {inside} channels in axis {at}, found {found}"
    return Mismatch("shape-mismatch", reason, at, str(inside), str(found))


def check_conv(a: Arguments) -> Result:
    """Groups must divide the channels; `padding="same"` has no strides."""
    if (refused := check_groups(a, "in_channels") or check_groups(a, "out_channels")) is not None:
        return refused
    return _strided_same(a) or UNKNOWN


def _strided_same(a: Arguments) -> Mismatch | None:
    stride = a["stride"]
    strides: tuple[Value, ...] = stride if isinstance(stride, tuple) else (stride,)
    if a["padding"] == "same" and any(isinstance(s, Dim) and compare(s, ONE) is Verdict.DIFFERENT for s in strides):
        return Mismatch("shape-op", 'padding="same" needs a stride of 1', None, "1", " ".join(map(str, strides)))
    return None


def check_groups(a: Arguments, name: str, by: str = "groups") -> Mismatch | None:
    """The mismatch of a count that its groups certainly do not divide."""
    count, groups = size(a[name]), size(a[by])
    if compare(mod(count, groups), ZERO) is not Verdict.DIFFERENT:
        return None
    return Mismatch("shape-op", f"{by}={groups} does not divide {name}={count}", None, f"a multiple of {groups}", str(count))


# --- transposed convolution --------------------------------------------------------------------------------------


def transposed(a: Arguments, array: Array, axes: int, inside: Dim, outside: Dim, kernel: Sequence[Dim]) -> Result:
    """A transposed convolution, with the output's size computed or, when the call gives one, not known."""
    windows, extra = conv_windows(a, axes, kernel), per_axis(a["output_padding"], axes)
    refused = _refused_input(a, array, axes, inside) or refused_windows(windows) or _refused_extra(windows, extra)
    if refused is not None:
        return refused
    sizes = last_axes(array.shape, axes)
    spread = [w.spread(n, more) for n, w, more in zip(sizes, windows, extra, strict=True)]
    for axis, one in enumerate(spread, start=-axes):
        if at_most(one, -1) and all(at_least(n, 1) for n in sizes):
            return Mismatch("shape-op", f"nothing is left of axis {axis}: its size would be {one}", axis, ">=0", str(one))
    given = a.values.get("output_size")
    known = (
        spread
        if given is None
        else per_axis(given, axes)
        if isinstance(given, tuple) and len(given) == axes
        else [UNKNOWN_DIM] * axes
    )
    return array.with_shape(with_last_axes(array.shape, axes + 1, [outside, *known]))


def _refused_extra(windows: Sequence[Window], extra: Sequence[Dim]) -> Mismatch | None:
    """The mismatch of an output padding that is not below the stride or the dilation."""
    for axis, (window, more) in enumerate(zip(windows, extra, strict=True), start=-len(windows)):
        if at_most(more, -1) or (at_least(more - window.stride, 0) and at_least(more - window.dilation, 0)):
            reason = f"the output padding {more} along axis {axis} must be smaller than the stride or the dilation"
            return Mismatch("shape-op", reason, axis, f"<{window.stride}", str(more))
    return None


# --- of any rank -------------------------------------------------------------------------------------------------


type Convolution = Callable[[Arguments, Array, int, Dim, Dim, Sequence[Dim]], Result]


def conv_layer(axes: int, convolution: Convolution = convolved) -> Compute:
    """The computation of calling `nn.Conv1d`, `2d`, `3d`, or with `transposed` `nn.ConvTranspose1d`, `2d`, `3d`."""

    def conv(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        taken, kernel = _of_floats(array), per_axis(a["kernel_size"], axes)
        if isinstance(taken, Mismatch):
            return taken
        return convolution(a, taken, axes, size(a["in_channels"]), size(a["out_channels"]), kernel)

    conv.__name__ = "conv" if convolution is convolved else "conv_transpose"
    return conv


def conv_function(axes: int, convolution: Convolution = convolved) -> Compute:
    """`F.conv1d` and its kin: the weight has out, in // groups and the kernel; transposed, in, out // groups and the kernel."""
    forward = convolution is convolved
    words = f"{'out, in' if forward else 'in, out'}, {AXES[axes]} of the weight"

    def conv(a: Arguments) -> Result:
        array, weight = a.array("input"), a.array("weight")
        if array is None or weight is None:
            return UNKNOWN
        if (refused := wrong_rank(weight.shape, (axes + 2,), words)) is not None:
            return refused
        whole, part, *kernel = last_axes(weight.shape, axes + 2)
        grouped = part * size(a["groups"])
        inside, outside = (grouped, whole) if forward else (whole, grouped)
        taken = _with_weights(a, outside)
        if (
            not forward
            and (refused := check_groups(Arguments({"in_channels": inside, "groups": a["groups"]}, a.library), "in_channels"))
            is not None
        ):
            return refused
        return taken if isinstance(taken, Mismatch) else convolution(a, taken, axes, inside, outside, kernel)

    conv.__name__ = "conv" if forward else "conv_transpose"
    return conv


def check_transposed(a: Arguments) -> Result:
    return check_groups(a, "in_channels") or check_groups(a, "out_channels") or UNKNOWN


# --- image patches -----------------------------------------------------------------------------------------------


def unfold(a: Arguments) -> Result:
    """`F.unfold`: every patch of an image is a column."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    if (refused := wrong_rank(array.shape, (3, 4), channels_first(2))) is not None:
        return refused
    kernel = per_axis(a["kernel_size"], 2)
    counts = counted(last_axes(array.shape, 2), conv_windows(a, 2, kernel))
    if isinstance(counts, Mismatch):
        return counts
    channels = last_axes(array.shape, 3)[0]
    return reshaped(array, with_last_axes(array.shape, 3, [channels * kernel[0] * kernel[1], counts[0] * counts[1]]))


def fold(a: Arguments) -> Result:
    """`F.fold`: columns of patches are summed to an image."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    if (refused := wrong_rank(array.shape, (2, 3), "batch, patch elements, patches")) is not None:
        return refused
    kernel, sizes = per_axis(a["kernel_size"], 2), per_axis(a["output_size"], 2)
    elements, patches = last_axes(array.shape, 2)
    counts = counted(sizes, conv_windows(a, 2, kernel))
    if isinstance(counts, Mismatch):
        return counts
    if differs(counts[0] * counts[1], patches, a):
        reason = f"an image of {sizes[0]} by {sizes[1]} has {counts[0] * counts[1]} patches, found {patches}"
        return Mismatch("shape-mismatch", reason, -1, str(counts[0] * counts[1]), str(patches))
    if compare(mod(elements, kernel[0] * kernel[1]), ZERO) is Verdict.DIFFERENT:
        reason = f"{elements} elements of a patch are not a multiple of the window's {kernel[0] * kernel[1]}"
        return Mismatch("shape-op", reason, -2, f"c*{kernel[0] * kernel[1]}", str(elements))
    return reshaped(array, with_last_axes(array.shape, 2, [elements // (kernel[0] * kernel[1]), *sizes]))


# --- tables ------------------------------------------------------------------------------------------------------

_CONV = "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', **"
_TRANSPOSED = "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', **"


def _of_axes(n: int) -> tuple[Rule | Layer, ...]:
    """The rows that exist for each number of axes."""
    return (
        layer(f"nn.Conv{n}d", _CONV, "input", conv_layer(n), check_conv),
        layer(f"nn.ConvTranspose{n}d", _TRANSPOSED, "input, output_size=None", conv_layer(n, transposed), check_transposed),
        rule(conv_function(n), "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1", f"F.conv{n}d", f"torch.conv{n}d"),
        rule(conv_function(n, transposed), "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1", f"F.conv_transpose{n}d", f"torch.conv_transpose{n}d"),
    )  # fmt: skip


TABLE = (
    *_of_axes(1), *_of_axes(2), *_of_axes(3),
    rule(unfold, "input, kernel_size, dilation=1, padding=0, stride=1", "F.unfold"),
    rule(fold, "input, output_size, kernel_size, dilation=1, padding=0, stride=1", "F.fold"),
    layer("nn.Unfold", "kernel_size, dilation=1, padding=0, stride=1", "input", unfold),
    layer("nn.Fold", "output_size, kernel_size, dilation=1, padding=0, stride=1", "input", fold),
)  # fmt: skip
