"""Picking and placing elements by index: gather, scatter, take, index_select, topk, sort, masked_select, nonzero, unique."""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, Verdict, dim
from shapecheck.core.dtype import CLASSES, DTypes, accepts
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast, broadcast_all
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import (
    any_of_rank,
    at_least,
    at_most,
    differs,
    flag,
    integer,
    on_array,
    place,
    replaced,
    reshaped,
    size,
    size_at,
)
from shapecheck.rules.table import Compute, rule

INTEGERS = CLASSES["Integer"]
LONG = DTypes(frozenset({"int32", "int64"}))


def default_index(library: Library) -> DTypes:
    """The dtype of indices that a library answers."""
    return CLASSES["Int32"] | CLASSES["Int64"] if library is Library.JAX else CLASSES["Int64"]


def not_index(index: Array, allowed: DTypes = LONG) -> Mismatch | None:
    """The mismatch of an index array that has no ints."""
    if accepts(allowed, index.dtype) is Verdict.DIFFERENT:
        return Mismatch("shape-dtype", f"an index must have ints, found {index.dtype}", None, "Int", str(index.dtype))
    return None


def _axis(a: Arguments, shape: Shape, name: str = "dim") -> int | Mismatch | None:
    axis = integer(a[name])
    return None if axis is None else place(axis, shape, scalar_has_axis=a.library is Library.TORCH)


# --- one index for every element of the result -------------------------------------------------------------------


def gather(a: Arguments) -> Result:
    """The result is like the index; its other axes may not be longer than the input's."""
    array, index = a.array("input"), a.array("index")
    if array is None or index is None:
        return UNKNOWN
    return not_index(index) or _too_long(a, index.shape, array.shape, "index", "array") or reshaped(array, index.shape)


def _too_long(a: Arguments, inner: Shape, outer: Shape, one: str, other: str, along: bool = False) -> Mismatch | None:
    """Whether an index has another rank than the array, or is longer on an axis that is not `dim` (or on any, `along`)."""
    at = _axis(a, outer)
    if isinstance(at, Mismatch):
        return at
    # An index without elements fits everywhere.
    if inner.rank is None or outer.rank is None or Shape() in (inner, outer) or not at_least(inner.size, 1):
        return None
    if inner.rank != outer.rank:
        reason = f'the {one} needs as many axes as the {other}: "{inner}" and "{outer}"'
        return Mismatch("shape-rank", reason, None, f"{outer.rank} axes", str(inner.rank))
    for axis, (have, limit) in enumerate(zip(inner.dims, outer.dims, strict=True)):
        if (along or (axis != at and at is not None)) and at_least(have - limit, 1):
            reason = f"axis {axis} of the {one} is {have}, longer than {limit} of the {other}"
            return Mismatch("shape-mismatch", reason, axis, f"<={limit}", str(have))
    return None


def scatter(a: Arguments) -> Result:
    """The input with elements replaced; the index fits inside the source and, but for `dim`, the input."""
    array, index, source = a.array("input"), a.array("index"), a["src"]
    if array is None or index is None:
        return array if array is not None else UNKNOWN
    refused = not_index(index) or _too_long(a, index.shape, array.shape, "index", "array")
    if refused is None and isinstance(source, Array):
        refused = _other_dtype(array, source) or _too_long(a, index.shape, source.shape, "index", "source", along=True)
    return refused or replace(array, library=a.library)


def _other_dtype(array: Array, source: Array) -> Mismatch | None:
    """The mismatch of elements of another dtype than the array they go into."""
    if accepts(array.dtype, source.dtype) is not Verdict.DIFFERENT:
        return None
    reason = f"the source must have the dtype of the array, {array.dtype}, found {source.dtype}"
    return Mismatch("shape-dtype", reason, None, str(array.dtype), str(source.dtype))


def take_along(a: Arguments) -> Result:
    """numpy's order: index and array broadcast on all axes but one."""
    array, index = a.array("input"), a.array("index")
    if array is None or index is None:
        return UNKNOWN
    if (refused := not_index(index, LONG if a.library is Library.TORCH else INTEGERS)) is not None:
        return refused
    if a["dim"] is None:
        return reshaped(array, Shape((index.shape.size,)), a.library)
    return reshaped(array, _taken_along(a, array.shape, index.shape), a.library)


