"""Flax layers, `linen` and `nnx`: channels come last, any number of batch axes stands in front.

The result has the dtype that is asked for by `dtype=`, else that of input and weights promoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, accepts, dtype
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import differs, size, sizes
from shapecheck.rules.families import dtype_argument, shape_of
from shapecheck.rules.layers import identity
from shapecheck.rules.table import Compute, Layer, layer, parameters
from shapecheck.rules.windows import Window, counted, last_axes, per_axis, with_last_axes

LINEN, NNX = "flax.linen.", "flax.nnx."
_DTYPES = "*, dtype=None, param_dtype='float32', **"


def promoted(a: Arguments, *values: Value) -> DTypes:
    """The dtype of a result of the layer's weights and these inputs."""
    asked, weights = a["dtype"], a["param_dtype"]
    if asked is not None:
        return dtype_argument(asked, a.library)
    own = dtype(weights) if isinstance(weights, str) else dtype_argument(weights, a.library)
    return result_type([*values, Array(dtype=own, shape=Shape((ONE,)), library=a.library)], a.library).dtypes


def flax_layer(name: str, fields: str, call: str, text: str, also: Sequence[Value] = ()) -> Layer:
    """A layer that is one line: axes named as constructor arguments have their sizes; `also` are weights of a dtype of their own."""
    shapes, constructor, bound = signature(text), parameters(f"{fields}{_DTYPES}"), parameters(call)
    operands = [each.name for each in bound.listed[: len(shapes.operands)]]

    def compute(a: Arguments) -> Result:
        values = [a[each] for each in operands]
        fixed = {each.name: given for each in constructor.listed if isinstance(given := a[each.name], Dim)}
        found = shapes.apply([shape_of(value) for value in values], a.facts, fixed)
        if isinstance(found, Mismatch):
            return found
        if isinstance(found, tuple):
            return tuple(Array(each, promoted(a, *values, *also), a.library) for each in found)
        return Array(found, promoted(a, *values, *also), a.library)

    return Layer(name, constructor, bound, compute, text, None, (shapes,))


# --- embedding ----------------------------------------------------------------------------------------------------


def embed(a: Arguments) -> Result:
    """A row of the table for every index, which must be an integer."""
    array = a.array("inputs")
    if array is None:
        return UNKNOWN
    if accepts(CLASSES["Integer"], array.dtype) is Verdict.DIFFERENT:
        return Mismatch("shape-dtype", f"expected integer indices, found {array.dtype}", None, "Int", str(array.dtype))
    return Array(from_items((*array.shape.items, size(a["features"]))), promoted(a), a.library)


# --- convolution --------------------------------------------------------------------------------------------------


def conv(a: Arguments) -> Result:
    """`Conv`: as many axes as the kernel has, before the channels."""
    array, kernel = a.array("inputs"), sizes(a["kernel_size"])
    if array is None or kernel is None:
        return UNKNOWN
    axes = len(kernel)
    if array.shape.rank is not None and array.shape.rank < axes + 1:
        reason = f"a kernel of {axes} axes needs {axes + 1} axes or more, found ({array.shape})"
        return Mismatch("shape-rank", reason, None, f">={axes + 1}", str(array.shape))
    *space, channels = last_axes(array.shape, axes + 1)
    inside = size(a.values.get("in_features", UNKNOWN))
    if differs(inside, channels, a):
        reason = f"expected {inside} channels in the last axis, found {channels}"
        return Mismatch("shape-mismatch", reason, -1, str(inside), str(channels))
    found = _convolved(a, space, kernel)
    if isinstance(found, Mismatch):
        return found
    return Array(with_last_axes(array.shape, axes + 1, [*found, size(a["features"])]), promoted(a, array), a.library)


