"""Elementwise operations: one array in, the same shape out; several arrays in, their broadcast shape out.

Nearly every row is a signature and a dtype rule. Torch's in-place variants keep the shape and dtype of the array, so
the other operands must broadcast to exactly that shape and convert to that dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, Verdict, compare, dim
from shapecheck.core.dtype import ANY_DTYPE, BOOL, DTypes, dtype
from shapecheck.core.promotion import BOOLEAN, CATEGORY, COMPLEX, FLOATING, INTEGER, OPAQUE, Typed, inexact, mapped, result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, broadcast_all, broadcasts_to
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import integer, integers, place, places, replaced, size_at
from shapecheck.rules.families import (
    boolean,
    divided,
    floated,
    gufunc,
    kept,
    only,
    promoted,
    real,
    real_floated,
    refused_dtype,
    requested,
    shape_of,
    spelled,
    typed_result,
    without_bool,
)
from shapecheck.rules.table import Rule, rule

ONE_ARRAY = "input|a|x|self|m|operand|obj, **"
TWO_ARRAYS = "input|a|x|x1|self, other|y|x2|b|exponent, **"
REVERSED = "right, left"

T = ("torch.{}", "Tensor.{}")
EVERY = (*T, "jnp.{}", "np.{}")
J = "jax.lax.{}"
N = "jax.nn.{}"
NUMERIC = (INTEGER, FLOATING, COMPLEX)
REAL = (BOOLEAN, INTEGER, FLOATING)

float_only = only(kept, FLOATING, COMPLEX)
bits_only = only(promoted, BOOLEAN, INTEGER)


# --- dtypes of some operations ------------------------------------------------------------------------------------


def subtracted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Bool arrays are not subtracted: `~mask` or `a ^ b` is meant."""
    arrays = [value for value in values if isinstance(value, Array)]
    number = any(not isinstance(value, Array) for value in values)
    bools = [value for value in arrays if value.dtype == BOOL]
    refused = bool(bools) if library is Library.TORCH else len(bools) == len(values)
    if refused and library is not Library.JAX and (len(bools) == len(values) or not number or library is Library.TORCH):
        return Mismatch("shape-dtype", "a bool array cannot be subtracted; use ~ for a mask's complement", None, "Num", "Bool")
    return promoted(values, library)


def negated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """A bool array cannot be negated with `-`."""
    if isinstance(values[0], Array) and values[0].dtype == BOOL:
        return Mismatch("shape-dtype", "a bool array cannot be negated; use ~ for a mask's complement", None, "Num", "Bool")
    return kept(values, library)


