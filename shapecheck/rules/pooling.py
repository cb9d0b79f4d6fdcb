"""Pooling: maxima, averages and powers over windows, adaptive and random windows, unpooling, bags of embeddings.

`windows` counts the places of the windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare
from shapecheck.core.dtype import CLASSES, accepts
from shapecheck.core.shape import Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import at_most, flag, reshaped, scaled, size
from shapecheck.rules.axes import sizes as sizes_of
from shapecheck.rules.gathering import default_index
from shapecheck.rules.layers import not_negative
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule
from shapecheck.rules.windows import (
    INEXACT,
    Window,
    channels_first,
    counted,
    last_axes,
    per_axis,
    refused_windows,
    with_last_axes,
    wrong_rank,
)


def pool(axes: int, has_indices: bool, inside: bool = False) -> Compute:
    """Max, average and power pooling; `stride=None` is the kernel's size. `inside` says that the input is as large as a window."""

    def pooled(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))) is not None:
            return refused
        sizes = last_axes(array.shape, axes)
        found = _empty(array.shape, axes) or _pooled_sizes(a, sizes, axes)
        if isinstance(found, Mismatch):
            return found
        if inside and (refused := _smaller(sizes, per_axis(a["kernel_size"], axes))) is not None:
            return refused
        result = reshaped(array, with_last_axes(array.shape, axes, found))
        return _with_indices(a, result, array) if has_indices else result

    return pooled


def _empty(shape: Shape, axes: int) -> Mismatch | None:
    """Refuses an image without channels; a batch may be empty."""
    channels = shape.rank - axes - 1 if shape.rank is not None else 0
    if shape.rank is None or shape.dims[channels] != ZERO:
        return None
    return Mismatch("shape-op", f'the channels must not be empty ("{shape}")', channels, ">=1", "0")


def _smaller(sizes: Sequence[Dim], kernel: Sequence[Dim]) -> Mismatch | None:
    """The mismatch of an axis that is smaller than its window: padding makes it no larger here."""
    for axis, (n, k) in enumerate(zip(sizes, kernel, strict=True), start=-len(sizes)):
        if at_most(n - k, -1):
            return Mismatch("shape-op", f"a window of {k} is larger than axis {axis} of size {n}", axis, f">={k}", str(n))
    return None


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
    if a.values.get("divisor_override") == ZERO:
        return Mismatch("shape-op", "divisor_override must not be 0", None, "", "0")
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


def fractional(axes: int) -> Compute:
    """Windows at random places: the output's sizes are given, or a share of the input's."""

    def fractional_pooled(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))) is not None:
            return refused
        sizes = _shares(a, last_axes(array.shape, axes)) if a["output_size"] is None else per_axis(a["output_size"], axes)
        found = reshaped(array, with_last_axes(array.shape, axes, sizes))
        return _with_positions(a, found)

    return fractional_pooled


def _shares(a: Arguments, sizes: Sequence[Dim]) -> tuple[Dim, ...]:
    """As large a share of each axis as the call says."""
    given = a["output_ratio"]
    shares = given if isinstance(given, tuple) and len(given) == len(sizes) else (given,) * len(sizes)
    return tuple(map(scaled, sizes, shares))


def _with_positions(a: Arguments, found: Array | Mismatch) -> Result:
    if isinstance(found, Mismatch) or flag(a["return_indices"]) is False:
        return found
    return (found, found.with_dtype(default_index(a.library))) if flag(a["return_indices"]) else UNKNOWN


def unpool(axes: int) -> Compute:
    """The input of a max pooling as far as its output and places tell."""

    def unpooled(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))) is not None:
            return refused
        if (refused := _refused_places(a, array)) is not None:
            return refused
        if a["output_size"] is not None:
            asked = sizes_of(a["output_size"]) or ()
            last = asked[-axes:] if len(asked) >= axes else (UNKNOWN_DIM,) * axes
            return reshaped(array, with_last_axes(array.shape, axes, last))
        kernel = per_axis(a["kernel_size"], axes)
        strides = kernel if a["stride"] in (None, ()) else per_axis(a["stride"], axes)
        paddings = per_axis(a["padding"], axes)
        if axes == 3 and (refused := refused_windows([Window(*each) for each in zip(kernel, strides, strict=True)])) is not None:
            return refused
        whole = last_axes(array.shape, axes)
        sizes = [(n - 1) * s - p * 2 + k for n, s, p, k in zip(whole, strides, paddings, kernel, strict=True)]
        return reshaped(array, with_last_axes(array.shape, axes, sizes))

    return unpooled


def _refused_places(a: Arguments, array: Array) -> Mismatch | None:
    """Where the values come from: int64, of their shape."""
    indices = a.array("indices")
    if indices is None:
        return None
    if "int64" not in indices.dtype.names:
        return Mismatch("shape-dtype", f"the indices must be int64, found {indices.dtype}", None, "Int64", str(indices.dtype))
    if same(array.shape, indices.shape, a.facts) is not Verdict.DIFFERENT:
        return None
    reason = f'the indices must have the shape of the input, "{array.shape}", found "{indices.shape}"'
    return Mismatch("shape-mismatch", reason, None, str(array.shape), str(indices.shape))


