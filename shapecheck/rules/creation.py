"""Arrays out of nothing: zeros, full, rand, arange, eye, tensor, asarray, and jax's random numbers and keys.

Sizes may be ints, splatted or in a tuple. Without `dtype=` torch makes float32 and int64, jax float32 and int32, numpy
float64 and int64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, bounds, dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes, dtype
from shapecheck.core.promotion import BOOLEAN, COMPLEX, FLOATING, INTEGER, default
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, SCALAR, Mismatch, Shape, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Scalar, Value
from shapecheck.rules.families import dtype_argument, float_array, shape_of, spelled
from shapecheck.rules.table import Compute, Rule, rule

# --- sizes and dtypes ---------------------------------------------------------------------------------------------


def shape_argument(value: Value) -> Shape | Mismatch:
    """The shape that `size=`/`shape=` asks for."""
    match value:
        case Dim():
            return _checked((value,))
        case tuple():
            return _checked(tuple(item if isinstance(item, Dim) else UNKNOWN_DIM for item in value))
        case _:
            return ANY_SHAPE


def _checked(sizes: tuple[Dim, ...]) -> Shape | Mismatch:
    for axis, size in enumerate(sizes):
        if size.constant is not None and size.constant < 0:
            return Mismatch("shape-op", f"a size of {size} on axis {axis}", axis, "0 or more", str(size))
    return Shape(sizes)


def dtype_or(a: Arguments, category: int) -> DTypes:
    """The `dtype=` of the call or the library's default of a category."""
    asked = a.values.get("dtype")
    return default(category, a.library) if asked is None else dtype_argument(asked, a.library)


def made(a: Arguments, found: Shape | Mismatch, dtypes: DTypes, weak: bool = False) -> Result:
    """A new array."""
    return found if isinstance(found, Mismatch) else Array(found, dtypes, a.library, weak)


def floats(a: Arguments) -> Result:
    """`zeros`, `ones`, `empty`, `rand`, `randn`."""
    return made(a, shape_argument(a["size"]), dtype_or(a, FLOATING))


def _number_category(value: Value) -> int | None:
    match value:
        case bool():
            return BOOLEAN
        case Dim():
            return INTEGER
        case Scalar(kind=kind):
            return {"bool": BOOLEAN, "float": FLOATING, "complex": COMPLEX}.get(kind)
        case _:
            return None


def full(a: Arguments) -> Result:
    """The dtype is that of the fill value."""
    value, asked = a["fill_value"], a["dtype"]
    category = _number_category(value)
    if asked is not None:
        dtypes = dtype_argument(asked, a.library)
    else:
        dtypes = default(category, a.library) if category is not None else value.dtype if isinstance(value, Array) else ANY_DTYPE
    weak = asked is None and a.library is Library.JAX and category not in (None, BOOLEAN)
    return made(a, shape_argument(a["size"]), dtypes, weak)


def like(a: Arguments) -> Result:
    """`zeros_like`: shape and dtype of another array unless given."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    shape = array.shape if a.values.get("shape") is None else shape_argument(a["shape"])
    asked = a["dtype"]
    dtypes = array.dtype if asked is None else dtype_argument(asked, a.library)
    return made(a, shape, dtypes, array.weak and asked is None)


def random_like(a: Arguments) -> Result:
    """`rand_like` fills floats only."""
    typed = float_array(a["input"]) if a["dtype"] is None else None
    return typed or like(a)


def new(a: Arguments) -> Result:
    """`x.new_zeros(size)`: the dtype of `x` unless given."""
    array = a.array("input")
    asked = a["dtype"]
    dtypes = dtype_argument(asked, a.library) if asked is not None else array.dtype if array is not None else ANY_DTYPE
    return made(a, shape_argument(a["size"]), dtypes)


# --- ranges -------------------------------------------------------------------------------------------------------


def arange(a: Arguments) -> Result:
    """`arange(end)`, `arange(start, end, step)`: the length for ints, not for floats."""
    start, end, step = (ZERO, a["start"], a["step"]) if a["end"] is None else (a["start"], a["end"], a["step"])
    categories = [_number_category(value) for value in (start, end, step)]
    known = [category for category in categories if category is not None]
    dtypes = dtype_or(a, max(known)) if len(known) == 3 or a["dtype"] is not None else ANY_DTYPE
    if not isinstance(start, Dim) or not isinstance(end, Dim) or not isinstance(step, Dim):
        return made(a, Shape((UNKNOWN_DIM,)), dtypes)
    return made(a, _range_shape(end - start, step, a.library), dtypes)


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


def linspace(a: Arguments) -> Result:
    """`steps` numbers between two."""
    if _number_category(a["start"]) is None or _number_category(a["end"]) is None or a["retstep"] is not False:
        return UNKNOWN
    complexes = COMPLEX in (_number_category(a["start"]), _number_category(a["end"]))
    return made(a, shape_argument(a["steps"]), dtype_or(a, COMPLEX if complexes else FLOATING))


def eye(a: Arguments) -> Result:
    """`n` rows, `m` or `n` columns."""
    rows, columns = a["n"], a["n"] if a["m"] is None else a["m"]
    return made(a, shape_argument((rows, columns)), dtype_or(a, FLOATING))


def one_axis(category: int) -> Compute:
    """`randperm(n)`, windows: one axis of `n`."""

    def one_axis_of(a: Arguments) -> Result:
        return made(a, shape_argument(a["n"]), dtype_or(a, category))

    return one_axis_of


def torch_randint(a: Arguments) -> Result:
    """`randint(high, size)` and `randint(low, high, size)`."""
    rest = a["rest"]
    listed = rest if isinstance(rest, tuple) else ()
    size = a["size"] if a["size"] is not None else listed[-1] if listed and a["high"] is None else UNKNOWN
    return made(a, shape_argument(size) if not isinstance(size, Dim) else ANY_SHAPE, dtype_or(a, INTEGER))


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
    return next((each for each in found if each.is_known), found[0]) if all(each.rank is not None for each in found) else ANY_SHAPE


def data_dtype(data: Value, library: Library) -> DTypes:
    """The dtype that data get: of numbers the library's default, of arrays their own."""
    leaves = list(_leaves(data))
    arrays = [leaf for leaf in leaves if isinstance(leaf, Array)]
    categories = [_number_category(leaf) for leaf in leaves]
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
    return data.weak if isinstance(data, Array) else _number_category(data) not in (None, BOOLEAN)


