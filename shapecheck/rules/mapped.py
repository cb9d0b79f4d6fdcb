"""`jax.lax` and `jax.nn`: operations inside a mapped axis, gathers and scatters, and products of ragged or scaled arrays.

Where dimension numbers decide, only what they leave alone is stated.
"""

from __future__ import annotations

from shapecheck.core.promotion import FLOATING, INTEGER, bits
from shapecheck.core.shape import ANY_SHAPE
from shapecheck.core.value import UNKNOWN, Arguments, Result
from shapecheck.rules.conversion import of_second
from shapecheck.rules.families import (
    dtype_argument,
    gufunc,
    itself,
    kept,
    made_of,
    only,
    promoted,
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
    gufunc("*s, *i -> *result", "operand, start_indices, dimension_numbers, slice_sizes, **", kept, "jax.lax.gather"),
    gufunc("*s -> *result", "src, idxs, axes", kept, "jax.lax.index_take"),
    gufunc("m k, g k n, g -> m n", "lhs, rhs, group_sizes, **", unknown_dtype, "jax.lax.ragged_dot"),
    gufunc("*s, *t, *g -> *result", "lhs, rhs, group_sizes, ragged_dot_dimension_numbers, **", unknown_dtype, "jax.lax.ragged_dot_general"),
    gufunc("*s, *t -> *result", "lhs, rhs, **", unknown_dtype, "jax.lax.scaled_dot"),
    gufunc("*s, *t -> *result", "lhs, rhs, dimension_numbers, **", unknown_dtype, "jax.nn.scaled_dot_general"),
    gufunc("b m k, b n k, b m _, b n _ -> b m n", "lhs, rhs, lhs_scales, rhs_scales, dtype|preferred_element_type='float32'", unknown_dtype, "jax.nn.scaled_matmul"),
    gufunc("*s -> *s num_classes@axis", "x, num_classes, *, dtype=None, axis=-1, **", made_of(FLOATING), "jax.nn.one_hot"),
    gufunc("*s, *s, *s -> *s", "a, b, x", only(promoted, FLOATING), "jax.lax.betainc"),
    gufunc("*s, *s -> *s", "x|m|a, y", only(promoted, FLOATING), *spelled("polygamma random_gamma_grad", J), check=alike),
    gufunc("*s -> *s", "x", kept, "jax.lax.one_minus_square"),
    gufunc("*s -> *s", "x", kept, "jax.lax.stage"),
    gufunc("*#s, *s -> *s", "arr, like_arr", kept, "jax.lax.broadcast_like"),
    gufunc("-> *shape", "shape, dtype, **", unknown_dtype, "jax.lax.empty"),
    gufunc(", -> *shape", "a, b, shape", promoted, "jax.lax.rng_uniform"),
    gufunc("*k -> *k, *shape", "key, shape, dtype=None, **", (kept, unknown_dtype), "jax.lax.rng_bit_generator"),
    rule(bitcast, "operand, new_dtype", "jax.lax.bitcast_convert_type"),
    gufunc("*s -> *result", "x, fft_type, fft_lengths", unknown_dtype, "jax.lax.fft"),
    gufunc("n c *s, o i *t -> *result", "lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, **", unknown_dtype, "jax.lax.conv_with_general_padding"),
    gufunc("*s, *t -> *result", "lhs, rhs, window_strides, padding, filter_shape, **", unknown_dtype, "jax.lax.conv_general_dilated_local"),
    gufunc("*s -> *result", "lhs, filter_shape, window_strides, padding, **", unknown_dtype, "jax.lax.conv_general_dilated_patches"),
)  # fmt: skip
