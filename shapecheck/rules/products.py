"""Products of arrays: matmul and its kin, outer, tensordot, `F.linear`.

Torch does not promote here: operands of two dtypes are refused. numpy and jax promote as elementwise operations do.
"""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.axes import place
from shapecheck.core.dim import ONE, Verdict, compare, dim
from shapecheck.core.promotion import COMPLEX, FLOATING, Typed
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, broadcast, broadcasts_to, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Library, Result, Value
from shapecheck.rules.axes import integer, integers, replaced, size_at
from shapecheck.rules.families import (
    TORCH,
    DTypeRule,
    equal_dtypes,
    gufunc,
    only,
    or_float32,
    or_unknown,
    promoted,
    shape_of,
    spelled,
    typed_result,
)
from shapecheck.rules.table import Rule, rule

PAIR = "input|a|x|x1, other|b|x2|y|mat2|vec2|vec|tensor"
PRODUCT = f"{PAIR}, *, dtype|preferred_element_type=None, precision=None, out_sharding=None"


def _product(a: Arguments, found: Shape | tuple[Shape, ...] | Mismatch, *names: str) -> Result:
    if isinstance(found, Mismatch):
        return found
    return typed_result(found, equal_dtypes([a[name] for name in names], a.library), a.library)


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
            return Mismatch(
                "shape-op", f"contracted axes differ: {one} on the left, {other} on the right", i, str(one), str(other)
            )
    gone_left, gone_right = {i % left.rank for i, _ in pairs}, {j % right.rank for _, j in pairs}
    kept = [d for i, d in enumerate(left.dims) if i not in gone_left] + [
        d for j, d in enumerate(right.dims) if j not in gone_right
    ]
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
        return typed_result(ANY_SHAPE, or_unknown(promoted)((a["input"], a["other"]), a.library), a.library)
    rank = max(left.rank, right.rank)
    one, other = ((ONE,) * (rank - len(s.dims)) + s.dims for s in (left, right))
    found = Shape(tuple(x * y for x, y in zip(one, other, strict=True)))
    return typed_result(found, or_unknown(promoted)((a["input"], a["other"]), a.library), a.library)


def linear(a: Arguments) -> Result:
    """`F.linear`: a weight of `out in` (or a vector of `in`) and a bias of `out`."""
    weight = shape_of(a["weight"])
    text = "*b i, i -> *b" if weight.rank == 1 else "*b i, o i -> *b o"
    found = signature(text).apply((shape_of(a["input"]), weight), a.facts)
    if isinstance(found, Mismatch | tuple):
        return _transposed_hint(_of_features(found), a) if isinstance(found, Mismatch) else UNKNOWN
    if isinstance(refused := _bias(a, found, weight), Mismatch):
        return refused
    names = ("input", "weight") if a["bias"] is None else ("input", "weight", "bias")
    return _product(a, found if weight.rank is not None else ANY_SHAPE, *names)


def _of_features(found: Mismatch) -> Mismatch:
    """The mismatch in the words of a layer."""
    if found.code != "shape-op":
        return found
    return replace(found, reason=f"the input has {found.expected} features in the last axis, the weight takes {found.found}")


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


def bilinear_operands(a: Arguments) -> Mismatch | None:
    """The batch axes of `F.bilinear` are equal, they do not broadcast; the bias has an element for each output."""
    first, second, weight, bias = (shape_of(a[name]) for name in ("input1", "input2", "weight", "bias"))
    if first.rank is not None and second.rank is not None:
        lead, other = Shape(first.dims[:-1]), Shape(second.dims[:-1])
        if same(lead, other, a.facts) is Verdict.DIFFERENT:
            return Mismatch("shape-mismatch", f"the batch axes ({lead}) and ({other}) differ", None, str(lead), str(other))
    if a["bias"] is None or weight.rank != 3 or same(bias, Shape(weight.dims[:1]), a.facts) is not Verdict.DIFFERENT:
        return None
    reason = f"the bias needs {weight.dims[0]} elements as the weight, found ({bias})"
    return Mismatch("shape-mismatch", reason, None, str(weight.dims[0]), str(bias))


def added_product(text: str, typed: DTypeRule, name: str) -> Rule:
    """`addmm` and its kin: an array that broadcasts to a product, and the product's operands."""
    params = "input, one|mat1|batch1|mat|vec1, two|mat2|batch2|vec|vec2, **"
    return gufunc(text, params, typed, *spelled(name, *TORCH), called="the added array, the left, the right")


def cosine_similarity(a: Arguments) -> Result:
    """Broadcasts, then drops the axis."""
    return _dropped(a, "dim", or_unknown(only(promoted, FLOATING, COMPLEX))((a["input"], a["other"]), a.library))


def _dropped(a: Arguments, name: str, typed: Typed | Mismatch) -> Result:
    found = broadcast(shape_of(a["input"]), shape_of(a["other"]), a.facts)
    axis = integer(a[name])
    if isinstance(found, Mismatch):
        return found
    if isinstance(typed, Mismatch):
        return typed
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
    if a["dim"] is None and left.rank is not None and all(n.constant not in (None, 3) for n in left.dims):
        return Mismatch("shape-op", f"no axis of ({left}) has 3 elements", None, "3", str(left))
    if isinstance(found, Mismatch) or axis is None:
        return typed_result(found, typed, a.library)
    for each in (left, right):
        at = place(axis, each)
        if isinstance(at, Mismatch):
            return at
        if at is not None and compare(size_at(each, at), dim(3), a.facts) is Verdict.DIFFERENT:
            size = size_at(each, at)
            return Mismatch("shape-op", f"needs 3 elements on axis {axis}, found {size}", axis, "3", str(size))
    return typed_result(found, typed, a.library)