def scalar_tensor(a: Arguments) -> Result:
    """A number as a float array, unless a dtype is asked for."""
    return made(a, SCALAR, dtype_or(a, FLOATING))


def from_numpy(a: Arguments) -> Result:
    """The same array on torch's side."""
    array = a.array("data")
    return UNKNOWN if array is None else replace(array, library=Library.TORCH)


def new_tensor(a: Arguments) -> Result:
    """Data with the dtype of an array."""
    array, asked = a.array("input"), a["dtype"]
    dtypes = dtype_argument(asked, a.library) if asked is not None else array.dtype if array is not None else ANY_DTYPE
    return made(a, data_shape(a["data"]), dtypes)


# --- jax.random ---------------------------------------------------------------------------------------------------


def new_key(a: Arguments) -> Result:
    """`jax.random.key`: a scalar of a key dtype."""
    return Array(shape_of(a["seed"]), dtype("prng_key"), a.library)


def old_key(a: Arguments) -> Result:
    """`jax.random.PRNGKey`: two uint32 numbers."""
    return Array(from_items((*shape_of(a["seed"]).items, dim(2))), dtype("uint32"), a.library)


def split(a: Arguments) -> Result:
    """More keys: their axes come first."""
    lead = shape_argument(a["num"])
    if isinstance(lead, Mismatch):
        return lead
    key = a.array("key")
    rest = key.shape.items if key is not None else (ANY_RUN,)
    return Array(from_items((*lead.items, *rest)), key.dtype if key is not None else ANY_DTYPE, a.library)


def same_key(a: Arguments) -> Result:
    """`fold_in`, `clone`: a key of the same kind."""
    return a.array("key") or UNKNOWN


def sampled(category: int) -> Compute:
    """Samples of the shape and dtype that are asked for; without a shape that of the parameters."""

    def sample(a: Arguments) -> Result:
        asked = a["shape"]
        parameters_ = [a[name] for name in ("p", "a", "b", "lower", "upper") if name in a.values]
        if asked is None:
            numbers = all(_number_category(value) is not None for value in parameters_)
            return made(a, SCALAR if numbers else ANY_SHAPE, dtype_or(a, category))
        return made(a, shape_argument(asked), dtype_or(a, category))

    return sample


def categorical(a: Arguments) -> Result:
    """One index for each row of the logits."""
    logits, shape = a.array("logits"), a["shape"]
    if shape is not None:
        return made(a, shape_argument(shape), dtype("int32"))
    if logits is None or a["axis"] != dim(-1) or not (logits.shape.suffix or logits.shape.prefix) or (logits.shape.run and not logits.shape.suffix):
        return made(a, ANY_SHAPE, dtype("int32"))
    return made(a, from_items(logits.shape.items[:-1]), dtype("int32"))


def permutation(a: Arguments) -> Result:
    """Of an int the indices below it, of an array the array."""
    data = a["x"]
    if isinstance(data, Array):
        return data
    return made(a, shape_argument(data) if isinstance(data, Dim) else ANY_SHAPE, default(INTEGER, a.library))


def numpy_sample(category: int) -> Compute:
    """numpy's samplers answer a Python number when no size is given."""

    def sample(a: Arguments) -> Result:
        return UNKNOWN if a["size"] is None or a["size"] == () else made(a, shape_argument(a["size"]), dtype_or(a, category))

    return sample


# --- the table ----------------------------------------------------------------------------------------------------

_SIZED = "*size, dtype=None, **"
_SHAPED = "size|shape, dtype=None, **"

