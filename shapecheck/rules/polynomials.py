"""Polynomials, discrete convolution, interpolation and histograms of `numpy` and `jax.numpy`."""

from __future__ import annotations

from collections.abc import Callable

from shapecheck.core.axes import places
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, dim, extremum
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import FLOATING, Typed
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import at_least, integers, is_rigid, replaced, size, size_at
from shapecheck.rules.families import divided, floated, gufunc, made_of, promoted, shape_of, spelled, typed_result, unknown_dtype
from shapecheck.rules.table import Compute, Rule, rule

NUMPY = ("np.{}", "jnp.{}")
type Length = Callable[[Dim, Dim], Dim]

# --- lengths ------------------------------------------------------------------------------------------------------


def vector(value: Value) -> Dim | Mismatch:
    """The length of a vector; the refusal of an array of other axes."""
    found = shape_of(value) if not isinstance(value, tuple) else Shape((dim(len(value)),))
    if found.rank is None:
        return UNKNOWN_DIM
    if found.rank > 1:
        return Mismatch("shape-rank", f"needs a vector, found ({found})", None, "1 axis", str(found))
    return found.size


def of_lengths(name: str, length: Length, typed: Typed | None = None) -> Compute:
    """A vector whose length follows from those of two vectors."""

    def combined(a: Arguments) -> Result:
        one, other = vector(a["a1"]), vector(a["a2"])
        if isinstance(one, Mismatch) or isinstance(other, Mismatch):
            return UNKNOWN  # padded as it is, or refused deep inside
        if shape_of(a["a1"]).rank is None or shape_of(a["a2"]).rank is None:
            return UNKNOWN
        if ZERO in (one, other):
            return UNKNOWN
        return typed_result(Shape((length(one, other),)), typed or promoted((a["a1"], a["a2"]), a.library), a.library)

    combined.__name__ = name
    return combined


def longer(one: Dim, other: Dim) -> Dim:
    """A sum of polynomials."""
    return extremum("max", (one, other))


def overlapping(one: Dim, other: Dim) -> Dim:
    """A product of polynomials: every place where they overlap."""
    return one + other - 1


def derived(a: Arguments) -> Result:
    """`polyder`: a coefficient fewer for every derivative."""
    return _changed_length(a, -1)


def integrated(a: Arguments) -> Result:
    """`polyint`: a coefficient more for every integral."""
    return _changed_length(a, 1)


def _changed_length(a: Arguments, sign: int) -> Result:
    length, order = vector(a["p"]), size(a["m"])
    if isinstance(length, Mismatch):
        return length if sign > 0 else UNKNOWN  # several polynomials in columns have derivatives
    if sign < 0 and shape_of(a["p"]).rank is None:
        return typed_result(ANY_SHAPE, Typed(ANY_DTYPE), a.library)
    new = length + order * sign
    return typed_result(Shape((new if at_least(new, 1) else UNKNOWN_DIM,)), Typed(ANY_DTYPE), a.library)


def fitted(a: Arguments) -> Result:
    """`polyfit`: a coefficient more than the degree; several columns are fitted at once."""
    points, values = shape_of(a["x"]), shape_of(a["y"])
    if points.rank not in (None, 1):
        return Mismatch("shape-rank", f"needs a vector of points, found ({points})", None, "1 axis", str(points))
    if a["full"] is not False or a["cov"] is not False or values.rank is None:
        return UNKNOWN
    if values.rank not in (1, 2):
        return Mismatch("shape-rank", f"needs 1 or 2 axes of values, found ({values})", None, "1 or 2 axes", str(values))
    degree = size(a["deg"])
    return typed_result(Shape((degree + 1, *values.dims[1:])), Typed(ANY_DTYPE), a.library)


# --- along an axis ------------------------------------------------------------------------------------------------


