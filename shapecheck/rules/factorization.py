"""Linear algebra that fewer programs need: LU, LDL and least squares, solvers that take factors, tensor equations.

`linalg` has the common inverses, solvers and decompositions.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.axes import places
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import CATEGORY, INTEGER, Typed, is_integral, mapped, real_part
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, axis_from_right, broadcast
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import agreed, at_least, integer, integers
from shapecheck.rules.families import (
    TORCH,
    always,
    equal_dtypes,
    gufunc,
    kept,
    or_float32,
    or_unknown,
    promoted,
    shape_of,
    spelled,
    typed_result,
)
from shapecheck.rules.linalg import LEAST, decomposed, real_decomposed
from shapecheck.rules.table import Rule, rule

L = "torch.linalg.{}"
EACH = (L, "jnp.linalg.{}", "np.linalg.{}")
INT32 = always("int32")
LOW_RANK = "*b m n -> *b m min(q,m,n), *b min(q,m,n), *b n min(q,m,n)"


def solved(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the matrices, whatever the pivots have; of two dtypes it is not known whether torch refuses them."""
    matrices = [value for value in values if not isinstance(value, Array) or not is_integral(value.dtype)]
    return or_unknown(promoted)(matrices, library) if matrices else Typed(ANY_DTYPE)


def unpacked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the factors, whatever the pivots have."""
    return decomposed(values[:1], library)


def tall(a: Arguments) -> Mismatch | None:
    """The mismatch of matrices with fewer rows than columns."""
    matrix = shape_of(a["A"])
    rows, columns = axis_from_right(matrix, 1), axis_from_right(matrix, 0)
    if rows is None or columns is None or not at_least(columns - rows, 1):
        return None
    reason = f"needs at least as many rows as columns, found {rows} by {columns}"
    return Mismatch("shape-op", reason, -2, f">={columns}", str(rows))


def reflectors(a: Arguments) -> Mismatch | None:
    """The mismatch of another number of scales than of columns; of wide matrices there may be fewer."""
    columns, scales = axis_from_right(shape_of(a["input"]), 0), axis_from_right(shape_of(a["tau"]), 0)
    if columns is None or scales is None or not at_least(scales - columns, 1):
        return None
    reason = f"{scales} scales for {columns} columns"
    return Mismatch("shape-op", reason, -1, f"<={columns}", str(scales))


def lstsq(a: Arguments) -> Result:
    """A solution for every column, and what the driver says about the matrix."""
    left, right = shape_of(a["A"]), shape_of(a["B"])
    typed = decomposed((a["A"], a["B"]), a.library)
    unknown = Array(ANY_SHAPE, ANY_DTYPE, a.library)
    if isinstance(typed, Mismatch):
        return typed
    if left.rank is not None and left.rank < 2:
        return Mismatch("shape-rank", f'a matrix needs 2 axes, found "{left}"', None, "2 axes", str(left))
    if left.rank != 2 or right.rank not in (1, 2):
        return Array(ANY_SHAPE, typed.dtypes, a.library), unknown, unknown, unknown
    if (agreed(left.dims[0], right.dims[0], a)) is None:
        reason = f"the matrix has {left.dims[0]} rows, the right side {right.dims[0]}"
        return Mismatch("shape-op", reason, 0, str(left.dims[0]), str(right.dims[0]))
    return Array(Shape((left.dims[1], *right.dims[1:])), typed.dtypes, a.library), unknown, unknown, unknown


def multi_dot(a: Arguments) -> Result:
    """A chain of matrices; the first and the last may be vectors."""
    chain = a["arrays"]
    if not isinstance(chain, tuple) or len(chain) < 2:
        return UNKNOWN
    shapes = [shape_of(each) for each in chain]
    found: Shape | tuple[Shape, ...] | Mismatch = shapes[0]
    for index, right in enumerate(shapes[1:], 1):
        ranks = (2,) if index < len(shapes) - 1 else (1, 2)
        if isinstance(found, Mismatch | tuple):
            break
        if right.rank is not None and right.rank not in ranks:
            return Mismatch("shape-rank", f"array {index + 1} has {right.rank} axes ({right})", None, "2 axes", str(right))
        found = signature("m? k, k n? -> m? n?").apply((found, right), a.facts)
    return typed_result(found, equal_dtypes(chain, a.library), a.library)


def conditioned(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Condition numbers: real in torch, elsewhere it is not known."""
    return real_decomposed(values, library) if library is Library.TORCH else Typed(ANY_DTYPE)