TABLE: tuple[Rule, ...] = (
    rule(floats, _SIZED, *spelled("zeros ones empty rand randn", "torch.{}")),
    rule(floats, _SHAPED, *spelled("zeros ones empty", "jnp.{}", "np.{}")),
    rule(full, "size, fill_value, *, dtype=None, **", "torch.full"),
    rule(full, "size|shape, fill_value, dtype=None, **", "jnp.full", "np.full"),
    rule(like, "input, *, dtype=None, **", *spelled("zeros_like ones_like empty_like", "torch.{}")),
    rule(like, "input, fill_value, *, dtype=None, **", "torch.full_like"),
    rule(like, "input|a|prototype, dtype=None, shape=None, **", *spelled("zeros_like ones_like empty_like", "jnp.{}")),
    rule(like, "input|a|prototype, dtype=None, order='K', subok=True, shape=None, **", *spelled("zeros_like ones_like empty_like", "np.{}")),
    rule(like, "input|a, fill_value, dtype=None, shape=None, **", "jnp.full_like"),
    rule(like, "input|a, fill_value, dtype=None, order='K', subok=True, shape=None, **", "np.full_like"),
    rule(random_like, "input, *, dtype=None, **", *spelled("rand_like randn_like", "torch.{}")),
    rule(like, "input, low, high=None, *, dtype=None, **", "torch.randint_like"),
    rule(new, "input, *size, dtype=None, **", *spelled("new_zeros new_ones new_empty", "Tensor.{}")),
    rule(new, "input, size, fill_value, *, dtype=None, **", "Tensor.new_full"),
    rule(new_tensor, "input, data, *, dtype=None, **", "Tensor.new_tensor"),
    rule(arange, "start, end=None, step=1, *, dtype=None, **", "torch.arange"),
    rule(arange, "start, end|stop=None, step=1, dtype=None, **", "jnp.arange", "np.arange"),
    rule(linspace, "start, end, steps, *, dtype=None, retstep=False, **", *spelled("linspace logspace", "torch.{}")),
    rule(linspace, "start, end|stop, steps|num=50, endpoint=True, retstep=False, dtype=None, **", *spelled("linspace", "jnp.{}", "np.{}")),
    rule(eye, "n, m=None, *, dtype=None, **", "torch.eye"),
    rule(eye, "n|N, m|M=None, k=0, dtype=None, **", *spelled("eye tri", "jnp.{}", "np.{}")),
    rule(eye, "n, dtype=None, m=None", "jnp.identity", "np.identity"),
    rule(one_axis(INTEGER), "n, *, dtype=None, **", "torch.randperm"),
    rule(one_axis(FLOATING), "n|window_length, periodic=True, *, dtype=None, **", *spelled("hann_window hamming_window blackman_window bartlett_window", "torch.{}")),
    rule(one_axis(FLOATING), "n|M, dtype=None", *spelled("hanning hamming blackman bartlett", "np.{}", "jnp.{}")),
    rule(torch_randint, "*rest, low=None, high=None, size=None, dtype=None, **", "torch.randint"),
    rule(from_data, "data, *, dtype=None, **", "torch.tensor"),
    rule(from_data, "data|object|a|obj, dtype=None, ndmin=0, **", "torch.as_tensor", "torch.asarray", *spelled("array asarray", "np.{}", "jnp.{}")),
    rule(scalar_tensor, "data, *, dtype=None, **", "torch.scalar_tensor"),
    rule(from_numpy, "data", "torch.from_numpy"),
    rule(new_key, "seed, **", "jax.random.key"),
    rule(old_key, "seed, **", "jax.random.PRNGKey"),
    rule(split, "key, num=2", "jax.random.split"),
    rule(same_key, "key, data=None", "jax.random.fold_in"),
    rule(same_key, "key", "jax.random.clone"),
    rule(sampled(FLOATING), "key, shape=(), dtype=None, **", *spelled("normal uniform gumbel laplace logistic cauchy exponential", "jax.random.{}")),
    rule(sampled(FLOATING), "key, lower, upper, shape=None, dtype=None, **", "jax.random.truncated_normal"),
    rule(sampled(INTEGER), "key, shape, minval, maxval, dtype=None, **", "jax.random.randint"),
    rule(sampled(BOOLEAN), "key, p=0.5, shape=None, **", "jax.random.bernoulli"),
    rule(categorical, "key, logits, axis=-1, shape=None, **", "jax.random.categorical"),
    rule(permutation, "key, x, **", "jax.random.permutation"),
    rule(permutation, "x", "np.random.permutation"),
    rule(numpy_sample(FLOATING), "*size", *spelled("rand randn", "np.random.{}")),
    rule(numpy_sample(FLOATING), "size=None", *spelled("random random_sample", "np.random.{}")),
    rule(numpy_sample(FLOATING), "low|loc|a=0.0, high|scale|b=1.0, size=None", *spelled("normal uniform", "np.random.{}")),
    rule(numpy_sample(INTEGER), "low, high=None, size=None, dtype=None", "np.random.randint"),
)
