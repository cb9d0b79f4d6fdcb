"""Convolutions and pooling: windows over the last one, two or three axes, after an axis of channels.

The arithmetic is that of the `torch.nn` reference: `(n + 2*padding - dilation*(kernel - 1) - 1) // stride + 1`. Sizes
may be symbols: `Conv2d(3, 64, 3, stride=2, padding=1)` takes `b 3 h w` to `b 64 (h-1)//2+1 (w-1)//2+1`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, mod
from shapecheck.core.dtype import CLASSES, DTypes, accepts
from shapecheck.core.shape import ANY_RUN, Mismatch, Shape, from_items, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import at_least, at_most, differs, flag, reshaped, size
from shapecheck.rules.families import equal_dtypes
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule

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


# --- convolution -------------------------------------------------------------------------------------------------


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


def conv_layer(axes: int) -> Compute:
    """The computation of calling `nn.Conv1d`, `2d`, `3d`."""

    def conv(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        taken, kernel = _of_floats(array), per_axis(a["kernel_size"], axes)
        if isinstance(taken, Mismatch):
            return taken
        return convolved(a, taken, axes, size(a["in_channels"]), size(a["out_channels"]), kernel)

    return conv


def conv_function(axes: int) -> Compute:
    """`F.conv1d`, `2d`, `3d`: the weight has out, in // groups and the kernel."""

    def conv(a: Arguments) -> Result:
        array, weight = a.array("input"), a.array("weight")
        if array is None or weight is None:
            return UNKNOWN
        if (refused := wrong_rank(weight.shape, (axes + 2,), f"out, in, {AXES[axes]} of the weight")) is not None:
            return refused
        outside, inside, *kernel = last_axes(weight.shape, axes + 2)
        taken = _with_weights(a, outside)
        return taken if isinstance(taken, Mismatch) else convolved(a, taken, axes, inside * size(a["groups"]), outside, kernel)

    return conv


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


def transposed_layer(axes: int) -> Compute:
    """The computation of calling `nn.ConvTranspose1d`, `2d`, `3d`."""

    def conv_transpose(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        taken, kernel = _of_floats(array), per_axis(a["kernel_size"], axes)
        if isinstance(taken, Mismatch):
            return taken
        return transposed(a, taken, axes, size(a["in_channels"]), size(a["out_channels"]), kernel)

    return conv_transpose


def transposed_function(axes: int) -> Compute:
    """`F.conv_transpose1d`, `2d`, `3d`: the weight has in, out // groups and the kernel."""

    def conv_transpose(a: Arguments) -> Result:
        array, weight = a.array("input"), a.array("weight")
        if array is None or weight is None:
            return UNKNOWN
        if (refused := wrong_rank(weight.shape, (axes + 2,), f"in, out, {AXES[axes]} of the weight")) is not None:
            return refused
        inside, outside, *kernel = last_axes(weight.shape, axes + 2)
        outside = outside * size(a["groups"])
        taken = _with_weights(a, outside)
        return taken if isinstance(taken, Mismatch) else transposed(a, taken, axes, inside, outside, kernel)

    return conv_transpose


def check_transposed(a: Arguments) -> Result:
    return check_groups(a, "in_channels") or check_groups(a, "out_channels") or UNKNOWN


# --- pooling -----------------------------------------------------------------------------------------------------


def pool(axes: int, has_indices: bool) -> Compute:
    """Max, average and power pooling; `stride=None` is the kernel's size."""

    def pooled(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))) is not None:
            return refused
        found = _pooled_sizes(a, last_axes(array.shape, axes), axes)
        if isinstance(found, Mismatch):
            return found
        result = reshaped(array, with_last_axes(array.shape, axes, found))
        return _with_indices(a, result, array) if has_indices else result

    return pooled


def _pooled_sizes(a: Arguments, sizes: Sequence[Dim], axes: int) -> Sequence[Dim] | Mismatch:
    kernel = per_axis(a["kernel_size"], axes)
    strides = kernel if a["stride"] in (None, ()) else per_axis(a["stride"], axes)
    paddings, dilations = per_axis(a["padding"], axes), per_axis(a.values.get("dilation", ONE), axes)
    for axis, (k, p) in enumerate(zip(kernel, paddings, strict=True), start=-axes):
        if at_most(k - p * 2, -1):
            return Mismatch("shape-op", f"padding {p} is more than half of the window {k}", axis, f"<={k}//2", str(p))
    windows = [Window(*each) for each in zip(kernel, strides, paddings, paddings, dilations, strict=True)]
    if (refused := refused_windows(windows)) is not None:
        return refused
    for axis, k in enumerate(kernel, start=-axes):
        if at_most(k, 0):
            return Mismatch("shape-op", f"the window along axis {axis} must be at least 1, found {k}", axis, ">=1", str(k))
    ceil = flag(a["ceil_mode"])
    return [UNKNOWN_DIM] * axes if ceil is None else counted(sizes, windows, ceil)


def _with_indices(a: Arguments, result: Array | Mismatch, array: Array) -> Result:
    match flag(a["return_indices"]):
        case False:
            return result
        case True if isinstance(result, Array):
            return result, result.with_dtype(CLASSES["Int64"])
        case _:
            return UNKNOWN


