"""Elementwise operations that fewer programs need: special functions, bit counts, splitting of floats.

Every row is a signature. The common elementwise operations are in `elementwise`.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import BOOLEAN, COMPLEX, FLOATING, INTEGER, Typed, mapped, result_type
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Array, Library, Value
from shapecheck.rules.families import (
    TORCH,
    DTypeRule,
    always,
    floated,
    gufunc,
    kept,
    only,
    or_unknown,
    promoted,
    spelled,
    strong,
    unknown_dtype,
    without_bool,
)
from shapecheck.rules.table import Rule

NUMPY = ("np.{}", "jnp.{}")
S = "torch.special.{}"
X = "jax.scipy.special.{}"
PAIR = "input|a|x|x1, other|y|x2|b|q, **"
ONE = "input|a|x, **"


def of_floats(typed: DTypeRule) -> DTypeRule:
    """Torch refuses integers here, jax makes floats of them."""

    def checked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return (only(typed, FLOATING) if library is Library.TORCH else typed)(values, library)

    return checked


def scaled_by_power(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`ldexp`: a whole exponent, whose dtype does not count; torch multiplies, so there it does."""
    if library is Library.TORCH:
        return floated(values, library)
    exponent, found = only(kept, BOOLEAN, INTEGER)(values[1:], library), floated(values[:1], library)
    if isinstance(exponent, Mismatch) or isinstance(found, Mismatch):
        return exponent
    is_number = library is Library.NUMPY and not isinstance(values[0], Array)  # numpy goes by the number's value
    return Typed(ANY_DTYPE if is_number else found.dtypes)


def bit_counts(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Of integers and bools, in uint8."""
    return only(always("uint8"), BOOLEAN, INTEGER)(values, library)


def parted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The fraction of `frexp`."""
    return of_floats(floated)(values, library)


def compared_signs(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`heaviside`: torch wants one dtype and answers it, the others make floats, weak ones when the signs are a number's."""
    if library is Library.TORCH:
        return or_unknown(promoted)(values, library)
    return (strong(floated) if isinstance(values[0], Array) else floated)(values, library)


def alike(typed: DTypeRule) -> DTypeRule:
    """Torch refuses two dtypes, or converts one: which one is its secret, so nothing is stated."""

    def checked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return or_unknown(typed)(values, library)

    return checked


def divided_floor(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The quotient and the rest of `divmod`."""
    return without_bool(promoted)(values, library)


def complex_or_kept(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`jax.lax.conj` makes complex numbers of real ones."""
    found = result_type(values[:1], library).dtypes
    if not found.names <= {"float32", "complex64", "float64", "complex128"}:
        return Typed(ANY_DTYPE)
    return Typed(mapped(lambda name: {"float32": "complex64", "float64": "complex128"}.get(name, name), found))


_TORCH_SPECIAL = (
    "bessel_j0 bessel_j1 entr erfcx expit gammaln i0e i1 i1e log_ndtr ndtr ndtri psi modified_bessel_i0 modified_bessel_k0"
    " modified_bessel_i1 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0"
    " bessel_y0 bessel_y1 airy_ai"
)
_POLYNOMIALS = (
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w hermite_polynomial_h "
    "hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p shifted_chebyshev_polynomial_t "
    "shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w"
)
_LAX_FLOATS = "erf_inv bessel_i0e bessel_i1e"

TABLE: tuple[Rule, ...] = (
    gufunc("*s -> *s", ONE, floated, *spelled(_TORCH_SPECIAL, S), *spelled("i1 i1e i0e", X), "np.spacing"),
    gufunc("*s -> *s", ONE, floated, *spelled("gammaln expit entr", X)),
    gufunc("*s -> *s", ONE, only(kept, FLOATING), *spelled(_LAX_FLOATS, "jax.lax.{}"), *spelled("ndtr ndtri", X)),
    gufunc("*s -> *s", ONE, only(kept, FLOATING, COMPLEX), "jax.lax.log2"),
    gufunc("*s -> *s", ONE, kept, *spelled("identity", "jax.nn.{}")),
    gufunc("*s -> *s", "input|p, **", unknown_dtype, *spelled("unwrap", *NUMPY)),
    gufunc("*s -> *s", ONE, unknown_dtype, "jnp.spacing"),
    gufunc("*s -> *s", ONE, unknown_dtype, "jax.nn.log1mexp"),
    gufunc("*s -> *s", ONE, only(kept, INTEGER), *spelled("clz population_count", "jax.lax.{}")),
    gufunc("*s -> *s", ONE, bit_counts, *spelled("bitwise_count", *NUMPY)),
    gufunc("*s -> *s", ONE, only(kept, BOOLEAN, INTEGER), *spelled("bitwise_invert", *NUMPY)),
    gufunc("*s -> *s", ONE, only(complex_or_kept, FLOATING, COMPLEX), "jax.lax.conj"),
    gufunc("*s -> *s, *s", ONE, (parted, always("int32")), *spelled("frexp", *TORCH, *NUMPY)),
    gufunc("*s -> *s, *s", ONE, (floated, floated), *spelled("modf", *NUMPY)),
    gufunc("*s, *s -> *s, *s", PAIR, (divided_floor, divided_floor), *spelled("divmod", *NUMPY)),
    gufunc("*s, *s -> *s", PAIR, of_floats(floated), *spelled("nextafter", *TORCH, *NUMPY)),
    gufunc("*s, *s -> *s", PAIR, scaled_by_power, *spelled("ldexp", *TORCH, *NUMPY)),
    gufunc("*s, *s -> *s", "input|x1|x, values|x2, **", compared_signs, *spelled("heaviside", *TORCH, *NUMPY)),
    gufunc("*s, *s -> *s", PAIR, floated, *spelled("xlog1py", S, X), *spelled("zeta", S)),
    gufunc(
        "*s, *s -> *s", PAIR, alike(of_floats(promoted)), *spelled("igamma igammac", *TORCH), *spelled("gammainc gammaincc", S)
    ),
    gufunc("*s, *s -> *s", PAIR, floated, *spelled("gammainc gammaincc betaln zeta", X)),
    gufunc("*s, *s -> *s", "n, input|x, **", unknown_dtype, *spelled("polygamma", X)),
    gufunc("*s -> *s", "n, input", floated, *spelled("polygamma", "torch.{}", S), operands="input"),
    gufunc("*s -> *s", "input, n", floated, "Tensor.polygamma", operands="input"),
    gufunc("*s, *s -> *s", "input|x, n, **", floated, *spelled(_POLYNOMIALS, S)),
    gufunc("*s -> *s", "input, p", floated, *spelled("mvlgamma", *TORCH), "torch.special.multigammaln"),
    gufunc("*s, *s, *s -> *s", "a, b, x, **", floated, *spelled("betainc", X)),
)
