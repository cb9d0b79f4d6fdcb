"""Dtypes that a library computes on no device: the operation refuses such arrays, whatever their shapes.

    takes(NUMBERS, "floor ceil", "torch.{}", "Tensor.{}")

An operation of torch stands here when torch's own operator database supports the dtype neither on CPUs nor on GPUs, and a
trial fails; what CPUs alone refuse (`abs` of bools) is no error. numpy and jax refuse alike everywhere. Put on top of the
families' rules by `registry`, with the words that arguments may be (`words`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shapecheck.core.dim import ZERO
from shapecheck.core.promotion import BOOLEAN, COMPLEX, FLOATING, INTEGER, Typed
from shapecheck.core.shape import ANY_SHAPE, Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.families import TORCH, DTypeRule, only, promoted, refused_dtype, spelled
from shapecheck.rules.table import Compute, Rule
from shapecheck.rules.words import TABLE as CHOICES

REAL = (BOOLEAN, INTEGER, FLOATING)
NUMBERS = (INTEGER, FLOATING)
NO_BOOL = (INTEGER, FLOATING, COMPLEX)
ANY = (BOOLEAN, INTEGER, FLOATING, COMPLEX)
FLOATS = (FLOATING, COMPLEX)
_OPERATOR = ("Tensor.__{}__",)
_ARRAYS = ("np.{}", "jnp.{}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the first `operands` of an operation may be; `scalars` tells whether arrays without axes are looked at."""

    names: tuple[str, ...]
    typed: DTypeRule
    operands: int
    scalars: bool


def takes(
    categories: tuple[int, ...], names: str, *patterns: str, operands: int = 1, scalars: bool = True, half: bool = True
) -> Refusal:
    """A row: the categories of dtypes that operations take, and whether floats of half precision are among them."""
    typed = only(promoted if half else _not_half, *categories)
    return Refusal(spelled(names, *(patterns or TORCH)), typed, operands, scalars)


_SQUARE = "inv det slogdet eig eigh eigvals eigvalsh cholesky solve"


_HALF = frozenset({"float16", "bfloat16"})


