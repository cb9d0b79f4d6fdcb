"""Linear algebra that fewer programs need: LU, LDL and least squares, solvers that take factors, tensor equations.

`linalg` has the common inverses, solvers and decompositions.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, extremum
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import Typed, is_integral, real_part
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, axis_from_right, broadcast, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import agreed, at_least, flag, integer, size
from shapecheck.rules.families import (
    TORCH,
    always,
    equal_dtypes,
    gufunc,
    or_unknown,
    promoted,
    shape_of,
    spelled,
    typed_result,
)
from shapecheck.rules.linalg import decomposed, real_decomposed
from shapecheck.rules.table import Rule, rule

L = "torch.linalg.{}"
EACH = (L, "jnp.linalg.{}", "np.linalg.{}")
INT32 = always("int32")
NOTHING = Shape((ZERO,))
LOW_RANK = "*b m n -> *b m min(q,m,n), *b min(q,m,n), *b n min(q,m,n)"


def solved(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the matrices, whatever the pivots have; of two dtypes it is not known whether torch refuses them."""
    matrices = [value for value in values if not isinstance(value, Array) or not is_integral(value.dtype)]
    return or_unknown(promoted)(matrices, library) if matrices else Typed(ANY_DTYPE)


def _matrix(a: Arguments) -> tuple[Shape, Dim, Dim] | Mismatch:
    found = signature("*b m n -> *b, m, n").apply((shape_of(a["A"]),), a.facts)
    if isinstance(found, Mismatch):
        return found
    assert isinstance(found, tuple)
    batch, rows, columns = found
    return batch, rows.dims[0], columns.dims[0]


def _arrays(a: Arguments, *shapes: Shape) -> Result:
    """Results of the matrix's dtype."""
    typed = decomposed((a["A"],), a.library)
    if isinstance(typed, Mismatch):
        return typed
    return tuple(Array(each, typed.dtypes, a.library) for each in shapes)


def lu(a: Arguments) -> Result:
    """`P L U`, the inner size the smaller one."""
    matrix, pivot = _matrix(a), flag(a["pivot"])
    if isinstance(matrix, Mismatch) or pivot is not True:
        return matrix if isinstance(matrix, Mismatch) else UNKNOWN
    batch, rows, columns = matrix
    inner = extremum("min", (rows, columns))
    return _arrays(a, *(from_items((*batch.items, *sizes)) for sizes in ((rows, rows), (rows, inner), (inner, columns))))


def lu_factor(a: Arguments) -> Result:
    """The factors in one matrix, and the pivots."""
    return _factored(a, False)


def lu_factor_ex(a: Arguments) -> Result:
    """As `lu_factor`, with an error number for every matrix."""
    return _factored(a, True)


def _factored(a: Arguments, has_info: bool) -> Result:
    matrix, typed = _matrix(a), decomposed((a["A"],), a.library)
    if isinstance(matrix, Mismatch) or isinstance(typed, Mismatch):
        return matrix if isinstance(matrix, Mismatch) else typed  # type: ignore[return-value]  # one of them is a mismatch
    batch, rows, columns = matrix
    pivots = Array(from_items((*batch.items, extremum("min", (rows, columns)))), INT32((), a.library).dtypes, a.library)  # type: ignore[union-attr]
    factors = Array(from_items((*batch.items, rows, columns)), typed.dtypes, a.library)
    return (factors, pivots, pivots.with_shape(batch)) if has_info else (factors, pivots)


def lu_packed(a: Arguments) -> Result:
    """`torch.lu`, which gives an error number for every matrix when asked to."""
    has_info = flag(a["get_infos"])
    return UNKNOWN if has_info is None else _factored(a, has_info)


