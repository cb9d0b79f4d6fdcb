"""Joining arrays (cat, stack and their relatives) and cutting one into pieces (split, chunk, unbind).

A sequence argument is a tuple of values, or `Many` when its length is not known. Pieces are a tuple when their number is
decided and `Many` otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from shapecheck.core.axes import of_rank, out_of_range, place
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, divide, mod
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result, Value
from shapecheck.rules.axes import agreed, any_of_rank, at_least, at_most, differs, integer, is_rigid, replaced, size_at, sizes
from shapecheck.rules.families import TORCH, spelled
from shapecheck.rules.indexing import slice_length
from shapecheck.rules.reshape import raised, with_new_axes
from shapecheck.rules.table import Compute, rule

PIECES_AT_MOST = 256


# --- joining -----------------------------------------------------------------------------------------------------


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


# --- cutting -----------------------------------------------------------------------------------------------------

type Cut = Callable[[Dim, Arguments], tuple[Dim, ...] | Dim | Mismatch]
"""The sizes of the pieces of an axis, one size when their number is not decided, or why it cannot be cut."""


def cut(pieces: Cut, parameter: str = "dim") -> Compute:
    """A computation that cuts the first argument along the axis in `parameter`."""

    def pieces_of(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        axis = integer(a[parameter])
        at = None if axis is None else place(axis, array.shape)
        if isinstance(at, Mismatch):
            return at
        if at is None:
            return Many(replace(array, shape=any_of_rank(array.shape), library=a.library))
        return _pieces(array, at, pieces(size_at(array.shape, at), a), a)

    pieces_of.__name__ = pieces.__name__
    return pieces_of


def _pieces(array: Array, at: int, found: tuple[Dim, ...] | Dim | Mismatch, a: Arguments) -> Result:
    match found:
        case Mismatch():
            return found
        case Dim():
            return Many(replace(array, shape=replaced(array.shape, at, found), library=a.library))
        case _:
            return tuple(replace(array, shape=replaced(array.shape, at, one), library=a.library) for one in found)


def split(n: Dim, a: Arguments) -> tuple[Dim, ...] | Dim | Mismatch:
    """torch's `split`: pieces of one size, or of the sizes given."""
    match a["sections"]:
        case Dim() as each:
            return _of_size(n, each)
        case tuple():
            return _of_sizes(n, sizes(a["sections"]) or (), a)
        case _:
            return UNKNOWN_DIM


def _of_sizes(n: Dim, parts: tuple[Dim, ...], a: Arguments) -> tuple[Dim, ...] | Mismatch:
    total = sum(parts, ZERO)
    if differs(total, n, a):
        reason = f"the sections {' + '.join(map(str, parts))} have {total} in all, the axis has {n}"
        return Mismatch("shape-mismatch", reason, None, str(n), str(total))
    return parts


def _of_size(n: Dim, each: Dim) -> tuple[Dim, ...] | Dim | Mismatch:
    if at_most(each, -1) or (each == ZERO and at_least(n, 1)):
        return Mismatch("shape-op", f"cannot split into pieces of size {each}")
    if (count := _whole(n, each)) is not None:
        return (each,) * count
    have, size_of_each = n.constant, each.constant
    if have is None or size_of_each is None or have > PIECES_AT_MOST * max(size_of_each, 1):
        return UNKNOWN_DIM
    if have == 0 or size_of_each == 0:
        return (n,)
    whole, rest = divmod(have, size_of_each)
    return (each,) * whole + ((dim(rest),) if rest else ())


def _whole(n: Dim, each: Dim) -> int | None:
    """How many pieces of one size an axis is, when that is a small whole number."""
    quotient = None if each == ZERO or not at_least(n, 1) else divide(n, each)
    count = None if quotient is None else quotient.constant
    return count if count is not None and 0 < count <= PIECES_AT_MOST else None


def chunk(n: Dim, a: Arguments) -> tuple[Dim, ...] | Dim | Mismatch:
    """torch's `chunk`: pieces of the rounded up size, of which there may be fewer than asked for."""
    count = integer(a["chunks"])
    if count is None:
        return UNKNOWN_DIM
    if count <= 0:
        return Mismatch("shape-op", f"cannot split into {count} chunks")
    if n == ZERO:
        return (ZERO,) * count if count <= PIECES_AT_MOST else ZERO
    each = (n + (count - 1)) // count
    if n.constant is not None:
        return _of_size(n, each)
    exact = divide(n, dim(count))
    if exact is not None and at_least(exact, 1):
        return (exact,) * count if count <= PIECES_AT_MOST else exact
    # A size that a signature promises to take is taken to be large enough for all the chunks.
    if is_rigid(n) and count <= PIECES_AT_MOST:
        return (*[each] * (count - 1), n - each * (count - 1))
    return UNKNOWN_DIM


def tensor_split(n: Dim, a: Arguments) -> tuple[Dim, ...] | Dim | Mismatch:
    """`tensor_split`, `array_split`: exactly so many pieces, or cuts before the given indices."""
    match a["sections"]:
        case Dim() as count if (pieces := count.constant) is not None:
            return _even(n, pieces)
        case tuple():
            return _between(n, sizes(a["sections"]) or ())
        case _:
            return UNKNOWN_DIM


