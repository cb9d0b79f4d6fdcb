"""Operations that reorder axes (transpose, permute, `.T`) or elements along them (flip, roll, tril), and diagonals."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.axes import place, places
from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, extremum
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Mismatch, Shape, from_items, unknown_of_rank
from shapecheck.core.value import Arguments, Library
from shapecheck.rules.axes import any_of_rank, at_least, at_most, integer, integers, on_array, replaced, size_at
from shapecheck.rules.families import TORCH, gufunc, kept, spelled
from shapecheck.rules.table import rule

ANY_AXES = from_items([ANY_RUN])


def _in_torch(a: Arguments) -> bool:
    return a.library is Library.TORCH


def _swapped(shape: Shape, one: int, other: int) -> Shape:
    items = list(shape.items)
    items[one], items[other] = items[other], items[one]
    return from_items(items)


@on_array
def permute(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """Axes in a new order; numpy and jax reverse them when no order is given."""
    if a["dims"] is None or (a["dims"] == () and not _in_torch(a)):
        return reverse(shape)
    axes = integers(a["dims"])
    return any_of_rank(shape) if axes is None else permuted(shape, axes)


def permuted(shape: Shape, axes: Sequence[int]) -> Shape | Mismatch:
    """The shape with its axes in the order `axes`, all of which must be named."""
    if shape.rank is not None and len(axes) != shape.rank:
        reason = f"an order of {len(axes)} axes for an array of {shape.rank} ({shape})"
        return Mismatch("shape-rank", reason, None, f"{shape.rank} axes", str(len(axes)))
    if shape.min_rank > len(axes):
        reason = f"an order of {len(axes)} axes for an array of at least {shape.min_rank} ({shape})"
        return Mismatch("shape-rank", reason, None, f"at least {shape.min_rank} axes", str(len(axes)))
    known = shape if shape.run is None else _with_rank(shape, len(axes))
    found = places(axes, known)
    if isinstance(found, Mismatch) or found is None:
        return found or ANY_SHAPE
    return Shape(tuple(known.dims[at] for at in found))


def _with_rank(shape: Shape, rank: int) -> Shape:
    return Shape((*shape.prefix, *[UNKNOWN_DIM] * (rank - shape.min_rank), *shape.suffix))


def reverse(shape: Shape) -> Shape:
    """All axes in reverse order; those of a run are not known then."""
    return from_items(item if isinstance(item, Dim) else ANY_RUN for item in reversed(shape.items))


@on_array
def reversed_axes(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`.T`"""
    return reverse(shape)


