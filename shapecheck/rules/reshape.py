"""Operations that rearrange an array's elements into other axes: view, flatten, squeeze and the like.

Element counts are compared symbolically, so `view(b, -1, h, d // h)` is solved and only counts that can never be equal are
refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.axes import insertion_place, place, places
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, mod, product, with_facts
from shapecheck.core.dtype import ANY_DTYPE, DTypes, dtype
from shapecheck.core.promotion import INTEGER, Typed, result_type
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Mismatch, Shape, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import (
    at_least,
    at_most,
    differs,
    integer,
    integers,
    is_one,
    on_array,
    replaced,
    size,
    size_at,
    sizes,
)
from shapecheck.rules.families import NO_SCALARS, TORCH, gufunc, kept, only, shape_of, spelled
from shapecheck.rules.table import Rule, rule

MINUS_ONE = dim(-1)


# --- view and reshape --------------------------------------------------------------------------------------------


def fitted(source: Shape, target: tuple[Dim, ...], a: Arguments) -> Shape | Mismatch:
    """The shape of the elements of `source` laid out as `target`, in which one size may be -1."""
    for axis, one in enumerate(target):
        if one != MINUS_ONE and at_most(one, -1) and a.library is not Library.NUMPY:
            return Mismatch("shape-op", f"{one} is not a size", axis, "", str(one))
    holes = [axis for axis, one in enumerate(target) if one == MINUS_ONE]
    if len(holes) > 1:
        return Mismatch("shape-op", "only one size can be -1")
    if holes:
        return _solved(source, target, holes[0], a)
    if differs(source.size, product(target), a):
        return _not_viewable(source, target)
    return Shape(tuple(UNKNOWN_DIM if at_most(one, -1) else one for one in target))


def _solved(source: Shape, target: tuple[Dim, ...], hole: int, a: Arguments) -> Shape | Mismatch:
    known = product(one for axis, one in enumerate(target) if axis != hole)
    count = with_facts(source.size, a.facts)
    if known == ZERO and not count.is_unknown:
        return Mismatch("shape-op", f"-1 could be any size: ({listed(target)}) has an axis of size 0")
    if compare(mod(count, known), ZERO) is Verdict.DIFFERENT:
        return _not_viewable(source, target)
    whole = count // known
    return Shape((*target[:hole], whole if at_least(whole, 0) else UNKNOWN_DIM, *target[hole + 1 :]))


def _not_viewable(source: Shape, target: tuple[Dim, ...]) -> Mismatch:
    shown = f" ({source})" if len(source.items) != 1 else ""
    reason = f"cannot view {source.size} elements{shown} as ({listed(target)})"
    return Mismatch("shape-op", reason, None, listed(target), str(source))


def listed(target: tuple[Dim, ...]) -> str:
    """Sizes as messages show them."""
    return " ".join(map(str, target))


@on_array
def reshape(a: Arguments, shape: Shape) -> Shape | Mismatch:
    target = sizes(a["shape"])
    return ANY_SHAPE if target is None else fitted(shape, target, a)


def view(a: Arguments) -> Result:
    """`Tensor.view` takes sizes or a dtype."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    match a["shape"]:
        case DTypes() as dtypes:
            return replace(array, shape=_viewed_as(array, dtypes), dtype=dtypes)
        case tuple() | Dim():
            return reshape(a)
        case _:
            return Array(ANY_SHAPE, ANY_DTYPE, array.library)


def _viewed_as(array: Array, dtypes: DTypes) -> Shape:
    if dtypes == array.dtype and dtypes.exact is not None:
        return array.shape
    rank = array.shape.rank
    return ANY_SHAPE if not rank else replaced(array.shape, rank - 1, UNKNOWN_DIM)


