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
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.families import TORCH, DTypeRule, only, promoted, refused_dtype, spelled
from shapecheck.rules.table import Compute, Rule
from shapecheck.rules.words import TABLE as CHOICES

REAL = (BOOLEAN, INTEGER, FLOATING)
NUMBERS = (INTEGER, FLOATING)
NO_BOOL = (INTEGER, FLOATING, COMPLEX)
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


def takes(categories: tuple[int, ...], names: str, *patterns: str, operands: int = 1, scalars: bool = True) -> Refusal:
    """A row: the categories of dtypes that operations take."""
    return Refusal(spelled(names, *(patterns or TORCH)), only(promoted, *categories), operands, scalars)


_SQUARE = "inv det slogdet eig eigh eigvals eigvalsh cholesky solve"


def _no_half(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """numpy has no linear algebra of float16."""
    first = values[0]
    if isinstance(first, Array) and first.dtype.names == {"float16"}:
        return refused_dtype(first, "float32 or float64")
    return promoted(values, library)


TABLE = (
    takes(REAL, "sort argsort msort sign unique aminmax erf erfc erfinv digamma lgamma clamp clip clamp_min clamp_max"),
    takes(REAL, "softmax log_softmax", *TORCH, "F.{}"),
    takes(REAL, "cummax cummin", scalars=False),
    takes(NUMBERS, "floor ceil trunc round topk"),
    takes(NUMBERS, "kthvalue", scalars=False),
    takes(NO_BOOL, "median"),
    takes(NO_BOOL, "bmm mm matmul mv dot vdot"),
    takes(NO_BOOL, "matmul rmatmul", *_OPERATOR),
    takes(REAL, "abs_", "Tensor.{}"),
    takes(NO_BOOL, "square_", "Tensor.{}"),
    takes(NO_BOOL, "inner", scalars=False),
    takes(FLOATS, "lerp"),
    takes(REAL, "lt le gt ge less less_equal greater greater_equal maximum minimum fmax fmin hypot copysign", operands=2),
    takes(REAL, "lt le gt ge", *_OPERATOR, operands=2),
    takes(REAL, "heaviside", operands=2),
    takes(NUMBERS, "remainder floor_divide fmod", operands=2),
    takes(NUMBERS, "mod floordiv", *_OPERATOR, operands=2),
    takes(NO_BOOL, "pow", *TORCH, *_OPERATOR, operands=2),
    takes(REAL, "mse_loss smooth_l1_loss huber_loss", "F.{}", operands=2),
    takes((FLOATING,), "gelu softplus leaky_relu elu selu mish hardswish logsigmoid glu layer_norm group_norm", "F.{}"),
    takes((FLOATING,), "binary_cross_entropy_with_logits scaled_dot_product_attention", "F.{}"),
    takes((FLOATING,), "cosine_similarity", "F.{}", operands=2),
    takes(FLOATS, "adaptive_avg_pool2d", "F.{}"),
    takes(NUMBERS, "avg_pool2d max_pool2d", "F.{}"),
    takes(NO_BOOL, "conv1d conv2d linear", "F.{}"),
    takes(NO_BOOL, "sign ptp", *_ARRAYS),
    takes(REAL, "floor ceil cbrt trunc isneginf isposinf", *_ARRAYS),
    takes(REAL, "fix", "np.{}"),
    takes(REAL, "mod remainder floor_divide", *_ARRAYS, operands=2),
    takes(REAL, "mod floordiv rmod rfloordiv", "ndarray.__{}__", "Array.__{}__", operands=2),
    takes(REAL, "imod ifloordiv", "ndarray.__{}__", operands=2),
    Refusal(spelled(f"{_SQUARE} svd svdvals qr lstsq pinv matrix_rank cond", "np.linalg.{}"), _no_half, 1, True),
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