@on_array
def matrix_transpose(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`.mT`: the last two axes change places; torch still takes a scalar."""
    if shape == Shape() and _in_torch(a):
        return shape
    if shape.rank is not None and shape.rank < 2:
        return Mismatch("shape-rank", f'expected at least 2 axes, found {shape.rank} ("{shape}")', None, "2 axes", str(shape))
    one, other = place(-2, shape), place(-1, shape)
    return _swapped(shape, one, other) if isinstance(one, int) and isinstance(other, int) else ANY_SHAPE


@on_array
def adjoint_attribute(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """torch's `.H`: of a matrix or a scalar only."""
    return _of_matrix(shape, (0, 2))


@on_array
def matrix_t(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`t()`: of at most two axes."""
    return _of_matrix(shape, (0, 1, 2))


def _of_matrix(shape: Shape, ranks: tuple[int, ...]) -> Shape | Mismatch:
    if (shape.rank is not None and shape.rank not in ranks) or shape.min_rank > max(ranks):
        return Mismatch("shape-rank", f'expected a matrix, found {shape.min_rank} axes ("{shape}")', None, "2 axes", str(shape))
    return reverse(shape)


# --- elements along axes -----------------------------------------------------------------------------------------


@on_array
def roll(a: Arguments, shape: Shape) -> Shape | Mismatch:
    axes, shifts = a["dims"], a["shifts"]
    named = integers(axes) if axes is not None and axes != () else None
    if _in_torch(a) and shape.size == ZERO:
        return shape
    for axis in named or ():
        if isinstance(found := place(axis, shape, _in_torch(a)), Mismatch) and shape != Shape():
            return found
    if _in_torch(a) and (shifts == () or (named and shape == Shape())):
        return Mismatch("shape-op", "shifts are required" if shifts == () else "a scalar has no axis to roll")
    if _in_torch(a) and named is not None and isinstance(shifts, tuple) and len(shifts) != len(named):
        return Mismatch("shape-op", f"{len(shifts)} shifts for {len(named)} {'axis' if len(named) == 1 else 'axes'}")
    return shape


@on_array
def of_matrices(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """numpy's `tril`, `triu`: of a vector they make a square."""
    if shape.rank == 0:
        return Mismatch("shape-rank", "expected at least 1 axis, found a scalar", None, "1 axis", "")
    if shape.rank == 1:
        return Shape((shape.dims[0], shape.dims[0]))
    return shape


@on_array
def rot90(a: Arguments, shape: Shape) -> Shape | Mismatch:
    turns, axes = integer(a["k"]), integers(a["dims"])
    if axes is None or turns is None:
        return any_of_rank(shape)
    if len(axes) != 2:
        return Mismatch("shape-op", f"expected 2 axes to rotate, found {len(axes)}")
    if shape.rank is not None and shape.rank < 2:
        return Mismatch("shape-rank", f'expected at least 2 axes, found {shape.rank} ("{shape}")', None, "2 axes", str(shape))
    found = places(axes, shape)
    if isinstance(found, Mismatch):
        return found
    if found is None:
        return ANY_SHAPE
    return _swapped(shape, *found) if turns % 2 else shape


# --- diagonals ---------------------------------------------------------------------------------------------------


def diagonal_length(rows: Dim, columns: Dim, offset: int | None) -> Dim:
    """The number of elements on a diagonal, unknown when it might be none."""
    if offset is None:
        return UNKNOWN_DIM
    rows, columns = (rows, columns - offset) if offset >= 0 else (rows + offset, columns)
    if at_most(rows, 0) or at_most(columns, 0):
        return dim(0)
    if compare(rows, columns) is Verdict.EQUAL:
        return rows if at_least(rows, 0) else UNKNOWN_DIM
    return extremum("min", [rows, columns]) if at_least(rows, 0) and at_least(columns, 0) else UNKNOWN_DIM


@on_array
def diagonal(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """The diagonal of two axes becomes the last axis."""
    first, second = integer(a["dim1"]), integer(a["dim2"])
    if shape.rank is not None and shape.rank < 2:
        return Mismatch("shape-rank", f'expected at least 2 axes, found {shape.rank} ("{shape}")', None, "2 axes", str(shape))
    if first is None or second is None or shape.rank is None:
        return ANY_SHAPE
    found = places((first, second), shape)
    if not isinstance(found, list):
        return found or ANY_SHAPE
    rows, columns = (size_at(shape, at) for at in found)
    rest: list[Item] = [item for at, item in enumerate(shape.items) if at not in found]
    return from_items([*rest, diagonal_length(rows, columns, integer(a["offset"]))])


@on_array
def diag(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """A vector becomes a matrix, a matrix its diagonal."""
    offset = integer(a["offset"])
    if shape.rank == 1:
        side = shape.dims[0] + abs(offset) if offset is not None else UNKNOWN_DIM
        return Shape((side, side))
    if shape.rank == 2:
        rows, columns = shape.dims
        return Shape((diagonal_length(rows, columns, offset),))
    if shape.rank is not None or shape.min_rank > 2:
        found = f'{shape.min_rank} axes ("{shape}")'
        return Mismatch("shape-rank", f"expected a vector or a matrix, found {found}", None, "1 or 2 axes", str(shape))
    return ANY_SHAPE


@on_array
def diag_embed(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """The last axis becomes the diagonal of two new ones."""
    offset, axes = integer(a["offset"]), (integer(a["dim1"]), integer(a["dim2"]))
    if shape.rank == 0:
        return Mismatch("shape-rank", "expected at least 1 axis, found a scalar", None, "1 axis", "")
    if shape.rank is not None and axes[0] is not None and axes[1] is not None:
        at = places((axes[0], axes[1]), unknown_of_rank(shape.rank + 1))
        if at is None or isinstance(at, Mismatch):
            return ANY_SHAPE if at is None else at
        return _embedded(shape.dims, at, UNKNOWN_DIM if offset is None else shape.dims[-1] + abs(offset))
    if axes != (-2, -1) or (shape.rank is None and not shape.suffix) or offset is None:
        return ANY_SHAPE
    side = size_at(shape, len(shape.items) - 1) + abs(offset)
    return replaced(shape, len(shape.items) - 1, side, side)


def _embedded(sizes: tuple[Dim, ...], at: Sequence[int], side: Dim) -> Shape:
    """The sizes but the last, with a square's two sides put in."""
    rest = iter(sizes[:-1])
    return Shape(tuple(side if index in at else next(rest) for index in range(len(sizes) + 1)))


@on_array
def diagflat(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """All elements on the diagonal of a matrix."""
    offset = integer(a["offset"])
    side = shape.size + abs(offset) if offset is not None else UNKNOWN_DIM
    return Shape((side, side))


@on_array
def rollaxis(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """An axis moves to stand before another."""
    axis, start = integer(a["axis"]), integer(a["start"])
    if axis is None or start is None or shape.rank is None:
        return any_of_rank(shape)
    at = place(axis, shape)
    if not isinstance(at, int) or not -shape.rank <= start <= shape.rank:
        return at if isinstance(at, Mismatch) else any_of_rank(shape)
    to = start + shape.rank if start < 0 else start
    rest = [n for index, n in enumerate(shape.dims) if index != at]
    rest.insert(to - (at < to), shape.dims[at])
    return Shape(tuple(rest))


SWAP, ORDER, SEVERAL = "*s m@dim0 n@dim1 -> *s n@dim0 m@dim1", "*n@dims -> *n", "*s *n@dims -> *s *n@dims"

TABLE = (
    gufunc(SWAP, "input, dim0|axis0, dim1|axis1", kept, "torch.transpose", "torch.swapaxes", "torch.swapdims", "Tensor.transpose", "Tensor.transpose_", "torch.transpose_copy", "Tensor.swapaxes", "Tensor.swapdims"),
    gufunc(SWAP, "input|a, dim0|axis1, dim1|axis2", kept, "jnp.swapaxes", "np.swapaxes", "Array.swapaxes", "ndarray.swapaxes"),
    gufunc(ORDER, "input, *dims", kept, "Tensor.permute"),
    rule(permute, "input, *dims", "Array.transpose", "ndarray.transpose"),
    gufunc(ORDER, "input, dims", kept, "torch.permute", "torch.permute_copy"),
    gufunc(ORDER, "input|a|operand, dims|axes|permutation", kept, "jnp.permute_dims", "jax.lax.transpose"),
    rule(permute, "input|a|x|operand, dims|axes|axis|permutation=None", "jnp.transpose", "np.transpose", "np.permute_dims"),
    rule(reversed_axes, "input", "Tensor.T", "Array.T", "ndarray.T"),
    rule(matrix_transpose, "input", "Tensor.mT", "Tensor.mH", "torch.adjoint", "Tensor.adjoint"),
    gufunc("*s m n -> *s n m", "input|x", kept, "Array.mT", "ndarray.mT", "jnp.matrix_transpose", "np.matrix_transpose"),
    rule(adjoint_attribute, "input", "Tensor.H"),
    rule(matrix_t, "input", "torch.t", "torch.t_copy", "Tensor.t", "Tensor.t_"),
    gufunc("*s *n@source -> *s *n@destination", "input|a, source, destination", kept, "torch.movedim", "torch.moveaxis", "Tensor.movedim", "Tensor.moveaxis", "jnp.moveaxis", "np.moveaxis"),
    gufunc(SEVERAL, "input, *dims", kept, "Tensor.flip"),
    gufunc(SEVERAL, "input|m, dims|axis=None", kept, "torch.flip", "jnp.flip", "np.flip"),
    rule(roll, "input|a, shifts|shift, dims|axis=None", "torch.roll", "Tensor.roll", "jnp.roll", "np.roll"),
    gufunc("*s m n -> *s m n", "input|m, diagonal|k=0", kept, *spelled("tril triu", *TORCH, "Tensor.{}_", "jnp.{}")),
    rule(of_matrices, "input|m, diagonal|k=0", "np.tril", "np.triu"),
    rule(rot90, "input|m, k=1, dims|axes=(0,1)", "torch.rot90", "Tensor.rot90", "jnp.rot90", "np.rot90"),
    rule(diagonal, "input|a, offset=0, dim1|axis1=0, dim2|axis2=1", "torch.diagonal", "torch.diagonal_copy", "Tensor.diagonal", "jnp.diagonal", "np.diagonal", "Array.diagonal", "ndarray.diagonal"),
    rule(diagonal, "input|A, *, offset=0, dim1|axis1=-2, dim2|axis2=-1", "torch.linalg.diagonal"),
    rule(diag, "input|v, offset|diagonal|k=0", "torch.diag", "Tensor.diag", "jnp.diag", "np.diag"),
    rule(diagflat, "input|v, offset|k=0", "torch.diagflat", "Tensor.diagflat", "jnp.diagflat", "np.diagflat"),
    rule(rollaxis, "input|a, axis, start=0", "jnp.rollaxis", "np.rollaxis"),
    gufunc("m n *s -> m n *s", "input|m", kept, "jnp.fliplr", "np.fliplr", "torch.fliplr", "Tensor.fliplr"),
    gufunc("m *s -> m *s", "input|m", kept, "jnp.flipud", "np.flipud", "torch.flipud", "Tensor.flipud"),
    rule(diag_embed, "input, offset=0, dim1=-2, dim2=-1", "torch.diag_embed", "Tensor.diag_embed"),
)  # fmt: skip
