"""Elementwise operations: one array in, the same shape out; several arrays in, their broadcast shape out.

Nearly every row is a signature and a dtype rule. In-place variants are in `inplace`, choices and bounds in `choosing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ZERO
from shapecheck.core.dtype import BOOL, DTypes
from shapecheck.core.promotion import BOOLEAN, CATEGORY, COMPLEX, FLOATING, INTEGER, Typed, inexact, mapped, result_type
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Array, Library, Scalar, Value
from shapecheck.rules.families import (
    TORCH,
    DTypeRule,
    boolean,
    divided,
    floated,
    gufunc,
    kept,
    only,
    promoted,
    real,
    real_floated,
    spelled,
    strong,
    without_bool,
)
from shapecheck.rules.table import Rule

ONE_ARRAY = "input|a|x|self|m|operand|obj|z|val, **"
TWO_ARRAYS = "input|a|x|x1, other|y|x2|b|exponent, **"

EVERY = (*TORCH, "jnp.{}", "np.{}")
J = "jax.lax.{}"
N = "jax.nn.{}"
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


def beside(number: Value, typed: DTypeRule = promoted) -> DTypeRule:
    """The dtype of what is computed with a Python number: in jax integers become weak floats beside a float."""

    def with_number(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return typed((*values, number), library)

    return with_number


beside_float = beside(Scalar("float"))


def squareplus(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Floats, weak ones beside a float."""
    return (floated if isinstance(values[1], Scalar) else strong(floated))(values, library)


def negated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """A bool array cannot be negated with `-`."""
    if isinstance(values[0], Array) and values[0].dtype == BOOL:
        return Mismatch("shape-dtype", "a bool array cannot be negated; use ~ for a mask's complement", None, "Num", "Bool")
    return kept(values, library)


