"""Changing what an array holds or how much of it there is: delete, insert, resize, compress, put; sets of elements.

How many elements stay is often known only when the program runs: such an axis is unknown.
"""

from __future__ import annotations

from shapecheck.core.axes import place
from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, dtype
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast_all
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import any_of_rank, integer, on_array, replaced, size, size_at
from shapecheck.rules.families import gufunc, kept, shape_of, spelled, unknown_dtype
from shapecheck.rules.gathering import positions
from shapecheck.rules.table import Rule, rule

NUMPY = ("np.{}", "jnp.{}")
ARRAYS = (*NUMPY, "ndarray.{}", "Array.{}")

# --- more or fewer elements ---------------------------------------------------------------------------------------


def _resized(a: Arguments, new: Dim) -> Result:
    """The array with another size on `axis`; flattened first when there is none."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    if a["axis"] is None:
        return array.with_shape(Shape((new,)))
    axis = integer(a["axis"])
    at = None if axis is None else place(axis, array.shape)
    if not isinstance(at, int):
        return at or array.with_shape(any_of_rank(array.shape))
    return array.with_shape(replaced(array.shape, at, new))


def _whole(a: Arguments) -> Dim:
    """The size of `axis`, or of the whole array."""
    shape = shape_of(a["input"])
    if a["axis"] is None:
        return shape.size
    axis = integer(a["axis"])
    at = None if axis is None else place(axis, shape)
    return size_at(shape, at) if isinstance(at, int) else UNKNOWN_DIM


def deleted(a: Arguments) -> Result:
    """One element fewer for an int; for a list, slice or mask it is not known how many."""
    return _resized(a, _whole(a) - 1 if isinstance(a["obj"], Dim) else UNKNOWN_DIM)


def inserted(a: Arguments) -> Result:
    """More elements: how many the values say."""
    return _resized(a, _whole(a) + 1 if isinstance(a["obj"], Dim) and _is_number(a["values"]) else UNKNOWN_DIM)


def _is_number(value: Value) -> bool:
    return not isinstance(value, Array | tuple) and value is not UNKNOWN


def compressed(a: Arguments) -> Result:
    """The elements where a mask holds."""
    mask = shape_of(a["condition"])
    if mask.rank is not None and mask.rank != 1 and not isinstance(a["condition"], tuple):
        return Mismatch("shape-rank", f"the condition must be a vector, found ({mask})", None, "1 axis", str(mask))
    return _resized(a, _asked(a))


def differences(a: Arguments) -> Result:
    """`ediff1d`: an element fewer than all of them."""
    array = a.array("input")
    if array is None or a["to_end"] is not None or a["to_begin"] is not None:
        return UNKNOWN
    count = array.shape.size
    return array.with_shape(Shape((count - 1 if count.constant != 0 else UNKNOWN_DIM,)))


@on_array
def trimmed(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Without the zeros at the ends of its axes."""
    return any_of_rank(shape)


# --- sets ---------------------------------------------------------------------------------------------------------


def set_of_both(a: Arguments) -> Result:
    """`union1d` and its kin: a vector, as long as it turns out."""
    if a["return_indices"] is not False:
        return UNKNOWN
    return Array(Shape((_asked(a),)), result_type((a["one"], a["other"]), a.library).dtypes, a.library)


def _asked(a: Arguments) -> Dim:
    return size(a["size"])


# --- elements replaced --------------------------------------------------------------------------------------------


def nothing(a: Arguments) -> Result:
    """numpy changes the array it is given and answers None."""
    return None


# --- bits ---------------------------------------------------------------------------------------------------------


