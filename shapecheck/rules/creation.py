"""Arrays out of nothing or out of data: zeros, full, arange, eye, tensor, asarray.

Sizes may be ints, splatted or in a tuple. Without `dtype=` torch makes float32 and int64, jax float32 and int32, numpy
float64 and int64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil, isfinite

from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, bounds, dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.promotion import BOOLEAN, COMPLEX, FLOATING, INTEGER, Typed, all_in, default
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, broadcast_all, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Scalar, Value
from shapecheck.rules.axes import at_least, integers, is_one, number, shape_argument, size, sizes
from shapecheck.rules.families import DTypeRule, dtype_argument, gufunc, kept, made_of, only, spelled, unknown_dtype
from shapecheck.rules.table import Rule, rule

# --- sizes and dtypes ---------------------------------------------------------------------------------------------


def dtype_or(a: Arguments, category: int) -> DTypes:
    """The `dtype=` of the call or the library's default of a category."""
    asked = a.values.get("dtype")
    return default(category, a.library) if asked is None else dtype_argument(asked, a.library)


def made(a: Arguments, found: Shape | Mismatch, dtypes: DTypes, weak: bool = False) -> Result:
    """A new array."""
    return found if isinstance(found, Mismatch) else Array(found, dtypes, a.library, weak)


def spaced(params: str, typed: DTypeRule, words: str) -> Rule:
    """A row of values between two ends; for a single value jax does not look at the axis."""
    row = gufunc("*s, *s -> *s steps@axis", params, typed, *spelled(words, "jnp.{}", "np.{}"))

    def compute(a: Arguments) -> Result:
        found = row.compute(a)
        single = a.library is Library.JAX and is_one(size(a["steps"])) is not False
        return UNKNOWN if isinstance(found, Mismatch) and single else found

    return replace(row, compute=compute)


def filled(values: Sequence[Value], library: Library) -> Typed:
    """The dtype of a fill value; jax calls that of Python numbers weak."""
    value = values[0]
    category = number_category(value)
    if category is None:
        return Typed(value.dtype if isinstance(value, Array) else ANY_DTYPE)
    return Typed(default(category, library), library is Library.JAX and category != BOOLEAN)


def between(values: Sequence[Value], library: Library) -> Typed:
    """Numbers between two: floats, or complex numbers; between arrays it depends."""
    categories = [number_category(value) for value in values]
    return Typed(ANY_DTYPE if None in categories else default(COMPLEX if COMPLEX in categories else FLOATING, library))


def number_category(value: Value) -> int | None:
    """The category of a Python number, None for what is none."""
    match value:
        case bool():
            return BOOLEAN
        case Dim():
            return INTEGER
        case Scalar(kind=kind):
            return {"bool": BOOLEAN, "float": FLOATING, "complex": COMPLEX}.get(kind)
        case _:
            return None


# --- ranges -------------------------------------------------------------------------------------------------------


def arange(a: Arguments) -> Result:
    """`arange(end)`, `arange(start, end, step)`: the length of ints by their sizes, of floats where they are numbers."""
    start, end, step = (ZERO, a["start"], a["step"]) if a["end"] is None else (a["start"], a["end"], a["step"])
    categories = [number_category(value) for value in (start, end, step)]
    known = [category for category in categories if category is not None]
    dtypes = dtype_or(a, max(known)) if len(known) == 3 or a["dtype"] is not None else ANY_DTYPE
    if not isinstance(start, Dim) or not isinstance(end, Dim) or not isinstance(step, Dim):
        return made(a, Shape((_steps(start, end, step, a),)), dtypes)
    return made(a, _range_shape(end - start, step, a.library), dtypes)


def _steps(start: Value, end: Value, step: Value, a: Arguments) -> Dim:
    """How many steps there are between known numbers; where integers are asked for the libraries differ."""
    first, last, by = number(start), number(end), number(step)
    asked = a["dtype"]
    if first is None or last is None or not by or not (asked is None or (isinstance(asked, DTypes) and all_in(asked, FLOATING))):
        return UNKNOWN_DIM
    span = (last - first) / by
    return dim(ceil(span)) if isfinite(span) and span >= 0 else UNKNOWN_DIM


