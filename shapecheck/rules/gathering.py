"""Picking and placing elements by index: gather, scatter, take, index_select, topk, sort, masked_select, nonzero, unique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from shapecheck.core.axes import place
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Verdict, dim
from shapecheck.core.dtype import CLASSES, DTypes, accepts
from shapecheck.core.placing import Scalars
from shapecheck.core.promotion import Typed
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import any_of_rank, at_least, at_most, differs, flag, integer, replaced, reshaped, size, size_at
from shapecheck.rules.choosing import MASKED
from shapecheck.rules.families import NO_SCALARS, TORCH, gufunc, kept, shape_of, spelled
from shapecheck.rules.table import rule

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


def _too_long(a: Arguments, inner: Shape, outer: Shape, one: str, other: str, along: bool = False) -> Mismatch | None:
    """Whether an index has another rank than the array, or is longer on an axis that is not `dim` (or on any, `along`)."""
    at = _axis(a, outer)
    if isinstance(at, Mismatch):
        return at
    if inner.rank is None or outer.rank is None or Shape() in (inner, outer):
        return None
    # An index without elements fits everywhere.
    found = _misfit(at, inner, outer, one, other, along)
    return found if found is not None and at_least(inner.size, 1) else None


def _misfit(at: int | None, inner: Shape, outer: Shape, one: str, other: str, along: bool) -> Mismatch | None:
    """The first axis that makes an index not fit, as in `_too_long`."""
    if inner.rank != outer.rank:
        reason = f'the {one} needs as many axes as the {other}: "{inner}" and "{outer}"'
        return Mismatch("shape-rank", reason, None, f"{outer.rank} axes", str(inner.rank))
    for axis, (have, limit) in enumerate(zip(inner.dims, outer.dims, strict=True)):
        if (along or (axis != at and at is not None)) and have != limit and at_least(have - limit, 1):
            reason = f"axis {axis} of the {one} is {have}, longer than {limit} of the {other}"
            return Mismatch("shape-mismatch", reason, axis, f"<={limit}", str(have))
    return None


def gathered(a: Arguments) -> Mismatch | None:
    """The index has as many axes as the array, its other axes are not longer."""
    array, index = a.array("input"), a.array("index")
    if array is None or index is None:
        return None
    return not_index(index) or _too_long(a, index.shape, array.shape, "index", "array")


def scattered(a: Arguments) -> Mismatch | None:
    """The index fits inside the source and, but for `dim`, the input."""
    refused, array, index, source = gathered(a), a.array("input"), a.array("index"), a["src"]
    if refused is not None or array is None or index is None or not isinstance(source, Array):
        return refused
    return _other_dtype(array, source) or _too_long(a, index.shape, source.shape, "index", "source", along=True)


def _other_dtype(array: Array, source: Array) -> Mismatch | None:
    """The mismatch of elements of another dtype than the array they go into."""
    if accepts(array.dtype, source.dtype) is not Verdict.DIFFERENT:
        return None
    reason = f"the source must have the dtype of the array, {array.dtype}, found {source.dtype}"
    return Mismatch("shape-dtype", reason, None, str(array.dtype), str(source.dtype))


def same_rank(a: Arguments) -> Mismatch | None:
    """Array and index of `take_along_axis` have as many axes, unless both are flattened."""
    shape, index = shape_of(a["input"]), a["index"]
    if not isinstance(index, Array):
        return None
    refused = not_index(index, LONG if a.library is Library.TORCH else INTEGERS)
    if refused is not None or None in (shape.rank, index.shape.rank, a["dim"]) or shape.rank == index.shape.rank:
        return refused
    reason = f'the index needs as many axes as the array: "{index.shape}" and "{shape}"'
    return Mismatch("shape-rank", reason, None, str(shape), str(index.shape))


# --- one axis ----------------------------------------------------------------------------------------------------


def selecting(a: Arguments) -> Mismatch | None:
    """The index of `index_select` is a vector of ints."""
    index = a.array("index")
    return None if index is None else not_index(index) or _not_vector(index.shape)


def _not_vector(shape: Shape) -> Mismatch | None:
    if shape.rank is None or shape.rank <= 1:
        return None
    return Mismatch("shape-rank", f'the index must be a vector, found "{shape}"', None, "1 axis", str(shape))


def placing(a: Arguments) -> Mismatch | None:
    """The index and the slices of `index_add`, `index_copy`, `index_fill`."""
    array, index = a.array("input"), a.array("index")
    if array is None or index is None:
        return None
    at = _axis(a, array.shape)
    if isinstance(at, Mismatch):
        return at
    return not_index(index) or _not_vector(index.shape) or _refused_slices(a, array, index.shape.size, at)


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


def taking(a: Arguments) -> Mismatch | None:
    """The index of `take`."""
    allowed = CLASSES["Int64"] if a.library is Library.TORCH else INTEGERS | CLASSES["Bool"]
    index = a["index"]
    return not_index(index, allowed) if isinstance(index, Array) else None


def filling(a: Arguments) -> Mismatch | None:
    """`index_put` has an index for each of the first axes."""
    indices, rank = a["indices"], shape_of(a["input"]).rank
    if not isinstance(indices, tuple) or rank is None or len(indices) <= rank:
        return None
    reason = f"{len(indices)} indices for an array of {rank} axes ({shape_of(a['input'])})"
    return Mismatch("shape-rank", reason, None, f"<={rank}", str(len(indices)))


# --- order -------------------------------------------------------------------------------------------------------


def too_many(a: Arguments) -> Mismatch | None:
    """The mismatch of a `k` that is more than the axis has."""
    shape, k = shape_of(a["input"]), size(a["k"])
    at = _axis(a, shape)
    if not isinstance(at, int) or shape == Shape():
        return at if isinstance(at, Mismatch) else None
    before = size_at(shape, at)
    if at_least(k - before, 1) or at_most(k, -1):
        return Mismatch("shape-op", f"k={k} is more than the {before} elements of axis {at}", at, f"<={before}", str(k))
    return None


def positions(values: Sequence[Value], library: Library) -> Typed:
    """Where elements are."""
    return Typed(default_index(library))


# --- as many as there are ----------------------------------------------------------------------------------------


def of_mask(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The array's own dtype; the mask is bool."""
    mask = values[1]
    return (_not_mask(mask) if isinstance(mask, Array) else None) or kept(values, library)


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
    if as_tuple and rank == 0 and a.library is not Library.TORCH:
        return Mismatch("shape-rank", "nonzero needs an array with axes", None, "at least 1 axis", "0")
    if as_tuple:
        return (vector,) * max(rank, 1) if rank is not None else Many(vector)
    width = UNKNOWN_DIM if rank is None else dim(rank)
    return Array(Shape((UNKNOWN_DIM, width)), dtypes, a.library)


