"""Choosing between arrays and bounding them: where, masked_fill, clamp, lerp."""

from __future__ import annotations

from shapecheck.core.dim import UNKNOWN_DIM
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import COMPLEX, FLOATING, Typed, result_type
from shapecheck.core.shape import Mismatch, Shape, broadcast_all
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.families import (
    TORCH,
    floated,
    gufunc,
    only,
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


def masked_fill(a: Arguments) -> Result:
    """Both broadcast; the mask is bool and the array keeps its dtype."""
    array, mask = a.array("input"), a["mask"]
    if array is None:
        return UNKNOWN
    if isinstance(mask, Array) and "bool" not in mask.dtype.names:
        return refused_dtype(mask, "bool")
    if (refused := not_one_value(a["value"])) is not None:
        return refused
    found = broadcast_all([array.shape, shape_of(mask)], a.facts, ("the array", "the mask"))
    return found if isinstance(found, Mismatch) else array.with_shape(found)


def not_one_value(value: Value) -> Mismatch | None:
    """The mismatch of an array with axes where one value is wanted."""
    if not isinstance(value, Array) or not value.shape.min_rank:
        return None
    return Mismatch("shape-rank", f"the value must have no axes, found ({value.shape})", None, "no axes", str(value.shape))


def clamp(a: Arguments) -> Result:
    """Bounds are numbers or arrays that broadcast; all promote."""
    names = [name for name in ("input", "min", "max") if a[name] is not None]
    values = [a[name] for name in names]
    found = broadcast_all([shape_of(value) for value in values], a.facts, ("the array", *names[1:]))
    if isinstance(found, Mismatch):
        return found
    kinds = {isinstance(value, Array) for value in values[1:]}
    mixed = a.library is Library.TORCH and len(kinds) == 2  # torch then promotes in two steps
    return typed_result(found, Typed(ANY_DTYPE) if mixed else result_type(values, a.library), a.library)


TABLE: tuple[Rule, ...] = (
    rule(where, "condition, x|input=None, y|other=None", "torch.where", "jnp.where", "np.where"),
    rule(where, "x, condition, y|other", "Tensor.where"),
    rule(masked_fill, "input, mask, value", *spelled("masked_fill", *TORCH)),
    rule(
        clamp,
        "input|a|arr|x, min|a_min=None, max|a_max=None",
        *spelled("clamp clip", *TORCH),
        "np.clip",
        "jnp.clip",
        "ndarray.clip",
        "Array.clip",
    ),
    rule(clamp, "input, min, max=None", *spelled("clamp_min", *TORCH)),
    rule(clamp, "input, max, min=None", *spelled("clamp_max", *TORCH)),
    gufunc("*s, *s, *s -> *s", "input, end, weight", only(promoted, FLOATING, COMPLEX), *spelled("lerp", *TORCH)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", promoted, *spelled("addcmul", *TORCH)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", floated, *spelled("addcdiv", *TORCH)),
)
