"""`jax.lax`: slices, reshapes, reductions and orders, whose axes and sizes are arguments that must be numbers.

Where `jax.numpy` would clip or broadcast these refuse. `lax` has the elementwise operations, `contraction` the products.
"""

from __future__ import annotations

from math import prod

from shapecheck.core.axes import place
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim
from shapecheck.core.promotion import BOOLEAN, INTEGER
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import any_of_rank, at_least, at_most, integer, integers, on_array, replaced, size, size_at, sizes
from shapecheck.rules.families import always, by_default, gufunc, kept, only, shape_of, spelled, unknown_dtype
from shapecheck.rules.table import Rule, rule

# --- parts of an array --------------------------------------------------------------------------------------------


def _outside(axis: int, end: Dim, whole: Dim) -> Mismatch:
    return Mismatch("shape-op", f"axis {axis} has {whole} elements, the slice ends at {end}", axis, f"<={whole}", str(end))


def _length(start: Dim, stop: Dim, step: Dim) -> Dim:
    """The number of elements from `start` up to `stop`."""
    span = stop - start
    return span if step == ONE else (span + step - 1) // step if step.constant else UNKNOWN_DIM


@on_array
def sliced(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """A start, an end and perhaps a step for every axis."""
    starts, stops = sizes(a["start_indices"]), sizes(a["limit_indices"])
    steps = (ONE,) * len(starts or ()) if a["strides"] is None else sizes(a["strides"])
    if starts is None or stops is None or steps is None:
        return any_of_rank(shape)
    count = len(starts)
    if len(stops) != count or len(steps) != count or (shape.rank is not None and shape.rank != count):
        return Mismatch("shape-rank", f"a slice with {count} starts of ({shape})", None, f"{shape.rank} starts", str(count))
    whole = shape.dims if shape.rank is not None else (UNKNOWN_DIM,) * count
    for axis, (stop, size_) in enumerate(zip(stops, whole, strict=True)):
        if at_least(stop - size_, 1):
            return _outside(axis, stop, size_)
    return Shape(tuple(map(_length, starts, stops, steps)))


@on_array
def sliced_in_dim(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """One axis from a start to an end."""
    axis = integer(a["axis"])
    at = None if axis is None else place(axis, shape)
    if not isinstance(at, int):
        return at or any_of_rank(shape)
    whole = size_at(shape, at)
    ends = [_bound(a["start_index"], ZERO, whole), _bound(a["limit_index"], whole, whole)]
    return replaced(shape, at, _length(ends[0], ends[1], size(a["stride"])))


def _bound(value: Value, default: Dim, whole: Dim) -> Dim:
    """One end of a slice; negative ones count from the end."""
    if value is None:
        return default
    found = size(value)
    if found.constant is None or whole.constant is None:
        return UNKNOWN_DIM
    return dim(min(max(found.constant + (whole.constant if found.constant < 0 else 0), 0), whole.constant))


@on_array
def dynamic_slice(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Where it starts is known when it runs, how large it is, before."""
    wanted = sizes(a["slice_sizes"])
    if wanted is None:
        return any_of_rank(shape)
    if shape.rank is not None and shape.rank != len(wanted):
        return Mismatch("shape-rank", f"{len(wanted)} sizes for the slice of ({shape})", None, str(shape.rank), str(len(wanted)))
    for axis, (part, whole) in enumerate(zip(wanted, shape.dims if shape.rank is not None else (), strict=False)):
        if at_least(part - whole, 1):
            return _outside(axis, part, whole)
    return Shape(wanted)


def split(a: Arguments) -> Result:
    """Parts of an axis, whose sizes add up to it."""
    array, parts, axis = a.array("operand"), sizes(a["sizes"]), integer(a["axis"])
    if array is None or parts is None or axis is None:
        return UNKNOWN
    at = place(axis, array.shape)
    if not isinstance(at, int):
        return at or UNKNOWN
    total, whole = sum(parts, ZERO), size_at(array.shape, at)
    if compare(total, whole, a.facts) is Verdict.DIFFERENT:
        return Mismatch(
            "shape-op", f"the parts add up to {total}, axis {axis} has {whole} elements", axis, str(whole), str(total)
        )
    return tuple(array.with_shape(replaced(array.shape, at, part)) for part in parts)


# --- other shapes -------------------------------------------------------------------------------------------------


@on_array
def collapse(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Several axes become one."""
    start, stop = integer(a["start_dimension"]), integer(a["stop_dimension"]) if a["stop_dimension"] is not None else shape.rank
    if start is None or stop is None or shape.rank is None:
        return ANY_SHAPE
    first, last = (at + shape.rank if at < 0 else at for at in (start, stop))
    if not 0 <= first <= last <= shape.rank:
        return ANY_SHAPE
    merged = shape.dims[first:last]
    return Shape((*shape.dims[:first], prod(merged, start=ONE), *shape.dims[last:]))


@on_array
def broadcast_to_rank(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Axes of 1 in front."""
    rank = integer(a["rank"])
    if rank is None or shape.rank is None:
        return ANY_SHAPE
    return Shape((ONE,) * (rank - shape.rank) + shape.dims)  # never fewer


@on_array
def padded(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`(low, high, interior)` for every axis; negative ones cut off."""
    config = a["padding_config"]
    if not isinstance(config, tuple) or shape.rank is None:
        return any_of_rank(shape)
    if len(config) != shape.rank:
        return Mismatch("shape-rank", f"{len(config)} paddings for ({shape})", None, str(shape.rank), str(len(config)))
    found: list[Dim] = []
    for axis, (entry, whole) in enumerate(zip(config, shape.dims, strict=True)):
        parts = sizes(entry)
        new = UNKNOWN_DIM if parts is None or len(parts) != 3 else _padded(whole, *parts)
        if at_most(new, -1):
            return Mismatch("shape-op", f"nothing is left of axis {axis}", axis, ">=0", str(new))
        found.append(new)
    return Shape(tuple(found))


def _padded(whole: Dim, low: Dim, high: Dim, interior: Dim) -> Dim:
    between = ZERO if interior == ZERO else (whole - 1) * interior if at_least(whole, 1) else UNKNOWN_DIM
    return whole + low + high + between


# --- along axes ---------------------------------------------------------------------------------------------------


def _counted_from_the_left(*axes: int) -> Mismatch | None:
    """XLA's own operations take no negative axes."""
    wrong = next((axis for axis in axes if axis < 0), None)
    return None if wrong is None else Mismatch("shape-op", f"axis {wrong}: jax.lax takes no negative axes here", wrong)


def sort(a: Arguments) -> Result:
    """One array, or several that are ordered by the first."""
    operand, axis = a["operand"], integer(a["dimension"])
    first = operand[0] if isinstance(operand, tuple) and operand else operand
    if isinstance(first, Array) and axis is not None and isinstance(at := place(axis, first.shape), Mismatch):
        return at
    return operand if isinstance(operand, Array | tuple) else UNKNOWN


def sort_by_key(a: Arguments) -> Result:
    """Keys and values in the order of the keys."""
    keys, values = a.array("keys"), a.array("values")
    return UNKNOWN if keys is None or values is None else (keys, values)


def stacked_operands(a: Arguments) -> Result:
    """`select_n`: the cases have one shape."""
    cases = a["cases"]
    return cases[0] if isinstance(cases, tuple) and cases and isinstance(cases[0], Array) else UNKNOWN


def from_the_left(a: Arguments) -> Mismatch | None:
    """Refuses negative axes."""
    axes = integers(a["axis"])
    return None if axes is None else _counted_from_the_left(*axes)


def within(a: Arguments) -> Mismatch | None:
    """The mismatch of more elements of an axis than it has."""
    shape, axis, wanted = shape_of(a["input"]), integer(a["axis"]), size(a["k"])
    at = None if axis is None else place(axis, shape)
    if not isinstance(at, int):
        return at
    whole = size_at(shape, at)
    return _outside(at, wanted, whole) if at_least(wanted - whole, 1) else None


def clamping(a: Arguments) -> Mismatch | None:
    """The bounds are scalars or have the operand's shape."""
    shape = shape_of(a["x"])
    for name in ("min", "max"):
        bound = shape_of(a[name])
        if bound.rank is not None and shape.rank is not None and bound.rank not in (0, shape.rank):
            reason = f"a bound ({bound}) is a scalar or has the shape ({shape})"
            return Mismatch("shape-rank", reason, None, str(shape), str(bound))
    return None


bits, numbers = only(kept, BOOLEAN, INTEGER), kept
J = "jax.lax.{}"

TABLE: tuple[Rule, ...] = (
    rule(sliced, "input|operand, start_indices, limit_indices, strides=None", "jax.lax.slice"),
    rule(sliced_in_dim, "input|operand, start_index, limit_index, stride=1, axis=0", "jax.lax.slice_in_dim"),
    rule(dynamic_slice, "input|operand, start_indices, slice_sizes, **", "jax.lax.dynamic_slice"),
    gufunc(
        "*s n@axis -> *s k@axis",
        "input|operand, start_index, k|slice_size, axis=0, **",
        kept,
        "jax.lax.dynamic_slice_in_dim",
        check=within,
    ),
    gufunc(
        "*s n@axis -> *s",
        "input|operand, index, axis=0, keepdims=True, **",
        kept,
        *spelled("index_in_dim dynamic_index_in_dim", J),
    ),
    rule(split, "operand, sizes, axis=0", "jax.lax.split"),
    rule(collapse, "input|operand, start_dimension, stop_dimension=None", "jax.lax.collapse"),
    rule(broadcast_to_rank, "input|x, rank", "jax.lax.broadcast_to_rank"),
    rule(padded, "input|operand, padding_value, padding_config", "jax.lax.pad"),
    gufunc("*s *n@axis -> *s *n@axis", "input|operand, axis|dimensions", kept, "jax.lax.rev", check=from_the_left),
    gufunc("-> *shape", "dtype, shape, dimension, **", unknown_dtype, "jax.lax.broadcasted_iota"),
    gufunc("*s -> *shape|*s", "operand|x, fill_value, dtype=None, shape=None, **", kept, "jax.lax.full_like"),
    gufunc("*s -> *s", "operand, exponent_bits, mantissa_bits", kept, "jax.lax.reduce_precision"),
    gufunc("*s -> *s", "x, y", kept, "jax.lax.integer_pow", operands="x"),
    gufunc("*s *n@axes -> *s", "operand, axes, **", numbers, *spelled("reduce_sum reduce_prod reduce_max reduce_min", J)),
    gufunc("*s *n@axes -> *s", "operand, axes, **", bits, *spelled("reduce_and reduce_or reduce_xor", J)),
    gufunc("*s n@axis -> *s", "operand, axis, dtype|index_dtype", unknown_dtype, *spelled("argmax argmin", J)),
    gufunc(
        "*s n@axis -> *s n@axis",
        "operand, axis=0, reverse=False",
        numbers,
        *spelled("cumsum cumprod cummax cummin cumlogsumexp", J),
        check=from_the_left,
    ),
    rule(sort, "operand, dimension=-1, **", "jax.lax.sort"),
    rule(sort_by_key, "keys, values, dimension=-1, **", "jax.lax.sort_key_val"),
    by_default(
        gufunc(
            "*s n@axis -> *s k@axis, *s k@axis",
            "input|operand, k, axis|reduction_dimension=-1, *, aggregate_to_topk=True, **",
            (kept, always("int32")),
            *spelled("approx_max_k approx_min_k", J),
            check=within,
        ),
        "aggregate_to_topk",
    ),
    rule(stacked_operands, "which, *cases", "jax.lax.select_n"),
    gufunc("*s -> *s", "min, x, max", kept, "jax.lax.clamp", operands="x", check=clamping),
)
