"""Products of arrays and linear algebra.

Torch's products do not promote: operands of two dtypes are refused. numpy and jax promote as elementwise operations do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ONE, Dim, Verdict, compare, dim, extremum
from shapecheck.core.dtype import ANY_DTYPE, dtype
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING, Typed, bits, mapped, quotient, real_part, result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Item, Mismatch, Shape, broadcast, broadcasts_to, from_items, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import integer, integers, place, replaced, size_at
from shapecheck.rules.families import equal_dtypes, gufunc, only, promoted, shape_of, spelled, typed_result
from shapecheck.rules.table import Rule, rule

T = ("torch.{}", "Tensor.{}")
LINALG = ("torch.linalg.{}", "jnp.linalg.{}", "np.linalg.{}")
PAIR = "input|a|x|x1, other|b|x2|y|mat2|vec2|vec"
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
    made = mapped(lambda name: name if CATEGORY[name] == COMPLEX else "complex128" if bits(name) == 64 else "complex64", found.dtypes)
    return Typed(made | found.dtypes if library is Library.NUMPY else made)


def ranks(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Counts: the library's integer."""
    return Typed(dtype("int32" if library is Library.JAX else "int64"))


def traced(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Sums: integers and bools become int64 in torch."""
    found = result_type(values, library).dtypes
    return Typed(mapped(lambda name: name if CATEGORY[name] >= FLOATING else "int64", found))


# --- products -----------------------------------------------------------------------------------------------------

MATMUL = signature("*b m? k, *b k n? -> *b m? n?")


def _product(a: Arguments, found: Shape | tuple[Shape, ...] | Mismatch, *names: str) -> Result:
    if isinstance(found, Mismatch):
        return found
    return typed_result(found, equal_dtypes([a[name] for name in names], a.library), a.library)


def dot(a: Arguments) -> Result:
    """numpy's `dot`: a product with scalars, else the last axis with the second last one, all others kept."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    if SCALAR in (left, right):
        return _product(a, broadcast(left, right, a.facts), "input", "other")
    if not left.min_rank or not right.min_rank or right.rank is None:
        return _product(a, ANY_SHAPE, "input", "other")
    text = "*a k, k -> *a" if right.rank == 1 else "*a k, *c k n -> *a *c n"
    return _product(a, signature(text).apply((left, right), a.facts), "input", "other")


def _promoted_unknown(a: Arguments) -> Result:
    return typed_result(ANY_SHAPE, promoted((a["input"], a["other"]), a.library), a.library)


def inner(a: Arguments) -> Result:
    """Products over both last axes; a scalar multiplies."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    if SCALAR in (left, right):
        return typed_result(left if right == SCALAR else right, promoted((a["input"], a["other"]), a.library), a.library)
    if not left.min_rank or not right.min_rank:
        return _promoted_unknown(a)
    return _product(a, signature("*a k, *c k -> *a *c").apply((left, right), a.facts), "input", "other")


def outer(a: Arguments) -> Result:
    """numpy and jax flatten both operands."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    return _product(a, Shape((left.size, right.size)), "input", "other")


def vdot(a: Arguments) -> Result:
    """numpy and jax flatten both operands, which must have equally many elements."""
    left, right = shape_of(a["input"]).size, shape_of(a["other"]).size
    found = signature("k, k -> ").apply((Shape((left,)), Shape((right,))), a.facts)
    return _product(a, found, "input", "other")


def tensordot(a: Arguments) -> Result:
    """Products over the last axes of one with the first of the other, or over listed pairs."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    if left.rank is None or right.rank is None:
        return _product(a, ANY_SHAPE, "input", "other")
    pairs = _contracted(a["axes"], left.rank, right.rank)
    if pairs is None:
        return _product(a, ANY_SHAPE, "input", "other")
    for i, j in pairs:
        if not (-left.rank <= i < left.rank and -right.rank <= j < right.rank):
            reason = f"contracts axes {i} and {j} of arrays with {left.rank} and {right.rank} axes"
            return Mismatch("shape-rank", reason, None, "", f"{left}, {right}")
        one, other = left.dims[i], right.dims[j]
        if a.library is Library.TORCH and ONE in (one, other):
            continue  # torch broadcasts here
        if compare(one, other, a.facts) is Verdict.DIFFERENT:
            return Mismatch("shape-op", f"contracted axes differ: {one} on the left, {other} on the right", i, str(one), str(other))
    gone_left, gone_right = {i % left.rank for i, _ in pairs}, {j % right.rank for _, j in pairs}
    kept = [d for i, d in enumerate(left.dims) if i not in gone_left] + [d for j, d in enumerate(right.dims) if j not in gone_right]
    return _product(a, Shape(tuple(kept)), "input", "other")


def _contracted(axes: Value, left: int, right: int) -> list[tuple[int, int]] | None:
    count = integer(axes)
    if count is not None:
        return [(left - count + i, i) for i in range(count)] if count >= 0 else None
    if not isinstance(axes, tuple) or len(axes) != 2:
        return None
    one, other = integers(axes[0]), integers(axes[1])
    return list(zip(one, other, strict=True)) if one is not None and other is not None and len(one) == len(other) else None


def kron(a: Arguments) -> Result:
    """Sizes multiply, aligned at the right."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    if left.rank is None or right.rank is None:
        return typed_result(ANY_SHAPE, promoted((a["input"], a["other"]), a.library), a.library)
    rank = max(left.rank, right.rank)
    one, other = ((ONE,) * (rank - len(s.dims)) + s.dims for s in (left, right))
    found = Shape(tuple(x * y for x, y in zip(one, other, strict=True)))
    return typed_result(found, promoted((a["input"], a["other"]), a.library), a.library)


def linear(a: Arguments) -> Result:
    """`F.linear`: a weight of `out in` (or a vector of `in`) and a bias of `out`."""
    weight = shape_of(a["weight"])
    text = "*b i, i -> *b" if weight.rank == 1 else "*b i, o i -> *b o"
    found = signature(text).apply((shape_of(a["input"]), weight), a.facts)
    if isinstance(found, Mismatch) or isinstance(found, tuple):
        return _transposed_hint(found, a) if isinstance(found, Mismatch) else UNKNOWN
    if isinstance(refused := _bias(a, found, weight), Mismatch):
        return refused
    names = ("input", "weight") if a["bias"] is None else ("input", "weight", "bias")
    return _product(a, found if weight.rank is not None else ANY_SHAPE, *names)


def _transposed_hint(found: Mismatch, a: Arguments) -> Mismatch:
    """Names the likely mistake when the weight fits transposed."""
    turned = signature("*b i, i o -> *b o").apply((shape_of(a["input"]), shape_of(a["weight"])), a.facts)
    if shape_of(a["weight"]).rank != 2 or isinstance(turned, Mismatch):
        return found
    return replace(found, reason=f"{found.reason}; a weight has the axes (out, in), this one fits transposed")


def _bias(a: Arguments, found: Shape, weight: Shape) -> Mismatch | None:
    bias = a.array("bias")
    if bias is None or weight.rank != 2:
        return None
    if broadcasts_to(bias.shape, found, a.facts) is Verdict.DIFFERENT and found.rank is not None:
        return Mismatch("shape-op", f"the bias ({bias.shape}) does not broadcast to ({found})", None, str(found), str(bias.shape))
    return None


ADDED = {
    "addmm": "m k, k n -> m n",
    "baddbmm": "b m k, b k n -> b m n",
    "addmv": "m k, k -> m",
    "addr": "m, n -> m n",
    "addbmm": "b m k, b k n -> m n",
}


def added_product(text: str, in_place: bool = False) -> Rule:
    """`addmm` and its kin: a product plus an array that broadcasts to it."""
    product, name = ADDED[text], text

    def compute(a: Arguments) -> Result:
        found = signature(product).apply((shape_of(a["one"]), shape_of(a["two"])), a.facts)
        if isinstance(found, tuple | Mismatch):
            return found if isinstance(found, Mismatch) else UNKNOWN
        added = shape_of(a["input"])
        if broadcasts_to(added, found, a.facts) is Verdict.DIFFERENT:
            return Mismatch("shape-broadcast", f"the added ({added}) does not broadcast to the product ({found})", None, str(found), str(added))
        values = [a[each] for each in ("one", "two", "input")]
        return typed_result(found, (promoted if name == "addr" else equal_dtypes)(values, a.library), a.library)

    names = (f"Tensor.{name}_",) if in_place else spelled(name, *T)
    made = rule(compute, "input, one|mat1|batch1|mat|vec1, two|mat2|batch2|vec|vec2, **", *names)
    return replace(made, text=product.replace("->", "(+ broadcast) ->"))


def cosine_similarity(a: Arguments) -> Result:
    """Broadcasts, then drops the axis."""
    return _dropped(a, "dim", only(promoted, FLOATING, COMPLEX)((a["input"], a["other"]), a.library))


def _dropped(a: Arguments, name: str, typed: Typed | Mismatch) -> Result:
    found = broadcast(shape_of(a["input"]), shape_of(a["other"]), a.facts)
    axis = integer(a[name])
    if isinstance(found, Mismatch) or isinstance(typed, Mismatch):
        return found if isinstance(found, Mismatch) else typed
    if axis is None:
        return typed_result(ANY_SHAPE, typed, a.library)
    at = place(axis, found, a.library is Library.TORCH)
    if not isinstance(at, int) or found == SCALAR:
        return at if isinstance(at, Mismatch) else typed_result(SCALAR if found == SCALAR else ANY_SHAPE, typed, a.library)
    return typed_result(replaced(found, at), typed, a.library)


def cross(a: Arguments) -> Result:
    """Broadcasts arrays of one rank; the axis has 3 elements."""
    left, right = shape_of(a["input"]), shape_of(a["other"])
    if left.rank is not None and right.rank is not None and left.rank != right.rank:
        return Mismatch("shape-rank", f"needs arrays of one rank, found ({left}) and ({right})", None, str(left), str(right))
    found = broadcast(left, right, a.facts)
    axis = integer(a["dim"])
    typed = promoted((a["input"], a["other"]), a.library)
    if isinstance(found, Mismatch) or axis is None:
        return found if isinstance(found, Mismatch) else typed_result(found, typed, a.library)
    at = place(axis, found)
    if isinstance(at, Mismatch):
        return at
    if at is not None and compare(size_at(found, at), dim(3), a.facts) is Verdict.DIFFERENT:
        size = size_at(found, at)
        return Mismatch("shape-op", f"needs 3 elements on axis {axis}, found {size}", axis, "3", str(size))
    return typed_result(found, typed, a.library)


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
    return found if isinstance(found, Mismatch) else typed_result(found, typed, a.library)


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
    if isinstance(matrix, Mismatch) or isinstance(typed, Mismatch):
        return matrix if isinstance(matrix, Mismatch) else typed
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

PRODUCTS: tuple[Rule, ...] = (
    gufunc("*b m? k, *b k n? -> *b m? n?", PAIR, equal_dtypes, *spelled("matmul", *T, "jnp.{}", "np.{}", *LINALG),
           *spelled("__matmul__", "Tensor.{}", "Array.{}", "ndarray.{}")),
    gufunc("*b m? k, *b k n? -> *b m? n?", "right, left", equal_dtypes, *spelled("__rmatmul__", "Tensor.{}", "Array.{}", "ndarray.{}"), operands="left right"),
    gufunc("m k, k n -> m n", PAIR, equal_dtypes, *spelled("mm", *T)),
    gufunc("b m k, b k n -> b m n", PAIR, equal_dtypes, *spelled("bmm", *T)),
    gufunc("m k, k -> m", PAIR, equal_dtypes, *spelled("mv", *T)),
    gufunc("k, k -> ", PAIR, equal_dtypes, *spelled("dot vdot", *T)),
    gufunc("m, n -> m n", PAIR, promoted, *spelled("outer ger", *T)),
    gufunc("*b k, *b k -> *b", PAIR, promoted, *spelled("vecdot", "np.{}", "jnp.{}")),
    gufunc("*b p k, *b r k -> *b p r", "x1, x2, **", only(promoted, FLOATING), "torch.cdist"),
    rule(dot, PAIR, *spelled("dot", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}")),
    rule(inner, PAIR, *spelled("inner", *T, "np.{}", "jnp.{}")),
    rule(outer, PAIR, *spelled("outer", "np.{}", "jnp.{}")),
    rule(vdot, PAIR, *spelled("vdot", "np.{}", "jnp.{}")),
    rule(tensordot, "input|a, other|b, axes|dims=2", *spelled("tensordot", "torch.{}", "np.{}", "jnp.{}")),
    rule(kron, PAIR, *spelled("kron", *T, "np.{}", "jnp.{}")),
    rule(linear, "input, weight, bias=None", "F.linear"),
    *map(added_product, ADDED),
    rule(cosine_similarity, "input|x1, other|x2, dim=1, **", "F.cosine_similarity", "torch.cosine_similarity"),
    rule(cross, "input, other, dim=-1", "torch.linalg.cross"),
)

SOLVERS: tuple[Rule, ...] = (
    gufunc("*b n n -> *b n n", SQUARE, decomposed, *spelled("inv cholesky", *LINALG), *spelled("inverse", *T), "torch.linalg.matrix_exp", "torch.matrix_exp"),
    gufunc("*b n n -> *b n n", "input|a|A|M, n", promoted, "torch.linalg.matrix_power", "torch.matrix_power"),
    gufunc("*b n n -> *b", SQUARE, decomposed, *spelled("det", *LINALG), *spelled("det", *T)),
    gufunc("*b n n -> *b", SQUARE, decomposed, *spelled("logdet", *T)),
    gufunc("*b m n -> *b n m", SQUARE, decomposed, *spelled("pinv", *LINALG), *spelled("pinverse", *T)),
    gufunc("*b n n -> *b n", SQUARE, real_decomposed, *spelled("eigvalsh", *LINALG)),
    gufunc("*b n n -> *b n", SQUARE, complex_decomposed, *spelled("eigvals", *LINALG)),
    gufunc("*b m n -> *b", SQUARE, ranks, "torch.linalg.matrix_rank"),
    rule(matrix_rank, SQUARE, *spelled("matrix_rank", "np.linalg.{}", "jnp.linalg.{}")),
    gufunc("*b n n, *b n k -> *b n k", "input|A, other|B, *, upper, **", triangular, "torch.linalg.solve_triangular"),
    gufunc("m n -> ", "input|a, **", traced, *spelled("trace", *T)),
    rule(solve, "input|A|a, other|B|b, **", *spelled("solve", *LINALG)),
    rule(svd, "input|A|a, full_matrices=True, compute_uv=True, **", *spelled("svd", *LINALG)),
    rule(torch_svd, "input, some=True, compute_uv=True", *spelled("svd", *T)),
    rule(qr, "input|A|a, mode='reduced'", *spelled("qr", *LINALG)),
    rule(eigh, "input|A|a, **", *spelled("eigh", *LINALG)),
    rule(eig, "input|A|a, **", *spelled("eig", *LINALG)),
    rule(slogdet, "input|A|a, **", *spelled("slogdet", *LINALG), *spelled("slogdet", *T)),
)

TABLE: tuple[Rule, ...] = (*PRODUCTS, *SOLVERS)