def tensor_inverse(a: Arguments) -> Result:
    """The last axes first."""
    found, first = shape_of(a["A"]), integer(a["ind"])
    if found.rank is None or first is None or not 0 < first <= found.rank:
        return UNKNOWN
    typed = decomposed((a["A"],), a.library)
    return typed_result(Shape(found.dims[first:] + found.dims[:first]), typed, a.library)


def tensor_solve(a: Arguments) -> Result:
    """What is left of the tensor behind the axes of the right side."""
    left, right = shape_of(a["A"]), shape_of(a["B"])
    moved = () if a["dims"] is None else integers(a["dims"])
    if left.rank is None or right.rank is None or moved is None or isinstance(at := places(moved, left), Mismatch) or at is None:
        return UNKNOWN
    order = [*(axis for axis in range(left.rank) if axis not in at), *at]
    kept = Shape(tuple(left.dims[axis] for axis in order[right.rank :]))
    return typed_result(kept, _floats_kept((a["A"], a["B"]), a.library), a.library)


def vectors_product(a: Arguments) -> Result:
    """`vecdot`: products along an axis."""
    left, right = shape_of(a["x"]), shape_of(a["y"])
    found = broadcast(left, right, a.facts)
    if isinstance(found, Mismatch):
        return found
    typed = or_unknown(promoted)((a["x"], a["y"]), a.library)
    if left.rank in (1, None) and right.rank in (1, None):  # of vectors torch does not look at the axis
        return typed_result(SCALAR if left.rank == right.rank == 1 else ANY_SHAPE, typed, a.library)
    return typed_result(signature("*s n@dim -> *s").apply((found,), a.facts, call=a.values), typed, a.library)