def _taken_along(a: Arguments, shape: Shape, index: Shape) -> Shape | Mismatch:
    if shape.rank is None or index.rank is None:
        return ANY_SHAPE
    if shape.rank != index.rank:
        return Mismatch(
            "shape-rank", f'the index needs as many axes as the array: "{index}" and "{shape}"', None, str(shape), str(index)
        )
    axis = integer(a["dim"])
    at = None if axis is None else place(axis, shape)
    if not isinstance(at, int):
        return at or any_of_rank(shape)
    return broadcast(replaced(shape, at, size_at(index, at)), index, a.facts)


# --- one axis ----------------------------------------------------------------------------------------------------


def index_select(a: Arguments) -> Result:
    """A vector of indices picks slices along an axis."""
    array, index = a.array("input"), a.array("index")
    if array is None or index is None:
        return UNKNOWN
    refused = not_index(index) or _not_vector(index.shape)
    at = _axis(a, array.shape)
    if refused is not None or isinstance(at, Mismatch):
        return refused or at  # type: ignore[return-value]  # one of them is a mismatch
    if at is None or array.shape == Shape():
        return reshaped(array, any_of_rank(array.shape))
    return reshaped(array, replaced(array.shape, at, index.shape.size))


def _not_vector(shape: Shape) -> Mismatch | None:
    if shape.rank is None or shape.rank <= 1:
        return None
    return Mismatch("shape-rank", f'the index must be a vector, found "{shape}"', None, "1 axis", str(shape))


def index_place(a: Arguments) -> Result:
    """`index_add`, `index_copy`, `index_fill`: the array with slices changed."""
    array, index = a.array("input"), a.array("index")
    if array is None:
        return UNKNOWN
    at = _axis(a, array.shape)
    if isinstance(at, Mismatch):
        return at
    if index is None:
        return array
    return not_index(index) or _not_vector(index.shape) or _refused_slices(a, array, index.shape.size, at) or array


def _refused_slices(a: Arguments, array: Array, count: Dim, at: int | None) -> Mismatch | None:
    """The mismatch of a source that is not `count` slices of the array."""
    source = a.values.get("source")
    if not isinstance(source, Array):
        return None
    refused = _other_dtype(array, source)
    if refused is not None or not array.shape.rank or not source.shape.rank or at is None or not at_least(count, 1):
        return refused
    if source.shape.rank != array.shape.rank:
        reason = f'the source needs as many axes as the array: "{source.shape}" and "{array.shape}"'
        return Mismatch("shape-rank", reason, None, f"{array.shape.rank} axes", str(source.shape.rank))
    wanted = replaced(array.shape, at, count).dims
    for axis, (want, found) in enumerate(zip(wanted, source.shape.dims, strict=True)):
        if differs(want, found, a):
            reason = f"axis {axis} of the source should be {want}, found {found}"
            return Mismatch("shape-mismatch", reason, axis, str(want), str(found))
    return None


def take(a: Arguments) -> Result:
    """numpy's and jax's `take`: the indices' shape in place of the axis; torch takes from the flat array."""
    array, index = a.array("input"), a["index"]
    shape = _index_shape(index)
    if array is None or shape is None:
        return UNKNOWN
    if (
        isinstance(index, Array)
        and (refused := not_index(index, CLASSES["Int64"] if a.library is Library.TORCH else INTEGERS | CLASSES["Bool"]))
        is not None
    ):
        return refused
    if a["dim"] is None:
        return reshaped(array, shape, a.library)
    axis = integer(a["dim"])
    at = None if axis is None else place(axis, array.shape, scalar_has_axis=a.library is not Library.JAX)
    if isinstance(at, Mismatch):
        return at
    if at is None or array.shape == Shape():
        return reshaped(array, ANY_SHAPE, a.library)
    return reshaped(array, replaced(array.shape, at, *shape.items), a.library)


def _index_shape(index: Value) -> Shape | None:
    match index:
        case Array():
            return index.shape
        case Dim():
            return Shape()
        case tuple() if all(isinstance(each, Dim) for each in index):
            return Shape((dim(len(index)),))
        case _:
            return None


