"""Linear algebra: inverses, solvers and decompositions of (batches of) matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import Dim, Verdict, extremum
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING, Typed, bits, mapped, quotient, real_part, result_type
from shapecheck.core.shape import ANY_SHAPE, Item, Mismatch, Shape, from_items, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.families import TORCH, equal_dtypes, gufunc, only, promoted, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, rule

LINALG = ("torch.linalg.{}", "jnp.linalg.{}", "np.linalg.{}")
SQUARE = "input|a|A|x, **"

# --- dtypes -------------------------------------------------------------------------------------------------------


def decomposed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Solvers and decompositions: floats only in torch, integers become the library's float elsewhere."""
    if library is Library.TORCH:
        refused = only(promoted, FLOATING, COMPLEX)(values, library)
        return refused if isinstance(refused, Mismatch) else equal_dtypes(values, library)
    floats = [replace(v, dtype=quotient(Typed(v.dtype), library).dtypes) if isinstance(v, Array) else v for v in values]
    return Typed(result_type(floats, library).dtypes)


def real_decomposed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Eigenvalues of Hermitian matrices, singular values, norms: real."""
    found = decomposed(values, library)
    return found if isinstance(found, Mismatch) else Typed(real_part(found.dtypes))


def complex_decomposed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Eigenvalues: complex, but numpy answers reals when all of them are."""
    found = decomposed(values, library)
    if isinstance(found, Mismatch):
        return found
    made = mapped(
        lambda name: name if CATEGORY[name] == COMPLEX else "complex128" if bits(name) == 64 else "complex64", found.dtypes
    )
    return Typed(made | found.dtypes if library is Library.NUMPY else made)


