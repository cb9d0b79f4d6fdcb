"""Operations that reorder axes (transpose, permute, `.T`) or elements along them (flip, roll, tril), and diagonals."""

from __future__ import annotations

from shapecheck.core.axes import place, places
from shapecheck.core.dim import ZERO
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.value import Arguments, Library
from shapecheck.rules.axes import any_of_rank, integer, integers, on_array
from shapecheck.rules.families import NO_SCALARS, TORCH, gufunc, kept, spelled
from shapecheck.rules.table import rule


def _in_torch(a: Arguments) -> bool:
    return a.library is Library.TORCH


def _swapped(shape: Shape, one: int, other: int) -> Shape:
    items = list(shape.items)
    items[one], items[other] = items[other], items[one]
    return from_items(items)


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


LENGTH = "max(min(m+min(offset,0),n-max(offset,0)),0)"
DIAGONAL = f"*s m@dim1 n@dim2 -> *s {LENGTH}"
SWAP, ORDER, SEVERAL = "*s m@dim0 n@dim1 -> *s n@dim0 m@dim1", "*n@dims -> *n", "*s *n@dims -> *s *n@dims"

TABLE = (
    gufunc(SWAP, "input, dim0|axis0, dim1|axis1", kept, "torch.transpose", "torch.swapaxes", "torch.swapdims", "Tensor.transpose", "Tensor.transpose_", "torch.transpose_copy", "Tensor.swapaxes", "Tensor.swapdims"),
    gufunc(SWAP, "input|a, dim0|axis1, dim1|axis2", kept, "jnp.swapaxes", "np.swapaxes", "Array.swapaxes", "ndarray.swapaxes"),
    gufunc(ORDER, "input, *dims", kept, "Tensor.permute"),
    gufunc(f"*s -> *~s if dims=None; -> *~s if dims=(); {ORDER}", "input, *dims", kept, "Array.transpose", "ndarray.transpose"),
    gufunc(ORDER, "input, dims", kept, "torch.permute", "torch.permute_copy"),
    gufunc(ORDER, "input|a|operand, dims|axes|permutation", kept, "jnp.permute_dims", "jax.lax.transpose"),
    gufunc(f"*s -> *~s if dims=None; {ORDER}", "input|a, dims|axes=None", kept, "jnp.transpose", "np.transpose", "np.permute_dims"),
    gufunc("*s -> *~s", "input", kept, "Tensor.T", "Array.T", "ndarray.T"),
    gufunc("() -> (); *s m n -> *s n m", "input", kept, "Tensor.mT", "Tensor.mH", "torch.adjoint", "Tensor.adjoint"),
    gufunc("*s m n -> *s n m", "input|x", kept, "Array.mT", "ndarray.mT", "jnp.matrix_transpose", "np.matrix_transpose"),
    gufunc("() -> (); m n -> n m", "input", kept, "Tensor.H"),
    gufunc("() -> (); n -> n; m n -> n m", "input", kept, "torch.t", "torch.t_copy", "Tensor.t", "Tensor.t_"),
    gufunc("*s *n@source -> *s *n@destination", "input|a, source, destination", kept, "torch.movedim", "torch.moveaxis", "Tensor.movedim", "Tensor.moveaxis", "jnp.moveaxis", "np.moveaxis"),
    gufunc(SEVERAL, "input, *dims", kept, "Tensor.flip"),
    gufunc(SEVERAL, "input|m, dims|axis=None", kept, "torch.flip", "jnp.flip", "np.flip"),
    rule(roll, "input|a, shifts|shift, dims|axis=None", "torch.roll", "Tensor.roll", "jnp.roll", "np.roll"),
    gufunc("*s m n -> *s m n", "input|m, diagonal|k=0", kept, *spelled("tril triu", *TORCH, "Tensor.{}_", "jnp.{}")),
    gufunc("n -> n n; *s m n -> *s m n", "input|m, diagonal|k=0", kept, "np.tril", "np.triu"),
    rule(rot90, "input|m, k=1, dims|axes=(0,1)", "torch.rot90", "Tensor.rot90", "jnp.rot90", "np.rot90"),
    gufunc(DIAGONAL, "input|a, offset=0, dim1|axis1=0, dim2|axis2=1", kept, "torch.diagonal", "torch.diagonal_copy", "Tensor.diagonal", "jnp.diagonal", "np.diagonal", "Array.diagonal", "ndarray.diagonal", scalars=NO_SCALARS),
    gufunc(DIAGONAL, "input|A, *, offset=0, dim1|axis1=-2, dim2|axis2=-1", kept, "torch.linalg.diagonal", scalars=NO_SCALARS),
    gufunc(f"n -> n+abs(offset) n+abs(offset); m n -> {LENGTH}", "input|v, offset|diagonal|k=0", kept, "torch.diag", "Tensor.diag", "jnp.diag", "np.diag"),
    gufunc("*s -> prod(s)+abs(offset) prod(s)+abs(offset)", "input|v, offset|k=0", kept, "torch.diagflat", "Tensor.diagflat", "jnp.diagflat", "np.diagflat"),
    rule(rollaxis, "input|a, axis, start=0", "jnp.rollaxis", "np.rollaxis"),
    gufunc("m n *s -> m n *s", "input|m", kept, "jnp.fliplr", "np.fliplr", "torch.fliplr", "Tensor.fliplr"),
    gufunc("m *s -> m *s", "input|m", kept, "jnp.flipud", "np.flipud", "torch.flipud", "Tensor.flipud"),
    gufunc("*s n -> *s n+abs(offset)@dim1 n+abs(offset)@dim2", "input, offset=0, dim1=-2, dim2=-1", kept, "torch.diag_embed", "Tensor.diag_embed"),
)  # fmt: skip