def _not_half(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """What has no kernels for small floats, such as linear algebra."""
    found = promoted(values, library)
    if isinstance(found, Mismatch) or not found.dtypes.names <= _HALF:
        return found
    return refused_dtype(Array(ANY_SHAPE, found.dtypes), "float32 or float64")


_FACTORED = (
    f"{_SQUARE} cholesky_ex inv_ex ldl_factor ldl_factor_ex lstsq lu lu_factor lu_factor_ex matrix_sqrth pinv polar qr solve_ex "
    "solve_triangular svd svdvals tensorinv cond"
)
_SPECIAL = "digamma entr erf erfc erfinv gammaln i0 i0e i1 i1e logit ndtr psi"
_BESSEL = (
    "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_i0 modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 "
    "scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0 erfcx log_ndtr ndtri"
)
_POLYNOMIALS = (
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w hermite_polynomial_h "
    "hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p shifted_chebyshev_polynomial_t "
    "shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w"
)
_L, _S = "torch.linalg.{}", "torch.special.{}"
_CONVOLUTIONS = "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"
_ACTIVATIONS = "gelu softplus leaky_relu elu selu celu mish hardswish hardsigmoid logsigmoid glu"

TABLE = (
    takes(REAL, "sort argsort msort sign signbit unique unique_consecutive aminmax max min clamp clip clamp_min clamp_max"),
    takes(REAL, "erf erfc erfinv digamma lgamma deg2rad rad2deg i0 isneginf isposinf logit hash_tensor"),
    takes(REAL, _SPECIAL, _S),
    takes(REAL, _BESSEL, _S, half=False),
    takes(REAL, f"{_POLYNOMIALS} zeta", _S, operands=2, half=False),
    takes((FLOATING,), "softmax log_softmax", *TORCH, "F.{}", "torch.masked.{}"),
    takes((FLOATING,), "softmin", "F.{}", "torch.masked.{}"),
    takes(REAL, "cummax cummin", scalars=False),
    takes(REAL, "rfft rfft2 rfftn ihfft ihfft2 ihfftn", "torch.fft.{}"),
    takes(NUMBERS, "floor ceil trunc fix round topk mvlgamma"),
    takes(NUMBERS, "multigammaln", _S),
    takes(NUMBERS, "kthvalue", scalars=False),
    takes(REAL, "abs_", "Tensor.{}"),
    takes(NO_BOOL, "square_", "Tensor.{}"),
    takes(NUMBERS, "median nanmedian"),
    takes(NUMBERS, "isin searchsorted bucketize", "torch.{}", operands=2),
    takes((INTEGER,), "bincount unravel_index"),
    takes(NO_BOOL, "bmm mm matmul mv dot vdot addmm addmv addbmm baddbmm tensordot cross matrix_power positive"),
    takes(NO_BOOL, "matmul cross matrix_power", _L),
    takes(NO_BOOL, "vander", _L, half=False),
    takes(NO_BOOL, "matmul rmatmul pos", *_OPERATOR),
    takes(NO_BOOL, "inner", operands=2, scalars=False),
    takes(NO_BOOL, "addcmul", operands=3),
    takes(FLOATS, "addcdiv", operands=3),
    takes(FLOATS, "dist", operands=2),
    takes(FLOATS, "stft"),
    takes(FLOATS, "ormqr cholesky_solve triangular_solve", half=False),
    takes(FLOATS, "householder_product tensorsolve matrix_rank", _L, half=False),
    takes(FLOATS, "vecdot", _L),
    takes((FLOATING,), "quantile nanquantile", half=False),
    takes(ANY, "cholesky_inverse det geqrf inverse logdet lu pinverse svd slogdet", half=False),
    takes(ANY, _FACTORED, _L, half=False),
    takes(REAL, "lt le gt ge less less_equal greater greater_equal maximum minimum fmax fmin hypot copysign", operands=2),
    takes(REAL, "lt le gt ge", *_OPERATOR, operands=2),
    takes(REAL, "heaviside atan2 arctan2 xlogy logaddexp2", operands=2),
    takes(REAL, "xlogy xlog1py", _S, operands=2),
    takes(NUMBERS, "remainder floor_divide fmod", operands=2),
    takes(NUMBERS, "mod floordiv rmod", *_OPERATOR, operands=2),
    takes(NO_BOOL, "pow", *TORCH, *_OPERATOR, operands=2),
    takes(REAL, "mse_loss smooth_l1_loss huber_loss cosine_embedding_loss", "F.{}", operands=2),
    takes(NO_BOOL, "l1_loss pairwise_distance poisson_nll_loss", "F.{}", operands=2),
    takes(NO_BOOL, "triplet_margin_loss triplet_margin_with_distance_loss", "F.{}", operands=3),
    takes(NUMBERS, "hinge_embedding_loss margin_ranking_loss", "F.{}", operands=2),
    takes((FLOATING,), "gaussian_nll_loss", "F.{}", operands=3),
    takes((FLOATING,), "cosine_similarity multilabel_soft_margin_loss", "F.{}", operands=2),
    takes((FLOATING,), f"{_ACTIVATIONS} layer_norm group_norm instance_norm batch_norm", "F.{}"),
    takes((FLOATING,), "layer_norm", "torch.{}"),
    takes((FLOATING,), "cross_entropy kl_div binary_cross_entropy binary_cross_entropy_with_logits", "F.{}"),
    takes((FLOATING,), "scaled_dot_product_attention multi_head_attention_forward grid_sample", "F.{}"),
    takes((FLOATING,), "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", "F.{}"),
    takes((FLOATING,), "fractional_max_pool2d fractional_max_pool3d", "F.{}"),
    takes(FLOATS, "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", "F.{}"),
    takes(NUMBERS, "avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d", "F.{}"),
    takes(NUMBERS, "local_response_norm threshold upsample_bilinear upsample_nearest", "F.{}"),
    takes(NO_BOOL, _CONVOLUTIONS, "F.{}", "torch.{}"),
    takes(NO_BOOL, "linear bilinear tanhshrink interpolate", "F.{}"),
    takes(REAL, "prelu", "F.{}"),
    takes(NO_BOOL, "sign ptp", *_ARRAYS),
    takes(REAL, "floor ceil cbrt trunc isneginf isposinf", *_ARRAYS),
    takes(REAL, "fix", "np.{}"),
    takes(REAL, "mod remainder floor_divide", *_ARRAYS, operands=2),
    takes(REAL, "mod floordiv rmod rfloordiv", "ndarray.__{}__", "Array.__{}__", operands=2),
    takes(REAL, "imod ifloordiv", "ndarray.__{}__", operands=2),
    takes(ANY, f"{_SQUARE} svd svdvals qr lstsq pinv matrix_rank cond", "np.linalg.{}", half=False),
    takes(REAL, "arctan2", "np.{}", operands=2),
    takes(REAL, "median", "jnp.{}"),
    takes(NO_BOOL, "round", "jnp.{}"),
    takes(NO_BOOL, "softmax", "jax.nn.{}"),
    takes(NO_BOOL, "subtract", "jnp.{}", operands=2),
    takes(NO_BOOL, "sub", "Array.__{}__", operands=2),
)


def refusing(rules: Mapping[str, Rule]) -> Iterator[tuple[str, Rule]]:
    """The rules of the tables' operations, with their refusals."""
    by_name = defaultdict[str, list[Compute]](list)
    for refusal in TABLE:
        for name in refusal.names:
            if name in rules:
                by_name[name].append(_refusal(rules[name], refusal))
    for choice in CHOICES:
        for name in choice.names:
            by_name[name].append(choice.refused)
    for row in {id(rules[name]): rules[name] for name in by_name}.values():
        own = {name: _first(by_name[name]) for name in row.names if name in by_name}
        with_refusals = replace(row, refusals=own)
        yield from ((name, with_refusals) for name in row.names)


def _first(checks: Sequence[Compute]) -> Compute:
    """The first refusal of several."""

    def refused(a: Arguments) -> Result:
        return next((found for check in checks if isinstance(found := check(a), Mismatch)), UNKNOWN)

    return refused if len(checks) > 1 else checks[0]


def _refusal(rule: Rule, refusal: Refusal) -> Compute:
    operands = [each.name for each in rule.parameters.listed[: refusal.operands]]

    def refused(a: Arguments) -> Result:
        values = [a[name] for name in operands]
        if any(isinstance(value, bool) for value in values) or a.values.get("dtype") is not None:
            return UNKNOWN  # torch takes `mask ** True`, and converts to the dtype that is asked for
        shapes = [value.shape for value in values if isinstance(value, Array)]
        if a.library is Library.TORCH and any(ZERO in (*shape.prefix, *shape.suffix) for shape in shapes):
            return UNKNOWN  # of nothing torch computes nothing
        looked_at = refusal.scalars or all(shape.min_rank for shape in shapes)
        typed = refusal.typed(values, a.library) if looked_at and isinstance(values[0], Array) else None
        return typed if isinstance(typed, Mismatch) else UNKNOWN

    return refused