def _range_shape(span: Dim, step: Dim, library: Library) -> Shape | Mismatch:
    by = step.constant
    if by == 0:
        return Mismatch("shape-op", "a step of 0", None, "", "0")
    if by is None and (bounds(step)[0] or 0) < 1:
        return Shape((UNKNOWN_DIM,))
    if by is not None and by < 0:
        span, step = -span, -step
    if span.constant is not None and span.constant < 0:
        if library is Library.TORCH:
            return Mismatch("shape-op", "the end lies before the start", None, "", str(span))
        return Shape((ZERO,))
    return Shape(((span + step - 1) // step,)) if _counts(span, library) else Shape((UNKNOWN_DIM,))


def _counts(span: Dim, library: Library) -> bool:
    """Whether a span is a number of elements: torch refuses negative ones, nobody asks numpy for `arange(-n)`."""
    low, _ = bounds(span)
    return library is Library.TORCH or span.symbol is not None or (low is not None and low >= 0)


def from_buffer(a: Arguments) -> Result:
    """A vector, as long as the data; `count` limits it."""
    count = a["count"]
    length = count if isinstance(count, Dim) and count.constant != -1 else UNKNOWN_DIM
    dtypes = dtype_argument(a["dtype"], a.library) if a["dtype"] is not None else ANY_DTYPE
    return made(a, Shape((length,)), dtypes)


def normal(a: Arguments) -> Result:
    """`torch.normal(mean, std)`: both broadcast, or a size is given."""
    if a["size"] is not None:
        return made(a, shape_argument(a["size"]), dtype_or(a, FLOATING))
    arrays = [each for each in (a["mean"], a["std"]) if isinstance(each, Array)]
    found = broadcast_all([each.shape for each in arrays], a.facts)
    if isinstance(found, Mismatch) or not arrays:
        return found if isinstance(found, Mismatch) else UNKNOWN
    return made(a, found, arrays[0].dtype if arrays[0].dtype == arrays[-1].dtype else ANY_DTYPE)


def torch_randint(a: Arguments) -> Result:
    """`randint(high, size)` and `randint(low, high, size)`."""
    rest = a["rest"]
    listed = rest if isinstance(rest, tuple) else ()
    size = a["size"] if a["size"] is not None else listed[-1] if listed and a["high"] is None else UNKNOWN
    return made(a, shape_argument(size) if not isinstance(size, Dim) else ANY_SHAPE, dtype_or(a, INTEGER))


def between_numbers(a: Arguments) -> Mismatch | None:
    """Refuses ends with axes, which numpy and jax take."""
    shapes = [value.shape for name in ("start", "end") if isinstance(value := a[name], Array)]
    wrong = next((shape for shape in shapes if shape.min_rank), None)
    return None if wrong is None else Mismatch("shape-rank", f"an end has no axes, found ({wrong})", None, "no axes", str(wrong))


def refused_window(a: Arguments) -> Mismatch | None:
    """Refuses windows of other dtypes, without coefficients, and symmetric ones with a centre of their own."""
    if a["a"] == () and at_least(size(a["n"]), 2):
        return Mismatch("shape-op", "a window needs a coefficient, found none", None, ">=1", "0")
    if a["center"] is not None and a["sym"] is True:
        return Mismatch("shape-op", "a symmetric window has its centre in the middle; center= needs sym=False")
    asked = a["dtype"]
    if not isinstance(asked, DTypes) or asked.names & {"float32", "float64"}:
        return None
    return Mismatch("shape-dtype", f"a window has float32 or float64, found {asked}", None, "Float32 or Float64", str(asked))


def layout(a: Arguments) -> Mismatch | None:
    """The mismatch of a layout that does not order all the axes."""
    order, axes = integers(a["layout"]) if "layout" in a.values else None, sizes(a["size"])
    if order is None or axes is None or sorted(order) == list(range(len(axes))):
        return None
    return Mismatch("shape-op", f"the layout {order} does not order {len(axes)} axes", None, f"{len(axes)} axes", str(order))


# --- out of data --------------------------------------------------------------------------------------------------


def data_shape(data: Value) -> Shape:
    """The shape of nested sequences, numbers and arrays."""
    match data:
        case Array():
            return data.shape
        case Dim() | Scalar() | bool():
            return SCALAR
        case Many(item=item):
            return from_items((UNKNOWN_DIM, *data_shape(item).items))
        case tuple() if data:
            return from_items((dim(len(data)), *_common(map(data_shape, data)).items))
        case tuple():
            return Shape((ZERO,))
        case _:
            return ANY_SHAPE


def _common(shapes: Iterable[Shape]) -> Shape:
    """What is known of all the items of a sequence, which must be alike."""
    found = list(shapes)
    return (
        next((each for each in found if each.is_known), found[0]) if all(each.rank is not None for each in found) else ANY_SHAPE
    )


def data_dtype(data: Value, library: Library) -> DTypes:
    """The dtype that data get: of numbers the library's default, of arrays their own."""
    leaves = list(_leaves(data))
    arrays = [leaf for leaf in leaves if isinstance(leaf, Array)]
    categories = [number_category(leaf) for leaf in leaves]
    if not leaves or (arrays and data is not arrays[0]):
        return ANY_DTYPE if leaves else default(FLOATING, library)
    if arrays:
        return arrays[0].dtype
    known = [category for category in categories if category is not None]
    return default(max(known), library) if len(known) == len(leaves) else ANY_DTYPE


def _leaves(data: Value) -> Iterable[Value]:
    if isinstance(data, Many):
        yield from _leaves(data.item)
    elif isinstance(data, tuple):
        for item in data:
            yield from _leaves(item)
    else:
        yield data


def from_data(a: Arguments) -> Result:
    """`tensor`, `asarray`, `array`: jax may narrow 64 bits."""
    data, asked = a["data"], a["dtype"]
    dtypes = dtype_argument(asked, a.library) if asked is not None else data_dtype(data, a.library)
    if a.library is Library.JAX and asked is None and isinstance(data, Array) and data.library is not Library.JAX:
        dtypes = dtype_argument(dtypes, a.library)
    if a.values.get("ndmin", ZERO) != ZERO:
        return made(a, ANY_SHAPE, dtypes)
    return made(a, data_shape(data), dtypes, _is_weak(data, asked, a.library))


def _is_weak(data: Value, asked: Value, library: Library) -> bool:
    """jax calls what it makes of Python numbers and of weak arrays weak."""
    if asked is not None or library is not Library.JAX:
        return False
    return data.weak if isinstance(data, Array) else number_category(data) not in (None, BOOLEAN)


def new_tensor(a: Arguments) -> Result:
    """Data with the dtype of an array."""
    array, asked = a.array("input"), a["dtype"]
    dtypes = dtype_argument(asked, a.library) if asked is not None else array.dtype if array is not None else ANY_DTYPE
    return made(a, data_shape(a["data"]), dtypes)


# --- the table ----------------------------------------------------------------------------------------------------

_SIZED = "*size, dtype=None, **"
_SHAPED = "size|shape, dtype=None, **"

_WINDOWS = "bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall"

FILLED = "*size -> *size"

TABLE: tuple[Rule, ...] = (
    gufunc("-> *size", _SIZED, made_of(FLOATING), *spelled("zeros ones empty rand randn", "torch.{}")),
    gufunc("-> *size", _SHAPED, made_of(FLOATING), *spelled("zeros ones empty", "jnp.{}", "np.{}")),
    gufunc(FILLED, "size, fill_value, *, dtype=None, **", filled, "torch.full", operands="fill_value"),
    gufunc(FILLED, "size|shape, fill_value, dtype=None, **", filled, "jnp.full", "np.full", operands="fill_value"),
    gufunc(FILLED, "size|shape, fill_value, dtype=None, **", filled, "jax.lax.full", operands="fill_value"),
    gufunc("*s -> *s", "input, *, dtype=None, **", kept, *spelled("zeros_like ones_like empty_like", "torch.{}")),
    gufunc("*s -> *s", "input, fill_value, *, dtype=None, **", kept, "torch.full_like"),
    gufunc(
        "*s -> *shape|*s",
        "input|a|prototype, dtype=None, shape=None, **",
        kept,
        *spelled("zeros_like ones_like empty_like", "jnp.{}"),
    ),
    gufunc(
        "*s -> *shape|*s",
        "input|a|prototype, dtype=None, order='K', subok=True, shape=None, **",
        kept,
        *spelled("zeros_like ones_like empty_like", "np.{}"),
    ),
    gufunc("*s -> *shape|*s", "input|a, fill_value, dtype=None, shape=None, **", kept, "jnp.full_like"),
    gufunc("*s -> *shape|*s", "input|a, fill_value, dtype=None, order='K', subok=True, shape=None, **", kept, "np.full_like"),
    gufunc("*s -> *s", "input, *, dtype=None, **", only(kept, FLOATING, COMPLEX), *spelled("rand_like randn_like", "torch.{}")),
    gufunc("*s -> *s", "input, low, high=None, *, dtype=None, **", kept, "torch.randint_like"),
    gufunc("*s -> *size", "input, *size, dtype=None, **", kept, *spelled("new_zeros new_ones new_empty", "Tensor.{}")),
    gufunc("-> *size", "size, stride, *, dtype=None, **", made_of(FLOATING), "torch.empty_strided"),
    gufunc(
        "-> *size", "size, layout|physical_layout, *, dtype=None, **", made_of(FLOATING), "torch.empty_permuted", check=layout
    ),
    gufunc("*s -> *size", "input, size, stride, *, dtype=None, **", kept, "Tensor.new_empty_strided"),
    gufunc("*s -> *size", "input, size, fill_value, *, dtype=None, **", kept, "Tensor.new_full"),
    rule(new_tensor, "input, data, *, dtype=None, **", "Tensor.new_tensor"),
    rule(arange, "start, end=None, step=1, *, dtype=None, **", "torch.arange"),
    rule(arange, "start, end|stop=None, step=1, dtype=None, **", "jnp.arange", "np.arange"),
    gufunc("*s, *s -> *s steps", "start, end, steps, *, dtype=None, **", between, "torch.linspace", check=between_numbers),
    gufunc(
        "*s, *s -> *s steps", "start, end, steps, base=10.0, *, dtype=None, **", between, "torch.logspace", check=between_numbers
    ),
    spaced("start, end|stop, steps|num=50, endpoint=True, *, dtype=None, axis=0", between, "linspace"),
    spaced(
        "start, end|stop, steps|num=50, endpoint=True, *, base=10.0, as_dtype|dtype=None, axis=0",
        unknown_dtype,
        "geomspace logspace",
    ),
    gufunc("-> n m|n", "n, m=None, *, dtype=None, **", made_of(FLOATING), "torch.eye"),
    gufunc("-> n m|n", "n|N, m|M=None, k=0, dtype=None, **", made_of(FLOATING), *spelled("eye tri", "jnp.{}", "np.{}")),
    gufunc("-> n n", "n, dtype=None", made_of(FLOATING), "jnp.identity", "np.identity"),
    gufunc("-> n", "n, *, dtype=None, **", made_of(INTEGER), "torch.randperm"),
    gufunc(
        "-> n",
        "n|window_length, periodic=True, *, dtype=None, **",
        made_of(FLOATING),
        *spelled("hann_window hamming_window blackman_window bartlett_window", "torch.{}"),
    ),
    gufunc("-> n", "n|M, dtype=None", made_of(FLOATING), *spelled("hanning hamming blackman bartlett", "np.{}", "jnp.{}")),
    gufunc(
        "-> n",
        "n|M, *, a=None, center=None, sym=True, dtype=None, **",
        made_of(FLOATING),
        *spelled(_WINDOWS, "torch.signal.windows.{}"),
        check=refused_window,
    ),
    rule(normal, "mean, std=1.0, size=None, *, dtype=None, **", "torch.normal"),
    gufunc("-> n", "n|window_length, periodic=True, beta=12.0, *, dtype=None, **", made_of(FLOATING), "torch.kaiser_window"),
    rule(from_buffer, "buffer|iter, dtype, count=-1, **", "np.fromiter"),
    rule(from_buffer, "buffer, dtype='float64', count=-1, **", "np.frombuffer", "jnp.frombuffer"),
    rule(from_buffer, "buffer, *, dtype, count=-1, **", "torch.frombuffer"),
    rule(from_buffer, "file, dtype='float64', count=-1, **", "np.fromfile"),
    rule(from_buffer, "string, dtype='float64', count=-1, *, sep", "np.fromstring"),
    rule(torch_randint, "*rest, low=None, high=None, size=None, dtype=None, **", "torch.randint"),
    rule(from_data, "data, *, dtype=None, **", "torch.tensor"),
    rule(
        from_data,
        "data|object|a|obj, dtype=None, *, ndmin=0, **",
        "torch.as_tensor",
        "torch.asarray",
        *spelled("array asarray", "np.{}", "jnp.{}"),
    ),
    gufunc("-> ", "data, *, dtype=None, **", made_of(FLOATING), "torch.scalar_tensor"),
    gufunc("*s -> *s", "data|ndarray", kept, "torch.from_numpy"),
    gufunc("*s -> *s", "data|ext_tensor|x, **", unknown_dtype, "torch.from_dlpack", "np.from_dlpack", "jnp.from_dlpack"),
)