def embedding_bag(a: Arguments) -> Result:
    """A sum or mean of table rows for each bag: rows of indices, or a vector cut at offsets."""
    width, weight = a.values.get("embedding_dim", UNKNOWN), a.values.get("weight")
    if isinstance(weight, Array):
        if accepts(INEXACT, weight.dtype) is not Verdict.EQUAL:
            return _old_order(a)
        if (refused := wrong_rank(weight.shape, (2,), "rows, features of the weight")) is not None:
            return refused
        width = last_axes(weight.shape, 1)[0]
    return _bags(a, width, weight)


def _old_order(a: Arguments) -> Result:
    """The weight before the indices, which torch still takes when it sees them by their dtypes."""
    table, indices = a.array("input"), a.array("weight")
    turned = table is not None and accepts(INEXACT, table.dtype) is Verdict.EQUAL and indices is not None
    if not turned or indices is None or indices.dtype.names != {"int64"}:
        return UNKNOWN
    return embedding_bag(replace(a, values={**a.values, "input": indices, "weight": table}))


def _bags(a: Arguments, width: Value, weight: Value) -> Result:
    indices, offsets = a.array("input"), a["offsets"]
    if indices is None:
        return UNKNOWN
    if (refused := wrong_rank(indices.shape, (1, 2), "bags, indices")) is not None:
        return refused
    known = indices.shape.dims if indices.shape.rank is not None else ()
    if len(known) == 2:
        bags = known[0]
    elif isinstance(offsets, Array) and offsets.shape.rank == 1 and (last := flag(a["include_last_offset"])) is not None:
        bags = offsets.shape.dims[0] - last
    else:
        bags = UNKNOWN_DIM
    dtypes = weight.dtype if isinstance(weight, Array) else Array().dtype
    return Array(Shape((bags, width if not isinstance(width, Array) and width is not UNKNOWN else UNKNOWN_DIM)), dtypes)  # type: ignore[arg-type]  # a size


_FRACTIONAL = "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None"
_MAX = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_MAX_CALL = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"
_AVERAGE = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None"
_LP = "norm_type, kernel_size, stride=None, ceil_mode=False, *, padding=0"
_BAG = "max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, {}include_last_offset=False, padding_idx=None"


def with_positions(compute: Compute) -> Compute:
    """The functions that answer positions too, whatever `return_indices` is."""

    def with_indices(a: Arguments) -> Result:
        return compute(replace(a, values={**a.values, "return_indices": True}))

    return with_indices


def _of_axes(n: int) -> tuple[Rule | Layer, ...]:
    """The rows that exist for each number of axes."""
    return (
        layer(f"nn.MaxPool{n}d", _MAX, "input", pool(n, True)),
        layer(f"nn.AvgPool{n}d", _AVERAGE, "input", pool(n, False, inside=n == 3)),
        layer(f"nn.AdaptiveAvgPool{n}d", "output_size", "input", adaptive(n, False)),
        layer(f"nn.AdaptiveMaxPool{n}d", "output_size, return_indices=False", "input", adaptive(n, True)),
        rule(pool(n, True), _MAX_CALL, f"F.max_pool{n}d"),
        rule(pool(n, False, inside=n == 3), f"input, {_AVERAGE}", f"F.avg_pool{n}d"),
        rule(adaptive(n, False), "input, output_size", f"F.adaptive_avg_pool{n}d"),
        rule(adaptive(n, True), "input, output_size, return_indices=False", f"F.adaptive_max_pool{n}d"),
        rule(with_positions(pool(n, True)), _MAX_CALL, f"F.max_pool{n}d_with_indices"),
        rule(
            with_positions(adaptive(n, True)),
            "input, output_size, return_indices=False",
            f"F.adaptive_max_pool{n}d_with_indices",
        ),
        rule(pool(n, False), f"input, {_LP}", f"F.lp_pool{n}d"),
        layer(f"nn.LPPool{n}d", _LP, "input", pool(n, False)),
        rule(unpool(n), "input, indices, kernel_size, stride=None, padding=0, output_size=None", f"F.max_unpool{n}d"),
        layer(f"nn.MaxUnpool{n}d", "kernel_size, stride=None, padding=0", "input, indices, output_size=None", unpool(n)),
    )


def _fractional(n: int) -> tuple[Rule | Layer, ...]:
    return (
        rule(fractional(n), f"input, {_FRACTIONAL}", f"F.fractional_max_pool{n}d"),
        rule(with_positions(fractional(n)), f"input, {_FRACTIONAL}", f"F.fractional_max_pool{n}d_with_indices"),
        layer(f"nn.FractionalMaxPool{n}d", _FRACTIONAL, "input", fractional(n)),
    )


TABLE: tuple[Rule | Layer, ...] = (
    *_of_axes(1),
    *_of_axes(2),
    *_of_axes(3),
    *_fractional(2),
    *_fractional(3),
    rule(embedding_bag, f"input, weight, offsets=None, {_BAG.format('per_sample_weights=None, ')}", "F.embedding_bag"),
    layer(
        "nn.EmbeddingBag",
        f"num_embeddings, embedding_dim, {_BAG.format('_weight=None, ')}, **",
        "input, offsets=None, per_sample_weights=None",
        embedding_bag,
        not_negative("num_embeddings", "embedding_dim"),
    ),
)