def listed_nonzero(a: Arguments) -> Result:
    """`nonzero_static`: as many rows of indices as the call says."""
    rank = shape_of(a["input"]).rank
    return Array(Shape((size(a["size"]), UNKNOWN_DIM if rank is None else dim(rank))), default_index(a.library), a.library)


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
    if None in asked or (array.shape == Shape() and a.library is not Library.TORCH):
        return UNKNOWN
    found = reshaped(array, shape, a.library)
    return (found, *_about_unique(array, asked, at, a)) if any(asked) and not isinstance(found, Mismatch) else found


def _about_unique(array: Array, asked: Sequence[bool | None], at: int | None, a: Arguments) -> Iterator[Array]:
    """Where the elements first stood, which one each is, and how often each is there."""
    vector = Array(Shape((UNKNOWN_DIM,)), default_index(a.library), a.library)
    if asked[0]:
        yield vector
    if asked[1]:
        along = Shape((size_at(array.shape, at),)) if at is not None else ANY_SHAPE
        yield vector.with_shape(array.shape if a["dim"] is None and a.library is Library.TORCH else along)
    if asked[2]:
        yield vector


_SCATTER = "input, dim, index, src|value, *, reduce=None, **"
KEPT, TAKEN = "*s n@dim -> *s n@dim", "*s n@dim, *k -> *s *k@dim"
IN_ORDER: Mapping[Library, Scalars] = {Library.TORCH: Scalars.KEPT, Library.NUMPY: Scalars.VECTOR}

