"""Reductions over axes: sum, mean, max, argmax, any, var, norm, median, logsumexp ...

Most are one signature, `*s *n@dim -> *s`, and a dtype. Torch's `max(dim)` and its kin give values and indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shapecheck.core.axes import place, places
from shapecheck.core.dim import ONE, ZERO, Dim, Verdict, extremum
from shapecheck.core.dtype import ANY_DTYPE, BOOL, CLASSES, DTypes, dtype
from shapecheck.core.placing import Scalars
from shapecheck.core.promotion import (
    BOOLEAN,
    CATEGORY,
    COMPLEX,
    FLOATING,
    INTEGER,
    Typed,
    is_integral,
    mapped,
    real_part,
    result_type,
)
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, broadcast_all, broadcasts_to, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import at_least, at_most, integer, integers, replaced, shape_argument, size_at
from shapecheck.rules.families import (
    ARRAY_SCALARS,
    TORCH,
    TORCH_SCALARS,
    Check,
    ResultTypes,
    always,
    by_default,
    divided,
    floated,
    gufunc,
    kept,
    only,
    promoted,
    shape_of,
    spelled,
    typed_result,
)
from shapecheck.rules.joining import cat
from shapecheck.rules.table import Rule, parameters

ARRAYS = ("np.{}", "jnp.{}", "ndarray.{}", "Array.{}")
TORCH_AXES = "input, dim|axis=None, keepdim|keepdims=False, *, dtype=None, **"
NUMPY_AXES = "input|a, dim|axis=None, dtype=None, out=None, keepdim|keepdims=False, **"
NUMPY_PLAIN = "input|a, dim|axis=None, out=None, keepdim|keepdims=False, **"

# --- shapes -------------------------------------------------------------------------------------------------------


REDUCED = "*s *n@dim -> *s"
QUANTILE = "*s *n@dim, *q -> *q *s"


def reduction(
    params: str,
    typed: ResultTypes | list[ResultTypes],
    *names: str,
    text: str = REDUCED,
    scalars: Mapping[Library, Scalars] = ARRAY_SCALARS,
    check: Check | None = None,
) -> Rule:
    """A table row: the parameters (`input`, `dim`, `keepdim`), the dtype and the operations."""
    row = gufunc(text, params, typed, *names, scalars=scalars, check=check)
    return replace(row, compute=lambda a: row.compute(replace(a, values={**a.values, "dim": named_axes(a["dim"], a.library)})))


def _inexact_only(row: Rule) -> Rule:
    """A row whose dtype is open where `dtype=` has ints: jax computes some variances in floats then, refuses others."""

    def compute(a: Arguments) -> Result:
        found, asked = row.compute(a), a["dtype"]
        is_open = isinstance(asked, DTypes) and not asked.names <= CLASSES["Inexact"].names
        return found.with_dtype(ANY_DTYPE) if is_open and isinstance(found, Array) else found

    return replace(row, compute=compute)


def named_axes(dim: Value, library: Library) -> Value:
    """The axes that an argument names; to torch none at all are all of them, and `std(x, True)` has a flag in their place."""
    return None if library is Library.TORCH and (dim == () or isinstance(dim, bool)) else dim


def reduced_shape(found: Shape, dim: Value, keep: Value, library: Library) -> Shape | Mismatch:
    """The shape without the axes `dim`, for the rules here that are not one signature."""
    call = {"dim": named_axes(dim, library), "keepdim": keep}
    left = signature(REDUCED).apply((found,), call=call, scalars=ARRAY_SCALARS.get(library, Scalars.REFUSED))
    return ANY_SHAPE if isinstance(left, tuple) else left


def of_something(a: Arguments) -> Mismatch | None:
    """Refuses the extremes of no elements."""
    shape, axes = shape_of(a["input"]), integers(a["dim"]) if a["dim"] is not None else ()
    at = places(axes, shape, scalar_has_axis=True) if axes is not None and shape.rank else None
    if not isinstance(at, list):
        return at
    sizes = [size_at(shape, each) for each in at] if at else [shape.size]
    return Mismatch("shape-op", f"there are no elements to choose from in ({shape})") if ZERO in sizes else None


def inexact_dtype(a: Arguments) -> Mismatch | None:
    """Refuses means in a dtype that has no fractions."""
    asked = a["dtype"]
    if not isinstance(asked, DTypes) or not is_integral(asked):
        return None
    return Mismatch("shape-dtype", f"a mean has a floating-point dtype, found {asked}", None, "Float", str(asked))


def with_indices(found: Shape, typed: Typed, library: Library) -> Result:
    """Values and where they are."""
    return Array(found, typed.dtypes, library, typed.weak), Array(found, dtype("int64"), library)


# --- dtypes -------------------------------------------------------------------------------------------------------

float_only = only(kept, FLOATING, COMPLEX)
real_only = only(kept, BOOLEAN, INTEGER, FLOATING)


def real_or_scalar(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Real numbers only, though torch looks at nothing in a scalar."""
    return (real_only if shape_of(values[0]).min_rank else kept)(values, library)