def adaptive(axes: int, has_indices: bool) -> Compute:
    """Adaptive pooling: the output's sizes are given, None keeps one."""

    def adapted(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        given = a["output_size"]
        wanted: tuple[Value, ...] = given if isinstance(given, tuple) else (given,) * axes
        ranks = range(axes, 99) if not has_indices and _may_be_mean(wanted) else _adaptive_ranks(axes)
        if (refused := wrong_rank(array.shape, ranks, channels_first(axes))) is not None:
            return refused
        sizes = last_axes(array.shape, axes)
        if len(wanted) != axes:
            reason = f"expected {axes} output sizes, found {len(wanted)}"
            return Mismatch("shape-op", reason, None, str(axes), str(len(wanted)))
        for want in wanted:
            if isinstance(want, Dim) and at_most(want, -1):
                return Mismatch("shape-op", f"an output size must not be negative, found {want}", None, ">=0", str(want))
        found = [n if want is None else size(want) for n, want in zip(sizes, wanted, strict=True)]
        result = reshaped(array, with_last_axes(array.shape, axes, found))
        return _with_indices(a, result, array) if has_indices else result

    return adapted


def _adaptive_ranks(axes: int) -> Sequence[int]:
    """The numbers of axes that adaptive pooling takes; torch does not limit those of a volume."""
    return (axes + 1, axes + 2) if axes < 3 else range(4, 99)


def _may_be_mean(wanted: Sequence[Value]) -> bool:
    """Whether one average is asked for of each image or volume: torch takes the mean then, of any number of axes."""
    return len(wanted) > 1 and all(want is None or compare(size(want), ONE) is not Verdict.DIFFERENT for want in wanted)


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


def pixel_shuffle(a: Arguments) -> Result:
    """Channels become pixels: `b c*r*r h w` to `b c h*r w*r`."""
    array, factor = a.array("input"), size(a["factor"])
    if array is None:
        return UNKNOWN
    if (refused := _not_image(array.shape)) is not None:
        return refused
    channels, height, width = last_axes(array.shape, 3)
    if compare(mod(channels, factor * factor), ZERO) is Verdict.DIFFERENT:
        reason = f"{channels} channels are not a multiple of {factor}*{factor}"
        return Mismatch("shape-op", reason, -3, f"c*{factor * factor}", str(channels))
    return reshaped(array, with_last_axes(array.shape, 3, [channels // (factor * factor), height * factor, width * factor]))


def pixel_unshuffle(a: Arguments) -> Result:
    """Pixels become channels, the inverse of `pixel_shuffle`."""
    array, factor = a.array("input"), size(a["factor"])
    if array is None:
        return UNKNOWN
    if (refused := _not_image(array.shape)) is not None:
        return refused
    channels, height, width = last_axes(array.shape, 3)
    for axis, one in ((-2, height), (-1, width)):
        if compare(mod(one, factor), ZERO) is Verdict.DIFFERENT:
            return Mismatch("shape-op", f"axis {axis} of size {one} is not a multiple of {factor}", axis, f"n*{factor}", str(one))
    return reshaped(array, with_last_axes(array.shape, 3, [channels * factor * factor, height // factor, width // factor]))


def _not_image(shape: Shape) -> Mismatch | None:
    if shape.rank is None or shape.rank >= 3:
        return None
    return Mismatch(
        "shape-rank", f'expected at least 3 axes (channels, height, width), found {shape.rank} ("{shape}")', None, "3", str(shape)
    )


# --- tables ------------------------------------------------------------------------------------------------------

_CONV = "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', **"
_TRANSPOSED = "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', **"
_MAX = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_MAX_CALL = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"
_AVERAGE = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None"


def _of_axes(n: int) -> tuple[Rule | Layer, ...]:
    """The rows that exist for each number of axes."""
    return (
        layer(f"nn.Conv{n}d", _CONV, "input", conv_layer(n), check_conv),
        layer(f"nn.ConvTranspose{n}d", _TRANSPOSED, "input, output_size=None", transposed_layer(n), check_transposed),
        layer(f"nn.MaxPool{n}d", _MAX, "input", pool(n, True)),
        layer(f"nn.AvgPool{n}d", _AVERAGE, "input", pool(n, False)),
        layer(f"nn.AdaptiveAvgPool{n}d", "output_size", "input", adaptive(n, False)),
        layer(f"nn.AdaptiveMaxPool{n}d", "output_size, return_indices=False", "input", adaptive(n, True)),
        rule(conv_function(n), "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1", f"F.conv{n}d", f"torch.conv{n}d"),
        rule(transposed_function(n), "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1", f"F.conv_transpose{n}d", f"torch.conv_transpose{n}d"),
        rule(pool(n, True), _MAX_CALL, f"F.max_pool{n}d"),
        rule(pool(n, False), f"input, {_AVERAGE}", f"F.avg_pool{n}d"),
        rule(adaptive(n, False), "input, output_size", f"F.adaptive_avg_pool{n}d"),
        rule(adaptive(n, True), "input, output_size, return_indices=False", f"F.adaptive_max_pool{n}d"),
    )  # fmt: skip


TABLE = (
    *_of_axes(1), *_of_axes(2), *_of_axes(3),
    rule(unfold, "input, kernel_size, dilation=1, padding=0, stride=1", "F.unfold"),
    rule(fold, "input, output_size, kernel_size, dilation=1, padding=0, stride=1", "F.fold"),
    rule(pixel_shuffle, "input, factor|upscale_factor", "F.pixel_shuffle", "torch.pixel_shuffle"),
    rule(pixel_unshuffle, "input, factor|downscale_factor", "F.pixel_unshuffle", "torch.pixel_unshuffle"),
    layer("nn.Unfold", "kernel_size, dilation=1, padding=0, stride=1", "input", unfold),
    layer("nn.Fold", "output_size, kernel_size, dilation=1, padding=0, stride=1", "input", fold),
    layer("nn.PixelShuffle", "factor|upscale_factor", "input", pixel_shuffle),
    layer("nn.PixelUnshuffle", "factor|downscale_factor", "input", pixel_unshuffle),
)  # fmt: skip
