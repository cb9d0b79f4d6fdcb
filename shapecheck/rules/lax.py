"""`jax.lax`: operations that neither broadcast nor promote, and those that change nothing here."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import CLASSES
from shapecheck.core.promotion import BOOLEAN, FLOATING, INTEGER, Typed
from shapecheck.core.shape import Mismatch, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.families import boolean, gufunc, kept, only, promoted, shape_of, spelled, unknown_dtype
from shapecheck.rules.table import Rule, rule


def alike(a: Arguments) -> Mismatch | None:
    """Shapes are equal, or one is a scalar, and dtypes are equal."""
    return of_one_rank(a) or _other_dtype(a)


def of_one_rank(a: Arguments) -> Mismatch | None:
    """Where `jax.numpy` would broadcast `jax.lax` refuses."""
    left, right = shape_of(a["x"]), shape_of(a["y"])
    if None in (left.rank, right.rank) or left.rank == right.rank or 0 in (left.rank, right.rank):
        return None
    reason = f"jax.lax does not broadcast ({left}) with ({right}); jax.numpy does"
    return Mismatch("shape-rank", reason, None, str(left), str(right))


def _other_dtype(a: Arguments) -> Mismatch | None:
    one, other = a["x"], a["y"]
    if (
        not isinstance(one, Array)
        or not isinstance(other, Array)
        or one.weak
        or other.weak
        or one.dtype.names & other.dtype.names
    ):
        return None
    reason = f"jax.lax does not promote {one.dtype} with {other.dtype}"
    return Mismatch("shape-dtype", reason, None, str(one.dtype), str(other.dtype))


def complexes(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Of two floats."""
    found = only(promoted, FLOATING)(values, library)
    return found if isinstance(found, Mismatch) else Typed(CLASSES["Complex"])


def select(a: Arguments) -> Result:
    """Both cases have one shape and dtype; the choice is a scalar or has that shape too."""
    one, other, which = a.array("on_true"), a.array("on_false"), shape_of(a["pred"])
    if one is None or other is None:
        return UNKNOWN
    if same(one.shape, other.shape, a.facts) is Verdict.DIFFERENT:
        reason = f"both cases must have one shape, found ({one.shape}) and ({other.shape})"
        return Mismatch("shape-mismatch", reason, None, str(one.shape), str(other.shape))
    if which.min_rank and same(which, one.shape, a.facts) is Verdict.DIFFERENT:
        return Mismatch(
            "shape-mismatch", f"the choice ({which}) must be a scalar or of shape ({one.shape})", None, str(one.shape), str(which)
        )
    return one


J = "jax.lax.{}"
TWO = "*s, *s -> *s"

TABLE: tuple[Rule, ...] = (
    gufunc(TWO, "x, y", promoted, *spelled("add sub mul div rem max min atan2", J), check=alike),
    gufunc(TWO, "x|x1, y|x2|q", only(promoted, FLOATING), *spelled("nextafter zeta", J), check=alike),
    gufunc(TWO, "y|a, x", only(promoted, FLOATING), *spelled("igamma igammac igamma_grad_a", J), check=alike),
    gufunc(
        TWO,
        "x, y",
        only(promoted, BOOLEAN, INTEGER),
        *spelled("mulhi shift_left shift_right_arithmetic shift_right_logical", J),
        check=alike,
    ),
    gufunc(TWO, "x, y", complexes, "jax.lax.complex", check=alike),
    gufunc(TWO, "x, y", unknown_dtype, "jax.lax.pow", check=of_one_rank),
    gufunc(TWO, "x, y", only(promoted, BOOLEAN, INTEGER), *spelled("bitwise_and bitwise_or bitwise_xor", J), check=alike),
    gufunc(TWO, "x, y", boolean, *spelled("eq ne lt le gt ge", J), check=alike),
    rule(select, "pred, on_true, on_false", "jax.lax.select"),
    gufunc("*s -> *sizes *s", "operand, sizes, **", kept, "jax.lax.broadcast"),
    gufunc("*s -> *shape", "operand, shape, broadcast_dimensions, **", kept, "jax.lax.broadcast_in_dim"),
    gufunc("-> *size", "dtype, size, **", unknown_dtype, "jax.lax.iota"),
    gufunc("*s -> *s", "operand, update, start_indices, **", kept, "jax.lax.dynamic_update_slice"),
    gufunc(
        "*s -> *s",
        "operand, update, start_index|index, axis, **",
        kept,
        *spelled("dynamic_update_index_in_dim dynamic_update_slice_in_dim", J),
    ),
)
