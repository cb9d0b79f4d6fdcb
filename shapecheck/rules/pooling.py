"""Pooling that fewer programs need, and its inverse: power averages, random windows, unpooling, bags of embeddings.

`convolution` has max, average and adaptive pooling, whose windows these share.
"""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.dim import UNKNOWN_DIM, Verdict
from shapecheck.core.dtype import accepts
from shapecheck.core.shape import Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import flag, reshaped
from shapecheck.rules.axes import sizes as sizes_of
from shapecheck.rules.convolution import (
    INEXACT,
    adaptive,
    channels_first,
    last_axes,
    per_axis,
    pool,
    with_last_axes,
    wrong_rank,
)
from shapecheck.rules.gathering import default_index
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule


def fractional(axes: int) -> Compute:
    """Windows at random places: the output's sizes are given, or a share of the input's, which is not known."""

    def fractional_pooled(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1, axes + 2), channels_first(axes))) is not None:
            return refused
        sizes = (UNKNOWN_DIM,) * axes if a["output_size"] is None else per_axis(a["output_size"], axes)
        found = reshaped(array, with_last_axes(array.shape, axes, sizes))
        return _with_positions(a, found)

    return fractional_pooled


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
            return UNKNOWN  # perhaps the old order of the arguments, which torch still takes
        if (refused := wrong_rank(weight.shape, (2,), "rows, features of the weight")) is not None:
            return refused
        width = last_axes(weight.shape, 1)[0]
    return _bags(a, width, weight)


def _bags(a: Arguments, width: Value, weight: Value) -> Result:
    indices, offsets = a.array("input"), a["offsets"]
    if indices is None:
        return UNKNOWN
    if (refused := wrong_rank(indices.shape, (1, 2), "bags, indices")) is not None:
        return refused
    known = indices.shape.dims if indices.shape.rank is not None else ()
    if len(known) == 2:
        bags = known[0]
    elif isinstance(offsets, Array) and offsets.shape.rank == 1 and a["include_last_offset"] is False:
        bags = offsets.shape.dims[0]
    else:
        bags = UNKNOWN_DIM
    dtypes = weight.dtype if isinstance(weight, Array) else Array().dtype
    return Array(Shape((bags, width if not isinstance(width, Array) and width is not UNKNOWN else UNKNOWN_DIM)), dtypes)  # type: ignore[arg-type]  # a size


_FRACTIONAL = "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None"
_LP = "norm_type, kernel_size, stride=None, ceil_mode=False, *, padding=0"
_BAG = "max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, {}include_last_offset=False, padding_idx=None"
_MAX = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"


def with_positions(compute: Compute) -> Compute:
    """The functions that answer positions too, whatever `return_indices` is."""

    def with_indices(a: Arguments) -> Result:
        return compute(replace(a, values={**a.values, "return_indices": True}))

    return with_indices


def _of_axes(n: int) -> tuple[Rule | Layer, ...]:
    """The rows that exist for each number of axes."""
    return (
        rule(with_positions(pool(n, True)), _MAX, f"F.max_pool{n}d_with_indices"),
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
    ),
)
