"""Cutting an array along an axis: split, chunk, unbind and their kin.

Pieces are a tuple when their number is known and not large, else `Many`. `joining` is the other way around.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shapecheck.core.axes import out_of_range, place
from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, divide, mod
from shapecheck.core.shape import ANY_SHAPE, Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Many, Result
from shapecheck.rules.axes import any_of_rank, at_least, at_most, differs, integer, is_rigid, replaced, size_at, sizes
from shapecheck.rules.families import TORCH, spelled
from shapecheck.rules.indexing import slice_length
from shapecheck.rules.table import Compute, rule

PIECES_AT_MOST = 256


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
    rule(cut(split), "input|tensor, sections|split_size_or_sections|split_size, dim=0", *spelled("split unsafe_split", *TORCH)),
    rule(cut(split), "input, sections|split_sizes, dim=0", "torch.split_with_sizes", "torch.split_with_sizes_copy", "Tensor.split_with_sizes"),
    rule(cut(chunk), "input, chunks, dim=0", *spelled("chunk unsafe_chunk", *TORCH)),
    rule(cut(tensor_split), "input, sections|indices_or_sections|indices|tensor_indices_or_sections, dim=0", "torch.tensor_split", "Tensor.tensor_split"),
    rule(cut(tensor_split), "input|ary, sections|indices_or_sections, dim|axis=0", "jnp.array_split", "np.array_split"),
    rule(cut(equal_split), "input|ary, sections|indices_or_sections, dim|axis=0", "jnp.split", "np.split"),
    rule(split_along(2, 0), "input|ary, sections|indices_or_sections|indices", "torch.vsplit", "jnp.vsplit", "np.vsplit"),
    rule(split_along(1, 1), "input|ary, sections|indices_or_sections|indices", "torch.hsplit", "jnp.hsplit", "np.hsplit"),
    rule(split_along(3, 2), "input|ary, sections|indices_or_sections|indices", "torch.dsplit", "jnp.dsplit", "np.dsplit"),
    rule(unbind, "input|x, dim|axis=0", "torch.unbind", "torch.unbind_copy", "Tensor.unbind", "jnp.unstack", "np.unstack", "jax.lax.unstack"),
)  # fmt: skip
