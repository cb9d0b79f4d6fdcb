"""Choosing between arrays and bounding them: where, masked_fill, clamp, lerp."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import COMPLEX, FLOATING, Typed, result_type
from shapecheck.core.shape import Mismatch, Shape, broadcast_all
from shapecheck.core.value import Arguments, Array, Library, Many, Result, Scalar, Value
from shapecheck.rules.families import (
    TORCH,
    DTypeRule,
    equal_dtypes,
    floated,
    gufunc,
    kept,
    only,
    or_float32,
    promoted,
    refused_dtype,
    shape_of,
    spelled,
    typed_result,
)
from shapecheck.rules.table import Rule, rule


def where(a: Arguments) -> Result:
    """`where(condition, x, y)` broadcasts all three; `where(condition)` finds indices, one array per axis."""
    if a["x"] is None:
        return _indices(a)
    condition = a["condition"]
    if a.library is Library.TORCH and isinstance(condition, Array) and not condition.dtype.names & {"bool", "uint8"}:
        return refused_dtype(condition, "bool")
    names = ("condition", "input", "other") if a.library is Library.TORCH else ("condition", "x", "y")
    found = broadcast_all([shape_of(a[name]) for name in ("condition", "x", "y")], a.facts, names)
    return typed_result(found, result_type((a["x"], a["y"]), a.library), a.library)


def _indices(a: Arguments) -> Result:
    names = {Library.TORCH: "int64", Library.JAX: "int32", Library.NUMPY: "int64"}
    one = Array(Shape((UNKNOWN_DIM,)), dtype(names[a.library]), a.library)
    rank = shape_of(a["condition"]).rank
    return Many(one) if rank is None else (one,) * max(rank, 1)


def masked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The array's own dtype; the mask is bool."""
    mask = values[1]
    return refused_dtype(mask, "bool") if isinstance(mask, Array) and "bool" not in mask.dtype.names else kept(values, library)


def one_value(a: Arguments) -> Mismatch | None:
    """The mismatch of a `value` that is an array with axes."""
    value = a["value"]
    if not isinstance(value, Array) or not value.shape.min_rank:
        return None
    return Mismatch("shape-rank", f"the value must have no axes, found ({value.shape})", None, "no axes", str(value.shape))


def given(typed: DTypeRule) -> DTypeRule:
    """The dtype of those operands that the call has."""

    def of_given(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return typed([value for value in values if value is not None], library)

    return of_given


def bounded(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """All promote; with a number and an array as bounds torch does that in two steps."""
    kinds = {isinstance(value, Array) for value in values[1:]}
    return Typed(ANY_DTYPE) if library is Library.TORCH and len(kinds) == 2 else promoted(values, library)


def interpolated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Both ends have one dtype, and so has the weight when it is an array with axes; a number makes no floats of integers."""
    *ends, weight = values
    with_axes = isinstance(weight, Array) and bool(weight.shape.min_rank)
    same = equal_dtypes(values if with_axes else ends, library)
    if isinstance(same, Mismatch):
        return same
    return only(promoted, FLOATING, COMPLEX)(ends if isinstance(weight, Dim | Scalar | bool) else values, library)


MASKED = "the array, the mask"

TABLE: tuple[Rule, ...] = (
    rule(where, "condition, x|input=None, y|other=None", "torch.where", "jnp.where", "np.where"),
    rule(where, "x, condition, y|other", "Tensor.where"),
    gufunc("*s, *s -> *s", "input, mask, value", masked, *spelled("masked_fill", *TORCH), check=one_value, called=MASKED),
    gufunc(
        "*s, *s, *s -> *s",
        "input|a|arr|x, min|a_min=None, max|a_max=None",
        or_float32(given(bounded)),
        *spelled("clamp clip", *TORCH),
        "np.clip",
        "jnp.clip",
        "ndarray.clip",
        "Array.clip",
        called="the array, min, max",
    ),
    gufunc("*s, *s -> *s", "input, min", promoted, *spelled("clamp_min", *TORCH), called="the array, min"),
    gufunc("*s, *s -> *s", "input, max", promoted, *spelled("clamp_max", *TORCH), called="the array, max"),
    gufunc("*s, *s, *s -> *s", "input, end, weight", interpolated, *spelled("lerp", *TORCH)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", promoted, *spelled("addcmul", *TORCH)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", floated, *spelled("addcdiv", *TORCH)),
)
