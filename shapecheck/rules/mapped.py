"""`jax.lax` and `jax.nn`: operations inside a mapped axis, gathers and scatters, and products of ragged or scaled arrays.

Where dimension numbers decide, only what they leave alone is stated.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, dim
from shapecheck.core.promotion import FLOATING, INTEGER, Typed, bits
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, axis_from_right
from shapecheck.core.value import UNKNOWN, Arguments, Library, Result, Value
from shapecheck.rules.axes import at_least, differs, integers, reshaped, sizes
from shapecheck.rules.contraction import of_one_dtype
from shapecheck.rules.conversion import of_second
from shapecheck.rules.families import (
    dtype_argument,
    gufunc,
    itself,
    kept,
    made_of,
    only,
    promoted,
    shape_of,
    spelled,
    unknown_dtype,
)
from shapecheck.rules.lax import alike
from shapecheck.rules.table import Rule, rule


def bitcast(a: Arguments) -> Result:
    """The same bits as another dtype: the shape stays when elements are as wide."""
    array, wanted = a.array("operand"), dtype_argument(a["new_dtype"], a.library)
    if array is None:
        return UNKNOWN
    widths = {_width(name) for name in (*array.dtype.names, *wanted.names)}
    return array.with_dtype(wanted).with_shape(array.shape if len(widths) == 1 else ANY_SHAPE)


def _width(name: str) -> int:
    return 8 if name == "bool" else bits(name)


# --- gathers ------------------------------------------------------------------------------------------------------


def gather(a: Arguments) -> Result:
    """Slices of `slice_sizes` for every index: their axes stand at `offset_dims`, those of the indices around them."""
    array, found = a.array("operand"), _gathered(a, shape_of(a["operand"]), shape_of(a["start_indices"]))
    return UNKNOWN if array is None else reshaped(array, found)


def _gathered(a: Arguments, shape: Shape, indices: Shape) -> Shape | Mismatch:
    numbers, wanted = _numbers(a["dimension_numbers"]), sizes(a["slice_sizes"])
    if numbers is None or wanted is None:
        return ANY_SHAPE
    offset, collapsed, starts, batching = numbers
    if shape.rank not in (None, len(wanted)):
        reason = f"a size for each axis of the slices: {len(wanted)} sizes for ({shape})"
        return Mismatch("shape-rank", reason, None, f"{len(wanted)} axes", str(shape))
    last = axis_from_right(indices, 0)
    if last is not None and differs(last, dim(len(starts)), a):
        reason = f"an index has {last} numbers, start_index_map names {len(starts)} axes"
        return Mismatch("shape-op", reason, -1, str(len(starts)), str(last))
    if indices.rank is None or not indices.rank:
        return ANY_SHAPE
    kept_sizes = [size for axis, size in enumerate(wanted) if axis not in (*collapsed, *batching)]
    if len(kept_sizes) != len(offset):
        return Mismatch("shape-op", f"{len(kept_sizes)} axes of the slices are left for {len(offset)} offset_dims")
    return _refused_slice(shape, wanted, indices) or _interleaved(kept_sizes, offset, indices.dims[:-1])


def _numbers(value: Value) -> tuple[tuple[int, ...], ...] | None:
    """`offset_dims`, `collapsed_slice_dims`, `start_index_map` and `operand_batching_dims` of dimension numbers that are known."""
    if not isinstance(value, tuple) or len(value) != 5:
        return None
    found = [integers(each) for each in value[:4]]
    return tuple(each for each in found if each is not None) if None not in found else None


def _refused_slice(shape: Shape, wanted: Sequence[Dim], indices: Shape) -> Mismatch | None:
    """The mismatch of a slice that is larger than the array; without indices there is no slice."""
    if shape.rank is None or ZERO in indices.dims:
        return None
    for axis, (n, size) in enumerate(zip(shape.dims, wanted, strict=True)):
        if at_least(size - n, 1):
            return Mismatch("shape-op", f"a slice of {size} along axis {axis} of size {n}", axis, f"<={n}", str(size))
    return None


def _interleaved(slices: Sequence[Dim], offset: Sequence[int], around: Sequence[Dim]) -> Shape:
    inner, outer = iter(slices), iter(around)
    return Shape(tuple(next(inner if axis in offset else outer, UNKNOWN_DIM) for axis in range(len(slices) + len(around))))


def of_factors(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of both factors, whatever the groups have."""
    return of_one_dtype(values[:2], library)


def token(a: Arguments) -> Result:
    """What is sent is no array."""
    return UNKNOWN


