"""einops' `pack`, `unpack` and `asnumpy`, torch's grouped and scaled products, short-time spectra and segments."""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.dim import UNKNOWN_DIM, product
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import Typed, is_integral
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import flag, size
from shapecheck.rules.families import dtype_argument, gufunc, kept, or_unknown, promoted, shape_of, typed_result, unknown_dtype
from shapecheck.rules.linalg import solve
from shapecheck.rules.table import Rule, rule

# --- einops -------------------------------------------------------------------------------------------------------


def _around(pattern: Value) -> tuple[int, int] | None:
    """How many axes a pattern such as `"b * d"` names before and after its star."""
    words = pattern.split() if isinstance(pattern, str) else []
    return (words.index("*"), len(words) - words.index("*") - 1) if words.count("*") == 1 else None


def packed(a: Arguments) -> Result:
    """The arrays, what the star stands for in each flattened, joined along that axis; and the shapes to unpack by."""
    around, arrays = _around(a["pattern"]), a["tensors"]
    if around is None or not isinstance(arrays, tuple) or not arrays:
        return UNKNOWN
    parts = [_flattened(each, *around) for each in arrays]
    known = [part for part in parts if not isinstance(part, Mismatch)]
    refused = next((part for part in parts if isinstance(part, Mismatch)), None)
    if refused is not None:
        return refused
    total = sum((part.dims[around[0]] for part in known[1:]), known[0].dims[around[0]])
    joined = from_items([*known[0].dims[: around[0]], total, *known[0].dims[around[0] + 1 :]])
    first = arrays[0]
    alike = isinstance(first, Array) and all(isinstance(each, Array) and each.dtype == first.dtype for each in arrays)
    library = first.library if isinstance(first, Array) else a.library
    return Array(joined, first.dtype if isinstance(first, Array) and alike else ANY_DTYPE, library), UNKNOWN


def _flattened(value: Value, before: int, after: int) -> Shape | Mismatch:
    shape = shape_of(value)
    if shape.rank is None:
        return Shape((UNKNOWN_DIM,) * (before + 1 + after))
    if shape.rank < before + after:
        reason = f"expected at least {before + after} axes, found {shape.rank} ({shape})"
        return Mismatch("shape-rank", reason, None, f"{before + after} axes", str(shape))
    end = shape.rank - after
    return Shape((*shape.dims[:before], product(shape.dims[before:end]), *shape.dims[end:]))


def unpacked(a: Arguments) -> Result:
    """As many arrays as there are shapes: the axes beside the star stay."""
    around, array = _around(a["pattern"]), a.array("tensor")
    if around is None or array is None:
        return UNKNOWN
    before, after = around
    shape = array.shape
    if shape.rank is not None and shape.rank != before + 1 + after:
        reason = f"expected {before + 1 + after} axes, found {shape.rank} ({shape})"
        return Mismatch("shape-rank", reason, None, f"{before + 1 + after} axes", str(shape))
    if shape.rank is None:
        return Many(array.with_shape(ANY_SHAPE))
    return Many(array.with_shape(from_items([*shape.dims[:before], ANY_RUN, *shape.dims[before + 1 :]])))


def as_numpy(a: Arguments) -> Result:
    """The same array as numpy's."""
    array = a.array("tensor")
    return UNKNOWN if array is None else replace(array, library=Library.NUMPY)


# --- torch --------------------------------------------------------------------------------------------------------

_GROUPED = {
    (2, 3): "m k, g k n -> m n",
    (3, 2): "g m k, k n -> m n",
    (3, 3): "g m k, g k n -> g m n",
    (2, 2): "m k, k n -> _ m n",
}
"""A product for each group, by the ranks of its operands: rows or columns may be those of all groups."""


def grouped(a: Arguments) -> Result:
    """`grouped_mm`: which axes hold the groups, the ranks tell."""
    left, right = shape_of(a["mat_a"]), shape_of(a["mat_b"])
    text = _GROUPED.get((left.rank or 0, right.rank or 0))
    if text is None:
        return Array(ANY_SHAPE, ANY_DTYPE, a.library)
    dtypes = ANY_DTYPE if a["dtype"] is None else dtype_argument(a["dtype"], a.library)
    return typed_result(signature(text).apply((left, right), a.facts), Typed(dtypes), a.library)


def solved(a: Arguments) -> Result:
    """The solution, and whether there was one."""
    found = solve(a)
    if isinstance(found, Mismatch):
        return found
    matrices = shape_of(a["input"])
    return found, Array(Shape(matrices.dims[:-2]) if matrices.rank is not None else ANY_SHAPE, dtype("int32"), a.library)


def attended(a: Arguments) -> Result:
    """`multi_head_attention_forward`: an array like the query, and weights, of each head or their mean."""
    array = a.array("query")
    if array is None:
        return UNKNOWN
    typed = or_unknown(promoted)((array, a["out_proj_weight"]), a.library)
    dtypes = typed.dtypes if isinstance(typed, Typed) and not is_integral(typed.dtypes) else ANY_DTYPE
    wanted = flag(a["need_weights"])
    weights: Value = UNKNOWN if wanted is None else Array(_weights(a, array.shape), dtypes, a.library) if wanted else None
    return array.with_dtype(dtypes), weights


def _weights(a: Arguments, query: Shape) -> Shape:
    """How much every query looks at every key; a bias and a zero each count as a key."""
    key, averaged, zero = shape_of(a["key"]), flag(a["average_attn_weights"]), flag(a["add_zero_attn"])
    if query.rank not in (2, 3) or not key.prefix or averaged is None or zero is None or a["static_k"] is not None:
        return ANY_SHAPE
    keys = key.prefix[0] + (a["bias_k"] is not None) + zero
    heads = () if averaged else (size(a["num_heads"]),)
    return Shape((*query.dims[1:-1], *heads, query.dims[0], keys))


_ATTENTION = (
    "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p, "
    "out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None, "
    "use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, "
    "average_attn_weights=True, is_causal=False"
)
_SCALED = "scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None"

TABLE: tuple[Rule, ...] = (
    rule(packed, "tensors, pattern", "einops.pack"),
    rule(unpacked, "tensor, packed_shapes, pattern", "einops.unpack"),
    rule(as_numpy, "tensor", "einops.asnumpy"),
    rule(grouped, "mat_a, mat_b, *, offs=None, bias=None, dtype|out_dtype=None", "F.grouped_mm"),
    rule(grouped, f"mat_a, mat_b, {_SCALED}, offs=None, dtype|output_dtype='bfloat16', **", "F.scaled_grouped_mm"),
    gufunc("m k, k n -> m n", f"mat_a, mat_b, {_SCALED}, dtype|output_dtype='bfloat16'", unknown_dtype, "F.scaled_mm"),
    rule(attended, _ATTENTION, "F.multi_head_attention_forward"),
    gufunc("n *s -> _ *s", "data, reduce, *, lengths=None, indices=None, unsafe=False, initial=None", kept, "torch.segment_reduce"),
    rule(solved, "input|A, other|B, **", "torch.linalg.solve_ex"),
)  # fmt: skip