def powered(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Powers of bools are integers in numpy and jax; numpy makes int8 or int64 of `mask ** 2`, by the exponent."""
    if library is Library.TORCH:
        return promoted(values, library)
    by_fraction = isinstance(values[1], Scalar)  # weak in jax, other powers are not
    found = (without_bool(promoted) if by_fraction else strong(without_bool(promoted)))(values, library)
    bools = any(isinstance(value, Array) and "bool" in value.dtype.names for value in values)
    if isinstance(found, Mismatch) or library is not Library.NUMPY or not bools:
        return found
    return Typed(found.dtypes | DTypes(frozenset({"int8"})))


def raised(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Powers with the exponent first."""
    return powered(tuple(reversed(values)), library)


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
    """numpy makes float64 of bools, jax float32 of half precision."""
    found = real_floated(values, library)
    if isinstance(found, Mismatch) or library is Library.TORCH:
        return found
    return Typed(found.dtypes | DTypes(frozenset({"float32", "float64"})))


def divided_by_self(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Torch's `2 / x` is `x.reciprocal() * 2`, so the reciprocal's dtype counts."""
    array = values[0]
    if library is not Library.TORCH or not isinstance(array, Array):
        return divided(values, library)
    return promoted((replace(array, dtype=inexact(Typed(array.dtype), library).dtypes), *values[1:]), library)


# --- the table ----------------------------------------------------------------------------------------------------

_FLOATED = (
    "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
    "arcsin arccos arctan arcsinh arccosh arctanh"
)
_FLOATED_TORCH = "rsqrt sigmoid reciprocal erf erfc erfinv lgamma digamma deg2rad rad2deg i0"
_FLOATED_JAX = "tanh gelu standardize"
_BESIDE_ZERO_JAX = "softplus mish log_sigmoid soft_sign"
_BESIDE_FLOAT_JAX = "relu6 selu hard_sigmoid hard_swish hard_silu sparse_plus sparse_sigmoid"
_LAX_FLOATS = (
    "exp exp2 expm1 log log1p sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh reciprocal logistic "
    "erf erfc lgamma digamma floor ceil round cbrt"
)
_F_FLOATS = "selu celu elu softplus mish hardswish hardsigmoid logsigmoid leaky_relu silu"
_TESTS = "isnan isinf isfinite isreal isposinf isneginf signbit logical_not"
_COMPARED = "eq ne lt le gt ge"
_COMPARED_LONG = "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose"
_TORCH_COMPARED = "not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose"
_OPERATORS = ("Tensor.__{}__", "Array.__{}__", "ndarray.__{}__")

UNARY: tuple[Rule, ...] = (
    gufunc("*s -> *s", "input|a|x|self, *, dtype=None, **", floated, *spelled(_FLOATED, *EVERY)),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        floated,
        *spelled(_FLOATED_TORCH, *TORCH),
        *spelled("deg2rad rad2deg degrees radians cbrt fabs", "jnp.{}", "np.{}"),
        *spelled("reciprocal rint i0", "jnp.{}"),
        "np.rint",
        *spelled(_FLOATED_JAX, N),
        *spelled("tanh sigmoid", "F.{}"),
        *spelled("exp2 expm1 log1p sinc erf erfc erfinv digamma i0", "torch.special.{}"),
        *spelled("erf erfc erfinv digamma i0 logit", "jax.scipy.special.{}"),
    ),
    gufunc("*s -> *s", ONE_ARRAY, beside_float, *spelled(_BESIDE_FLOAT_JAX, N)),
    gufunc("*s -> *s", ONE_ARRAY, beside(ZERO, floated), *spelled(_BESIDE_ZERO_JAX, N)),
    gufunc("*s -> *s", ONE_ARRAY, beside(ZERO), *spelled("relu hard_tanh", N)),
    gufunc("*s, *s -> *s", "x, alpha=1.0", beside_float, *spelled("elu celu", N)),
    gufunc("*s, *s -> *s", "x, negative_slope=0.01", promoted, "jax.nn.leaky_relu"),
    gufunc("*s, *s -> *s", "x, b=4", squareplus, "jax.nn.squareplus"),
    gufunc("*s -> *s", "input|self, eps=None, **", floated, *spelled("logit", *TORCH, "torch.special.{}")),
    gufunc("*s -> *s", ONE_ARRAY, sinc_dtype, *spelled("sinc", *EVERY)),
    gufunc("*s -> *s", ONE_ARRAY, only(kept, FLOATING, COMPLEX), *spelled(_LAX_FLOATS, J), *spelled("sigmoid silu swish", N)),
    gufunc("*s -> *s", "input, **", float_only, *spelled(_F_FLOATS, "F.{}")),
    gufunc("*s -> *s", "input, approximate='none'", float_only, "F.gelu"),
    gufunc(
        "*s -> *s", ONE_ARRAY, only(kept, INTEGER, FLOATING), *spelled("relu relu6 hardtanh", "F.{}"), *spelled("relu", *TORCH)
    ),
    gufunc("*s -> *s", ONE_ARRAY, kept, *spelled("dropout alpha_dropout feature_alpha_dropout", "F.{}"), "torch.dropout"),
    gufunc("*s -> *s", ONE_ARRAY, floated, *spelled("softsign tanhshrink", "F.{}")),
    gufunc("*s -> *s", ONE_ARRAY, without_bool(kept), *spelled("square", *EVERY), "np.reciprocal"),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        without_bool(kept, "bool int8 bool"),
        *spelled("conj", "np.{}", "jnp.{}"),
        *spelled("conjugate", "np.{}", "jnp.{}"),
    ),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        real,
        *spelled("abs absolute", *EVERY),
        "Tensor.__abs__",
        "Array.__abs__",
        "ndarray.__abs__",
        *spelled("real imag", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}"),
        "torch.real",
        "Tensor.real",
        "jax.lax.abs",
    ),
    gufunc("*s -> *s", ONE_ARRAY, only(real, COMPLEX), "torch.imag", "Tensor.imag", *spelled("real imag", J)),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        negated,
        *spelled("neg negative", *TORCH),
        *spelled("negative", "np.{}", "jnp.{}"),
        *spelled("neg", *_OPERATORS),
        "jax.lax.neg",
    ),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        kept,
        *spelled("sgn conj conj_physical positive", *TORCH),
        *spelled("positive", "np.{}", "jnp.{}"),
        *spelled("pos", *_OPERATORS),
        *spelled("floor ceil trunc sign", *EVERY),
        *spelled("fix", *TORCH, "np.{}"),
        "jax.lax.sign",
        "jax.lax.square",
        *spelled("conj conjugate copy", "ndarray.{}", "Array.{}"),
    ),
    gufunc(
        "*s -> *s",
        "input|a|x, decimals=0, **",
        numpy_rounded,
        *spelled("round", *EVERY),
        *spelled("around", "np.{}", "jnp.{}"),
        "ndarray.round",
        "Array.round",
    ),
    gufunc("*s -> *s", ONE_ARRAY, kept, *spelled("nan_to_num", *EVERY)),
    gufunc("*s -> *s", "input, **", only(kept, FLOATING), *spelled("frac", *TORCH)),
    gufunc("*s -> *s", ONE_ARRAY, boolean, *spelled(_TESTS, *EVERY), "np.iscomplex", "jnp.iscomplex", "jax.lax.is_finite"),
    gufunc(
        "*s -> *s",
        ONE_ARRAY,
        bits_only,
        *spelled("bitwise_not", *EVERY),
        *spelled("invert", "np.{}", "jnp.{}", *_OPERATORS),
        "jax.lax.bitwise_not",
    ),
    gufunc("*s -> *s", ONE_ARRAY, angle_dtype, *spelled("angle", *EVERY)),
)

BINARY: tuple[Rule, ...] = (
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        promoted,
        *spelled("add multiply", *EVERY),
        *spelled("mul maximum minimum fmax fmin", *TORCH),
        *spelled("maximum minimum fmax fmin", "np.{}", "jnp.{}"),
        *spelled("add radd mul rmul", *_OPERATORS),
    ),
    gufunc("*s, *s -> *s", TWO_ARRAYS, subtracted, *spelled("subtract", *EVERY), *spelled("sub", *TORCH, *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, subtracted, "torch.rsub"),
    gufunc("*s, *s -> *s", "right, left", subtracted, *spelled("rsub", *_OPERATORS), operands="left right"),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        divided,
        *spelled("divide true_divide", "jnp.{}", "np.{}"),
        *spelled("truediv", *_OPERATORS),
        *spelled("true_divide", *TORCH),
    ),
    gufunc("*s, *s -> *s", TWO_ARRAYS, divided_by_self, *spelled("rtruediv", *_OPERATORS), "Tensor.__rdiv__"),
    gufunc(
        "*s, *s -> *s if rounding_mode=None; -> *s",
        "input, other, *, rounding_mode=None, **",
        [divided, promoted],
        *spelled("div divide", *TORCH),
    ),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        without_bool(promoted),
        *spelled("floor_divide remainder fmod", *EVERY),
        *spelled("mod", "np.{}", "jnp.{}"),
        *spelled("floordiv rfloordiv mod rmod", *_OPERATORS),
    ),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        powered,
        *spelled("pow", *EVERY),
        *spelled("power", "np.{}", "jnp.{}"),
        *spelled("pow", *_OPERATORS),
    ),
    gufunc("*s, *s -> *s", TWO_ARRAYS, raised, *spelled("rpow", *_OPERATORS)),
    gufunc("*s, *s -> *s", TWO_ARRAYS, float64_promoted, *spelled("float_power", *EVERY)),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        floated,
        *spelled("atan2 arctan2 copysign", *EVERY),
        *spelled("hypot", "np.{}", "jnp.{}"),
        *spelled("xlogy", *TORCH, "torch.special.{}", "jax.scipy.special.{}"),
    ),
    gufunc("*s, *s -> *s", TWO_ARRAYS, floated, *spelled("logaddexp", "np.{}", "jnp.{}")),
    gufunc("*s, *s -> *s", TWO_ARRAYS, strong(floated), *spelled("logaddexp2", "np.{}", "jnp.{}")),
    gufunc("*s, *s -> *s", TWO_ARRAYS, only(promoted, FLOATING, COMPLEX), *spelled("logaddexp logaddexp2 hypot", *TORCH)),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        boolean,
        *spelled(_COMPARED, *TORCH),
        *spelled("eq ne lt le gt ge", *_OPERATORS),
        *spelled(_COMPARED_LONG, "np.{}", "jnp.{}"),
        *spelled(_TORCH_COMPARED, *TORCH),
    ),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        bits_only,
        *spelled("bitwise_and bitwise_or bitwise_xor", *EVERY),
        *spelled("and rand or ror xor rxor", *_OPERATORS),
    ),
    gufunc(
        "*s, *s -> *s",
        TWO_ARRAYS,
        without_bool(bits_only),
        *spelled("lshift rlshift rshift rrshift", *_OPERATORS),
        *spelled("bitwise_left_shift bitwise_right_shift", *EVERY),
        *spelled("left_shift right_shift", "np.{}", "jnp.{}"),
    ),
    gufunc("*s, *s -> *s", TWO_ARRAYS, strong(only(promoted, INTEGER)), *spelled("gcd lcm", *EVERY)),
)


TABLE: tuple[Rule, ...] = (*UNARY, *BINARY)