def lu_unpacked(a: Arguments) -> Result:
    """`P L U` of packed factors; those that are not asked for are empty vectors."""
    wanted = flag(a["unpack_pivots"]), flag(a["unpack_data"])
    found = signature("*b m n, *b k -> *b m m, *b m min(m,n), *b min(m,n) n").apply(
        [shape_of(a["LU_data"]), shape_of(a["LU_pivots"])], a.facts
    )
    if isinstance(found, Mismatch) or None in wanted:
        return found if isinstance(found, Mismatch) else UNKNOWN
    assert isinstance(found, tuple)
    asked = (wanted[0], wanted[1], wanted[1])
    return typed_result(
        tuple(shape if is_asked else NOTHING for shape, is_asked in zip(found, asked, strict=True)),
        decomposed((a["LU_data"],), a.library),
        a.library,
    )


def tall(a: Arguments) -> Mismatch | None:
    """The mismatch of matrices with fewer rows than columns."""
    matrix = shape_of(a["A"])
    rows, columns = axis_from_right(matrix, 1), axis_from_right(matrix, 0)
    if rows is None or columns is None or not at_least(columns - rows, 1):
        return None
    reason = f"needs at least as many rows as columns, found {rows} by {columns}"
    return Mismatch("shape-op", reason, -2, f">={columns}", str(rows))


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


def lu_solution(a: Arguments) -> Result:
    """A solution for every column, or for every row when the matrix stands on the right."""
    left = flag(a["left"])
    if left is None:
        return Array(ANY_SHAPE, ANY_DTYPE, a.library)
    text = "*b n n, *b n, *b n k -> *b n k" if left else "*b n n, *b n, *b k n -> *b k n"
    names = ("LU", "pivots", "B")
    found = signature(text).apply([shape_of(a[name]) for name in names], a.facts, names=names)
    return typed_result(found, solved([a[name] for name in names], a.library), a.library)


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


def condition_number(a: Arguments) -> Result:
    """One number for each matrix."""
    matrix = _matrix(a)
    if isinstance(matrix, Mismatch):
        return matrix
    typed = real_decomposed((a["A"],), a.library) if a.library is Library.TORCH else Typed(ANY_DTYPE)
    return typed_result(matrix[0], typed, a.library)


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
    if left.rank is None or right.rank is None or a["dims"] is not None:
        return UNKNOWN
    return typed_result(Shape(left.dims[right.rank :]), _floats_kept((a["A"], a["B"]), a.library), a.library)


def singular_values(a: Arguments) -> Result:
    """As many as the smaller size."""
    matrix = _matrix(a)
    if isinstance(matrix, Mismatch):
        return matrix
    batch, *sizes = matrix
    return typed_result(from_items((*batch.items, extremum("min", sizes))), real_decomposed((a["A"],), a.library), a.library)


def vectors_product(a: Arguments) -> Result:
    """`vecdot`: products along an axis."""
    found = broadcast(shape_of(a["x"]), shape_of(a["y"]), a.facts)
    if isinstance(found, Mismatch):
        return found
    typed = or_unknown(promoted)((a["x"], a["y"]), a.library)
    return typed_result(
        found if a["dim"] is UNKNOWN else _without_last(found) if integer(a["dim"]) == -1 else ANY_SHAPE, typed, a.library
    )


def _without_last(shape: Shape) -> Shape:
    known = shape.run is None or shape.suffix
    return from_items(shape.items[:-1]) if known and shape.items else ANY_SHAPE


