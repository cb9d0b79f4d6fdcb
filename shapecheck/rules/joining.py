"""Joining arrays: cat, stack and their relatives. `splitting` is the other way around.

A sequence argument is a tuple of values, or `Many` when its length is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.axes import of_rank, place
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import agreed, any_of_rank, at_least, integer, replaced
from shapecheck.rules.reshape import with_new_axes
from shapecheck.rules.table import Compute, rule


def sequence(value: Value) -> tuple[Array, ...] | None:
    """A sequence argument whose items are all arrays."""
    match value:
        case Many(item=item):
            value = (item,)
    if not isinstance(value, tuple):
        return None
    arrays = tuple(item for item in value if isinstance(item, Array))
    return arrays if len(arrays) == len(value) else None


def _joined(arrays: Sequence[Array], shape: Shape | Mismatch, a: Arguments) -> Result:
    return shape if isinstance(shape, Mismatch) else Array(shape, joined_dtype(arrays, a), a.library)


def joined_dtype(arrays: Sequence[Array], a: Arguments) -> DTypes:
    """The dtype that arrays have together."""
    match a.values.get("dtype"):
        case None if a.library is Library.NUMPY and len({one.dtype for one in arrays}) > 2:
            return ANY_DTYPE  # numpy promotes three dtypes at once, not two after the other
        case None:
            return result_type(arrays, a.library).dtypes
        case DTypes() as given:
            return given
        case _:
            return ANY_DTYPE


def concatenated(shapes: Sequence[Shape], axis: int, many: bool, a: Arguments) -> Shape | Mismatch:
    """The shapes joined along an axis; `many`: there are any number of the one shape."""
    if a.library is Library.TORCH:
        shapes = _without_empty(shapes)
        if shapes[0] == Shape((ZERO,)):
            return shapes[0]
    ranked = _at_one_rank(shapes)
    if isinstance(ranked, Mismatch):
        return ranked
    if ranked is None:
        return _joined_at_the_right(shapes, axis, many, a) if axis < 0 else ANY_SHAPE
    at = place(axis, ranked[0])
    if isinstance(at, Mismatch):
        return at if len(shapes) > 1 or a.library is not Library.JAX else ANY_SHAPE  # jax.lax does not look at one array
    return ANY_SHAPE if at is None else _item_by_item(ranked, at, many, a)


def _without_empty(shapes: Sequence[Shape]) -> Sequence[Shape]:
    """torch skips arrays of shape (0,) whatever the others' rank."""
    highest = max(one.min_rank for one in shapes)
    kept = [
        one for one in shapes if not (one.rank == 1 and (one.dims[0] == ZERO or (highest > 1 and not at_least(one.dims[0], 1))))
    ]
    return kept or shapes[:1]


def _at_one_rank(shapes: Sequence[Shape]) -> list[Shape] | Mismatch | None:
    """The shapes at their common rank; None when it is not known and their runs differ."""
    ranks = {one.rank for one in shapes if one.rank is not None}
    if len(ranks) > 1:
        shown = " and ".join(f'"{one}"' for one in shapes[:4])
        return Mismatch(
            "shape-rank", f"the arrays have different numbers of axes: {shown}", None, str(min(ranks)), str(max(ranks))
        )
    if not ranks:
        layout = {(len(one.prefix), one.run, len(one.suffix)) for one in shapes}
        return list(shapes) if len(layout) == 1 and shapes[0].run != ANY_RUN else None
    rank = ranks.pop()
    known = [of_rank(one, rank) for one in shapes]
    if any(one is None for one in known):
        return Mismatch("shape-rank", f"one array has {rank} axes, another has more", None, str(rank))
    return [one for one in known if one is not None]