def _floats_kept(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of floats that all are alike; what becomes of integers is left open."""
    found = or_unknown(promoted)(values, library)
    return found if isinstance(found, Typed) and not is_integral(found.dtypes) else Typed(ANY_DTYPE)


def multiplied(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of running products: integers become int64."""
    found = kept(values, library)
    return (
        found
        if isinstance(found, Mismatch)
        else Typed(mapped(lambda name: name if CATEGORY[name] > INTEGER else "int64", found.dtypes))
    )


def of_a_difference(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The real part of the floats' dtype."""
    found = _floats_kept(values, library)
    return found if isinstance(found, Mismatch) else Typed(real_part(found.dtypes))


TABLE: tuple[Rule, ...] = (
    gufunc("*b n n -> *b n n, *b", "A|input, **", (decomposed, INT32), *spelled("cholesky_ex inv_ex", L)),
    gufunc("*b n n -> *b n n, *b n", "A, **", (decomposed, INT32), *spelled("ldl_factor", L)),
    gufunc("*b n n -> *b n n, *b n, *b", "A, **", (decomposed, INT32, INT32), *spelled("ldl_factor_ex", L)),
    gufunc("*b n n, *b n, *b n k -> *b n k", "LD, pivots, B, **", solved, *spelled("ldl_solve", L)),
    gufunc(
        "*b n n, *b n, *b n k -> *b n k if left; *b n n, *b n, *b k n -> *b k n if not left",
        "LU, pivots, B, *, left=True, adjoint=False",
        solved,
        "torch.linalg.lu_solve",
    ),
    gufunc("*b n k, *b n n, *b n -> *b n k", "b|input, LU_data, LU_pivots", solved, *spelled("lu_solve", *TORCH)),
    gufunc("*b n k, *b n n -> *b n k", "input, L|input2, **", solved, *spelled("cholesky_solve", *TORCH)),
    gufunc("*b n k, *b n n -> *b n k, *b n n", "b|input, A, **", (solved, solved), *spelled("triangular_solve", *TORCH)),
    gufunc("*b m n, *b k -> *b m n", "input, tau", solved, *spelled("householder_product", L)),
    gufunc("*b n n -> *b n n", "L|input, upper=False", decomposed, *spelled("cholesky_inverse", *TORCH)),
    gufunc(f"*b m n -> *b m n, *b {LEAST}", "A|input", (decomposed, decomposed), *spelled("geqrf", *TORCH)),
    gufunc("*b m n -> *b m n, *b n n", "A", (decomposed, decomposed), "torch.linalg.polar", check=tall),
    gufunc(LOW_RANK, "A, q=6, niter=2, M=None", (decomposed, real_decomposed, decomposed), "torch.svd_lowrank"),
    gufunc(LOW_RANK, "A, q=6, center=True, niter=2", (decomposed, real_decomposed, decomposed), "torch.pca_lowrank"),
    gufunc(
        "*b m _, *b _, *b m n -> *b m n if left; *b n _, *b _, *b m n -> *b m n if not left",
        "input, tau|input2, other|input3, left=True, transpose=False",
        decomposed,
        *spelled("ormqr", *TORCH),
        check=reflectors,
    ),
    gufunc(
        f"*b m n -> *b m n, *b {LEAST}, *b if get_infos; -> *b m n, *b {LEAST}",
        "A|input, pivot=True, get_infos=False",
        [(decomposed, INT32, INT32), (decomposed, INT32)],
        *spelled("lu", *TORCH),
    ),
    gufunc(
        f"*b m n, *b k -> *b m m, *b m {LEAST}, *b {LEAST} n if unpack_data and unpack_pivots; "
        f"-> 0, *b m {LEAST}, *b {LEAST} n if unpack_data; -> *b m m, 0, 0 if unpack_pivots; -> 0, 0, 0",
        "LU_data, LU_pivots, unpack_data=True, unpack_pivots=True",
        (unpacked, unpacked, unpacked),
        "torch.lu_unpack",
    ),
    gufunc(
        f"*b m n -> *b m m, *b m {LEAST}, *b {LEAST} n if pivot",
        "A|a, *, pivot=True",
        (decomposed, decomposed, decomposed),
        "torch.linalg.lu",
    ),
    gufunc(f"*b m n -> *b m n, *b {LEAST}", "A|a, **", (decomposed, INT32), "torch.linalg.lu_factor"),
    gufunc(f"*b m n -> *b m n, *b {LEAST}, *b", "A|a, **", (decomposed, INT32, INT32), "torch.linalg.lu_factor_ex"),
    rule(lstsq, "A|a, B|b, rcond=None, **", "torch.linalg.lstsq"),
    rule(multi_dot, "arrays|tensors", *spelled("multi_dot", *EACH)),
    gufunc("*b m n -> *b", "A|x|input, p=None", conditioned, *spelled("cond", *EACH)),
    rule(tensor_inverse, "A|a, ind=2", *spelled("tensorinv", *EACH)),
    rule(tensor_solve, "A|a, B|b, dims|axes=None", *spelled("tensorsolve", *EACH)),
    rule(vectors_product, "x, y, *, dim=-1", "torch.linalg.vecdot"),
    gufunc(
        "*b k@axis, *b k@axis -> *b",
        "x|x1, y|x2, *, axis=-1",
        or_float32(promoted),
        *spelled("vecdot", "jnp.linalg.{}", "np.linalg.{}"),
    ),
    gufunc("n -> n N|n", "x, N=None, increasing=False", _floats_kept, "torch.vander"),
    gufunc("() -> 1 N|1; *s n -> *s n N|n", "x, *, N=None", multiplied, "torch.linalg.vander"),
    gufunc("*s, *s -> ()", "input, other, p=2", of_a_difference, *spelled("dist", *TORCH)),
    gufunc(f"*b m n -> *b {LEAST}", "A|x, **", real_decomposed, *spelled("svdvals", *EACH)),
)
