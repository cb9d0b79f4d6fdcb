"""`jax.lax`: operations that neither broadcast nor promote, and those that change nothing here."""

from __future__ import annotations

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import ANY_DTYPE, BOOL, CLASSES
from shapecheck.core.promotion import BOOLEAN, FLOATING, INTEGER, Typed, result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result
from shapecheck.rules.axes import shape_argument
from shapecheck.rules.creation import made
from shapecheck.rules.families import dtype_argument, only, promoted, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, rule


def lax_power(a: Arguments) -> Result:
    """An integer exponent may go with any base."""
    return _elementwise(a, Typed(ANY_DTYPE), dtypes_differ=True)


def lax_bits(a: Arguments) -> Result:
    """Ints and bools only."""
    refused = only(promoted, BOOLEAN, INTEGER)((a["x"], a["y"]), a.library)
    return refused if isinstance(refused, Mismatch) else lax_binary(a)


def lax_binary(a: Arguments) -> Result:
    """Equal shapes (or a scalar) and equal dtypes."""
    return _elementwise(a, result_type((a["x"], a["y"]), a.library))


def lax_floats(a: Arguments) -> Result:
    """Floats only."""
    refused = only(promoted, FLOATING)((a["x"], a["y"]), a.library)
    return refused if isinstance(refused, Mismatch) else lax_binary(a)


def lax_complex(a: Arguments) -> Result:
    """A real and an imaginary part."""
    found = lax_floats(a)
    return found.with_dtype(CLASSES["Complex"]) if isinstance(found, Array) else found


def lax_compared(a: Arguments) -> Result:
    """As `lax_binary`, with bools."""
    return _elementwise(a, Typed(BOOL))


def _elementwise(a: Arguments, typed: Typed, dtypes_differ: bool = False) -> Result:
    left, right = shape_of(a["x"]), shape_of(a["y"])
    if SCALAR in (left, right):
        return typed_result(right if left == SCALAR else left, typed, a.library)
    if left.rank is None or right.rank is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    if left.rank != right.rank:
        return Mismatch(
            "shape-rank", f"jax.lax does not broadcast ({left}) with ({right}); jax.numpy does", None, str(left), str(right)
        )
    if same(left, right, a.facts) is not Verdict.EQUAL:
        return typed_result(ANY_SHAPE, typed, a.library)
    refused = None if dtypes_differ else _checked_dtypes(a)
    return refused or typed_result(left, typed, a.library)


def _checked_dtypes(a: Arguments) -> Mismatch | None:
    one, other = a["x"], a["y"]
    if (
        not isinstance(one, Array)
        or not isinstance(other, Array)
        or one.weak
        or other.weak
        or one.dtype.names & other.dtype.names
    ):
        return None
    return Mismatch(
        "shape-dtype", f"jax.lax does not promote {one.dtype} with {other.dtype}", None, str(one.dtype), str(other.dtype)
    )


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


def broadcast(a: Arguments) -> Result:
    """New axes in front."""
    lead, array = shape_argument(a["sizes"]), a.array("operand")
    if isinstance(lead, Mismatch) or array is None:
        return lead if isinstance(lead, Mismatch) else UNKNOWN
    return array.with_shape(
        Shape(lead.prefix + array.shape.prefix, array.shape.run, array.shape.suffix) if lead.run is None else ANY_SHAPE
    )


def broadcast_in_dim(a: Arguments) -> Result:
    """The shape that is asked for."""
    array = a.array("operand")
    found = shape_argument(a["shape"])
    return found if isinstance(found, Mismatch) else array.with_shape(found) if array is not None else UNKNOWN


def iota(a: Arguments) -> Result:
    """One axis of `size`."""
    return made(a, shape_argument(a["size"]), dtype_argument(a["dtype"], a.library))


def first(a: Arguments) -> Result:
    """The first argument's shape and dtype: an update, a mean over devices, a hint."""
    return a.array("operand") or UNKNOWN


J = "jax.lax.{}"

TABLE: tuple[Rule, ...] = (
    rule(lax_binary, "x, y", *spelled("add sub mul div rem max min atan2", J)),
    rule(lax_floats, "x, y", *spelled("nextafter igamma igammac igamma_grad_a zeta", J)),
    rule(lax_bits, "x, y", *spelled("mulhi shift_left shift_right_arithmetic shift_right_logical", J)),
    rule(lax_complex, "x, y", "jax.lax.complex"),
    rule(lax_power, "x, y", "jax.lax.pow"),
    rule(lax_bits, "x, y", *spelled("bitwise_and bitwise_or bitwise_xor", J)),
    rule(lax_compared, "x, y", *spelled("eq ne lt le gt ge", J)),
    rule(select, "pred, on_true, on_false", "jax.lax.select"),
    rule(broadcast, "operand, sizes, **", "jax.lax.broadcast"),
    rule(broadcast_in_dim, "operand, shape, broadcast_dimensions, **", "jax.lax.broadcast_in_dim"),
    rule(iota, "dtype, size, **", "jax.lax.iota"),
    rule(first, "operand, update, start_indices, **", "jax.lax.dynamic_update_slice"),
    rule(first, "operand, update, start_index, axis, **", *spelled("dynamic_update_index_in_dim dynamic_update_slice_in_dim", J)),
)