def summed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Sums and products of small integers are made of large ones."""
    found = result_type(values, library)
    return Typed(mapped(_SUMMED[library], found.dtypes), found.weak)


def _torch_sum(name: str) -> str:
    return name if CATEGORY[name] >= FLOATING else "int64"


def _numpy_sum(name: str) -> str:
    return name if CATEGORY[name] >= FLOATING else "uint64" if name.startswith("uint") else "int64"


def _jax_sum(name: str) -> str:
    if CATEGORY[name] >= FLOATING or name.endswith("64"):
        return name
    return "uint32" if name.startswith("uint") else "int32"


_SUMMED: dict[Library, Callable[[str], str]] = {Library.TORCH: _torch_sum, Library.NUMPY: _numpy_sum, Library.JAX: _jax_sum}


def averaged(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Means: torch refuses integers, numpy makes float64 of them, jax float32."""
    if library is not Library.TORCH:
        return divided(values, library)
    found = float_only(values, library)
    if isinstance(found, Mismatch):
        return Mismatch(found.code, f"{found.reason}; convert it with .float() first", None, found.expected, found.found)
    return found


def between(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Quantiles: torch refuses integers, the others' dtype depends on the levels'."""
    return averaged(values[:1], library) if library is Library.TORCH else Typed(ANY_DTYPE)


def spread(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Variances are real."""
    found = averaged(values, library)
    return found if isinstance(found, Mismatch) else Typed(real_part(found.dtypes), found.weak)


def normed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Norms are real; torch refuses integers."""
    return spread(values, library)


def boolean_or_uint8(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`any` and `all`; of torch's uint8 arrays they are uint8."""
    found = result_type(values[:1], library).dtypes
    if library is not Library.TORCH or "uint8" not in found.names:
        return Typed(BOOL)
    return Typed(dtype("uint8") if found.exact else DTypes(frozenset({"uint8", "bool"})))


def counted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Indices and counts."""
    return Typed(dtype("int32" if library is Library.JAX else "int64"))


def indices(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Where extremes are: complex numbers have none."""
    found = only(kept, INTEGER, FLOATING)(values, library)
    return found if isinstance(found, Mismatch) else counted(values, library)


def log_summed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`logsumexp` makes floats of integers."""
    return floated(values, library)


# --- by the second argument ----------------------------------------------------------------------------------------


def extreme(a: Arguments) -> Result:
    """`torch.max`: of all elements, along an axis with indices, or of two arrays."""
    second = a["dim"]
    if isinstance(second, Array):
        if a["keepdim"] is not None:
            return UNKNOWN  # an array without axes is an axis, then
        found = broadcast_all((shape_of(a["input"]), second.shape), a.facts)
        return typed_result(found, promoted((a["input"], second), a.library), a.library)
    if second is not None and not isinstance(second, Dim):
        return UNKNOWN
    return middle(a if a["keepdim"] is not None else replace(a, values={**a.values, "keepdim": False}))


def middle(a: Arguments) -> Result:
    """`torch.median`: values with indices along an axis, else one value."""
    if a["dim"] is UNKNOWN:
        return UNKNOWN
    typed = real_or_scalar((a["input"],), a.library)
    found = reduced_shape(shape_of(a["input"]), a["dim"], a["keepdim"], a.library)
    if isinstance(found, Mismatch):
        return found
    if isinstance(typed, Mismatch):
        return typed
    return typed_result(found, typed, a.library) if a["dim"] is None else with_indices(found, typed, a.library)


def count_nonzero(a: Arguments) -> Result:
    """Older versions of numpy answer a Python int when no axis is given."""
    if a["dim"] is None and a["keepdim"] is False:
        return UNKNOWN
    found = reduced_shape(shape_of(a["input"]), a["dim"], a["keepdim"], a.library)
    return typed_result(found, counted((), a.library), a.library)


def norm(a: Arguments) -> Result:
    """Norms over all axes or over one or two; integers are refused by torch."""
    asked = a.values.get("dtype")
    found = reduced_shape(shape_of(a["input"]), a["dim"], a["keepdim"], a.library)
    typed = Typed(ANY_DTYPE) if asked is not None else normed((a["input"],), a.library)
    if isinstance(found, Mismatch):
        return found
    if isinstance(typed, Mismatch):
        return typed
    return typed_result(
        found, Typed(ANY_DTYPE) if a.library is Library.NUMPY and not _float_known(a["input"]) else typed, a.library
    )


def _float_known(value: Value) -> bool:
    return isinstance(value, Array) and all(CATEGORY[name] >= FLOATING for name in value.dtype.names)


def kth_value(a: Arguments) -> Result:
    """Values and indices along one axis; `k` counts its elements from 1."""
    k, axis, found = a.values.get("k"), integer(a["dim"]), shape_of(a["input"])
    at = place(axis, found, True) if axis is not None else None
    if isinstance(k, Dim) and isinstance(at, int):
        size = size_at(found, at) if found != SCALAR else ONE
        if at_least(k - size, 1) or at_most(k, 0):
            return Mismatch("shape-op", f"k={k} is not one of the {size} elements of axis {axis}", at, f"1 to {size}", str(k))
    return middle(a)


def difference(a: Arguments) -> Result:
    """`diff`: `n` elements fewer on an axis."""
    array, axis, count = a.array("input"), integer(a["dim"]), integer(a["n"])
    if array is None or axis is None or count is None:
        return UNKNOWN
    if count > 0 and (a["prepend"] is not None or a["append"] is not None):
        parts = tuple(each for each in (a["prepend"], array, a["append"]) if each is not None)
        joined = cat(replace(a, values={"tensors": parts, "dim": a["dim"]}))
        whole = replace(a, values={**a.values, "input": joined, "prepend": None, "append": None})
        return difference(whole) if isinstance(joined, Array) else joined
    at = place(axis, array.shape)
    if not isinstance(at, int):
        return at if isinstance(at, Mismatch) else array.with_shape(ANY_SHAPE)
    if count < 0:
        return Mismatch("shape-op", f"n must not be negative, found {count}", at, ">=0", str(count))
    size = size_at(array.shape, at)
    return array.with_shape(replaced(array.shape, at, extremum("max", (size - count, ZERO))))


def summed_to(a: Arguments) -> Result:
    """`sum_to_size`: the inverse of `expand`; where nothing is summed the dtype stays."""
    array, size = a.array("input"), shape_argument(a["size"])
    if array is None:
        return UNKNOWN
    if isinstance(size, Mismatch):
        return size
    if broadcasts_to(size, array.shape, a.facts) is Verdict.DIFFERENT:
        return Mismatch("shape-broadcast", f"({array.shape}) does not sum to ({size})", None, str(size), str(array.shape))
    sums = summed((array,), a.library)
    assert isinstance(sums, Typed)
    if size == SCALAR:
        return Array(size, sums.dtypes, a.library)
    dtypes = {Verdict.EQUAL: array.dtype, Verdict.DIFFERENT: sums.dtypes}.get(same(size, array.shape, a.facts))
    return Array(size, dtypes or array.dtype | sums.dtypes, a.library)


def _row(compute: Callable[[Arguments], Result], params: str, *names: str) -> Rule:
    return Rule(names, parameters(params), compute, f"{compute.__name__}({params})")


# --- the table ----------------------------------------------------------------------------------------------------

_NAN = "np.{}", "jnp.{}"
_SPREAD = "input|a, dim|axis=None, dtype=None, out=None, ddof=0, keepdim|keepdims=False, **"

TABLE: tuple[Rule, ...] = (
    reduction(TORCH_AXES, summed, *spelled("sum nansum", *TORCH)),
    reduction(NUMPY_AXES, summed, *spelled("sum prod", "ndarray.{}", "np.{}"), *spelled("nansum nanprod", *_NAN)),
    reduction(
        "input|a, dim|axis=None, dtype=None, out=None, keepdim|keepdims=False, initial=None, where=None, promote_integers=True",
        [summed, kept],
        *spelled("sum prod", "Array.{}", "jnp.{}"),
        text=f"{REDUCED} if promote_integers; -> *s",
    ),
    reduction("input, dim|axis=None, keepdim|keepdims=False, *, dtype=None", summed, *spelled("prod", *TORCH)),
    reduction(TORCH_AXES, averaged, *spelled("mean nanmean", *TORCH), check=inexact_dtype),
    reduction(NUMPY_AXES, averaged, *spelled("mean", *ARRAYS), scalars=TORCH_SCALARS),
    reduction(NUMPY_AXES, averaged, *spelled("nanmean", *_NAN)),
    reduction(
        "input, dim|axis=None, unbiased=True, keepdim|keepdims=False, *, correction=1, **", spread, *spelled("std var", *TORCH)
    ),
    _inexact_only(reduction(_SPREAD, spread, *spelled("std var", *ARRAYS), scalars=TORCH_SCALARS)),
    _inexact_only(reduction(_SPREAD, spread, *spelled("nanstd nanvar", *_NAN))),
    reduction(
        "input, dim|axis=None, unbiased=True, keepdim|keepdims=False, *, correction=1, **",
        (spread, averaged),
        *spelled("var_mean std_mean", "torch.{}"),
        text="*s *n@dim -> *s, *s",
    ),
    reduction("input, dim|axis=None, keepdim|keepdims=False", real_only, *spelled("amax amin", *TORCH), check=of_something),
    _row(extreme, "input, dim|other|axis=None, keepdim|keepdims=None, **", *spelled("max min", *TORCH)),
    reduction(
        NUMPY_PLAIN,
        kept,
        *spelled("max min", *ARRAYS),
        *spelled("amax amin", "np.{}", "jnp.{}"),
        *spelled("nanmax nanmin", *_NAN),
    ),
    reduction("input|a, dim|axis=None, out=None, keepdim|keepdims=False", kept, *spelled("ptp", *_NAN), "Array.ptp"),
    reduction(
        "input|a, dim|axis=None, out=None, keepdim|keepdims=False, **", (kept, kept), "jnp.minmax", text="*s *n@dim -> *s, *s"
    ),
    reduction("input, dim|axis=None, keepdim|keepdims=False", indices, *spelled("argmax argmin", *TORCH)),
    reduction(NUMPY_PLAIN, counted, *spelled("argmax argmin", *ARRAYS), *spelled("nanargmax nanargmin", *_NAN)),
    gufunc(  # not `reduction`: these two take `dim=()` for no axes
        REDUCED,
        "input, dim|axis=None, keepdim|keepdims=False, **",
        boolean_or_uint8,
        *spelled("any all", *TORCH),
        scalars=ARRAY_SCALARS,
    ),
    reduction(NUMPY_PLAIN, boolean_or_uint8, *spelled("any all", *ARRAYS)),
    reduction("input, dim|axis, keepdim|keepdims=False", log_summed, *spelled("logsumexp", *TORCH), "torch.special.logsumexp"),
    by_default(
        reduction(
            "input|a, dim|axis=None, b=None, keepdim|keepdims=False, return_sign=False, **",
            log_summed,
            "jax.nn.logsumexp",
            "jax.scipy.special.logsumexp",
        ),
        "b",
        "return_sign",
    ),
    reduction("input|x, dim|axis=None, where=None, keepdim|keepdims=False", log_summed, "jax.nn.logmeanexp"),
    _row(summed_to, "input, *size", "Tensor.sum_to_size"),
    _row(middle, "input, dim|axis=None, keepdim|keepdims=False", *spelled("median nanmedian", *TORCH)),
    reduction(
        "input|a, dim|axis=None, out=None, overwrite_input=False, keepdim|keepdims=False",
        averaged,
        *spelled("median nanmedian", *_NAN),
        scalars=TORCH_SCALARS,
    ),
    _row(kth_value, "input, k, dim|axis=-1, keepdim|keepdims=False", *spelled("kthvalue", *TORCH)),
    reduction(
        "input, dim|axis=-1, keepdim|keepdims=False",
        (real_or_scalar, counted),
        *spelled("mode", *TORCH),
        text="*s n@dim -> *s, *s",
    ),
    reduction(
        "input, q, dim|axis=None, keepdim|keepdims=False, *, interpolation='linear'",
        between,
        *spelled("quantile nanquantile", *TORCH),
        text=QUANTILE,
    ),
    reduction(
        "input|a, q, dim|axis=None, out=None, overwrite_input=False, method='linear', keepdim|keepdims=False, **",
        between,
        *spelled("quantile percentile nanquantile nanpercentile", *_NAN),
        text=QUANTILE,
        scalars=TORCH_SCALARS,
    ),
    reduction("input|a, dim|axis=None, *, keepdim|keepdims=False", counted, *spelled("count_nonzero", *TORCH, "jnp.{}")),
    _row(count_nonzero, "input|a, dim|axis=None, *, keepdim|keepdims=False", "np.count_nonzero"),
    reduction(
        "input, *, dim=None, keepdim=False",
        (kept, kept),
        *spelled("aminmax", *TORCH),
        text="*s *n@dim -> *s, *s",
        check=of_something,
    ),
    reduction("input, dim|axis=None, *, keepdim|keepdims=False, mode=0", always("uint64"), *spelled("hash_tensor", *TORCH)),
    _row(norm, "input, p='fro', dim|axis=None, keepdim|keepdims=False, *, dtype=None", *spelled("norm", *TORCH)),
    _row(
        norm,
        "input|A|x, ord=2, dim|axis=None, keepdim|keepdims=False, *, dtype=None",
        "torch.linalg.vector_norm",
        "torch.linalg.norm",
    ),
    _row(norm, "input|A, ord='fro', dim|axis=(-2,-1), keepdim|keepdims=False, *, dtype=None", "torch.linalg.matrix_norm"),
    _row(norm, "input|x, ord=None, dim|axis=None, keepdim|keepdims=False", "np.linalg.norm", "jnp.linalg.norm"),
    _row(difference, "input|a, n=1, dim|axis=-1, prepend=None, append=None", *spelled("diff", *TORCH, "np.{}", "jnp.{}")),
)
