"""Torch's in-place variants (and `+=`): the array keeps its shape and dtype, what is computed must fit into it."""

from __future__ import annotations

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import DTypes
from shapecheck.core.promotion import CATEGORY, OPAQUE, Typed, inexact, result_type
from shapecheck.core.shape import Mismatch, Shape, broadcasts_to
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result
from shapecheck.rules.choosing import not_one_value
from shapecheck.rules.elementwise import bits_only, float_only, negated
from shapecheck.rules.families import (
    refused_dtype,
    spelled,
)
from shapecheck.rules.table import Rule, rule


def in_place(a: Arguments) -> Result:
    """`x.add_(y)`: what is computed must fit into `x`."""
    target = a.array("input")
    if target is None:
        return UNKNOWN
    others = [value for name, value in a.values.items() if name != "input" and isinstance(value, Array)]
    for other in others:
        if broadcasts_to(other.shape, target.shape, a.facts) is Verdict.DIFFERENT:
            return _does_not_fit(other.shape, target.shape)
    return target


def _does_not_fit(found: Shape, target: Shape) -> Mismatch:
    reason = f"in place, ({found}) must broadcast to ({target})"
    return Mismatch("shape-broadcast", reason, None, str(target), str(found))


def in_place_promoted(a: Arguments) -> Result:
    """In place, and the promoted dtype must not be of a higher category than the array's own."""
    return _checked_category(a, result_type(a.values.values(), a.library))


def in_place_bits(a: Arguments) -> Result:
    """In place `&`, `|`, `^`: no floats."""
    typed = bits_only(tuple(a.values.values()), a.library)
    return typed if isinstance(typed, Mismatch) else _checked_category(a, typed)


def in_place_divided(a: Arguments) -> Result:
    """In place true division: an integer array cannot hold the result. With a rounding mode integers stay integers."""
    rounding = a.values.get("rounding_mode")
    computed = result_type([value for name, value in a.values.items() if name != "rounding_mode"], a.library)
    if rounding is UNKNOWN:
        return in_place(a)
    return _checked_category(a, computed if rounding is not None else inexact(computed, a.library))


def negated_in_place(a: Arguments) -> Result:
    """Bool arrays cannot be negated."""
    refused = negated((a["input"],), a.library)
    return refused if isinstance(refused, Mismatch) else kept_in_place(a)


def _checked_category(a: Arguments, computed: Typed) -> Result:
    target = a.array("input")
    if target is None:
        return UNKNOWN
    if _lowest(computed.dtypes) > max(CATEGORY[name] for name in target.dtype.names) and _lowest(computed.dtypes) != OPAQUE:
        reason = f"in place, results of {computed.dtypes} do not fit into an array of {target.dtype}"
        return Mismatch("shape-dtype", reason, None, str(target.dtype), str(computed.dtypes))
    return in_place(a)


def _lowest(dtypes: DTypes) -> int:
    return min(CATEGORY[name] for name in dtypes.names)


def sampled_in_place(a: Arguments) -> Result:
    """Filled with samples of a continuous distribution: floats only."""
    typed = float_only((a["input"],), a.library)
    return typed if isinstance(typed, Mismatch) else kept_in_place(a)


def kept_in_place(a: Arguments) -> Result:
    """The array itself, whatever the arguments are: `zero_`, `normal_`."""
    return a.array("input") or UNKNOWN


def masked_fill_in_place(a: Arguments) -> Result:
    """The mask is bool and broadcasts to the array."""
    mask = a["mask"]
    if isinstance(mask, Array) and "bool" not in mask.dtype.names:
        return refused_dtype(mask, "bool")
    return not_one_value(a["value"]) or in_place(a)


def clamp_in_place(a: Arguments) -> Result:
    """As `clamp`, and the result fits into the array."""
    return _checked_category(a, result_type([v for v in a.values.values() if v is not None], a.library))


_IN_PLACE_FLOATED = (
    "exp log log2 log10 log1p expm1 sqrt rsqrt sin cos tan tanh sigmoid reciprocal erf asin acos atan deg2rad rad2deg"
)


_IN_PLACE_KEPT = "abs floor ceil round trunc relu sign square"


_FILLED = "zero fill bernoulli random nan_to_num"


_SAMPLED = "normal uniform exponential cauchy log_normal"


TABLE: tuple[Rule, ...] = (
    rule(masked_fill_in_place, "input, mask, value", "Tensor.masked_fill_"),
    rule(clamp_in_place, "input, min=None, max=None", *spelled("clamp_ clip_", "Tensor.{}")),
    rule(clamp_in_place, "input, min", "Tensor.clamp_min_"),
    rule(clamp_in_place, "input, max", "Tensor.clamp_max_"),
    rule(
        in_place_promoted,
        "input, other, **",
        *spelled("add_ sub_ mul_ multiply_ subtract_ pow_ remainder_ fmod_ floor_divide_", "Tensor.{}"),
        *spelled("iadd isub imul ipow imod ifloordiv", "Tensor.__{}__", "ndarray.__{}__"),
    ),
    rule(
        in_place_divided,
        "input, other, *, rounding_mode=None",
        *spelled("div_ divide_ true_divide_", "Tensor.{}"),
        *spelled("itruediv", "Tensor.__{}__", "ndarray.__{}__"),
    ),
    rule(
        in_place_bits,
        "input, other",
        *spelled("bitwise_and_ bitwise_or_ bitwise_xor_", "Tensor.{}"),
        *spelled("iand ior ixor", "Tensor.__{}__", "ndarray.__{}__"),
    ),
    rule(
        in_place, "input, other, **", *spelled("copy_ logical_and_ logical_or_ logical_xor_ eq_ ne_ lt_ le_ gt_ ge_", "Tensor.{}")
    ),
    rule(in_place, "input, end, weight", "Tensor.lerp_"),
    rule(in_place, "input, tensor1, tensor2, **", "Tensor.addcmul_", "Tensor.addcdiv_"),
    rule(in_place_divided, "input", *spelled(_IN_PLACE_FLOATED, "Tensor.{}_")),
    rule(kept_in_place, "input", *spelled(_IN_PLACE_KEPT, "Tensor.{}_")),
    rule(negated_in_place, "input", "Tensor.neg_"),
    rule(kept_in_place, "input, *rest, **", *spelled(_FILLED, "Tensor.{}_")),
    rule(sampled_in_place, "input, *rest, **", *spelled(_SAMPLED, "Tensor.{}_")),
)