def packed(a: Arguments) -> Result:
    """Eight bools in a byte, along an axis or all of them."""
    whole = _whole(a)
    found = _resized(a, (whole + 7) // 8)
    return found.with_dtype(dtype("uint8")) if isinstance(found, Array) else found


def unpacked(a: Arguments) -> Result:
    """Eight numbers out of a byte."""
    found = _resized(a, _whole(a) * 8 if a["count"] is None else UNKNOWN_DIM)
    return found.with_dtype(dtype("uint8")) if isinstance(found, Array) else found


# --- of several arrays --------------------------------------------------------------------------------------------


def broadcast_each(a: Arguments) -> Result:
    """Every array in the shape that all broadcast to."""
    arrays = a["arrays"]
    if not isinstance(arrays, tuple):
        return UNKNOWN
    found = broadcast_all([shape_of(each) for each in arrays], a.facts)
    if isinstance(found, Mismatch):
        return found
    return tuple(each.with_shape(found) if isinstance(each, Array) else UNKNOWN for each in arrays)


def chosen(a: Arguments) -> Result:
    """`choose`, `select`, `piecewise`: conditions and choices broadcast."""
    values = [item for name in ("first", "second") for item in _items(a[name])]
    if not all(isinstance(each, Array) for each in values) or not values:
        return UNKNOWN
    found = broadcast_all([shape_of(each) for each in values], a.facts)
    return found if isinstance(found, Mismatch) else Array(found, ANY_DTYPE, a.library)


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def block(a: Arguments) -> Result:
    """Nested lists of blocks: only the number of axes is known."""
    return Array(ANY_SHAPE, ANY_DTYPE, a.library)


# --- order --------------------------------------------------------------------------------------------------------


def sorted_complex(a: Arguments) -> Result:
    """Complex numbers in order."""
    array = a.array("input")
    return UNKNOWN if array is None else array.with_dtype(CLASSES["Complex"])


# --- along two axes -----------------------------------------------------------------------------------------------


KEPT = "*s n@axis -> *s n@axis"

TABLE: tuple[Rule, ...] = (
    rule(deleted, "input|arr, obj, axis=None, **", *spelled("delete", *NUMPY)),
    rule(inserted, "input|arr, obj, values, axis=None", *spelled("insert", *NUMPY)),
    rule(compressed, "condition, input|a, axis=None, *, size=None, **", *spelled("compress", *NUMPY)),
    rule(compressed, "input, condition, axis=None, *, size=None, **", "ndarray.compress", "Array.compress"),
    gufunc("*s -> *shape", "input|a, shape|new_shape", kept, *spelled("resize", *NUMPY)),
    gufunc("*s -> _", "condition, input|arr, **", kept, *spelled("extract", *NUMPY), operands="input"),
    rule(trimmed, "input|filt, trim='fb', **", *spelled("trim_zeros", *NUMPY)),
    rule(differences, "input|ary, to_end=None, to_begin=None", *spelled("ediff1d", *NUMPY)),
    rule(
        set_of_both,
        "one|ar1, other|ar2, assume_unique=False, return_indices=False, *, size=None, **",
        *spelled("intersect1d union1d setxor1d", *NUMPY),
    ),
    gufunc("*s -> size", "one|ar1, other|ar2, assume_unique=False, *, size=None, **", kept, *spelled("setdiff1d", *NUMPY)),
    gufunc("*s -> size", "input|x, *, size=None, **", kept, *spelled("unique_values", *NUMPY)),
    gufunc("*s -> *s", "input|a|arr, ind|mask, v|vals, **", kept, *spelled("put place", "jnp.{}")),
    gufunc("*s -> *s", "input|arr, indices, values, axis, **", kept, "jnp.put_along_axis"),
    rule(nothing, "input|a|arr, ind|mask, v|vals, **", *spelled("put place", "np.{}"), "ndarray.put"),
    rule(nothing, "input|arr, indices, values, axis=-1", "np.put_along_axis"),
    rule(nothing, "input|a, val, wrap=False", "np.fill_diagonal"),
    gufunc(
        "*s -> size, size, *s, size",
        "x, *, size=None, **",
        (kept, positions, positions, positions),
        *spelled("unique_all", *NUMPY),
    ),
    gufunc("*s -> size, size", "x, *, size=None, **", (kept, positions), *spelled("unique_counts", *NUMPY)),
    gufunc("*s -> size, *s", "x, *, size=None, **", (kept, positions), *spelled("unique_inverse", *NUMPY)),
    rule(nothing, "x", "np.random.shuffle"),
    rule(nothing, "x, axis=0", "np.random.Generator.shuffle"),
    gufunc("*s m n -> *s m n", "input|a, val, **", kept, "jnp.fill_diagonal"),
    rule(packed, "input|a, axis=None, bitorder='big'", *spelled("packbits", *NUMPY)),
    rule(unpacked, "input|a, axis=None, count=None, bitorder='big'", *spelled("unpackbits", *NUMPY)),
    rule(broadcast_each, "*arrays", *spelled("broadcast_arrays", *NUMPY), "torch.broadcast_tensors"),
    rule(chosen, "first|a, second|choices, **", *spelled("choose", *NUMPY, "Array.{}", "ndarray.{}")),
    rule(chosen, "first|condlist, second|choicelist, default=0", *spelled("select", *NUMPY)),
    rule(block, "arrays", *spelled("block", *NUMPY)),
    gufunc(KEPT, "input|a, kth, axis=-1, **", kept, *spelled("partition", *NUMPY)),
    gufunc(KEPT, "input|a, kth, axis=-1, **", positions, *spelled("argpartition", *ARRAYS)),
    rule(sorted_complex, "input|a", *spelled("sort_complex", *NUMPY)),
    gufunc(
        "*s m@axis1 n@axis2 -> *s",
        "input|a, offset=0, axis1=0, axis2=1, dtype=None, out=None",
        unknown_dtype,
        *spelled("trace", *ARRAYS),
    ),
)
