"""Torch's in-place variants (and `+=`): the array keeps its shape and dtype, what is computed must fit into it."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.promotion import FLOATING, INTEGER, Typed, can_hold, inexact, result_type
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Value
from shapecheck.rules.choosing import given, interpolated, masked, one_value
from shapecheck.rules.elementwise import bits_only, float_only, negated
from shapecheck.rules.families import DTypeRule, divided, gufunc, kept, only, promoted, spelled
from shapecheck.rules.table import Rule


def fitting(computed: DTypeRule) -> DTypeRule:
    """The array's own dtype, if what is computed is not of a higher category: an integer array cannot hold floats."""

    def fits(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found, target = computed(values, library), values[0]
        if isinstance(found, Mismatch):
            return found
        return _overflow(target, found) or kept(values, library)

    return fits


def _overflow(target: Value, computed: Typed) -> Mismatch | None:
    if not isinstance(target, Array) or can_hold(target.dtype, computed.dtypes):
        return None
    reason = f"in place, results of {computed.dtypes} do not fit into an array of {target.dtype}"
    return Mismatch("shape-dtype", reason, None, str(target.dtype), str(computed.dtypes))


def divides(a: Arguments) -> Mismatch | None:
    """Without a rounding mode a true division, whose result an integer array cannot hold."""
    rounding = a["rounding_mode"]
    computed = result_type((a["input"], a["other"]), a.library)
    if rounding is UNKNOWN:
        return None
    return _overflow(a["input"], computed if rounding is not None else inexact(computed, a.library))


def floated_all(values: Sequence[Value], library: Library) -> Typed:
    """`exp_` and its kin compute floats."""
    return inexact(result_type(values, library), library)


_IN_PLACE_FLOATED = (
    "exp log log2 log10 log1p expm1 sqrt rsqrt sin cos tan tanh sigmoid reciprocal erf asin acos atan deg2rad rad2deg"
)
_IN_PLACE_KEPT = "abs floor ceil round trunc relu sign square conj_physical"
_FILLED = "zero fill bernoulli random nan_to_num"
_SAMPLED = "normal uniform exponential cauchy log_normal"
ONE = "*s -> *s"
TWO = "*s, *#s -> *s"
THREE = "*s, *#s, *#s -> *s"

TABLE: tuple[Rule, ...] = (
    gufunc(TWO, "input, mask, value", masked, "Tensor.masked_fill_", check=one_value),
    gufunc("*s m n -> *s m n", "input, fill_value, wrap=False", kept, "Tensor.fill_diagonal_", operands="input"),
    gufunc(THREE, "input, min=None, max=None", fitting(given(promoted)), *spelled("clamp_ clip_", "Tensor.{}")),
    gufunc(TWO, "input, min|max", fitting(promoted), *spelled("clamp_min_ clamp_max_", "Tensor.{}")),
    gufunc(
        TWO,
        "input, other|exponent, **",
        fitting(promoted),
        *spelled("add_ sub_ mul_ multiply_ subtract_ pow_ remainder_ fmod_ floor_divide_", "Tensor.{}"),
        *spelled("iadd isub imul ipow imod ifloordiv", "Tensor.__{}__", "ndarray.__{}__"),
    ),
    gufunc(TWO, "input, other, *, rounding_mode=None", kept, *spelled("div_ divide_", "Tensor.{}"), check=divides),
    gufunc(TWO, "input, other", fitting(divided), "Tensor.true_divide_", *spelled("itruediv", "Tensor.__{}__", "ndarray.__{}__")),
    gufunc(
        TWO,
        "input, other",
        fitting(bits_only),
        *spelled("bitwise_and_ bitwise_or_ bitwise_xor_", "Tensor.{}"),
        *spelled("iand ior ixor", "Tensor.__{}__", "ndarray.__{}__"),
    ),
    gufunc(
        TWO,
        "input, other, **",
        kept,
        *spelled("copy_ logical_and_ logical_or_ logical_xor_ eq_ ne_ lt_ le_ gt_ ge_", "Tensor.{}"),
    ),
    gufunc(THREE, "input, end, weight", fitting(interpolated), "Tensor.lerp_"),
    gufunc(THREE, "input, tensor1, tensor2, **", kept, "Tensor.addcmul_", "Tensor.addcdiv_"),
    gufunc(ONE, "input", fitting(floated_all), *spelled(_IN_PLACE_FLOATED, "Tensor.{}_")),
    gufunc(ONE, "input, p", fitting(floated_all), "Tensor.mvlgamma_"),
    gufunc(ONE, "input, **", kept, *spelled(_IN_PLACE_KEPT, "Tensor.{}_")),
    gufunc(ONE, "input", negated, "Tensor.neg_"),
    gufunc(ONE, "input, *rest, **", kept, *spelled(_FILLED, "Tensor.{}_")),
    gufunc(ONE, "input, *rest, **", float_only, *spelled(_SAMPLED, "Tensor.{}_")),
    gufunc(ONE, "input, p, **", only(kept, INTEGER, FLOATING), "Tensor.geometric_"),
)