def _even(n: Dim, pieces: int) -> tuple[Dim, ...] | Dim | Mismatch:
    if pieces <= 0:
        return Mismatch("shape-op", f"cannot split into {pieces} pieces")
    if pieces > PIECES_AT_MOST:
        return UNKNOWN_DIM
    return tuple((n + (pieces - 1 - index)) // pieces for index in range(pieces))


def _between(n: Dim, cuts: tuple[Dim, ...]) -> tuple[Dim, ...]:
    stops: list[Dim | None] = [*cuts, None]
    starts: list[Dim | None] = [None, *cuts]
    return tuple(slice_length(n, start, stop) for start, stop in zip(starts, stops, strict=True))


def equal_split(n: Dim, a: Arguments) -> tuple[Dim, ...] | Dim | Mismatch:
    """numpy's and jax's `split`: a number of pieces must divide the axis."""
    pieces = integer(a["sections"])
    if pieces is None:
        return tensor_split(n, a)
    if pieces <= 0:
        return Mismatch("shape-op", f"cannot split into {pieces} pieces")
    if compare(mod(n, dim(pieces)), ZERO) is Verdict.DIFFERENT:
        return Mismatch(
            "shape-op", f"an axis of size {n} does not divide into {pieces} equal pieces", None, f"{pieces}*n", str(n)
        )
    return (n // pieces,) * pieces if pieces <= PIECES_AT_MOST else n // pieces


def unbind(a: Arguments) -> Result:
    """Every slice along an axis."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    axis = integer(a["dim"])
    at = None if axis is None else place(axis, array.shape)
    if isinstance(at, Mismatch):
        return at
    if at is None:
        return Many(replace(array, shape=ANY_SHAPE, library=a.library))
    item = replace(array, shape=replaced(array.shape, at), library=a.library)
    count = size_at(array.shape, at).constant
    return (item,) * count if count is not None and count <= PIECES_AT_MOST else Many(item)


def split_along(rank: int, axis: int) -> Compute:
    """`vsplit`, `hsplit`, `dsplit`."""
    cut_it = cut(equal_split)

    def split_at(a: Arguments) -> Result:
        array = a.array("input")
        if array is None or array.shape.rank is None:
            return UNKNOWN
        if array.shape.rank < rank and a.library is not Library.JAX:
            return out_of_range(axis, array.shape)
        here = 0 if axis == 1 and array.shape.rank == 1 else axis
        return cut_it(replace(a, values={**a.values, "dim": dim(here)}))

    return split_at


TABLE = (
    rule(cat, "tensors, dim|axis=0, *, out=None", "torch.cat", "torch.concat", "torch.concatenate"),
    rule(cat, "tensors|arrays, dim|axis=0, out=None, *, dtype=None, **", "jnp.concatenate", "jnp.concat", "np.concatenate", "np.concat"),
    rule(lax_cat, "tensors|operands, dim|dimension", "jax.lax.concatenate"),
    rule(stack, "tensors|arrays, dim|axis=0, out=None, *, dtype=None, **", "torch.stack", "jnp.stack", "np.stack"),
    rule(stack, "tensors|operands, dim|axis=0", "jax.lax.stack"),
    rule(along(2, 0), "tensors|tup, *, dtype=None, **", "torch.vstack", "torch.row_stack", "jnp.vstack", "np.vstack"),
    rule(along(1, 1), "tensors|tup, *, dtype=None, **", "torch.hstack", "jnp.hstack", "np.hstack"),
    rule(along(3, 2), "tensors|tup, *, dtype=None, **", "torch.dstack", "jnp.dstack", "np.dstack"),
    rule(column_stack, "tensors|tup", "torch.column_stack", "jnp.column_stack", "np.column_stack"),
    rule(meshgrid, "*tensors, *, indexing='ij'", "torch.meshgrid"),
    rule(meshgrid, "*tensors, *, copy=True, sparse=False, indexing='xy'", "jnp.meshgrid", "np.meshgrid"),
    rule(append, "arr, values, axis=None", "jnp.append", "np.append"),
    rule(cut(split), "input|tensor, sections|split_size_or_sections|split_size, dim=0", *spelled("split unsafe_split", *TORCH)),
    rule(cut(split), "input, sections|split_sizes, dim=0", "torch.split_with_sizes", "torch.split_with_sizes_copy", "Tensor.split_with_sizes"),
    rule(cut(chunk), "input, chunks, dim=0", *spelled("chunk unsafe_chunk", *TORCH)),
    rule(cut(tensor_split), "input, sections|indices_or_sections|indices, dim=0", "torch.tensor_split", "Tensor.tensor_split"),
    rule(cut(tensor_split), "input|ary, sections|indices_or_sections, dim|axis=0", "jnp.array_split", "np.array_split"),
    rule(cut(equal_split), "input|ary, sections|indices_or_sections, dim|axis=0", "jnp.split", "np.split"),
    rule(split_along(2, 0), "input|ary, sections|indices_or_sections", "torch.vsplit", "jnp.vsplit", "np.vsplit"),
    rule(split_along(1, 1), "input|ary, sections|indices_or_sections", "torch.hsplit", "jnp.hsplit", "np.hsplit"),
    rule(split_along(3, 2), "input|ary, sections|indices_or_sections", "torch.dsplit", "jnp.dsplit", "np.dsplit"),
    rule(unbind, "input|x, dim|axis=0", "torch.unbind", "torch.unbind_copy", "Tensor.unbind", "jnp.unstack", "np.unstack", "jax.lax.unstack"),
)  # fmt: skip
