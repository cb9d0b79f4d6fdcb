"""`jax.lax`: products and convolutions that name the axes they sum over, and collectives over a mapped axis."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, extremum
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import Typed, result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import agreed, at_least, integers, size, sizes
from shapecheck.rules.families import dtype_argument, gufunc, itself, promoted, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, rule
from shapecheck.rules.windows import Window, counted


def _preferred(a: Arguments, *names: str) -> Typed:
    """The dtype that is asked for, else the promoted one."""
    asked = a["preferred_element_type"]
    return Typed(dtype_argument(asked, a.library)) if asked is not None else result_type([a[name] for name in names], a.library)


def of_one_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype that both have; of two it is not known."""
    alike = len({value.dtype for value in values if isinstance(value, Array)}) == 1
    return promoted(values, library) if alike else Typed(ANY_DTYPE)


def _pairs(value: Value) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Axes of the left and axes of the right operand."""
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    left, right = integers(value[0]), integers(value[1])
    return None if left is None or right is None or len(left) != len(right) else (left, right)


def dot_general(a: Arguments) -> Result:
    """Batch axes first, then what is left of the left operand, then of the right one."""
    left, right, numbers = shape_of(a["lhs"]), shape_of(a["rhs"]), a["dimension_numbers"]
    typed = _preferred(a, "lhs", "rhs")
    summed = batch = None
    if isinstance(numbers, tuple) and len(numbers) == 2:
        summed, batch = _pairs(numbers[0]), _pairs(numbers[1])
    if left.rank is None or right.rank is None or summed is None or batch is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    taken = (summed[0] + batch[0], summed[1] + batch[1])
    for axes, shape in zip(taken, (left, right), strict=True):
        if any(not 0 <= axis < len(shape.dims) for axis in axes):
            return Mismatch("shape-rank", f"axes {axes} of an array ({shape})", None, f"{max(axes) + 1} axes", str(shape))
    joined: list[Dim] = []
    for i, j in zip(*taken, strict=True):
        one, other = left.dims[i], right.dims[j]
        if (found := agreed(one, other, a)) is None:
            reason = f"axis {i} of the left is {one}, axis {j} of the right {other}"
            return Mismatch("shape-op", reason, i, str(one), str(other))
        joined.append(found)
    rests = [[n for axis, n in enumerate(s.dims) if axis not in axes] for s, axes in zip((left, right), taken, strict=True)]
    return typed_result(Shape((*joined[len(summed[0]) :], *rests[0], *rests[1])), typed, a.library)


def dot(a: Arguments) -> Result:
    """Vectors and matrices; other ranks are refused."""
    left, right = shape_of(a["lhs"]), shape_of(a["rhs"])
    if a["dimension_numbers"] is not None:
        return dot_general(a)
    if left.rank is None or right.rank is None:
        return typed_result(ANY_SHAPE, _preferred(a, "lhs", "rhs"), a.library)
    if not (1 <= left.rank <= 2 and 1 <= right.rank <= 2):
        return Mismatch("shape-rank", f"takes vectors and matrices, found ({left}) and ({right})", None, "1 or 2 axes", "")
    found = signature("m? k, k n? -> m? n?").apply((left, right), a.facts)
    return typed_result(found, _preferred(a, "lhs", "rhs"), a.library)


# --- convolution --------------------------------------------------------------------------------------------------


def _axes(numbers: Value, rank: int) -> tuple[str, str, str] | None:
    """The letters of the operands' and the result's axes; without any: batch, channels, space."""
    if numbers is None:
        space = "0123456789"[: rank - 2]
        return "NC" + space, "OI" + space, "NC" + space
    if isinstance(numbers, tuple) and len(numbers) == 3:
        left, kernel, out = numbers
        if isinstance(left, str) and isinstance(kernel, str) and isinstance(out, str):
            return left, kernel, out
    return None


def conv_general_dilated(a: Arguments) -> Result:
    """A convolution whose axes are named by letters: `("NHWC", "HWIO", "NHWC")`."""
    array, kernel = a.array("lhs"), a.array("rhs")
    typed = _preferred(a, "lhs", "rhs")
    if array is None or kernel is None or array.shape.rank is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    letters = _axes(a["dimension_numbers"], array.shape.rank)
    if letters is None or kernel.shape.rank is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    if array.shape.rank != kernel.shape.rank or any(len(each) != array.shape.rank for each in letters):
        return Mismatch(
            "shape-rank", f"the kernel ({kernel.shape}) and the input ({array.shape}) need {len(letters[0])} axes", None, "", ""
        )
    left, right = (dict(zip(axes, s.dims, strict=True)) for axes, s in zip(letters, (array.shape, kernel.shape), strict=False))
    groups = size(a["feature_group_count"])
    if compare(left["C"], right["I"] * groups, a.facts) is Verdict.DIFFERENT:
        reason = f"the input has {left['C']} channels, the kernel takes {right['I'] * groups}"
        return Mismatch("shape-mismatch", reason, None, str(right["I"] * groups), str(left["C"]))
    space = [axis for axis in letters[1] if axis not in "OI"]
    found = _convolved(a, [left[axis] for axis in space], [right[axis] for axis in space])
    if isinstance(found, Mismatch):
        return found
    known = a["batch_group_count"] == ONE
    sizes_ = dict(zip(space, found, strict=True)) | {"N": left["N"] if known else UNKNOWN_DIM, "C": right["O"]}
    return typed_result(Shape(tuple(sizes_[axis] for axis in letters[2])), typed, a.library)


def _convolved(a: Arguments, whole: list[Dim], kernel: list[Dim]) -> list[Dim] | Mismatch:
    strides, dilations = _each(a["window_strides"], len(whole)), _each(a["rhs_dilation"], len(whole))
    holes = _each(a["lhs_dilation"], len(whole))
    whole = [_spread(n, d) for n, d in zip(whole, holes, strict=True)]
    match a["padding"]:
        case "SAME" if any(each != ONE for each in holes):
            return [UNKNOWN_DIM] * len(whole)  # the padding is for the array as it was
        case "SAME":
            return [(n + s - 1) // s for n, s in zip(whole, strides, strict=True)]
        case "VALID":
            paddings: list[tuple[Dim, Dim]] | None = [(ZERO, ZERO)] * len(whole)
        case tuple() as listed:
            paddings = _paddings(listed)
        case _:
            paddings = None
    if paddings is None or len(paddings) != len(whole):
        return [UNKNOWN_DIM] * len(whole)
    windows = [Window(k, s, *p, d) for k, s, p, d in zip(kernel, strides, paddings, dilations, strict=True)]
    found = counted(whole, windows)
    if isinstance(found, Mismatch):
        return [UNKNOWN_DIM] * len(whole)
    return [n if at_least(n, 0) else extremum("max", (n, ZERO)) for n in found]  # where nothing fits jax answers an empty axis


def _spread(n: Dim, dilation: Dim) -> Dim:
    """The size of an axis with holes between its elements."""
    return n if ONE in (n, dilation) else UNKNOWN_DIM if n == ZERO else (n - 1) * dilation + 1


def _each(value: Value, count: int) -> tuple[Dim, ...]:
    found = (ONE,) * count if value is None else sizes(value)
    return found if found is not None and len(found) == count else (UNKNOWN_DIM,) * count


def _paddings(listed: tuple[Value, ...]) -> list[tuple[Dim, Dim]] | None:
    pairs = [sizes(each) for each in listed]
    return [(pair[0], pair[1]) for pair in pairs if pair is not None and len(pair) == 2] if None not in pairs else None


def conv(a: Arguments) -> Result:
    """Batch, channels, space; the kernel is out, in, space."""
    others = {"dimension_numbers": None, "feature_group_count": ONE, "batch_group_count": ONE, "lhs_dilation": None}
    return conv_general_dilated(Arguments({"rhs_dilation": None, **others, **a.values}, a.library, a.facts))


def known_rank(a: Arguments) -> Result:
    """As many axes as the operand has."""
    array = a.array("lhs")
    rank = None if array is None else array.shape.rank
    return Array(ANY_SHAPE if rank is None else Shape((UNKNOWN_DIM,) * rank), ANY_DTYPE, a.library)


def windowed(a: Arguments) -> Result:
    """`reduce_window`: windows over every axis."""
    array, window, strides = a.array("operand"), sizes(a["window_dimensions"]), sizes(a["window_strides"])
    if array is None or window is None or array.shape.rank is None:
        return UNKNOWN
    if len(window) != array.shape.rank:
        return Mismatch(
            "shape-rank", f"a window of {len(window)} axes over ({array.shape})", None, str(array.shape.rank), str(len(window))
        )
    if strides is None or len(strides) != len(window):
        return array.with_shape(Shape((UNKNOWN_DIM,) * len(window)))
    values = {**a.values, "rhs_dilation": a["window_dilation"], "lhs_dilation": a["base_dilation"]}
    found = _convolved(Arguments(values, a.library, a.facts), list(array.shape.dims), list(window))
    return found if isinstance(found, Mismatch) else array.with_shape(Shape(tuple(found)))


def carried(a: Arguments) -> Result:
    """A loop's state: as it was at the start. Python numbers become arrays, and weak dtypes may widen."""
    return _state(a["init_val"])