TABLE = (
    gufunc("*s n@dim, *k -> *k", "input, dim, index, *, sparse_grad=False", kept, "torch.gather", "Tensor.gather", operands="input index", check=gathered),
    gufunc(KEPT, _SCATTER, kept, "torch.scatter", "Tensor.scatter", "Tensor.scatter_", "torch.scatter_add", "Tensor.scatter_add", "Tensor.scatter_add_", check=scattered),
    gufunc(KEPT, "input, dim, index, src, reduce, **", kept, "torch.scatter_reduce", "Tensor.scatter_reduce", "Tensor.scatter_reduce_", check=scattered),
    gufunc("*s n@dim, *s k@dim -> *s k@dim", "input, index|indices, dim=None", kept, "torch.take_along_dim", "Tensor.take_along_dim", scalars=NO_SCALARS, check=same_rank),
    gufunc("*s n@dim, *s k@dim -> *s k@dim", "input|arr, index|indices, dim|axis=-1, **", kept, "jnp.take_along_axis", "np.take_along_axis", check=same_rank),
    gufunc("*s n@dim, k? -> *s k@dim", "input, dim, index", kept, "torch.index_select", "Tensor.index_select", operands="input index", check=selecting),
    gufunc(KEPT, "input, dim, index, source, **", kept, "torch.index_add", "Tensor.index_add", "Tensor.index_add_", "torch.index_copy", "Tensor.index_copy", "Tensor.index_copy_", check=placing),
    gufunc(KEPT, "input, dim, index, source, reduce, **", kept, *spelled("index_reduce", *TORCH, "Tensor.{}_"), check=placing),
    gufunc(KEPT, "input, dim, index, value", kept, "torch.index_fill", "Tensor.index_fill", "Tensor.index_fill_", check=placing),
    gufunc(TAKEN, "input|a, index|indices, dim|axis=None, **", kept, "torch.take", "Tensor.take", "jnp.take", "np.take", "Array.take", "ndarray.take", scalars=IN_ORDER, check=taking),
    gufunc("*s n@dim -> *s k@dim, *s k@dim", "input, k, dim=-1, largest=True, sorted=True", (kept, positions), "torch.topk", "Tensor.topk", check=too_many),
    gufunc("*s -> *s", "input, index, source, accumulate=False", kept, "torch.put", "Tensor.put", "Tensor.put_"),
    gufunc("*s -> *s", "input, indices, values, **", kept, "torch.index_put", "Tensor.index_put", "Tensor.index_put_", check=filling),
    gufunc("*s n@dim -> *s", "input, dim, index", kept, "torch.select", "Tensor.select", scalars=NO_SCALARS),
    gufunc("*s n@dim -> *s k@dim, *s k@dim", "input|operand|a, k, *, dim|axis=-1, **", (kept, positions), "jax.lax.top_k", "jnp.top_k", check=too_many),
    gufunc(f"{KEPT}, *s n@dim", "input, dim=-1, descending=False, **", (kept, positions), "torch.sort", "Tensor.sort"),
    gufunc(KEPT, "input, dim=-1, descending=False, **", positions, "torch.argsort", "Tensor.argsort"),
    gufunc(KEPT, "input|a, dim|axis=-1, **", kept, "jnp.sort", "np.sort", "Array.sort"),
    gufunc(KEPT, "input|a, dim|axis=-1, **", positions, "jnp.argsort", "np.argsort", "Array.argsort", "ndarray.argsort", scalars=IN_ORDER),
    gufunc("*s, *s -> _", "input, mask", of_mask, "torch.masked_select", "Tensor.masked_select", called=MASKED),
    gufunc("*s, *s -> *s", "input, mask, source", of_mask, "torch.masked_scatter", "Tensor.masked_scatter", called=MASKED),
    gufunc("*s, *#s -> *s", "input, mask, source", of_mask, "Tensor.masked_scatter_"),
    gufunc("*s -> *s", "input", kept, *spelled("msort", *TORCH)),
    rule(listed_nonzero, "input, *, size, **", *spelled("nonzero_static", *TORCH)),
    rule(nonzero, "input, *, as_tuple=False", "torch.nonzero", "Tensor.nonzero", "torch.argwhere", "Tensor.argwhere"),
    rule(nonzero, "input|a, as_tuple=False", "np.argwhere"),
    rule(nonzero, "input|a, as_tuple=True", "np.nonzero", "ndarray.nonzero", "jnp.nonzero", "Array.nonzero"),
    rule(unique, "input, sorted=True, return_inverse=False, return_counts=False, dim=None", "torch.unique", "Tensor.unique"),
    rule(unique, "input, return_inverse=False, return_counts=False, dim=None", "torch.unique_consecutive", "Tensor.unique_consecutive"),
    rule(unique, "input|ar, return_index=False, return_inverse=False, return_counts=False, dim|axis=None, **", "np.unique"),
    rule(unique, "input|ar, return_index=False, return_inverse=False, return_counts=False, dim|axis=None, **", "jnp.unique"),
)  # fmt: skip
