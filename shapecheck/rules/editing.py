"""Changing what an array holds or how much of it there is: delete, insert, resize, compress, put; sets of elements.

How many elements stay is often known only when the program runs: such an axis is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.axes import place
from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES
from shapecheck.core.promotion import Typed, result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast_all
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import any_of_rank, integer, on_array, replaced, size_at
from shapecheck.rules.families import always, gufunc, kept, shape_of, spelled, unknown_dtype
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


@on_array
def trimmed(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Without the zeros at the ends of its axes."""
    return any_of_rank(shape)


# --- sets ---------------------------------------------------------------------------------------------------------


def set_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of both, never weak; numpy makes arrays of numbers, whose dtype counts."""
    numbers = library is Library.NUMPY and not all(isinstance(value, Array) for value in values)
    return Typed(ANY_DTYPE if numbers else result_type(values, library).dtypes)


def complex_numbers(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Some complex dtype."""
    return Typed(CLASSES["Complex"])


# --- elements replaced --------------------------------------------------------------------------------------------


def nothing(a: Arguments) -> Result:
    """numpy changes the array it is given and answers None."""
    return None


# --- bits ---------------------------------------------------------------------------------------------------------


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
    """`choose`, `select`, `piecewise`: conditions, choices and the default broadcast."""
    values = [item for name in ("first", "second") for item in _items(a[name])]
    default = a.values.get("default", ZERO)
    if not all(isinstance(each, Array) for each in values) or not values or default is UNKNOWN:
        return UNKNOWN
    values = [*values, default] if isinstance(default, Array) else values
    found = broadcast_all([shape_of(each) for each in values], a.facts)
    return found if isinstance(found, Mismatch) else Array(found, ANY_DTYPE, a.library)


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def block(a: Arguments) -> Result:
    """Nested lists of blocks: only the number of axes is known."""
    return Array(ANY_SHAPE, ANY_DTYPE, a.library)


# --- order --------------------------------------------------------------------------------------------------------


# --- along two axes -----------------------------------------------------------------------------------------------


KEPT, COMPRESSED = "*s n@axis -> *s n@axis", "*s n@axis, k -> *s size@axis"

TABLE: tuple[Rule, ...] = (
    rule(deleted, "input|arr, obj, axis=None, **", *spelled("delete", *NUMPY)),
    rule(inserted, "input|arr, obj, values, axis=None", *spelled("insert", *NUMPY)),
    gufunc(
        COMPRESSED,
        "condition, input|a, axis=None, *, size=None, **",
        kept,
        *spelled("compress", *NUMPY),
        operands="input condition",
        called="the array, the condition",
    ),
    gufunc(
        COMPRESSED,
        "input, condition, axis=None, *, size=None, **",
        kept,
        "ndarray.compress",
        "Array.compress",
        called="the array, the condition",
    ),
    gufunc("*s -> *shape", "input|a, shape|new_shape", kept, *spelled("resize", *NUMPY)),
    gufunc("*s -> _", "condition, input|arr, **", kept, *spelled("extract", *NUMPY), operands="input"),
    rule(trimmed, "input|filt, trim='fb', **", *spelled("trim_zeros", *NUMPY)),
    gufunc(
        "*s -> max(prod(s)-1,0) if to_end=None and to_begin=None",
        "input|ary, to_end=None, to_begin=None",
        kept,
        *spelled("ediff1d", *NUMPY),
    ),
    gufunc(
        "*s, *t -> size if not return_indices; -> size, size, size",
        "one|ar1, other|ar2, assume_unique=False, return_indices=False, *, size=None, **",
        [set_dtype, (set_dtype, positions, positions)],
        *spelled("intersect1d", *NUMPY),
    ),
    gufunc(
        "*s, *t -> size",
        "one|ar1, other|ar2, assume_unique=False, *, size=None, **",
        set_dtype,
        *spelled("union1d setxor1d", *NUMPY),
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
    gufunc("*s n@axis -> *s (n+7)//8@axis", "input|a, axis=None, bitorder='big'", always("uint8"), *spelled("packbits", *NUMPY)),
    gufunc(
        "*s n@axis -> *s 8*n@axis if count=None; -> *s _@axis",
        "input|a, axis=None, count=None, bitorder='big'",
        always("uint8"),
        *spelled("unpackbits", *NUMPY),
    ),
    rule(broadcast_each, "*arrays", *spelled("broadcast_arrays", *NUMPY), "torch.broadcast_tensors"),
    rule(chosen, "first|a, second|choices, **", *spelled("choose", *NUMPY, "Array.{}", "ndarray.{}")),
    rule(chosen, "first|condlist, second|choicelist, default=0", *spelled("select", *NUMPY)),
    rule(block, "arrays", *spelled("block", *NUMPY)),
    gufunc(KEPT, "input|a, kth, axis=-1, **", kept, *spelled("partition", *NUMPY)),
    gufunc(KEPT, "input|a, kth, axis=-1, **", positions, *spelled("argpartition", *ARRAYS)),
    gufunc("*s -> *s", "input|a", complex_numbers, *spelled("sort_complex", *NUMPY)),
    gufunc(
        "*s m@axis1 n@axis2 -> *s",
        "input|a, offset=0, axis1=0, axis2=1, dtype=None, out=None",
        unknown_dtype,
        *spelled("trace", *ARRAYS),
    ),
)
