"""Histograms, searches and membership, sampling by weights, and comparisons of whole arrays."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import FLOATING, INTEGER, Typed, mapped, result_type
from shapecheck.core.shape import Mismatch, Shape, axis_from_right, broadcast_all, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Scalar, Value
from shapecheck.rules.axes import at_least, at_most, flag
from shapecheck.rules.families import TORCH, always, boolean, gufunc, kept, only, promoted, shape_of, spelled, unknown_dtype
from shapecheck.rules.table import Rule, rule

NUMPY = ("np.{}", "jnp.{}")
INTEGERS = {Library.TORCH: "int64", Library.NUMPY: "int64", Library.JAX: "int32"}


def indices(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Positions."""
    return Typed(dtype(INTEGERS[library]))


def multinomial(a: Arguments) -> Result:
    """Indices drawn for every row of weights."""
    weights, count = a.array("input"), a["num_samples"]
    if weights is None:
        return UNKNOWN
    refused = only(kept, FLOATING)((weights,), a.library)
    if isinstance(refused, Mismatch):
        return refused
    if weights.shape.rank not in (None, 1, 2) or weights.shape.min_rank > 2:
        return Mismatch("shape-rank", f"needs 1 or 2 axes, found ({weights.shape})", None, "1 or 2 axes", str(weights.shape))
    if isinstance(count, Dim) and at_most(count, 0):
        return Mismatch("shape-op", f"cannot draw {count} samples", None, ">0", str(count))
    if isinstance(last := axis_from_right(weights.shape, 0), Dim) and at_least(last, 2**24 + 1):
        return Mismatch("shape-op", f"cannot draw from more than 2^24 weights, found {last}", -1, "<=2^24", str(last))
    if flag(a["replacement"]) is False and isinstance(count, Dim) and isinstance(last := axis_from_right(weights.shape, 0), Dim):
        if at_least(count - last, 1):
            reason = f"{count} samples without replacement of {last}"
            return Mismatch("shape-op", reason, -1, f"<={last}", str(count))
    lead = weights.shape.items[:-1] if weights.shape.rank is not None or weights.shape.suffix else Shape().items
    if weights.shape.run is not None:
        return Array(dtype=dtype("int64"), library=a.library)
    return Array(from_items((*lead, count if isinstance(count, Dim) else UNKNOWN_DIM)), dtype("int64"), a.library)


INT32 = always("int32")


def whole(a: Arguments) -> Result:
    """A Python bool in torch."""
    return Scalar("bool")


def whole_broadcast(a: Arguments) -> Result:
    """numpy's and jax's: a bool whatever the shapes are."""
    return UNKNOWN if a.library is Library.NUMPY else Array(Shape(), dtype("bool"), a.library)


def close(a: Arguments) -> Result:
    """`allclose` compares elements, so its arrays broadcast."""
    found = broadcast_all((shape_of(a["input"]), shape_of(a["other"])), a.facts)
    if isinstance(found, Mismatch):
        return found
    return whole(a) if a.library is Library.TORCH else whole_broadcast(a)


def parts_of_complex(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`torch.complex`: two arrays of one float dtype."""
    arrays = [value for value in values if isinstance(value, Array)]
    refused = only(promoted, FLOATING)(values, library)
    if isinstance(refused, Mismatch):
        return refused
    if len(arrays) == 2 and not arrays[0].dtype.names & arrays[1].dtype.names:
        reason = f"the parts differ in dtype: {arrays[0].dtype} and {arrays[1].dtype}"
        return Mismatch("shape-dtype", reason, None, str(arrays[0].dtype), str(arrays[1].dtype))
    found = result_type(values, library).dtypes
    if not found.names <= {"float32", "float64"}:
        return Typed(ANY_DTYPE)
    return Typed(mapped(lambda name: "complex128" if name == "float64" else "complex64", found))


TABLE: tuple[Rule, ...] = (
    gufunc(
        "*b n, *s -> *s if out_int32; -> *s",
        "sorted_sequence, values|input, *, out_int32=False, side=None, **",
        [INT32, indices],
        "torch.searchsorted",
        called="the sorted sequence, the values",
    ),
    gufunc(
        "n, *s -> *s",
        "sorted_sequence|a, values|v, side='left', sorter=None, **",
        indices,
        *spelled("searchsorted", *NUMPY, "Array.{}", "ndarray.{}"),
        called="the sorted sequence, the values",
    ),
    gufunc("*s -> *s", "input, **", only(kept, FLOATING), *spelled("poisson", "torch.{}")),
    gufunc(
        "*s, n -> *s if out_int32; -> *s",
        "values|input, boundaries, *, out_int32=False, **",
        [INT32, indices],
        "torch.bucketize",
        called="the values, the boundaries",
    ),
    gufunc(
        "*s, n -> *s",
        "values|x, boundaries|bins, right=False, **",
        indices,
        *spelled("digitize", *NUMPY),
        called="the values, the bins",
    ),
    gufunc("*s -> bins", "input, bins=100, min=0, max=0", only(kept, FLOATING, INTEGER), *spelled("histc", *TORCH)),
    gufunc(
        "n -> _; n, n -> _", "input|x, weights=None, minlength=0", [indices, unknown_dtype], *spelled("bincount", *TORCH, "np.{}")
    ),
    gufunc(
        "n -> length; n, *s -> length", "x, weights=None, minlength=0, *, length=None", [indices, unknown_dtype], "jnp.bincount"
    ),
    rule(multinomial, "input, num_samples, replacement=False, **", *spelled("multinomial", *TORCH)),
    gufunc("*s -> *s", "elements|element|ar1, test_elements|test_element|ar2, **", boolean, *spelled("isin", "torch.{}", *NUMPY)),
    gufunc("*s -> *s; *s, () -> *s", "input, p=None, **", [only(kept, FLOATING), kept], *spelled("bernoulli", *TORCH)),
    gufunc("*s, *s -> *s", "real, imag", parts_of_complex, "torch.complex"),
    gufunc("*s, *s -> *s", "abs, angle", parts_of_complex, "torch.polar"),
    rule(whole, "input, other, **", *spelled("equal", *TORCH)),
    rule(close, "input|a, other|b, **", *spelled("allclose", *TORCH, *NUMPY)),
    rule(whole_broadcast, "input|a|a1, other|b|a2, **", *spelled("array_equal array_equiv", *NUMPY)),
)