def gradient(a: Arguments) -> Result:
    """A derivative along every axis, or along those that are listed: one array, or as many as axes."""
    array = a.array("f")
    if array is None or array.shape.rank is None:
        return UNKNOWN
    one = Array(array.shape, divided((array,), a.library).dtypes, a.library)  # type: ignore[union-attr]  # never refuses
    axes = range(array.shape.rank) if a["axis"] is None else integers(a["axis"])
    if axes is None or isinstance(at := places(list(axes), array.shape), Mismatch):
        return UNKNOWN if axes is None else at  # type: ignore[return-value]  # a mismatch
    for axis in at or ():
        if size_at(array.shape, axis) in (ZERO, ONE):
            return Mismatch("shape-op", f"axis {axis} needs at least 2 elements", axis, ">=2", str(size_at(array.shape, axis)))
    single = isinstance(a["axis"], Dim) or len(axes) == 1
    return one if single else (one,) * len(axes)


def average(a: Arguments) -> Result:
    """A mean with weights: of all elements, or along axes."""
    array = a.array("a")
    if array is None or a["returned"] is not False or not isinstance(a["keepdims"], bool):
        return UNKNOWN
    typed = floated((array,), a.library) if a["weights"] is None and a.library is Library.JAX else Typed(ANY_DTYPE)
    if a["axis"] is None:
        rank = array.shape.rank
        found = SCALAR if not a["keepdims"] else ANY_SHAPE if rank is None else Shape((ONE,) * rank)
        return typed_result(found, typed, a.library)
    axes = integers(a["axis"])
    at = None if axis_unknown(axes) else places(axes or (), array.shape)
    if isinstance(at, Mismatch):
        return at
    if at is None or a["weights"] is not None:
        return typed_result(ANY_SHAPE, typed, a.library)
    shape = array.shape
    for place_ in sorted(at, reverse=True):
        shape = replaced(shape, place_, *([ONE] if a["keepdims"] else []))
    return typed_result(shape, typed, a.library)


def axis_unknown(axes: tuple[int, ...] | None) -> bool:
    """Whether the axes are no numbers."""
    return axes is None


# --- statistics ---------------------------------------------------------------------------------------------------


def covariance(a: Arguments) -> Result:
    """A row and a column for every variable; one variable has a variance."""
    found = shape_of(a["m"])
    if found.min_rank > 2:
        return Mismatch("shape-rank", f"needs 1 or 2 axes, found ({found})", None, "1 or 2 axes", str(found))
    if found.rank is None or a["y"] is not None or not isinstance(a["rowvar"], bool):
        return typed_result(ANY_SHAPE, Typed(ANY_DTYPE), a.library)
    if found.rank < 2:
        return typed_result(SCALAR, Typed(ANY_DTYPE), a.library)
    rows, columns = found.dims
    count = rows if a["rowvar"] else columns
    if ONE in (rows, columns) or not (at_least(count, 2) or (is_rigid(count) and count.symbol is not None)):
        return typed_result(ANY_SHAPE, Typed(ANY_DTYPE), a.library)
    return typed_result(Shape((count, count)), Typed(ANY_DTYPE), a.library)


def histogram(a: Arguments) -> Result:
    """Counts and the edges of the bins, one more than there are bins."""
    bins = _bins(a["bins"])
    return Array(Shape((bins,)), ANY_DTYPE, a.library), Array(Shape((bins + 1,)), ANY_DTYPE, a.library)


def _bins(value: Value) -> Dim:
    """The number of bins, given as it is or by their edges."""
    match value:
        case Dim():
            return value
        case Array(shape=found) if found.rank == 1:
            return found.size - 1
        case tuple():
            return dim(len(value) - 1)
        case _:
            return UNKNOWN_DIM


def bin_edges(a: Arguments) -> Result:
    """The edges of a histogram's bins."""
    return Array(Shape((_bins(a["bins"]) + 1,)), ANY_DTYPE, a.library)