def powered(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Powers of bools are integers in numpy and jax; JAX keeps an array's dtype for an int exponent."""
    if library is Library.TORCH:
        return promoted(values, library)
    found = without_bool(promoted)(values, library)
    return found if isinstance(found, Mismatch) else Typed(found.dtypes, found.weak and _all_weak(values))


def _all_weak(values: Sequence[Value]) -> bool:
    return all(value.weak for value in values if isinstance(value, Array))


def strongly_floated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """As `floated`, but never weak."""
    found = inexact(result_type(values, library), library)
    return Typed(found.dtypes)


def division(a: Arguments) -> Result:
    """`torch.div`: with a rounding mode integers stay integers."""
    values = (a["input"], a["other"])
    found = broadcast_all([shape_of(value) for value in values], a.facts)
    if isinstance(found, Mismatch):
        return found
    true, floor = divided(values, a.library), promoted(values, a.library)
    chosen = {None: true, UNKNOWN: Typed(ANY_DTYPE)}.get(a["rounding_mode"], floor)  # type: ignore[call-overload]
    return typed_result(found, chosen, a.library)


def float64_promoted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`float_power`: double precision at least."""
    if library is Library.JAX:
        return floated(values, library)
    found = result_type(values, library)
    return Typed(mapped(lambda name: "complex128" if CATEGORY[name] == COMPLEX else "float64", found.dtypes))


def numpy_rounded(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`np.round` makes float16 of bools."""
    found = kept(values, library)
    if isinstance(found, Mismatch) or library is not Library.NUMPY or "bool" not in found.dtypes.names:
        return found
    return Typed(DTypes(found.dtypes.names - {"bool"} | {"float16"}))


def sinc_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """numpy divides first, so all integers become float64."""
    return divided(values, library) if library is Library.NUMPY else floated(values, library)


def angle_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """numpy makes float64 of bools."""
    found = real_floated(values, library)
    if isinstance(found, Mismatch) or library is not Library.NUMPY:
        return found
    return Typed(found.dtypes | DTypes(frozenset({"float64"})))


# --- in place -----------------------------------------------------------------------------------------------------


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
    """In place true division: an integer array cannot hold the result."""
    return _checked_category(a, inexact(result_type(a.values.values(), a.library), a.library))


def _checked_category(a: Arguments, computed: Typed) -> Result:
    target = a.array("input")
    if target is None:
        return UNKNOWN
    if _lowest(computed.dtypes) > max(CATEGORY[name] for name in target.dtype.names) and _lowest(computed.dtypes) != OPAQUE:
        reason = f"in place, {computed.dtypes} results do not fit into a {target.dtype} array"
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


# --- choosing and bounding ----------------------------------------------------------------------------------------


def where(a: Arguments) -> Result:
    """`where(condition, x, y)` broadcasts all three; `where(condition)` finds indices, one array per axis."""
    if a["x"] is None:
        return _indices(a)
    condition = a["condition"]
    if a.library is Library.TORCH and isinstance(condition, Array) and not condition.dtype.names & {"bool", "uint8"}:
        return refused_dtype(condition, "bool")
    found = broadcast_all([shape_of(a[name]) for name in ("condition", "x", "y")], a.facts)
    return found if isinstance(found, Mismatch) else typed_result(found, result_type((a["x"], a["y"]), a.library), a.library)


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
    found = broadcast_all([array.shape, shape_of(mask)], a.facts)
    return found if isinstance(found, Mismatch) else array.with_shape(found)


def masked_fill_in_place(a: Arguments) -> Result:
    """The mask is bool and broadcasts to the array."""
    mask = a["mask"]
    if isinstance(mask, Array) and "bool" not in mask.dtype.names:
        return refused_dtype(mask, "bool")
    return in_place(a)


def clamp(a: Arguments) -> Result:
    """Bounds are numbers or arrays that broadcast; all promote."""
    values = [a[name] for name in ("input", "min", "max") if a[name] is not None]
    found = broadcast_all([shape_of(value) for value in values], a.facts)
    if isinstance(found, Mismatch):
        return found
    kinds = {isinstance(value, Array) for value in values[1:]}
    mixed = a.library is Library.TORCH and len(kinds) == 2  # torch then promotes in two steps
    return typed_result(found, Typed(ANY_DTYPE) if mixed else result_type(values, a.library), a.library)


def clamp_in_place(a: Arguments) -> Result:
    """As `clamp`, and the result fits into the array."""
    return _checked_category(a, result_type([v for v in a.values.values() if v is not None], a.library))


# --- along an axis ------------------------------------------------------------------------------------------------


def along_axis(a: Arguments, default_dtype: Typed | Mismatch, name: str = "input") -> Result:
    """The array's own shape, if it has the axis."""
    array = a.array(name)
    if array is None:
        return UNKNOWN
    if isinstance(default_dtype, Mismatch):
        return default_dtype
    axes = integers(a["dim"])
    if axes is not None and isinstance(at := places(axes, array.shape, a.library is Library.TORCH), Mismatch):
        return at
    return typed_result(array.shape, requested(a, default_dtype), a.library)


def softmax(a: Arguments) -> Result:
    """Floating-point arrays only in torch; jax converts integers."""
    array = a["input"]
    if a.library is not Library.TORCH:
        return along_axis(a, floated((array,), a.library))
    typed = float_only((array,), a.library) if a.values.get("dtype") is None else Typed(ANY_DTYPE)
    return along_axis(a, typed)


def some_softmax(a: Arguments) -> Result:
    """`F.softmax` without `dim` chooses one by rank."""
    if a["dim"] is None:
        return softmax(replace(a, values={**a.values, "dim": UNKNOWN}))
    return softmax(a)


def gumbel(a: Arguments) -> Result:
    """Samples of the shape of the logits."""
    return along_axis(a, float_only((a["logits"],), a.library), "logits")


def logcumsumexp(a: Arguments) -> Result:
    """A running sum in the log domain: floats only."""
    return along_axis(a, float_only((a["input"],), a.library))


def normalized(a: Arguments) -> Result:
    """`F.normalize`: divides by a norm along `dim`, which is 1 by default."""
    return along_axis(a, float_only((a["input"],), a.library))


def cumulative(a: Arguments) -> Result:
    """Running sums and products: torch makes int64 of integers, numpy int64 or uint64, jax int32 of bools only."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    typed = _summed(array.dtype, a.library)
    if a["dim"] is None and a.library is not Library.TORCH:
        return typed_result(Shape((array.shape.size,)), requested(a, typed), a.library)
    if a.library is Library.NUMPY and array.shape == SCALAR:
        return along_axis(replace(a, values={**a.values, "input": array.with_shape(Shape((ONE,)))}), typed)
    return along_axis(a, typed)


def _summed(dtypes: DTypes, library: Library) -> Typed:
    return Typed(mapped(lambda name: _SUMMED[library](name), dtypes))


def _torch_summed(name: str) -> str:
    return "int64" if CATEGORY[name] in (BOOLEAN, INTEGER) else name


def _numpy_summed(name: str) -> str:
    if CATEGORY[name] not in (BOOLEAN, INTEGER):
        return name
    return "uint64" if name.startswith("uint") else "int64"


def _jax_summed(name: str) -> str:
    return "int32" if name == "bool" else name


_SUMMED = {Library.TORCH: _torch_summed, Library.NUMPY: _numpy_summed, Library.JAX: _jax_summed}


def running_extreme(a: Arguments) -> Result:
    """`cummax` and `cummin` give values and indices."""
    found = along_axis(a, kept((a["input"],), a.library))
    return (found, found.with_dtype(dtype("int64"))) if isinstance(found, Array) else found


def glu(a: Arguments) -> Result:
    """Halves an axis of even size."""
    array, axis = a.array("input"), integer(a["dim"])
    if array is None or axis is None:
        return UNKNOWN
    at = place(axis, array.shape)
    if not isinstance(at, int):
        return at if isinstance(at, Mismatch) else array.with_shape(ANY_SHAPE)
    whole = size_at(array.shape, at)
    if compare(whole % 2, dim(1), a.facts) is Verdict.EQUAL:
        return Mismatch("shape-op", f"needs an axis of even size, axis {axis} is {whole}", axis, "an even size", str(whole))
    return array.with_shape(replaced(array.shape, at, half(whole)))


def half(whole: Dim) -> Dim:
    """The half of a size that is known to be even."""
    return whole // 2


# --- the table ----------------------------------------------------------------------------------------------------

_FLOATED = (
    "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
    "arcsin arccos arctan arcsinh arccosh arctanh"
)
_FLOATED_TORCH = "rsqrt sigmoid reciprocal erf erfc erfinv lgamma digamma deg2rad rad2deg i0 logit"
_FLOATED_JAX = "tanh relu6 gelu selu celu elu softplus mish leaky_relu squareplus hard_sigmoid hard_swish hard_silu sparse_plus log_sigmoid"
_LAX_FLOATS = (
    "exp exp2 expm1 log log1p sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh reciprocal logistic "
    "erf erfc lgamma digamma floor ceil round cbrt"
)
_F_FLOATS = "gelu selu celu elu softplus mish hardswish hardsigmoid logsigmoid leaky_relu silu"
_TESTS = "isnan isinf isfinite isreal isposinf isneginf signbit logical_not"
_COMPARED = "eq ne lt le gt ge"
_COMPARED_LONG = "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose"
_TORCH_COMPARED = "not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose"
_IN_PLACE_FLOATED = "exp log log2 log10 log1p expm1 sqrt rsqrt sin cos tan tanh sigmoid reciprocal erf asin acos atan"
_IN_PLACE_KEPT = "neg abs floor ceil round trunc relu sign square"
_FILLED = "zero fill bernoulli random nan_to_num"
_SAMPLED = "normal uniform exponential cauchy log_normal"
_OPERATORS = ("Tensor.__{}__", "Array.__{}__", "ndarray.__{}__")

UNARY: tuple[Rule, ...] = (
    gufunc("*s -> *s", "input|a|x|self, dtype=None, **", floated, *spelled(_FLOATED, *EVERY)),
    gufunc("*s -> *s", ONE_ARRAY, floated, *spelled(_FLOATED_TORCH, *T), *spelled("deg2rad rad2deg degrees radians cbrt fabs", "jnp.{}", "np.{}"),
           *spelled("reciprocal rint i0", "jnp.{}"), "np.rint", *spelled(_FLOATED_JAX, N), *spelled("tanh sigmoid", "F.{}"),
           *spelled("exp2 expm1 log1p sinc erf erfc erfinv digamma i0 logit", "torch.special.{}"),
           *spelled("erf erfc erfinv digamma i0 logit", "jax.scipy.special.{}")),
    gufunc("*s -> *s", ONE_ARRAY, sinc_dtype, *spelled("sinc", *EVERY)),
    gufunc("*s -> *s", ONE_ARRAY, only(kept, FLOATING, COMPLEX), *spelled(_LAX_FLOATS, J), *spelled("sigmoid silu swish", N)),
    gufunc("*s -> *s", "input, **", float_only, *spelled(_F_FLOATS, "F.{}")),
    gufunc("*s -> *s", ONE_ARRAY, only(kept, INTEGER, FLOATING), *spelled("relu relu6 hardtanh", "F.{}"), *spelled("relu", *T)),
    gufunc("*s -> *s", ONE_ARRAY, kept, *spelled("dropout alpha_dropout feature_alpha_dropout", "F.{}"), "torch.dropout"),
    gufunc("*s -> *s", ONE_ARRAY, floated, *spelled("softsign tanhshrink", "F.{}"), "jax.nn.soft_sign"),
    gufunc("*s -> *s", ONE_ARRAY, without_bool(kept), *spelled("square", *EVERY), *spelled("relu hard_tanh", N), "np.reciprocal"),
    gufunc("*s -> *s", ONE_ARRAY, without_bool(kept, "bool int8 bool"), *spelled("conj", "np.{}", "jnp.{}"), *spelled("conjugate", "np.{}", "jnp.{}")),
    gufunc("*s -> *s", ONE_ARRAY, real, *spelled("abs absolute", *EVERY), "Tensor.__abs__", "Array.__abs__", "ndarray.__abs__",
           *spelled("real imag", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}"), "torch.real", "Tensor.real", "jax.lax.abs"),
    gufunc("*s -> *s", ONE_ARRAY, only(real, COMPLEX), "torch.imag", "Tensor.imag", *spelled("real imag", J)),
    gufunc("*s -> *s", ONE_ARRAY, negated, *spelled("neg negative", *T), *spelled("negative", "np.{}", "jnp.{}"), *spelled("neg", *_OPERATORS), "jax.lax.neg"),
    gufunc("*s -> *s", ONE_ARRAY, kept, *spelled("sgn conj positive", *T), *spelled("positive", "np.{}", "jnp.{}"), *spelled("pos", *_OPERATORS),
           *spelled("floor ceil trunc sign", *EVERY), *spelled("fix", *T, "np.{}"),
           "jax.lax.sign", "jax.lax.square", *spelled("conj conjugate copy", "ndarray.{}", "Array.{}")),
    gufunc("*s -> *s", "input|a|x, decimals=0, **", numpy_rounded, *spelled("round", *EVERY), *spelled("around", "np.{}", "jnp.{}"), "ndarray.round", "Array.round"),
    gufunc("*s -> *s", ONE_ARRAY, kept, *spelled("nan_to_num", *EVERY)),
    gufunc("*s -> *s", "input, **", only(kept, FLOATING), *spelled("frac", *T)),
    gufunc("*s -> *s", ONE_ARRAY, boolean, *spelled(_TESTS, *EVERY), "np.iscomplex", "jnp.iscomplex", "jax.lax.is_finite"),
    gufunc("*s -> *s", ONE_ARRAY, bits_only, *spelled("bitwise_not", *EVERY), *spelled("invert", "np.{}", "jnp.{}", *_OPERATORS), "jax.lax.bitwise_not"),
    gufunc("*s -> *s", ONE_ARRAY, angle_dtype, *spelled("angle", *EVERY)),
)

BINARY: tuple[Rule, ...] = (
    gufunc("*s, *s -> *s", TWO_ARRAYS, promoted, *spelled("add multiply", *EVERY), *spelled("mul maximum minimum fmax fmin", *T),
           *spelled("maximum minimum fmax fmin", "np.{}", "jnp.{}"), *spelled("add radd mul rmul", *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, subtracted, *spelled("subtract", *EVERY), *spelled("sub", *T, *_OPERATORS)),
    gufunc("*s, *s -> *s", "right, left", subtracted, *spelled("rsub", *_OPERATORS), operands="left right"),
    gufunc("*s, *s -> *s", TWO_ARRAYS, divided, *spelled("divide true_divide", "jnp.{}", "np.{}"), *spelled("truediv rtruediv", *_OPERATORS),
           *spelled("true_divide", *T)),
    rule(division, "input, other, *, rounding_mode=None, **", *spelled("div divide", *T)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, without_bool(promoted), *spelled("floor_divide remainder fmod", *EVERY), *spelled("mod", "np.{}", "jnp.{}"),
           *spelled("floordiv rfloordiv mod rmod", *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, powered, *spelled("pow", *EVERY), *spelled("power", "np.{}", "jnp.{}"), *spelled("pow rpow", *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, float64_promoted, *spelled("float_power", *EVERY)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, floated, *spelled("atan2 arctan2 copysign", *EVERY), *spelled("hypot", "np.{}", "jnp.{}"),
           *spelled("xlogy", *T, "torch.special.{}", "jax.scipy.special.{}")),
    gufunc("*s, *s -> *s", TWO_ARRAYS, strongly_floated, *spelled("logaddexp logaddexp2", "np.{}", "jnp.{}")),
    gufunc("*s, *s -> *s", TWO_ARRAYS, only(promoted, FLOATING, COMPLEX), *spelled("logaddexp logaddexp2 hypot", *T)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, boolean, *spelled(_COMPARED, *T), *spelled("eq ne lt le gt ge", *_OPERATORS),
           *spelled(_COMPARED_LONG, "np.{}", "jnp.{}"), *spelled(_TORCH_COMPARED, *T)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, bits_only, *spelled("bitwise_and bitwise_or bitwise_xor", *EVERY),
           *spelled("and rand or ror xor rxor", *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, without_bool(bits_only), *spelled("lshift rlshift rshift rrshift", *_OPERATORS),
           *spelled("bitwise_left_shift bitwise_right_shift", *EVERY), *spelled("left_shift right_shift", "np.{}", "jnp.{}")),
    gufunc("*s, *s -> *s", TWO_ARRAYS, only(promoted, INTEGER), *spelled("gcd lcm", *EVERY)),
)

CHOICES: tuple[Rule, ...] = (
    rule(where, "condition, x|input=None, y|other=None", "torch.where", "jnp.where", "np.where"),
    rule(where, "x, condition, y|other", "Tensor.where"),
    rule(masked_fill, "input, mask, value", *spelled("masked_fill", *T)),
    rule(masked_fill_in_place, "input, mask, value", "Tensor.masked_fill_"),
    rule(clamp, "input|a|arr|x, min|a_min=None, max|a_max=None", *spelled("clamp clip", *T), "np.clip", "jnp.clip", "ndarray.clip", "Array.clip"),
    rule(clamp, "input, min, max=None", *spelled("clamp_min", *T)),
    rule(clamp, "input, max, min=None", *spelled("clamp_max", *T)),
    rule(clamp_in_place, "input, min=None, max=None", *spelled("clamp_ clip_", "Tensor.{}")),
    rule(clamp_in_place, "input, min", "Tensor.clamp_min_"),
    rule(clamp_in_place, "input, max", "Tensor.clamp_max_"),
    gufunc("*s, *s, *s -> *s", "input, end, weight", only(promoted, FLOATING, COMPLEX), *spelled("lerp", *T)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", promoted, *spelled("addcmul", *T)),
    gufunc("*s, *s, *s -> *s", "input, tensor1, tensor2, **", floated, *spelled("addcdiv", *T)),
)

ALONG_AXIS: tuple[Rule, ...] = (
    rule(softmax, "input, dim, dtype=None", *spelled("softmax log_softmax", *T)),
    rule(some_softmax, "input, dim=None, _stacklevel=3, dtype=None", *spelled("softmax log_softmax softmin", "F.{}")),
    rule(softmax, "input|x, dim|axis=-1, **", *spelled("softmax log_softmax", "jax.nn.{}")),
    rule(gumbel, "logits, tau=1, hard=False, eps=0, dim=-1", "F.gumbel_softmax"),
    rule(normalized, "input, p=2, dim=1, **", "F.normalize"),
    rule(cumulative, "input, dim|axis, *, dtype=None, **", *spelled("cumsum cumprod", *T)),
    rule(cumulative, "input|a, dim|axis=None, dtype=None, **", *spelled("cumsum cumprod", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}")),
    rule(logcumsumexp, "input, dim", *spelled("logcumsumexp", *T)),
    rule(running_extreme, "input, dim", *spelled("cummax cummin", *T)),
    rule(glu, "input|x, dim|axis=-1", "F.glu", "jax.nn.glu"),
)

IN_PLACE: tuple[Rule, ...] = (
    rule(in_place_promoted, "input, other, **", *spelled("add_ sub_ mul_ multiply_ subtract_ pow_ remainder_ fmod_ floor_divide_", "Tensor.{}"),
         *spelled("iadd isub imul ipow imod ifloordiv", "Tensor.__{}__", "ndarray.__{}__")),
    rule(in_place_divided, "input, other, *, rounding_mode=None", *spelled("div_ divide_ true_divide_", "Tensor.{}"),
         *spelled("itruediv", "Tensor.__{}__", "ndarray.__{}__")),
    rule(in_place_bits, "input, other", *spelled("bitwise_and_ bitwise_or_ bitwise_xor_", "Tensor.{}"),
         *spelled("iand ior ixor", "Tensor.__{}__", "ndarray.__{}__")),
    rule(in_place, "input, other, **", *spelled("copy_ logical_and_ logical_or_ logical_xor_ eq_ ne_ lt_ le_ gt_ ge_", "Tensor.{}")),
    rule(in_place, "input, end, weight", "Tensor.lerp_"),
    rule(in_place, "input, tensor1, tensor2, **", "Tensor.addcmul_", "Tensor.addcdiv_"),
    rule(in_place_divided, "input", *spelled(_IN_PLACE_FLOATED, "Tensor.{}_")),
    rule(kept_in_place, "input", *spelled(_IN_PLACE_KEPT, "Tensor.{}_")),
    rule(kept_in_place, "input, *rest, **", *spelled(_FILLED, "Tensor.{}_")),
    rule(sampled_in_place, "input, *rest, **", *spelled(_SAMPLED, "Tensor.{}_")),
)

TABLE: tuple[Rule, ...] = (*UNARY, *BINARY, *CHOICES, *ALONG_AXIS, *IN_PLACE)
