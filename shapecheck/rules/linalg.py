"""Linear algebra: inverses, solvers and decompositions of (batches of) matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING, Typed, bits, mapped, quotient, real_part, result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.families import TORCH, by_default, equal_dtypes, gufunc, only, promoted, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, rule

LINALG = ("torch.linalg.{}", "jnp.linalg.{}", "np.linalg.{}")
SQUARE = "input|a|A|x|M, **"
LEAST = "min(m,n)"
QR = f"*b m n -> *b m {LEAST}, *b {LEAST} n if mode=reduced; -> *b m m, *b m n if mode=complete"

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
    """A vector on the right is solved for alone, in torch also one that fits the matrices."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    vector = _is_vector(left, right, a)
    typed = decomposed((a["input"], a["other"]), a.library)
    if vector is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    text = "*b n n, *b n -> *b n" if vector else "*b n n, *b n k -> *b n k"
    found = signature(text).apply((left, right), a.facts)
    return typed_result(found, typed, a.library)


def _is_vector(left: Shape, right: Shape, a: Arguments) -> bool | None:
    if right.rank == 1:
        return True
    if right.rank is None or left.rank is None:
        return None
    if right.rank != left.rank - 1:
        return False
    verdict = same(right, Shape(left.dims[:-1]), a.facts)
    return None if verdict is Verdict.UNKNOWN else verdict is Verdict.EQUAL


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
    gufunc("*b m n -> *b n m", SQUARE, decomposed, *spelled("pinv", *LINALG[1:]), *spelled("pinverse", *TORCH)),
    by_default(
        gufunc("*b m n -> *b n m", "input|a|A, rcond=None, hermitian=False, **", decomposed, "torch.linalg.pinv"), "rcond"
    ),
    gufunc("*b n n -> *b n", SQUARE, real_decomposed, *spelled("eigvalsh", *LINALG)),
    gufunc("*b n n -> *b n", SQUARE, complex_decomposed, *spelled("eigvals", *LINALG)),
    gufunc("*b m n -> *b", SQUARE, ranks, "torch.linalg.matrix_rank"),
    rule(matrix_rank, SQUARE, *spelled("matrix_rank", "np.linalg.{}", "jnp.linalg.{}")),
    gufunc(
        "*b n n, *b n k -> *b n k if left; *b n n, *b k n -> *b k n if not left",
        "input|A, other|B, *, upper, left=True, **",
        triangular,
        "torch.linalg.solve_triangular",
    ),
    gufunc("m n -> ", "input|a, **", traced, *spelled("trace", *TORCH)),
    gufunc("*b n n, n -> *b n; *b n n, *b n k -> *b n k", "input|a, other|b", decomposed, "jnp.linalg.solve", "np.linalg.solve"),
    rule(solve, "input|A, other|B, **", "torch.linalg.solve"),
    gufunc(
        f"*b m n -> *b m m, *b {LEAST}, *b n n if full_matrices and compute_uv; "
        f"-> *b m {LEAST}, *b {LEAST}, *b {LEAST} n if compute_uv; -> *b {LEAST}",
        "input|A|a, full_matrices=True, compute_uv=True, **",
        [(decomposed, real_decomposed, decomposed), (decomposed, real_decomposed, decomposed), real_decomposed],
        *spelled("svd", *LINALG),
    ),
    gufunc(
        f"*b m n -> *b m {LEAST}, *b {LEAST}, *b n {LEAST} if some and compute_uv; -> *b m m, *b {LEAST}, *b n n",
        "input, some=True, compute_uv=True",
        (decomposed, real_decomposed, decomposed),
        *spelled("svd", *TORCH),
    ),
    gufunc(f"{QR}; -> 0, *b {LEAST} n if mode=r", "input|A, mode='reduced'", (decomposed, decomposed), "torch.linalg.qr"),
    gufunc(
        f"{QR}; -> *b {LEAST} n if mode=r",
        "input|a, mode='reduced'",
        [(decomposed, decomposed), (decomposed, decomposed), decomposed],
        "jnp.linalg.qr",
        "np.linalg.qr",
    ),
    gufunc("*b n n -> *b n, *b n n", "input|A|a, **", (real_decomposed, decomposed), *spelled("eigh", *LINALG)),
    gufunc("*b n n -> *b n, *b n n", "input|A|a, **", (complex_decomposed, complex_decomposed), *spelled("eig", *LINALG)),
    gufunc(
        "*b n n -> *b, *b",
        "input|A|a, **",
        (decomposed, real_decomposed),
        *spelled("slogdet", *LINALG),
        *spelled("slogdet", *TORCH),
    ),
)