def _convolved(a: Arguments, space: list[Dim], kernel: tuple[Dim, ...]) -> list[Dim] | Mismatch:
    axes = len(space)
    strides = (ONE,) * axes if a["strides"] is None else per_axis(a["strides"], axes)
    dilations = per_axis(a["kernel_dilation"], axes)
    if a["input_dilation"] not in (None, ONE):
        return [UNKNOWN_DIM] * axes
    match a["padding"]:
        case "SAME" | "CIRCULAR":
            return [(n + s - 1) // s for n, s in zip(space, strides, strict=True)]
        case "VALID":
            amounts = (ZERO,) * axes
        case Dim() as both:
            amounts = (both,) * axes
        case _:
            return [UNKNOWN_DIM] * axes
    windows = [Window(k, s, p, p, d) for k, s, p, d in zip(kernel, strides, amounts, dilations, strict=True)]
    found = counted(space, windows)
    return [UNKNOWN_DIM] * axes if isinstance(found, Mismatch) else found


def conv_transpose(a: Arguments) -> Result:
    """`ConvTranspose`: the channels are known."""
    array, kernel = a.array("inputs"), sizes(a["kernel_size"])
    if array is None or kernel is None:
        return UNKNOWN
    shape = with_last_axes(array.shape, len(kernel) + 1, [UNKNOWN_DIM] * len(kernel) + [size(a["features"])])
    usable = array.shape.rank is None or array.shape.rank > len(kernel)
    return Array(shape if usable else ANY_SHAPE, promoted(a, array), a.library)


# --- several axes -------------------------------------------------------------------------------------------------


def dense_general(a: Arguments) -> Result:
    """New axes in place of the last one; of other axes nothing is known."""
    array, new = a.array("inputs"), sizes(a["features"])
    if array is None or new is None or sizes(a["axis"]) != (-ONE,):
        return UNKNOWN
    if array.shape.run is not None and not array.shape.suffix:
        return Array(ANY_SHAPE, promoted(a, array), a.library)
    return Array(from_items((*array.shape.items[:-1], *new)), promoted(a, array), a.library)


def attention(a: Arguments) -> Result:
    """A row for each query, of `out_features` or as wide as the query."""
    array = a.array("inputs_q")
    if array is None or (array.shape.run is not None and not array.shape.suffix):
        return UNKNOWN
    if array.shape.rank is not None and array.shape.rank < 2:
        return Mismatch("shape-rank", f"expected sequence and features, found ({array.shape})", None, ">=2", str(array.shape))
    own = last_axes(array.shape, 1)[0] if "in_features" not in a.values else size(a["in_features"])
    if differs(own, last_axes(array.shape, 1)[0], a):
        reason = f"expected {own} features in the last axis, found {last_axes(array.shape, 1)[0]}"
        return Mismatch("shape-mismatch", reason, -1, str(own), str(array.shape))
    width = own if a["out_features"] is None else size(a["out_features"])
    return Array(from_items((*array.shape.items[:-1], width)), ANY_DTYPE, a.library)


def stepped(pair: bool) -> Compute:
    """A cell: `(carry, output)`; an LSTM's carry is a pair."""

    def step(a: Arguments) -> Result:
        array = a.array("inputs")
        if array is None or (array.shape.run is not None and not array.shape.suffix) or not array.shape.items:
            return UNKNOWN
        inside, found = size(a.values.get("in_features", UNKNOWN)), last_axes(array.shape, 1)[0]
        if differs(inside, found, a):
            reason = f"expected {inside} features in the last axis, found {found}"
            return Mismatch("shape-mismatch", reason, -1, str(inside), str(found))
        out = Array(from_items((*array.shape.items[:-1], size(a["features"]))), ANY_DTYPE, a.library)
        return ((out, out) if pair else out), out

    return step


_FLOATS = (Array(Shape((ONE,)), dtype("float32"), Library.JAX),)
"""Running statistics and low-rank weights, which `param_dtype` says nothing of."""
_KEPT = "*s -> *s"
_NORMS = "BatchNorm LayerNorm RMSNorm GroupNorm InstanceNorm"
_CONV = "kernel_size, strides=1, {}padding='SAME', input_dilation=1, kernel_dilation=1, "
_TRANSPOSED = "kernel_size, strides=None, "
_CELLS: tuple[tuple[str, bool], ...] = (
    ("LSTMCell", True),
    ("OptimizedLSTMCell", True),
    ("GRUCell", False),
    ("SimpleCell", False),
)

LINEN_TABLE: tuple[Layer, ...] = (
    flax_layer(f"{LINEN}Dense", "features, use_bias=True, ", "inputs", "*b _ -> *b features"),
    layer(f"{LINEN}Embed", f"num_embeddings, features, {_DTYPES}", "inputs", embed),
    *(flax_layer(f"{LINEN}{name}", "", "x, **", _KEPT) for name in _NORMS.split()),
    identity(f"{LINEN}Dropout", "rate, **", "input|inputs, **"),
    identity(f"{LINEN}PReLU", "**", "input|inputs"),
    layer(f"{LINEN}Conv", f"features, {_CONV.format('')}{_DTYPES}", "inputs", conv),
    layer(f"{LINEN}ConvTranspose", f"features, {_TRANSPOSED}{_DTYPES}", "inputs", conv_transpose),
    layer(f"{LINEN}DenseGeneral", f"features, axis=-1, {_DTYPES}", "inputs", dense_general),
    *(
        layer(
            f"{LINEN}{name}",
            "num_heads, *, qkv_features=None, out_features=None, **",
            "inputs_q, inputs_k=None, inputs_v=None, **",
            attention,
        )
        for name in ("MultiHeadDotProductAttention", "MultiHeadAttention", "SelfAttention")
    ),
    *(layer(f"{LINEN}{name}", "features, **", "carry, inputs", stepped(pair)) for name, pair in (*_CELLS, ("MGUCell", False))),
)

NNX_TABLE: tuple[Layer, ...] = (
    flax_layer(f"{NNX}Linear", "in_features, out_features, ", "inputs, **", "*b in_features -> *b out_features"),
    flax_layer(f"{NNX}LoRA", "in_features, lora_rank, out_features, ", "x, **", "*b in_features -> *b out_features"),
    flax_layer(f"{NNX}LoRALinear", "in_features, out_features, ", "x, **", "*b in_features -> *b out_features", _FLOATS),
    layer(f"{NNX}Embed", f"num_embeddings, features, {_DTYPES}", "inputs, **", embed),
    *(
        flax_layer(f"{NNX}{name}", "num_features, ", "x, **", "*b num_features -> *b num_features")
        for name in ("LayerNorm", "RMSNorm", "InstanceNorm")
    ),
    flax_layer(f"{NNX}BatchNorm", "num_features, ", "x, **", "*b num_features -> *b num_features", _FLOATS),
    flax_layer(f"{NNX}GroupNorm", "num_features, num_groups=32, ", "x, **", "*b num_features -> *b num_features"),
    identity(f"{NNX}Dropout", "rate, **", "input|inputs, **"),
    identity(f"{NNX}PReLU", "negative_slope_init=0.01, **", "input|inputs"),
    layer(
        f"{NNX}Conv",
        f"in_features, features|out_features, {_CONV.format('*, ')}{_DTYPES.removeprefix('*, ')}",
        "inputs, **",
        conv,
    ),
    layer(f"{NNX}ConvTranspose", f"in_features, features|out_features, {_TRANSPOSED}{_DTYPES}", "inputs, **", conv_transpose),
    layer(
        f"{NNX}LinearGeneral",
        f"in_features, features|out_features, *, axis=-1, {_DTYPES.removeprefix('*, ')}",
        "inputs, **",
        dense_general,
    ),
    layer(
        f"{NNX}MultiHeadAttention",
        "num_heads, in_features, qkv_features=None, out_features=None, **",
        "inputs_q, inputs_k=None, inputs_v=None, **",
        attention,
    ),
    *(
        layer(f"{NNX}{name}", "in_features, features|hidden_features, **", "carry, inputs", stepped(pair))
        for name, pair in _CELLS
    ),
)

TABLE: tuple[Layer, ...] = (*LINEN_TABLE, *NNX_TABLE)