def _floats_kept(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of floats that all are alike; what becomes of integers is left open."""
    found = or_unknown(promoted)(values, library)
    return found if isinstance(found, Typed) and not is_integral(found.dtypes) else Typed(ANY_DTYPE)


def vandermonde(a: Arguments) -> Result:
    """`torch.vander`, `torch.linalg.vander`: a new last axis of powers."""
    found = shape_of(a["x"])
    own = found.suffix[-1] if found.suffix else found.prefix[-1] if found.rank else UNKNOWN_DIM
    count = own if a["N"] is None else size(a["N"])
    if not found.items:
        return Array(ANY_SHAPE, ANY_DTYPE, a.library)
    return typed_result(from_items((*found.items, count)), _floats_kept((a["x"],), a.library), a.library)


def matrix_norm_of_all(a: Arguments) -> Result:
    """`dist`: the norm of a difference."""
    found = broadcast(shape_of(a["input"]), shape_of(a["other"]), a.facts)
    typed = _floats_kept((a["input"], a["other"]), a.library)
    if isinstance(found, Mismatch) or isinstance(typed, Mismatch):
        return found if isinstance(found, Mismatch) else UNKNOWN
    return Array(SCALAR, real_part(typed.dtypes), a.library)


TABLE: tuple[Rule, ...] = (
    gufunc("*b n n -> *b n n, *b", "A|input, **", (decomposed, INT32), *spelled("cholesky_ex inv_ex", L)),
    gufunc("*b n n -> *b n n, *b n", "A, **", (decomposed, INT32), *spelled("ldl_factor", L)),
    gufunc("*b n n -> *b n n, *b n, *b", "A, **", (decomposed, INT32, INT32), *spelled("ldl_factor_ex", L)),
    gufunc("*b n n, *b n, *b n k -> *b n k", "LD, pivots, B, **", solved, *spelled("ldl_solve", L)),
    rule(lu_solution, "LU, pivots, B, *, left=True, adjoint=False", "torch.linalg.lu_solve"),
    gufunc("*b n k, *b n n, *b n -> *b n k", "b|input, LU_data, LU_pivots", solved, *spelled("lu_solve", *TORCH)),
    gufunc("*b n k, *b n n -> *b n k", "input, L|input2, **", solved, *spelled("cholesky_solve", *TORCH)),
    gufunc("*b n k, *b n n -> *b n k, *b n n", "b|input, A, **", (solved, solved), *spelled("triangular_solve", *TORCH)),
    gufunc("*b m n, *b k -> *b m n", "input, tau", solved, *spelled("householder_product", L)),
    gufunc("*b n n -> *b n n", "L|input, upper=False", decomposed, *spelled("cholesky_inverse", *TORCH)),
    gufunc("*b m n -> *b m n, *b min(m,n)", "A|input", (decomposed, decomposed), *spelled("geqrf", *TORCH)),
    gufunc("*b m n -> *b m n, *b n n", "A", (decomposed, decomposed), "torch.linalg.polar", check=tall),
    gufunc(LOW_RANK, "A, q=6, niter=2, M=None", (decomposed, real_decomposed, decomposed), "torch.svd_lowrank"),
    gufunc(LOW_RANK, "A, q=6, center=True, niter=2", (decomposed, real_decomposed, decomposed), "torch.pca_lowrank"),
    gufunc(
        "*b _ _, *b k, *b m n -> *b m n", "input, tau, other, left=True, transpose=False", equal_dtypes, *spelled("ormqr", *TORCH)
    ),
    rule(lu_packed, "A|input, pivot=True, get_infos=False", *spelled("lu", *TORCH)),
    rule(lu_unpacked, "LU_data, LU_pivots, unpack_data=True, unpack_pivots=True", "torch.lu_unpack"),
    rule(lu, "A|a, *, pivot=True", "torch.linalg.lu"),
    rule(lu_factor, "A|a, **", "torch.linalg.lu_factor"),
    rule(lu_factor_ex, "A|a, **", "torch.linalg.lu_factor_ex"),
    rule(lstsq, "A|a, B|b, rcond=None, **", "torch.linalg.lstsq"),
    rule(multi_dot, "arrays|tensors", *spelled("multi_dot", *EACH)),
    rule(condition_number, "A|x|input, p=None", *spelled("cond", *EACH)),
    rule(tensor_inverse, "A|a, ind=2", *spelled("tensorinv", *EACH)),
    rule(tensor_solve, "A|a, B|b, dims|axes=None", *spelled("tensorsolve", *EACH)),
    rule(vectors_product, "x|x1, y|x2, *, dim|axis=-1", *spelled("vecdot", *EACH)),
    rule(vandermonde, "x, N=None, increasing=False", "torch.vander"),
    rule(vandermonde, "x, *, N=None", "torch.linalg.vander"),
    rule(matrix_norm_of_all, "input, other, p=2", *spelled("dist", *TORCH)),
    rule(singular_values, "A|x, **", *spelled("svdvals", *EACH)),
)
