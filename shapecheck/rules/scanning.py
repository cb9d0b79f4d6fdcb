"""Operations along an axis that keep the shape: softmax, running sums, normalization; and `glu`, which halves it."""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.dim import ONE, Dim, Verdict, compare, dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes, dtype
from shapecheck.core.promotion import BOOLEAN, CATEGORY, INTEGER, Typed, mapped
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result
from shapecheck.rules.axes import integer, integers, place, places, replaced, size_at
from shapecheck.rules.elementwise import float_only
from shapecheck.rules.families import (
    TORCH,
    floated,
    kept,
    requested,
    spelled,
    typed_result,
)
from shapecheck.rules.reductions import summed
from shapecheck.rules.table import Rule, rule


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


def cumulative_standard(a: Arguments) -> Result:
    """The array standard's `cumulative_sum`: dtypes as of `sum`."""
    found = cumulative(a)
    array = a.array("input")
    if not isinstance(found, Array) or array is None or a["dtype"] is not None:
        return found
    typed = summed((array,), a.library)
    return typed if isinstance(typed, Mismatch) else found.with_dtype(typed.dtypes)


def _summed(dtypes: DTypes, library: Library) -> Typed:
    return Typed(mapped(_SUMMED[library], dtypes))


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


TABLE: tuple[Rule, ...] = (
    rule(softmax, "input, dim, dtype=None", *spelled("softmax log_softmax", *TORCH)),
    rule(some_softmax, "input, dim=None, _stacklevel=3, dtype=None", *spelled("softmax log_softmax softmin", "F.{}")),
    rule(softmax, "input|x, dim|axis=-1, **", *spelled("softmax log_softmax", "jax.nn.{}")),
    rule(gumbel, "logits, tau=1, hard=False, eps=0, dim=-1", "F.gumbel_softmax"),
    rule(normalized, "input, p=2, dim=1, **", "F.normalize"),
    rule(cumulative, "input, dim|axis, *, dtype=None, **", *spelled("cumsum cumprod", *TORCH)),
    rule(
        cumulative,
        "input|a, dim|axis=None, dtype=None, **",
        *spelled("cumsum cumprod", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}"),
        *spelled("nancumsum nancumprod", "np.{}", "jnp.{}"),
    ),
    rule(
        cumulative_standard,
        "input|x, *, dim|axis=None, dtype=None",
        *spelled("cumulative_sum", "np.{}", "jnp.{}"),
    ),
    rule(cumulative, "input|x, *, dim|axis=None, dtype=None", *spelled("cumulative_prod", "np.{}", "jnp.{}")),
    rule(logcumsumexp, "input, dim", *spelled("logcumsumexp", *TORCH)),
    rule(running_extreme, "input, dim", *spelled("cummax cummin", *TORCH)),
    rule(glu, "input|x, dim|axis=-1", "F.glu", "jax.nn.glu"),
)