@on_array
def put(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Elements of the flat array replaced."""
    return shape


@on_array
def index_put(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """What `x[indices] = values` does; an index for each of the first axes."""
    indices = a["indices"]
    if isinstance(indices, tuple) and shape.rank is not None and len(indices) > shape.rank:
        reason = f"{len(indices)} indices for an array of {shape.rank} axes ({shape})"
        return Mismatch("shape-rank", reason, None, f"<={shape.rank}", str(len(indices)))
    return shape


def select(a: Arguments) -> Result:
    """One element of an axis, which goes."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    axis = integer(a["dim"])
    at = None if axis is None else place(axis, array.shape)
    if not isinstance(at, int):
        return at or array.with_shape(ANY_SHAPE)
    return array.with_shape(replaced(array.shape, at))


# --- order -------------------------------------------------------------------------------------------------------


def topk(a: Arguments) -> Result:
    """The `k` largest along an axis, and their indices."""
    array, k = a.array("input"), size(a["k"])
    if array is None:
        return UNKNOWN
    at = _axis(a, array.shape)
    if isinstance(at, Mismatch):
        return at
    if array.shape == Shape() or at is None:
        shape = any_of_rank(array.shape)
    else:
        before = size_at(array.shape, at)
        if at_least(k - before, 1) or at_most(k, -1):
            return Mismatch("shape-op", f"k={k} is more than the {before} elements of axis {at}", at, f"<={before}", str(k))
        shape = replaced(array.shape, at, k)
    return replace(array, shape=shape), Array(shape, default_index(a.library), a.library)


def ordered(pair: bool, indices: bool) -> Compute:
    """`sort` (a pair in torch) and `argsort`."""

    def in_order(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if a["dim"] is None:
            array = replace(array, shape=Shape((array.shape.size,)))
        elif indices and array.shape == Shape() and a.library is Library.NUMPY:
            array = replace(array, shape=Shape((ONE,)))
        elif isinstance(at := _axis(a, array.shape), Mismatch):
            return at
        found = Array(array.shape, default_index(a.library), a.library)
        values = replace(array, library=a.library)
        return (values, found) if pair else found if indices else values

    return in_order


# --- as many as there are ----------------------------------------------------------------------------------------


def masked_select(a: Arguments) -> Result:
    """A vector of unknown size; the mask must broadcast."""
    array, mask = a.array("input"), a.array("mask")
    if array is None or mask is None:
        return UNKNOWN
    refused = _not_mask(mask) or _with_mask(array.shape, mask.shape, a)
    return refused if isinstance(refused, Mismatch) else replace(array, shape=Shape((UNKNOWN_DIM,)))


def _not_mask(mask: Array) -> Mismatch | None:
    if accepts(CLASSES["Bool"], mask.dtype) is Verdict.DIFFERENT:
        return Mismatch("shape-dtype", f"a mask must be bool, found {mask.dtype}", None, "Bool", str(mask.dtype))
    return None


def nonzero(a: Arguments) -> Result:
    """torch: a row of indices for every element; numpy, jax or `as_tuple`: a vector for every axis."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    rank, dtypes = array.shape.rank, default_index(a.library)
    vector = Array(Shape((UNKNOWN_DIM,)), dtypes, a.library)
    as_tuple = flag(a["as_tuple"])
    if as_tuple is None:
        return UNKNOWN
    if as_tuple:
        return (vector,) * max(rank, 1) if rank is not None else Many(vector)
    width = UNKNOWN_DIM if rank is None else dim(rank)
    return Array(Shape((UNKNOWN_DIM, width)), dtypes, a.library)


def unique(a: Arguments) -> Result:
    """A sorted vector, or slices along an axis, of unknown number; indices and counts come with it when asked for."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    at = None if a["dim"] is None else _axis(a, array.shape)
    if isinstance(at, Mismatch):
        return at
    shape = (
        Shape((UNKNOWN_DIM,))
        if a["dim"] is None
        else any_of_rank(array.shape)
        if at is None
        else replaced(array.shape, at, UNKNOWN_DIM)
    )
    asked = [flag(a.values.get(name, False)) for name in ("return_index", "return_inverse", "return_counts")]
    if any(each is not False for each in asked) or array.shape == Shape():
        return UNKNOWN
    return reshaped(array, shape, a.library)


@on_array
def masked_scatter(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Array and mask broadcast; the mask picks what the source replaces."""
    mask = a.array("mask")
    return ANY_SHAPE if mask is None else _not_mask(mask) or _with_mask(shape, mask.shape, a)


def _with_mask(shape: Shape, mask: Shape, a: Arguments) -> Shape | Mismatch:
    return broadcast_all([shape, mask], a.facts, ("the array", "the mask"))


@on_array
def masked_scatter_in_place(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """The mask broadcasts to the array."""
    mask = a.array("mask")
    joined = shape if mask is None else _not_mask(mask) or _with_mask(shape, mask.shape, a)
    return joined if isinstance(joined, Mismatch) else shape


_SCATTER = "input, dim, index, src|value, *, reduce=None, **"

TABLE = (
    rule(gather, "input, dim, index, *, sparse_grad=False", "torch.gather", "Tensor.gather"),
    rule(scatter, _SCATTER, "torch.scatter", "Tensor.scatter", "Tensor.scatter_", "torch.scatter_add", "Tensor.scatter_add", "Tensor.scatter_add_"),
    rule(scatter, "input, dim, index, src, reduce, **", "torch.scatter_reduce", "Tensor.scatter_reduce", "Tensor.scatter_reduce_"),
    rule(take_along, "input, index|indices, dim=None", "torch.take_along_dim", "Tensor.take_along_dim"),
    rule(take_along, "input|arr, index|indices, dim|axis=-1, **", "jnp.take_along_axis", "np.take_along_axis"),
    rule(index_select, "input, dim, index", "torch.index_select", "Tensor.index_select"),
    rule(index_place, "input, dim, index, source, **", "torch.index_add", "Tensor.index_add", "Tensor.index_add_", "torch.index_copy", "Tensor.index_copy", "Tensor.index_copy_"),
    rule(index_place, "input, dim, index, value", "torch.index_fill", "Tensor.index_fill", "Tensor.index_fill_"),
    rule(take, "input|a, index|indices, dim|axis=None, **", "torch.take", "Tensor.take", "jnp.take", "np.take", "Array.take", "ndarray.take"),
    rule(topk, "input, k, dim=-1, largest=True, sorted=True", "torch.topk", "Tensor.topk"),
    rule(put, "input, index, source, **", "torch.put", "Tensor.put", "Tensor.put_"),
    rule(index_put, "input, indices, values, **", "torch.index_put", "Tensor.index_put", "Tensor.index_put_"),
    rule(select, "input, dim, index", "torch.select", "Tensor.select"),
    rule(topk, "input|operand, k, *, dim|axis=-1", "jax.lax.top_k"),
    rule(ordered(True, False), "input, dim=-1, descending=False, **", "torch.sort", "Tensor.sort"),
    rule(ordered(False, True), "input, dim=-1, descending=False, **", "torch.argsort", "Tensor.argsort"),
    rule(ordered(False, False), "input|a, dim|axis=-1, **", "jnp.sort", "np.sort", "Array.sort"),
    rule(ordered(False, True), "input|a, dim|axis=-1, **", "jnp.argsort", "np.argsort", "Array.argsort", "ndarray.argsort"),
    rule(masked_select, "input, mask", "torch.masked_select", "Tensor.masked_select"),
    rule(masked_scatter, "input, mask, source", "torch.masked_scatter", "Tensor.masked_scatter"),
    rule(masked_scatter_in_place, "input, mask, source", "Tensor.masked_scatter_"),
    rule(nonzero, "input, *, as_tuple=False", "torch.nonzero", "Tensor.nonzero", "torch.argwhere", "Tensor.argwhere"),
    rule(nonzero, "input|a, as_tuple=False", "np.argwhere"),
    rule(nonzero, "input|a, as_tuple=True", "np.nonzero", "ndarray.nonzero", "jnp.nonzero", "Array.nonzero"),
    rule(unique, "input, sorted=True, return_inverse=False, return_counts=False, dim=None", "torch.unique", "Tensor.unique"),
    rule(unique, "input, return_inverse=False, return_counts=False, dim=None", "torch.unique_consecutive", "Tensor.unique_consecutive"),
    rule(unique, "input|ar, return_index=False, return_inverse=False, return_counts=False, dim|axis=None, **", "np.unique"),
    rule(unique, "input|ar, return_index=False, return_inverse=False, return_counts=False, dim|axis=None, **", "jnp.unique"),
)  # fmt: skip
