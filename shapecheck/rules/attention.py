"""Attention: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and the transformer layers."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, mod
from shapecheck.core.dtype import CLASSES, accepts
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, axis_from_right, broadcast, from_items, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import differs, flag, is_one, size
from shapecheck.rules.layers import features
from shapecheck.rules.table import Compute, layer, rule
from shapecheck.rules.windows import float_part, not_float, with_last_axes, wrong_rank

ATTENTION = signature("*b q d, *b k d, *b k v -> *b q v")
GROUPED = signature("*b hq q d, *b hk k d, *b hk k v -> *b hq q v")

OPERANDS = ("query", "key", "value")

# --- scaled dot products -----------------------------------------------------------------------------------------


def scaled_dot_product(a: Arguments) -> Result:
    """`softmax(q k^T) v`; a mask has the queries and keys as its last axes, or 1.

    A value with fewer positions than the key is refused although torch's fused CPU kernel does not look: it reads past
    the value's end.
    """
    query, key, value = a.array("query"), a.array("key"), a.array("value")
    if query is None:
        return UNKNOWN
    shapes = [each.shape if each is not None else ANY_SHAPE for each in (query, key, value)]
    for each in (query, key, value):
        if each is not None and (refused := not_float(each)) is not None:
            return refused
    found = (GROUPED if flag(a["enable_gqa"]) is not False else ATTENTION).apply(shapes, a.facts, names=OPERANDS)
    if not isinstance(found, Shape):
        return found if isinstance(found, Mismatch) else UNKNOWN
    whole = _refused_mask(a, shapes) or _with_mask(a, found)
    return whole if isinstance(whole, Mismatch) else Array(whole, float_part(query.dtype), query.library)


def _with_mask(a: Arguments, found: Shape) -> Shape | Mismatch:
    """A mask with more than the last two axes may broadcast the batch."""
    mask = a.array("attn_mask")
    if mask is None or found.rank is None or not mask.shape.rank or mask.shape.rank <= 2:
        return found
    batch = broadcast(Shape(found.dims[:-2]), Shape(mask.shape.dims[:-2]), a.facts)
    if isinstance(batch, Mismatch):
        axis = (batch.axis or 0) - 2
        reason = f"axis {axis} of the mask is {batch.found}, of query, key and value it is {batch.expected}"
        return Mismatch("shape-broadcast", reason, axis, batch.expected, batch.found)
    if mask.shape.rank > found.rank:
        return ANY_SHAPE  # whether the result has the mask's further axes depends on the kernel
    return from_items([*batch.items, *found.dims[-2:]])


def _refused_mask(a: Arguments, shapes: Sequence[Shape]) -> Mismatch | None:
    mask = a.array("attn_mask")
    if mask is None:
        return None
    if accepts(CLASSES["Inexact"] | CLASSES["Bool"], mask.dtype) is Verdict.DIFFERENT:
        return Mismatch("shape-dtype", f"a mask must be bool or float, found {mask.dtype}", None, "Bool", str(mask.dtype))
    wanted = (("keys", axis_from_right(shapes[1], 1)), ("queries", axis_from_right(shapes[0], 1)))
    for distance, (words, expected) in enumerate(wanted):
        have = axis_from_right(mask.shape, distance)
        if have is None or expected is None or is_one(have) is not False or not differs(have, expected, a):
            continue
        axis = -1 - distance
        reason = f"the mask has {have} in axis {axis}, there are {expected} {words}"
        return Mismatch("shape-mismatch", reason, axis, str(expected), str(have))
    return None


JAX_ATTENTION = signature("*b t n h, *b s k h, *b s k h -> *b t n h")


def jax_attention(a: Arguments) -> Result:
    """`jax.nn.dot_product_attention`: the heads stand behind the sequence."""
    query, key, value = a.array("query"), a.array("key"), a.array("value")
    if query is None:
        return UNKNOWN
    for each in (query, key, value):
        if each is not None and (refused := wrong_rank(each.shape, (3, 4), "batch, sequence, heads, features")) is not None:
            return refused
    found = JAX_ATTENTION.apply(
        [each.shape if each is not None else ANY_SHAPE for each in (query, key, value)], a.facts, names=OPERANDS
    )
    if isinstance(found, Mismatch):
        return found
    return query.with_shape(found) if isinstance(found, Shape) and a["return_residual"] is False else UNKNOWN


# --- multi-head attention ----------------------------------------------------------------------------------------


def check_heads(a: Arguments, name: str, heads: str) -> Mismatch | None:
    """The mismatch of heads that certainly do not divide the width."""
    width, count = size(a[name]), size(a[heads])
    if compare(mod(width, count), ZERO) is not Verdict.DIFFERENT:
        return None
    reason = f"{heads}={count} does not divide {name}={width}"
    return Mismatch("shape-op", reason, None, f"a multiple of {count}", str(width))


def check_multihead(a: Arguments) -> Result:
    return check_heads(a, "embed_dim", "num_heads") or UNKNOWN


def multihead(a: Arguments) -> Result:
    """The output is like the query; the averaged weights are `b q k`, per head `b h q k`."""
    query, key, value = a.array("query"), a.array("key"), a.array("value")
    if query is None:
        return UNKNOWN
    refused = _refused_inputs(a, query, key, value)
    if refused is not None:
        return refused
    output = Array(with_last_axes(query.shape, 1, [size(a["embed_dim"])]), float_part(query.dtype), query.library)
    return output, _weights(a, query, key)


def _refused_inputs(a: Arguments, query: Array, key: Array | None, value: Array | None) -> Mismatch | None:
    widths = {"embed_dim": query, "kdim": key, "vdim": value}
    for name, array in widths.items():
        width = size(a[name] if a[name] is not None else a["embed_dim"])
        if array is not None:
            refused = (
                not_float(array) or wrong_rank(array.shape, (2, 3), "batch, sequence, features") or features(array, width, a)
            )
            if refused is not None:
                return refused
    known = [each.shape for each in (query, key, value) if each is not None and each.shape.rank is not None]
    if len({shape.rank for shape in known}) > 1:
        shown = ", ".join(f'"{shape}"' for shape in known)
        return Mismatch("shape-rank", f"query, key and value must all have a batch axis or none: {shown}")
    return _refused_sequences(a, query, key, value)


def _refused_sequences(a: Arguments, query: Array, key: Array | None, value: Array | None) -> Mismatch | None:
    sequence, batch = _axes(a, query)
    if key is not None and value is not None and key.shape.rank == value.shape.rank == query.shape.rank:
        if sequence is not None and differs(key.shape.dims[sequence], value.shape.dims[sequence], a):
            one, other = key.shape.dims[sequence], value.shape.dims[sequence]
            return Mismatch("shape-mismatch", f"the key has {one} positions, the value {other}", sequence, str(one), str(other))
    for each in (key, value):
        if (
            batch is not None
            and each is not None
            and each.shape.rank == 3
            and differs(each.shape.dims[batch], query.shape.dims[batch], a)
        ):
            one, other = query.shape.dims[batch], each.shape.dims[batch]
            return Mismatch(
                "shape-mismatch", f"the query has a batch of {one}, the key or value one of {other}", batch, str(one), str(other)
            )
    return _refused_masks(a, query, key, sequence, batch)


def _refused_masks(a: Arguments, query: Array, key: Array | None, sequence: int | None, batch: int | None) -> Mismatch | None:
    """`attn_mask` is `q k` or `b*h q k`, `key_padding_mask` is `b k`."""
    if sequence is None or key is None or key.shape.rank != query.shape.rank:
        return None
    queries, keys = query.shape.dims[sequence], key.shape.dims[sequence]
    batches = () if batch is None else (query.shape.dims[batch],)
    heads = Shape((*[n * size(a["num_heads"]) for n in batches or (ONE,)], queries, keys))
    mask, padding = a.array("attn_mask"), a.array("key_padding_mask")
    if mask is not None and mask.shape.rank == 2:
        heads = Shape((queries, keys))
    for name, given, expected in (("attn_mask", mask, heads), ("key_padding_mask", padding, Shape((*batches, keys)))):
        if given is not None and same(given.shape, expected, a.facts) is Verdict.DIFFERENT:
            reason = f'{name} should be "{expected}", found "{given.shape}"'
            return Mismatch("shape-mismatch", reason, None, str(expected), str(given.shape))
    return None


def _axes(a: Arguments, query: Array) -> tuple[int | None, int | None]:
    """The axes of the sequence and of the batch, None where there is none or it is not known."""
    first = flag(a["batch_first"])
    match query.shape.rank:
        case 2:
            return 0, None
        case 3 if first is not None:
            return (1, 0) if first else (0, 1)
        case _:
            return None, None


def _weights(a: Arguments, query: Array, key: Array | None) -> Value:
    wanted = flag(a["need_weights"])
    if wanted is False:
        return None
    if wanted is None:
        return UNKNOWN
    sequence, batch = _axes(a, query)
    average = flag(a["average_attn_weights"])
    dtypes = float_part(query.dtype)
    if sequence is None or average is None:
        return Array(ANY_SHAPE, dtypes, query.library)
    keys = key.shape.dims[sequence] if key is not None and key.shape.rank == query.shape.rank else UNKNOWN_DIM
    keys = keys + _added_keys(a)
    heads = () if average else (size(a["num_heads"]),)
    batches = () if batch is None else (query.shape.dims[batch],)
    return Array(Shape((*batches, *heads, query.shape.dims[sequence], keys)), dtypes, query.library)


def _added_keys(a: Arguments) -> Dim:
    added = [flag(a["add_bias_kv"]), flag(a["add_zero_attn"])]
    return UNKNOWN_DIM if None in added else sum((ONE for each in added if each), ZERO)


# --- transformer layers ------------------------------------------------------------------------------------------


def transformer(*names: str) -> Compute:
    """An encoder or decoder layer: every input has the width of the model, the output is like the first one."""

    def applied(a: Arguments) -> Result:
        first = a.array(names[0])
        if first is None:
            return UNKNOWN
        for name in names:
            array = a.array(name)
            if array is not None:
                refused = (
                    not_float(array)
                    or wrong_rank(array.shape, (2, 3), "batch, sequence, features")
                    or features(array, size(a["d_model"]), a)
                )
                if refused is not None:
                    return refused
        return Array(with_last_axes(first.shape, 1, [size(a["d_model"])]), float_part(first.dtype), first.library)

    return applied


def check_transformer(a: Arguments) -> Result:
    return check_heads(a, "d_model", "nhead") or UNKNOWN


_MULTIHEAD = "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None, batch_first=False, **"
_MULTIHEAD_CALL = (
    "query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False"
)
_LAYER = "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True, **"

TABLE = (
    rule(scaled_dot_product, "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False", "F.scaled_dot_product_attention"),
    rule(jax_attention, "query, key, value, bias=None, mask=None, *, return_residual=False, **", "jax.nn.dot_product_attention"),
    layer("nn.MultiheadAttention", _MULTIHEAD, _MULTIHEAD_CALL, multihead, check_multihead),
    layer("nn.TransformerEncoderLayer", _LAYER, "src, src_mask=None, src_key_padding_mask=None, is_causal=False", transformer("src"), check_transformer),
    layer("nn.TransformerDecoderLayer", _LAYER, "tgt, memory, tgt_mask=None, memory_mask=None, **", transformer("tgt", "memory"), check_transformer),
)  # fmt: skip