def _item_by_item(shapes: Sequence[Shape], joined: int, many: bool, a: Arguments) -> Shape | Mismatch:
    items = list(shapes[0].items)
    for other in shapes[1:]:
        for at, (have, found) in enumerate(zip(items, other.items, strict=True)):
            if not isinstance(have, Dim) or not isinstance(found, Dim):
                continue
            together = have + found if at == joined else agreed(have, found, a)
            if together is None:
                return Mismatch("shape-mismatch", f"axis {at} must agree: {have} and {found}", at, str(have), str(found))
            items[at] = together
    if many:
        items[joined] = UNKNOWN_DIM
    return from_items(items)


def _joined_at_the_right(shapes: Sequence[Shape], axis: int, many: bool, a: Arguments) -> Shape | Mismatch:
    """Joins what is known of the last axes when the ranks are not known."""
    count = min(len(one.suffix) for one in shapes)
    if -axis > count:
        return ANY_SHAPE
    tails = [Shape(one.suffix[len(one.suffix) - count :]) for one in shapes]
    tail = _item_by_item(tails, count + axis, many, a)
    return tail if isinstance(tail, Mismatch) else from_items([ANY_RUN, *tail.items])


def cat(a: Arguments) -> Result:
    """Joins arrays that have axes."""
    if a["dim"] is not None and any(one.shape.rank == 0 for one in sequence(a["tensors"]) or ()):
        return Mismatch("shape-rank", "arrays without axes cannot be joined", None, "at least 1 axis", "0 axes")
    return lax_cat(a)


def lax_cat(a: Arguments) -> Result:
    """Joins arrays; jax.lax hands a single one back without looking at it."""
    arrays = sequence(a["tensors"])
    if arrays is None:
        return UNKNOWN
    if not arrays:
        return Mismatch("shape-op", "there are no arrays to join")
    many = isinstance(a["tensors"], Many)
    if a["dim"] is None:
        flat = [Shape((one.shape.size,)) for one in arrays]
        return _joined(arrays, concatenated(flat, 0, many, a), a)
    axis = integer(a["dim"])
    if axis is None:
        return _joined(arrays, any_of_rank(arrays[0].shape) if not many else ANY_SHAPE, a)
    return _joined(arrays, concatenated([one.shape for one in arrays], axis, many, a), a)


def stack(a: Arguments) -> Result:
    arrays = sequence(a["tensors"])
    if arrays is None:
        return UNKNOWN
    if not arrays:
        return Mismatch("shape-op", "there are no arrays to stack")
    axis = integer(a["dim"])
    common = _common([one.shape for one in arrays], a)
    if isinstance(common, Mismatch) or axis is None:
        return common if isinstance(common, Mismatch) else _joined(arrays, ANY_SHAPE, a)
    count = UNKNOWN_DIM if isinstance(a["tensors"], Many) else dim(len(arrays))
    return _joined(arrays, _with_count(common, axis, count), a)


def _common(shapes: Sequence[Shape], a: Arguments) -> Shape | Mismatch:
    """The one shape that all of them must have."""
    ranked = _at_one_rank(shapes)
    if isinstance(ranked, Mismatch):
        return ranked
    return ANY_SHAPE if ranked is None else _item_by_item(ranked, -1, False, a)


def _with_count(shape: Shape, axis: int, count: Dim) -> Shape | Mismatch:
    wider = with_new_axes(shape, (axis,))
    if isinstance(wider, Mismatch) or wider == ANY_SHAPE:
        return wider
    at = place(axis, wider)
    return replaced(wider, at, count) if isinstance(at, int) else ANY_SHAPE


def raised(shape: Shape, rank: int) -> Shape:
    """A shape of at least `rank` axes: new ones go to the front, but the third goes last."""
    if shape.rank is None:
        return shape if shape.min_rank >= rank else ANY_SHAPE
    missing = max(0, rank - shape.rank)
    last = 1 if rank == 3 and shape.rank and missing else 0
    return Shape((*[ONE] * (missing - last), *shape.dims, *[ONE] * last))


