"""Operations along an axis that keep the shape: softmax, running sums, normalization; and `glu`, which halves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shapecheck.core.placing import Scalars
from shapecheck.core.promotion import BOOLEAN, CATEGORY, INTEGER, Typed, mapped, result_type
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Library, Value
from shapecheck.rules.elementwise import float_only
from shapecheck.rules.families import NO_SCALARS, TORCH, always, floated, gufunc, kept, spelled
from shapecheck.rules.reductions import summed
from shapecheck.rules.table import Rule

KEPT = "*s n@dim -> *s n@dim"
SEVERAL = "*s *n@dim -> *s *n@dim"
SCALARS: Mapping[Library, Scalars] = {Library.TORCH: Scalars.KEPT, Library.NUMPY: Scalars.VECTOR}
"""numpy's running sums make a vector of a scalar."""


def softmaxed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Floating-point arrays only in torch; jax converts integers."""
    return (float_only if library is Library.TORCH else floated)(values, library)


def accumulated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Running sums and products: torch makes int64 of integers, numpy int64 or uint64, jax int32 of bools only."""
    found = result_type(values, library)
    return Typed(mapped(_SUMMED[library], found.dtypes))


def _torch_summed(name: str) -> str:
    return "int64" if CATEGORY[name] in (BOOLEAN, INTEGER) else name


def _numpy_summed(name: str) -> str:
    if CATEGORY[name] not in (BOOLEAN, INTEGER):
        return name
    return "uint64" if name.startswith("uint") else "int64"


def _jax_summed(name: str) -> str:
    return "int32" if name == "bool" else name


_SUMMED = {Library.TORCH: _torch_summed, Library.NUMPY: _numpy_summed, Library.JAX: _jax_summed}


TABLE: tuple[Rule, ...] = (
    gufunc(SEVERAL, "input, dim, dtype=None", softmaxed, *spelled("softmax log_softmax", *TORCH)),
    gufunc(SEVERAL, "input, dim=None, _stacklevel=3, dtype=None", softmaxed, *spelled("softmax log_softmax softmin", "F.{}")),
    gufunc(SEVERAL, "input|x, dim|axis=-1, **", softmaxed, *spelled("softmax log_softmax", "jax.nn.{}")),
    gufunc(KEPT, "logits, tau=1, hard=False, eps=0, dim=-1", float_only, "F.gumbel_softmax"),
    gufunc(SEVERAL, "input, p=2, dim=1, **", float_only, "F.normalize"),
    gufunc(KEPT, "input, dim|axis, *, dtype=None, **", accumulated, *spelled("cumsum cumprod", *TORCH)),
    gufunc(
        KEPT,
        "input|a, dim|axis=None, dtype=None, **",
        accumulated,
        *spelled("cumsum cumprod", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}"),
        *spelled("nancumsum nancumprod", "np.{}", "jnp.{}"),
        scalars=SCALARS,
    ),
    gufunc(
        KEPT,
        "input|x, *, dim|axis=None, dtype=None",
        summed,
        *spelled("cumulative_sum", "np.{}", "jnp.{}"),
        scalars=SCALARS,
    ),
    gufunc(
        KEPT,
        "input|x, *, dim|axis=None, dtype=None",
        accumulated,
        *spelled("cumulative_prod", "np.{}", "jnp.{}"),
        scalars=SCALARS,
    ),
    gufunc(KEPT, "input, dim", float_only, *spelled("logcumsumexp", *TORCH)),
    gufunc(f"{KEPT}, *s n@dim", "input, dim", (kept, always("int64")), *spelled("cummax cummin", *TORCH)),
    gufunc("*s 2*n@dim -> *s n@dim", "input|x, dim|axis=-1", kept, "F.glu", "jax.nn.glu", scalars=NO_SCALARS),
)