def numpy_cross(a: Arguments) -> Result:
    """Vectors of three elements on the last axes; of two the answer has no such axis."""
    left, right = shape_of(a["a"]), shape_of(a["b"])
    typed = promoted((a["a"], a["b"]), a.library)
    three = all(len(s.items) and size_at(s, len(s.items) - 1) == dim(3) for s in (left, right))
    usual = all(a[name] == dim(-1) for name in ("axisa", "axisb", "axisc")) and a["axis"] is None
    return typed_result(broadcast(left, right, a.facts) if three and usual else ANY_SHAPE, typed, a.library)


TABLE: tuple[Rule, ...] = (
    gufunc(
        "*b m? k, *b k n? -> *b m? n?",
        PRODUCT,
        or_float32(equal_dtypes),
        *spelled("matmul", *TORCH, "jnp.{}", "np.{}", "torch.linalg.{}", "jnp.linalg.{}", "np.linalg.{}"),
        *spelled("__matmul__", "Tensor.{}", "Array.{}", "ndarray.{}"),
    ),
    gufunc(
        "*b m? k, *b k n? -> *b m? n?",
        "right, left",
        or_float32(equal_dtypes),
        *spelled("__rmatmul__", "Tensor.{}", "Array.{}", "ndarray.{}"),
        operands="left right",
    ),
    gufunc("m k, k n -> m n", PAIR, equal_dtypes, *spelled("mm", *TORCH)),
    gufunc("b m k, b k n -> b m n", PAIR, equal_dtypes, *spelled("bmm", *TORCH)),
    gufunc("m k, k -> m", PAIR, equal_dtypes, *spelled("mv", *TORCH)),
    gufunc("k, k -> ", PAIR, equal_dtypes, *spelled("dot vdot", *TORCH)),
    gufunc("m, n -> m n", PAIR, promoted, *spelled("outer ger", *TORCH)),
    gufunc("*b k, *b k -> *b", PRODUCT, or_float32(promoted), *spelled("vecdot", "np.{}", "jnp.{}")),
    gufunc("*b m n, *b n -> *b m", PAIR, or_float32(promoted), *spelled("matvec", "np.{}", "jnp.{}")),
    gufunc("*b m, *b m n -> *b n", PAIR, or_float32(promoted), *spelled("vecmat", "np.{}", "jnp.{}")),
    gufunc("*b p k, *b r k -> *b p r", "x1, x2, p=2.0, compute_mode=None", or_unknown(only(promoted, FLOATING)), "torch.cdist"),
    gufunc(
        "(), *s -> *s; *s, () -> *s; *a k, k -> *a; *a k, *c k n -> *a *c n",
        PRODUCT,
        equal_dtypes,
        *spelled("dot", "np.{}", "jnp.{}", "ndarray.{}", "Array.{}"),
    ),
    gufunc(
        "(), *s -> *s; *s, () -> *s; *a k, *c k -> *a *c",
        PRODUCT,
        [promoted, promoted, equal_dtypes],
        *spelled("inner", *TORCH, "np.{}", "jnp.{}"),
    ),
    gufunc("*s, *t -> prod(s) prod(t)", PAIR, promoted, *spelled("outer", "np.{}", "jnp.{}")),
    rule(vdot, PAIR, *spelled("vdot", "np.{}", "jnp.{}")),
    rule(tensordot, "input|a, other|b, axes|dims=2", *spelled("tensordot", "torch.{}", "np.{}", "jnp.{}")),
    rule(kron, PAIR, *spelled("kron", *TORCH, "np.{}", "jnp.{}")),
    gufunc("*b i, *b j, o i j -> *b o", "input1, input2, weight, bias=None", equal_dtypes, "F.bilinear", check=bilinear_operands),
    rule(linear, "input, weight, bias=None", "F.linear"),
    added_product("#m? #n?, m k, k n -> m n", equal_dtypes, "addmm"),
    added_product("#b? #m? #n?, b m k, b k n -> b m n", equal_dtypes, "baddbmm"),
    added_product("#m?, m k, k -> m", equal_dtypes, "addmv"),
    added_product("#m? #n?, m, n -> m n", or_unknown(promoted), "addr"),
    added_product("#m? #n?, b m k, b k n -> m n", equal_dtypes, "addbmm"),
    rule(cosine_similarity, "input|x1, other|x2, dim=1, **", "F.cosine_similarity", "torch.cosine_similarity"),
    rule(cross, "input, other, dim=-1", "torch.linalg.cross"),
    rule(cross, "input, other, dim=None", *spelled("cross", *TORCH)),
    rule(numpy_cross, "a, b, axisa=-1, axisb=-1, axisc=-1, axis=None", *spelled("cross", "np.{}", "jnp.{}")),
)