def along(rank: int, axis: int) -> Compute:
    """`vstack`, `hstack` and `dstack`: arrays raised to `rank` axes and joined along one."""

    def stacked(a: Arguments) -> Result:
        arrays = sequence(a["tensors"])
        if arrays is None or not arrays:
            return UNKNOWN if arrays is None else Mismatch("shape-op", "there are no arrays to join")
        shapes = [raised(one.shape, rank) for one in arrays]
        arrays = tuple(one.with_shape(shape) for one, shape in zip(arrays, shapes, strict=True))
        at = 0 if axis == 1 and rank == 1 and shapes[0].rank == 1 else axis
        if axis == 1 and shapes[0].rank is None:
            return _joined(arrays, ANY_SHAPE, a)
        return _joined(arrays, concatenated(shapes, at, isinstance(a["tensors"], Many), a), a)

    return stacked


def column_stack(a: Arguments) -> Result:
    arrays = sequence(a["tensors"])
    if arrays is None or not arrays or any(one.shape.rank is None for one in arrays):
        return UNKNOWN if arrays is None or arrays else Mismatch("shape-op", "there are no arrays to join")
    shapes = [one.shape if one.shape.rank != 1 else Shape((*one.shape.dims, ONE)) for one in arrays]
    shapes = [one if one.rank else Shape((ONE, ONE)) for one in shapes]
    arrays = tuple(one.with_shape(shape) for one, shape in zip(arrays, shapes, strict=True))
    return _joined(arrays, concatenated(shapes, 1, isinstance(a["tensors"], Many), a), a)


def append(a: Arguments) -> Result:
    return cat(replace(a, values={"tensors": (a["arr"], a["values"]), "dim": a["axis"]}))


def meshgrid(a: Arguments) -> Result:
    """Vectors become arrays over all their combinations; `xy` swaps the first two axes."""
    given = a["tensors"]
    arrays = sequence((given,) if isinstance(given, Array) else given)
    order = a["indexing"]
    if arrays is None or isinstance(given, Many) or order not in ("ij", "xy") or a.values.get("sparse", False) is not False:
        return UNKNOWN
    refused = next((one for one in arrays if one.shape.rank is not None and one.shape.rank > 1), None)
    if refused is not None and a.library is not Library.NUMPY:
        return Mismatch("shape-rank", f'expected vectors, found "{refused.shape}"', None, "1 axis", str(refused.shape))
    sizes = [one.shape.size for one in arrays]
    if order == "xy":
        sizes[:2] = sizes[1::-1]
    return tuple(replace(one, shape=Shape(tuple(sizes)), library=a.library) for one in arrays)


TABLE = (
    rule(cat, "tensors, dim|axis=0, *, out=None", "torch.cat", "torch.concat", "torch.concatenate"),
    rule(cat, "tensors|arrays, dim|axis=0, *, out=None, dtype=None, **", "jnp.concatenate", "jnp.concat", "np.concatenate", "np.concat"),
    rule(lax_cat, "tensors|operands, dim|dimension", "jax.lax.concatenate"),
    rule(stack, "tensors|arrays, dim|axis=0, *, out=None, dtype=None, **", "torch.stack", "jnp.stack", "np.stack"),
    rule(stack, "tensors|operands, dim|axis=0", "jax.lax.stack"),
    rule(along(2, 0), "tensors|tup, *, dtype=None, **", "torch.vstack", "torch.row_stack", "jnp.vstack", "np.vstack"),
    rule(along(1, 1), "tensors|tup, *, dtype=None, **", "torch.hstack", "jnp.hstack", "np.hstack"),
    rule(along(3, 2), "tensors|tup, *, dtype=None, **", "torch.dstack", "jnp.dstack", "np.dstack"),
    rule(column_stack, "tensors|tup", "torch.column_stack", "jnp.column_stack", "np.column_stack"),
    rule(meshgrid, "*tensors, *, indexing='ij'", "torch.meshgrid"),
    rule(meshgrid, "*tensors, *, copy=True, sparse=False, indexing='xy'", "jnp.meshgrid", "np.meshgrid"),
    rule(append, "arr, values, axis=None", "jnp.append", "np.append"),
)  # fmt: skip