def ranks(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Counts: the library's integer."""
    return Typed(dtype("int32" if library is Library.JAX else "int64"))


def traced(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Sums: integers and bools become int64 in torch."""
    found = result_type(values, library).dtypes
    return Typed(mapped(lambda name: name if CATEGORY[name] >= FLOATING else "int64", found))


# --- solving and decomposing --------------------------------------------------------------------------------------


def triangular(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Floats; whether two dtypes are refused depends on the backend."""
    found = decomposed(values, library)
    differ = isinstance(found, Mismatch) and not isinstance(only(promoted, FLOATING, COMPLEX)(values, library), Mismatch)
    return Typed(ANY_DTYPE) if differ else found


def matrix_rank(a: Arguments) -> Result:
    """numpy and jax take vectors and scalars too; numpy counts those in a Python int."""
    array = shape_of(a["input"])
    if array.min_rank < 2 and a.library is Library.NUMPY:
        return UNKNOWN
    typed = Typed(dtype("int32" if a.library is Library.JAX else "int64"))
    if array.rank is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    return typed_result(Shape(array.dims[:-2]), typed, a.library)


def solve(a: Arguments) -> Result:
    """A vector on the right is solved for alone: numpy and jax by its rank, torch also when it fits the matrices."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    vector = _is_vector(left, right, a)
    typed = decomposed((a["input"], a["other"]), a.library)
    if vector is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    text = "*b n n, *b n -> *b n" if vector else "*b n n, *b n k -> *b n k"
    found = signature(text).apply((left, right), a.facts)
    return typed_result(found, typed, a.library)


def solve_triangular(a: Arguments) -> Result:
    """The matrices stand on the left of the solution, or with `left=False` on its right."""
    typed = triangular((a["input"], a["other"]), a.library)
    if not isinstance(a["left"], bool):
        return typed_result(ANY_SHAPE, typed, a.library)
    text = "*b n n, *b n k -> *b n k" if a["left"] else "*b n n, *b k n -> *b k n"
    found = signature(text).apply((shape_of(a["input"]), shape_of(a["other"])), a.facts)
    return typed_result(found, typed, a.library)


def _is_vector(left: Shape, right: Shape, a: Arguments) -> bool | None:
    if right.rank == 1:
        return True
    if right.rank is None or left.rank is None:
        return None
    if a.library is not Library.TORCH or right.rank != left.rank - 1:
        return False
    verdict = same(right, Shape(left.dims[:-1]), a.facts)
    return None if verdict is Verdict.UNKNOWN else verdict is Verdict.EQUAL


def _matrix(a: Arguments) -> tuple[Shape, Dim, Dim] | Mismatch:
    """The batch axes, rows and columns of a matrix argument."""
    found = signature("*b m n -> *b, m, n").apply((shape_of(a["input"]),), a.facts)
    if isinstance(found, Mismatch):
        return found
    assert isinstance(found, tuple)
    batch, rows, columns = found
    return batch, rows.dims[0], columns.dims[0]


def _with(batch: Shape, *sizes: Dim) -> Shape:
    items: list[Item] = [*batch.items, *sizes]
    return from_items(items)


def svd(a: Arguments) -> Result:
    """`U S Vh`, square `U` and `Vh` unless `full_matrices=False`; singular values alone with `compute_uv=False`."""
    matrix = _matrix(a)
    if isinstance(matrix, Mismatch):
        return matrix
    batch, rows, columns = matrix
    least = extremum("min", (rows, columns))
    typed, values = decomposed((a["input"],), a.library), real_decomposed((a["input"],), a.library)
    singular = typed_result(_with(batch, least), values, a.library)
    if isinstance(typed, Mismatch) or not isinstance(a["full_matrices"], bool) or not isinstance(a["compute_uv"], bool):
        return typed if isinstance(typed, Mismatch) else UNKNOWN
    if not a["compute_uv"]:
        return singular
    sizes = (rows, columns) if a["full_matrices"] else (least, least)
    left, right = _with(batch, rows, sizes[0]), _with(batch, sizes[1], columns)
    return _triple(typed_result(left, typed, a.library), singular, typed_result(right, typed, a.library))


def torch_svd(a: Arguments) -> Result:
    """`torch.svd`: `U S V`, reduced unless `some=False`; `V` is not transposed."""
    matrix, some = _matrix(a), a["some"]
    typed, values = decomposed((a["input"],), a.library), real_decomposed((a["input"],), a.library)
    if isinstance(matrix, Mismatch) or isinstance(typed, Mismatch) or not isinstance(some, bool):
        return matrix if isinstance(matrix, Mismatch) else typed if isinstance(typed, Mismatch) else UNKNOWN
    batch, rows, columns = matrix
    least = extremum("min", (rows, columns))
    wide = (least, least) if some else (rows, columns)
    left, right = _with(batch, rows, wide[0]), _with(batch, columns, wide[1])
    return _triple(*(typed_result(s, t, a.library) for s, t in ((left, typed), (_with(batch, least), values), (right, typed))))


def _triple(*results: Result) -> Result:
    for one in results:
        if isinstance(one, Mismatch):
            return one
    return tuple(one for one in results if not isinstance(one, Mismatch))


def qr(a: Arguments) -> Result:
    """`Q R`: reduced, or `complete`; numpy's and jax's `r` gives `R` alone."""
    matrix, mode = _matrix(a), a["mode"]
    typed = decomposed((a["input"],), a.library)
    if isinstance(matrix, Mismatch):
        return matrix
    if isinstance(typed, Mismatch):
        return typed
    batch, rows, columns = matrix
    least = extremum("min", (rows, columns))
    if mode not in ("reduced", "complete", "r") or (mode == "r" and a.library is Library.TORCH):
        return UNKNOWN
    inside = rows if mode == "complete" else least
    right = typed_result(_with(batch, inside, columns), typed, a.library)
    return right if mode == "r" else _triple(typed_result(_with(batch, rows, inside), typed, a.library), right)


def eigh(a: Arguments) -> Result:
    """Real eigenvalues and eigenvectors."""
    return _eigen(a, real_decomposed((a["input"],), a.library), decomposed((a["input"],), a.library))


def eig(a: Arguments) -> Result:
    """Complex eigenvalues and eigenvectors."""
    typed = complex_decomposed((a["input"],), a.library)
    return _eigen(a, typed, typed)


def slogdet(a: Arguments) -> Result:
    """Sign and logarithm of the determinant."""
    found = signature("*b n n -> *b, *b").apply((shape_of(a["input"]),), a.facts)
    if isinstance(found, Mismatch) or not isinstance(found, tuple):
        return found if isinstance(found, Mismatch) else UNKNOWN
    typed, values = decomposed((a["input"],), a.library), real_decomposed((a["input"],), a.library)
    return _triple(typed_result(found[0], typed, a.library), typed_result(found[1], values, a.library))


def _eigen(a: Arguments, values: Typed | Mismatch, vectors: Typed | Mismatch) -> Result:
    found = signature("*b n n -> *b n, *b n n").apply((shape_of(a["input"]),), a.facts)
    if isinstance(found, Mismatch) or not isinstance(found, tuple):
        return found if isinstance(found, Mismatch) else UNKNOWN
    return _triple(typed_result(found[0], values, a.library), typed_result(found[1], vectors, a.library))


# --- the table ----------------------------------------------------------------------------------------------------


TABLE: tuple[Rule, ...] = (
    gufunc(
        "*b n n -> *b n n",
        SQUARE,
        decomposed,
        *spelled("inv cholesky", *LINALG),
        *spelled("inverse", *TORCH),
        "torch.linalg.matrix_exp",
        "torch.linalg.matrix_sqrth",
        "torch.matrix_exp",
    ),
    gufunc(
        "*b m m -> *b m m", "input|a|A|M, n", promoted, "torch.linalg.matrix_power", "torch.matrix_power", "Tensor.matrix_power"
    ),
    gufunc("*b n n -> *b", SQUARE, decomposed, *spelled("det", *LINALG), *spelled("det", *TORCH)),
    gufunc("*b n n -> *b", SQUARE, decomposed, *spelled("logdet", *TORCH)),
    gufunc("*b m n -> *b n m", SQUARE, decomposed, *spelled("pinv", *LINALG), *spelled("pinverse", *TORCH)),
    gufunc("*b n n -> *b n", SQUARE, real_decomposed, *spelled("eigvalsh", *LINALG)),
    gufunc("*b n n -> *b n", SQUARE, complex_decomposed, *spelled("eigvals", *LINALG)),
    gufunc("*b m n -> *b", SQUARE, ranks, "torch.linalg.matrix_rank"),
    rule(matrix_rank, SQUARE, *spelled("matrix_rank", "np.linalg.{}", "jnp.linalg.{}")),
    rule(solve_triangular, "input|A, other|B, *, upper, left=True, **", "torch.linalg.solve_triangular"),
    gufunc("m n -> ", "input|a, **", traced, *spelled("trace", *TORCH)),
    rule(solve, "input|A|a, other|B|b, **", *spelled("solve", *LINALG)),
    rule(svd, "input|A|a, full_matrices=True, compute_uv=True, **", *spelled("svd", *LINALG)),
    rule(torch_svd, "input, some=True, compute_uv=True", *spelled("svd", *TORCH)),
    rule(qr, "input|A|a, mode='reduced'", *spelled("qr", *LINALG)),
    rule(eigh, "input|A|a, **", *spelled("eigh", *LINALG)),
    rule(eig, "input|A|a, **", *spelled("eig", *LINALG)),
    rule(slogdet, "input|A|a, **", *spelled("slogdet", *LINALG), *spelled("slogdet", *TORCH)),
)