@on_array
def like_other(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`view_as`, `reshape_as`: the other array's shape, if the elements fit."""
    other = a.array("other")
    if other is None:
        return ANY_SHAPE
    if differs(shape.size, other.shape.size, a):
        return _not_viewable(shape, other.shape.prefix) if other.shape.run is None else ANY_SHAPE
    return other.shape


@on_array
def flatten(a: Arguments, shape: Shape) -> Shape | Mismatch:
    start, end = integer(a["start_dim"]), integer(a["end_dim"])
    if start is None or end is None:
        return ANY_SHAPE
    if shape == Shape() and (start, end) in ((0, -1), (0, 0), (-1, -1), (-1, 0)):
        return Shape((ONE,))
    first, last = _end_of_run(start, len(shape.prefix), shape), _end_of_run(end, -len(shape.suffix) - 1, shape)
    if isinstance(first, Mismatch) or isinstance(last, Mismatch):
        return first if isinstance(first, Mismatch) else last if isinstance(last, Mismatch) else ANY_SHAPE
    if first is None or last is None:
        return _flattened_inside(shape, first, last)
    if first > last:
        return Mismatch("shape-op", f"start_dim {start} comes after end_dim {end}")
    merged = from_items(shape.items[first : last + 1]).size
    return from_items([*shape.items[:first], merged, *shape.items[last + 1 :]])


def _end_of_run(axis: int, beside: int, shape: Shape) -> int | Mismatch | None:
    """The place of an axis; the one beside the known axes is an end of the run, which then is flattened whole."""
    return len(shape.prefix) if shape.run is not None and axis == beside else place(axis, shape)


def _flattened_inside(shape: Shape, first: int | None, last: int | None) -> Shape:
    """Flattening from or to an axis that is inside the run."""
    before: tuple[Item, ...] = shape.items[:first] if first is not None else (ANY_RUN,)
    after: tuple[Item, ...] = shape.items[last + 1 :] if last is not None else (ANY_RUN,)
    return from_items([*before, UNKNOWN_DIM, *after])


@on_array
def unflatten(a: Arguments, shape: Shape) -> Shape | Mismatch:
    axis, target = integer(a["dim"]), sizes(a["sizes"])
    at = None if axis is None else place(axis, shape)
    if isinstance(at, Mismatch):
        return at
    if at is None or target is None:
        return ANY_SHAPE
    if not target:
        return Mismatch("shape-op", "the sizes to unflatten into are empty")
    parts = fitted(Shape((size_at(shape, at),)), target, a)
    return parts if isinstance(parts, Mismatch) else replaced(shape, at, *parts.items)


# --- axes of size 1 ----------------------------------------------------------------------------------------------


@on_array
def squeeze(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Without axes every axis of size 1 goes; an axis that may or may not be 1 makes the rank unknown there."""
    if a["dim"] is None:
        return from_items(_squeezed(item) for item in shape.items if not _is_one(item))
    axes = integers(a["dim"])
    if axes is None:
        return ANY_SHAPE
    found = places(axes, shape, scalar_has_axis=a.library is not Library.JAX)
    if isinstance(found, Mismatch):
        return found
    if found is None or shape == Shape():
        return shape if shape == Shape() else ANY_SHAPE
    if a.library is not Library.TORCH:
        return _removed(shape, found, a)
    return from_items(
        _squeezed(item) if at in found else item for at, item in enumerate(shape.items) if not (at in found and _is_one(item))
    )


def _is_one(item: Item) -> bool:
    return isinstance(item, Dim) and is_one(item) is True


def _squeezed(item: Item) -> Item:
    return item if isinstance(item, Dim) and is_one(item) is False else ANY_RUN


def _removed(shape: Shape, found: list[int], a: Arguments) -> Shape | Mismatch:
    """numpy and jax remove the named axes or refuse."""
    for at in found:
        if differs(size_at(shape, at), ONE, a):
            reason = f"cannot squeeze axis {at}, its size is {size_at(shape, at)}"
            return Mismatch("shape-op", reason, at, "1", str(size_at(shape, at)))
    return from_items(item for at, item in enumerate(shape.items) if at not in found)


def with_new_axes(shape: Shape, axes: tuple[int, ...]) -> Shape | Mismatch:
    """The shape with axes of size 1 at the places `axes` of the result."""
    if len(axes) > 1 and shape.run is not None:
        return ANY_SHAPE
    found: list[int] = []
    for axis in axes:
        at = insertion_place(axis, shape, len(axes))
        if isinstance(at, Mismatch):
            return at
        if at is None:
            return from_items([ANY_RUN])
        if at in found:
            return Mismatch("shape-op", f"axis {axis} is given twice", axis)
        found.append(at)
    items = list(shape.items)
    for at in sorted(found):
        items.insert(at, ONE)
    return from_items(items)


def of_one_array(row: Rule) -> Rule:
    """A row for one array: of several at once torch answers one by one, numpy makes one of them."""
    first = row.parameters.listed[0].name

    def compute(a: Arguments) -> Result:
        given = a[first]
        if not isinstance(given, tuple):
            return row.compute(a)
        if a.library is not Library.TORCH or not all(isinstance(each, Array) for each in given):
            return UNKNOWN
        return tuple(found for each in given if not isinstance(found := row.compute(replace(a, values={first: each})), Mismatch))

    return replace(row, compute=compute)


def beyond(a: Arguments) -> Mismatch | None:
    """The mismatch of `narrow`, which unlike a slice never clamps."""
    axis, start, length, shape = integer(a["dim"]), size(a["start"]), size(a["length"]), shape_of(a["input"])
    at = None if axis is None else place(axis, shape)
    if not isinstance(at, int):
        return at
    before = size_at(shape, at)
    if (first := a.array("start")) is not None and first.shape.min_rank:
        return Mismatch("shape-rank", f"the start must have no axes, found ({first.shape})", None, "no axes", str(first.shape))
    left = before - start if at_least(start, 0) else -start if at_most(start, -1) else UNKNOWN_DIM
    outside = at_most(left - length, -1) or at_most(before + start, -1)
    if first is not None and isinstance(refused := only(kept, INTEGER)((first,), a.library), Mismatch):
        return replace(refused, reason=f"the start {refused.reason}")
    if at_most(length, -1) or outside:
        reason = f"{length} elements from {start} on do not fit axis {at} of size {before}"
        return Mismatch("shape-op", reason, at, f">={start + length}", str(before))
    return None


# --- complex numbers as pairs ------------------------------------------------------------------------------------

_REAL_OF = {"complex64": "float32", "complex128": "float64"}
_COMPLEX_OF = {real: cplx for cplx, real in _REAL_OF.items()}


def real_pair(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the parts of complex numbers."""
    found = result_type(values, library).dtypes
    if found.exact is not None and found.exact not in _REAL_OF:
        return Mismatch("shape-dtype", f"expected a complex array, found {found}", None, "Complex", str(found))
    return Typed(_translated(found, _REAL_OF))


def complex_of_pairs(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The complex dtype whose parts are floats like these."""
    found = result_type(values, library).dtypes
    if found.exact in ("bool", "complex64", "complex128") or str(found).startswith(("Int", "UInt")):
        return Mismatch("shape-dtype", f"expected a float array, found {found}", None, "Float", str(found))
    return Typed(_translated(found, _COMPLEX_OF))


def _translated(dtypes: DTypes, table: dict[str, str]) -> DTypes:
    return dtype(table[dtypes.exact]) if dtypes.exact in table else ANY_DTYPE


TABLE = (
    rule(reshape, "input|a|x|array|operand, shape|newshape|new_sizes, order='C', copy=None, **", "torch.reshape", "jnp.reshape", "np.reshape"),
    rule(reshape, "input, *shape, **", "Tensor.reshape", "Array.reshape", "ndarray.reshape"),
    rule(view, "input, *shape|dtype|size", "Tensor.view", "torch.view_copy"),
    rule(like_other, "input, other", "Tensor.view_as", "Tensor.reshape_as"),
    gufunc("*s -> prod(s)", "input|a|x, order='C', **", kept, "torch.ravel", "Tensor.ravel", "jnp.ravel", "np.ravel", "Array.ravel", "ndarray.ravel", "Array.flatten", "ndarray.flatten"),
    rule(flatten, "input, start_dim=0, end_dim=-1", "torch.flatten", "Tensor.flatten"),
    rule(unflatten, "input, dim, sizes", "torch.unflatten", "Tensor.unflatten"),
    rule(squeeze, "input|a, dim|axis=None", "torch.squeeze", "torch.squeeze_copy", "Tensor.squeeze", "Tensor.squeeze_", "jnp.squeeze", "np.squeeze", "Array.squeeze", "ndarray.squeeze"),
    rule(squeeze, "input|array, dim|dimensions", "jax.lax.squeeze"),
    gufunc("*s -> *s *1@dim", "input|a|array, dim|axis|dimensions", kept, "torch.unsqueeze", "torch.unsqueeze_copy", "Tensor.unsqueeze", "Tensor.unsqueeze_", "jnp.expand_dims", "np.expand_dims", "jax.lax.expand_dims"),
    of_one_array(gufunc("() -> 1; *s -> *s", "input|ary|a", kept, "np.ascontiguousarray", "torch.atleast_1d", "jnp.atleast_1d", "np.atleast_1d")),
    of_one_array(gufunc("() -> 1 1; n -> 1 n; *s -> *s", "input|ary", kept, "torch.atleast_2d", "jnp.atleast_2d", "np.atleast_2d")),
    of_one_array(gufunc("() -> 1 1 1; n -> 1 n 1; m n -> m n 1; *s -> *s", "input|ary", kept, "torch.atleast_3d", "jnp.atleast_3d", "np.atleast_3d")),
    rule(reshape, "input|operand, shape|new_sizes, dimensions=None, order='C', copy=None, **", "jax.lax.reshape"),
    gufunc("*s n@dim -> *s length@dim", "input, dim, start, length", kept, *spelled("narrow narrow_copy", *TORCH), scalars=NO_SCALARS, check=beyond),
    gufunc("*s -> *size", "input, size, stride, storage_offset=None", kept, "torch.as_strided", "torch.as_strided_copy", "Tensor.as_strided"),
    gufunc("*s -> *size", "input, *size, **", kept, "Tensor.resize_"),
    gufunc("*s, *t -> *t", "input, other|the_template, **", kept, "Tensor.resize_as_", "torch.resize_as_"),
    gufunc("*s -> *s 2", "input", real_pair, "torch.view_as_real"),
    gufunc("*s 2 -> *s", "input", complex_of_pairs, "torch.view_as_complex"),
)  # fmt: skip
