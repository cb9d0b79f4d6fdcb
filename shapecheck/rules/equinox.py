"""Equinox layers by their constructor sizes. They take one example, without a batch axis: `jax.vmap` adds it.

Weights may have any float dtype (`dtype=`, or a cast of the whole model), so of the result's dtype only what the input
says is known: float32 stays float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Verdict, compare
from shapecheck.core.dtype import CLASSES, DTypes, dtype
from shapecheck.core.promotion import Typed
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, axis_from_right, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import flag, size, sizes
from shapecheck.rules.convolution import convolved
from shapecheck.rules.families import kept, shape_of, sized
from shapecheck.rules.layers import identity
from shapecheck.rules.pooling import pool
from shapecheck.rules.table import Compute, Layer, layer
from shapecheck.rules.windows import AXES, per_axis, with_last_axes, wrong_rank

E = "equinox.nn."


def weighted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of an array that weights were applied to."""
    return Typed(weighted_dtype(values[0]))


def of_weights(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the weights alone."""
    return Typed(CLASSES["Inexact"])


def weighted_dtype(value: Value) -> DTypes:
    """float32 where the input is: lower weights are promoted, higher ones need 64 bits, which are off."""
    is_single = isinstance(value, Array) and value.dtype == dtype("float32")
    return dtype("float32") if is_single else CLASSES["Inexact"]


# --- linear -------------------------------------------------------------------------------------------------------


def _axes(given: Value) -> Shape | None:
    """A vector of the size, or no axes for the word `"scalar"`; None when it is not known which."""
    return SCALAR if given == "scalar" else Shape((given,)) if isinstance(given, Dim) else None


def linear(a: Arguments) -> Result:
    """`Linear` and `MLP`: a vector to a vector, or a scalar where the size is `"scalar"`."""
    inside, outside, found = _axes(a["inside"]), _axes(a["outside"]), shape_of(a["x"])
    if _multiplies(found, inside, a):
        return Array(ANY_SHAPE, weighted_dtype(a["x"]), a.library)
    if inside is not None and same(found, inside, a.facts) is Verdict.DIFFERENT:
        hint = "; use jax.vmap for a batch" if found.min_rank > 1 else ""
        code = "shape-mismatch" if found.rank == inside.rank else "shape-rank"
        return Mismatch(code, f'expected "{inside}", found "{found}"{hint}', None, str(inside), str(found))
    return Array(outside if outside is not None else ANY_SHAPE, weighted_dtype(a["x"]), a.library)


def _multiplies(found: Shape, inside: Shape | None, a: Arguments) -> bool:
    """Whether this may be weights times a batch of as many vectors as each has features: that runs, if by accident.

    Of what nothing is known, we think that it is one example.
    """
    if found == ANY_SHAPE or (found.rank is not None and found.rank < 2):
        return False
    rows = axis_from_right(found, 1)
    return rows is None or inside is None or inside.rank != 1 or compare(rows, inside.dims[0], a.facts) is not Verdict.DIFFERENT


# --- convolution and pooling --------------------------------------------------------------------------------------


def conv(axes: int) -> Compute:
    """`Conv1d` and so on: channels first, no batch axis."""

    def applied(a: Arguments) -> Result:
        array = a.array("x")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1,), f"channels, {AXES[axes]}, without a batch")) is not None:
            return refused
        single = Arguments({**a.values, "padding": _padding(a["padding"])}, a.library, a.facts)
        inside, outside = size(a["in_channels"]), size(a["out_channels"])
        floats = array.with_dtype(CLASSES["Float"])  # ints are promoted
        found = convolved(single, floats, axes, inside, outside, per_axis(a["kernel_size"], axes))
        return found.with_dtype(weighted_dtype(array)) if isinstance(found, Array) else found

    return applied


def _padding(given: Value) -> Value:
    """Equal padding at both ends; words other than `VALID` depend on the stride."""
    match given:
        case "VALID":
            return "valid"
        case Dim():
            return given
        case tuple() if sizes(given) is not None and all(isinstance(each, Dim) for each in given):
            return given
        case _:
            return UNKNOWN


def pooled(axes: int) -> Compute:
    """`MaxPool2d` and so on, without a batch axis."""
    computed = pool(axes, False)

    def windows(a: Arguments) -> Result:
        array = a.array("x")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1,), f"channels, {AXES[axes]}, without a batch")) is not None:
            return refused
        if flag(a["use_ceil"]) is not False or not isinstance(a["padding"], Dim):
            return array.with_shape(with_last_axes(array.shape, axes, [UNKNOWN_DIM] * axes))
        return computed(replace(a, values={**a.values, "input": array, "ceil_mode": False}))

    return windows


def adaptive(axes: int) -> Compute:
    """Adaptive pooling to the sizes that are given."""

    def adapted(a: Arguments) -> Result:
        array = a.array("x")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, (axes + 1,), f"channels, {AXES[axes]}, without a batch")) is not None:
            return refused
        return array.with_shape(with_last_axes(array.shape, axes, per_axis(a["target_shape"], axes)))

    return adapted


# --- normalization ------------------------------------------------------------------------------------------------


def whole_shape(a: Arguments) -> Result:
    """`LayerNorm`, `RMSNorm`: the input has exactly the shape that was given, and keeps its dtype."""
    array, given = a.array("x"), sizes(a["shape"])
    if array is None:
        return UNKNOWN
    if given is not None and same(array.shape, Shape(given), a.facts) is Verdict.DIFFERENT:
        expected = str(Shape(given))
        reason = f'expected "{expected}", found "{array.shape}"; use jax.vmap for further axes'
        return Mismatch("shape-mismatch", reason, None, expected, str(array.shape))
    return array if given is None or array.shape.rank is not None else array.with_shape(Shape(given))


# --- recurrence and attention -------------------------------------------------------------------------------------


def lstm(a: Arguments) -> Result:
    """`(hidden, cell)` to `(hidden, cell)`."""
    found = signature("input_size -> hidden_size").apply([shape_of(a["input"])], a.facts, _named(a, "input_size", "hidden_size"))
    if isinstance(found, Mismatch | tuple):
        return found if isinstance(found, Mismatch) else UNKNOWN
    one = Array(found, weighted_dtype(a["input"]), a.library)
    return one, one


def _named(a: Arguments, *names: str) -> dict[str, Dim]:
    return {name: size(a[name]) for name in names}


def attention(a: Arguments) -> Result:
    """A row for each query; sizes that are not given are those of the query."""
    query = size(a["query_size"])
    wanted = {"q": query} | {
        short: query if a[name] is None else size(a[name])
        for short, name in (("k", "key_size"), ("v", "value_size"), ("o", "output_size"))
    }
    arrays = [shape_of(a[name]) for name in ("query", "key_", "value")]
    found = signature("s q, t k, t v -> s o").apply(arrays, a.facts, wanted)
    if isinstance(found, Mismatch | tuple):
        return found if isinstance(found, Mismatch) else UNKNOWN
    return Array(found, weighted_dtype(a["query"]), a.library)


_CONV = "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, **"
_POOL = "kernel_size, stride=1, padding=0, use_ceil=False"


def _of_axes(n: int) -> tuple[Layer, ...]:
    return (
        layer(f"{E}Conv{n}d", _CONV, "x, **", conv(n)),
        layer(f"{E}MaxPool{n}d", _POOL, "x, **", pooled(n)),
        layer(f"{E}AvgPool{n}d", _POOL, "x, **", pooled(n)),
        layer(f"{E}AdaptiveAvgPool{n}d", "target_shape", "x, **", adaptive(n)),
        layer(f"{E}AdaptiveMaxPool{n}d", "target_shape", "x, **", adaptive(n)),
    )


TABLE: tuple[Layer, ...] = (
    layer(f"{E}Linear", "inside|in_features, outside|out_features, use_bias=True, **", "x, **", linear),
    layer(f"{E}MLP", "inside|in_size, outside|out_size, width_size, depth, **", "x, **", linear),
    sized(f"{E}Embedding", "num_embeddings=None, embedding_size=None, **", "x, **", " -> embedding_size", of_weights),
    *_of_axes(1),
    *_of_axes(2),
    *_of_axes(3),
    layer(f"{E}LayerNorm", "shape, **", "x, **", whole_shape),
    layer(f"{E}RMSNorm", "shape, **", "x, **", whole_shape),
    sized(f"{E}GroupNorm", "groups, channels=None, **", "x, **", "channels *s -> channels *s", kept),
    sized(f"{E}GRUCell", "input_size, hidden_size, **", "input, hidden, **", "input_size, hidden_size -> hidden_size", weighted),
    layer(f"{E}LSTMCell", "input_size, hidden_size, **", "input, hidden, **", lstm),
    layer(
        f"{E}MultiheadAttention",
        "num_heads, query_size, key_size=None, value_size=None, output_size=None, **",
        "query, key_, value, mask=None, **",
        attention,
    ),
    sized(f"{E}RotaryPositionalEmbedding", "embedding_size, **", "x, **", "s embedding_size -> s embedding_size", kept),
    identity(f"{E}Dropout", "p=0.5, **", "input|x, **"),
    identity(f"{E}Identity", "*ignored, **", "input|x, **"),
)