def histogram2d(a: Arguments) -> Result:
    """Counts in two dimensions, and the edges of both."""
    bins = a["bins"]
    one, other = (_bins(each) for each in (bins if isinstance(bins, tuple) and len(bins) == 2 else (bins, bins)))
    counts, *edges = (Shape((one, other)), Shape((one + 1,)), Shape((other + 1,)))
    return tuple(Array(each, ANY_DTYPE, a.library) for each in (counts, *edges))


def histogramdd(a: Arguments) -> Result:
    """Counts in as many dimensions as the sample has columns, and the edges of each."""
    sample, bins = shape_of(a["sample"]), a["bins"]
    if sample.rank != 2 or not isinstance(bins, Dim) or sample.dims[1].constant is None:
        return UNKNOWN
    edges = Array(Shape((bins + 1,)), ANY_DTYPE, a.library)
    return Array(Shape((bins,) * sample.dims[1].constant), ANY_DTYPE, a.library), Many(edges)


CONVOLVED = "n?, m? -> n+m-1 if mode=full; -> max(n,m) if mode=same; -> max(n,m)-min(n,m)+1 if mode=valid"

TABLE: tuple[Rule, ...] = (
    rule(of_lengths("poly_sum", longer), "a1, a2", *spelled("polyadd polysub", *NUMPY)),
    rule(of_lengths("poly_product", overlapping, Typed(ANY_DTYPE)), "a1, a2, **", "jnp.polymul"),
    gufunc(CONVOLVED, "a, v, mode='full', **", unknown_dtype, *spelled("convolve", *NUMPY)),
    gufunc(CONVOLVED, "a, v, mode='valid', **", unknown_dtype, *spelled("correlate", *NUMPY)),
    rule(derived, "p, m=1", "jnp.polyder"),
    rule(integrated, "p, m=1, k=None", "jnp.polyint"),
    rule(fitted, "x, y, deg, rcond=None, full=False, w=None, cov=False", *spelled("polyfit", *NUMPY)),
    gufunc("n -> n N|n", "x, N=None, increasing=False", unknown_dtype, *spelled("vander", *NUMPY)),
    gufunc("n -> _", "p, **", unknown_dtype, "jnp.roots"),
    gufunc("n -> n+1; n n -> n+1", "p|seq_of_zeros", unknown_dtype, "jnp.poly"),
    gufunc("n *s, *s -> *s", "p, x, **", unknown_dtype, *spelled("polyval", *NUMPY)),
    gufunc("*s, n, n -> *s", "x, xp, fp, **", unknown_dtype, *spelled("interp", *NUMPY)),
    gufunc(
        "*s n@axis -> *s; *s n@axis, m -> *s; *s, *t -> *u",
        "y, x=None, dx=1.0, axis=-1",
        unknown_dtype,
        *spelled("trapezoid", *NUMPY),
    ),
    rule(gradient, "f, *steps, axis=None, edge_order=None", *spelled("gradient", *NUMPY)),
    rule(average, "a, axis=None, weights=None, returned=False, *, keepdims=False", "np.average"),
    rule(average, "a, axis=None, weights=None, returned=False, keepdims=False", "jnp.average"),
    rule(covariance, "m|x, y=None, rowvar=True, **", *spelled("cov corrcoef", *NUMPY)),
    rule(histogram, "a, bins=10, **", *spelled("histogram", *NUMPY)),
    rule(bin_edges, "a, bins=10, range=None, weights=None", *spelled("histogram_bin_edges", *NUMPY)),
    rule(histogram2d, "x, y, bins=10, **", *spelled("histogram2d", *NUMPY)),
    rule(histogramdd, "sample, bins=10, **", *spelled("histogramdd", *NUMPY)),
    gufunc("-> max(n,0)", "n|M, beta", made_of(FLOATING), *spelled("kaiser", *NUMPY)),
    gufunc("m, n -> _, m", "u, v, *, trim_leading_zeros=False", (unknown_dtype, unknown_dtype), "jnp.polydiv"),
)