def _state(value: Value) -> Value:
    match value:
        case Array(weak=True):
            return value.with_dtype(ANY_DTYPE)
        case Array():
            return value
        case tuple():
            return tuple(map(_state, value))
        case _:
            return UNKNOWN


_OPTIONS = "precision=None, preferred_element_type=None, **"
_CONV = "lhs, rhs, window_strides, padding, "


TABLE: tuple[Rule, ...] = (
    rule(dot_general, f"lhs, rhs, dimension_numbers, {_OPTIONS}", "jax.lax.dot_general"),
    rule(dot, f"lhs, rhs, *, dimension_numbers=None, {_OPTIONS}", "jax.lax.dot"),
    gufunc("*b m k, *b k n -> *b m n", "lhs, rhs, **", of_one_dtype, "jax.lax.batch_matmul"),
    rule(
        conv_general_dilated,
        f"{_CONV}lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, feature_group_count=1, batch_group_count=1, {_OPTIONS}",
        "jax.lax.conv_general_dilated",
    ),
    rule(conv, f"{_CONV}{_OPTIONS}", "jax.lax.conv"),
    rule(known_rank, "lhs, rhs, strides, padding, **", "jax.lax.conv_transpose"),
    rule(
        windowed,
        "operand, init_value, computation, window_dimensions, window_strides, padding, base_dilation=None, window_dilation=None",
        "jax.lax.reduce_window",
    ),
    rule(carried, "cond_fun, body_fun, init_val", "jax.lax.while_loop"),
    rule(carried, "lower, upper, body_fun, init_val, **", "jax.lax.fori_loop"),
    gufunc("*s -> *s", "fn, x|elems, **", itself, "jax.lax.associative_scan", operands="x"),
    gufunc("*s -> *s", "x, axis_name, **", itself, *spelled("psum pmean pmax pmin", "jax.lax.{}")),
    gufunc("*s -> *s", "x, shardings, **", itself, "jax.lax.with_sharding_constraint"),
    gufunc("*s -> *s", "x|operand, **", itself, "jax.lax.optimization_barrier"),
)