J = "jax.lax.{}"
SCATTERS = "scatter scatter_add scatter_max scatter_min scatter_mul scatter_sub"

TABLE: tuple[Rule, ...] = (
    gufunc("*s -> *s", "x, axis_name, *rest, **", itself, *spelled("pbroadcast ppermute", J)),
    gufunc("*s -> *s", "x, axis_name, *, to", itself, "jax.lax.pcast"),
    gufunc("-> ", "axis_name", made_of(INTEGER), "jax.lax.axis_index"),
    gufunc("*s n@axis -> *s _@axis", "x, axis_name, axis, *, axis_index_groups=None", kept, "jax.lax.pswapaxes"),
    gufunc("*s -> *s _@axis", "x, axis_name, *, axis_index_groups=None, axis=0", kept, "jax.lax.all_gather"),
    gufunc("*s n@split_axis -> *s _@concat_axis", "x, axis_name, split_axis, concat_axis, *, axis_index_groups=None", kept, "jax.lax.all_to_all"),
    gufunc("*s n@scatter_dimension -> *s", "x, axis_name, *, scatter_dimension=0, axis_index_groups=None", kept, "jax.lax.psum_scatter"),
    gufunc("*s, *t -> *t", "operand, output, input_offsets, send_sizes, output_offsets, recv_sizes, **", of_second, "jax.lax.ragged_all_to_all"),
    rule(token, "x, axis_name, perm", "jax.lax.psend"),
    rule(token, "token, out_shape, axis_name, perm", "jax.lax.precv"),
    gufunc("*s, *i, *u -> *s", "operand, scatter_indices, updates, dimension_numbers, **", kept, *spelled(SCATTERS, J)),
    rule(gather, "operand, start_indices, dimension_numbers, slice_sizes, **", "jax.lax.gather"),
    gufunc("*s -> *result", "src, idxs, axes", kept, "jax.lax.index_take"),
    gufunc("m k, g k n, g -> m n", "lhs, rhs, group_sizes, precision=None, dtype|preferred_element_type=None, group_offset=None, **", of_factors, "jax.lax.ragged_dot"),
    gufunc("*s, *t, *g -> *result", "lhs, rhs, group_sizes, ragged_dot_dimension_numbers, **", unknown_dtype, "jax.lax.ragged_dot_general"),
    gufunc("*s, *t -> *result", "lhs, rhs, **", unknown_dtype, "jax.lax.scaled_dot"),
    gufunc("*s, *t -> *result", "lhs, rhs, dimension_numbers, **", unknown_dtype, "jax.nn.scaled_dot_general"),
    gufunc("b m k, b n k, b m _, b n _ -> b m n", "lhs, rhs, lhs_scales, rhs_scales, dtype|preferred_element_type='float32'", unknown_dtype, "jax.nn.scaled_matmul"),
    gufunc("*s -> *s num_classes@axis", "x, num_classes, *, dtype=None, axis=-1, **", made_of(FLOATING), "jax.nn.one_hot"),
    gufunc("*s, *s, *s -> *s", "a, b, x", only(promoted, FLOATING), "jax.lax.betainc"),
    gufunc("*s, *s -> *s", "x|m, y", only(promoted, FLOATING), "jax.lax.polygamma", check=alike),
    gufunc("*s, *s -> *s", "a, x", only(promoted, FLOATING), "jax.lax.random_gamma_grad"),
    gufunc("*s -> *s", "x", kept, "jax.lax.one_minus_square"),
    gufunc("*s -> *s", "x", kept, "jax.lax.stage"),
    gufunc("*#s, *s -> *s", "arr, like_arr", kept, "jax.lax.broadcast_like"),
    gufunc("-> *shape", "shape, dtype, **", unknown_dtype, "jax.lax.empty"),
    gufunc(", -> *shape", "a, b, shape", promoted, "jax.lax.rng_uniform"),
    gufunc("*k -> *k, *shape", "key, shape, dtype=None, **", (kept, unknown_dtype), "jax.lax.rng_bit_generator"),
    rule(bitcast, "operand, new_dtype", "jax.lax.bitcast_convert_type"),
    gufunc("n c *s, o i *t -> *result", "lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, **", unknown_dtype, "jax.lax.conv_with_general_padding"),
    gufunc("*s, *t -> *result", "lhs, rhs, window_strides, padding, filter_shape, **", unknown_dtype, "jax.lax.conv_general_dilated_local"),
    gufunc("*s -> *result", "lhs, filter_shape, window_strides, padding, **", unknown_dtype, "jax.lax.conv_general_dilated_patches"),
)  # fmt: skip
