"""Calls of products and of linear algebra."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape, size

FLOATS = ("float32", "float64")


def maybe(rng: random.Random, value: int, wrong: float = 0.08) -> int:
    """The size, now and then another one."""
    return size(rng) if rng.random() < wrong else value


def dtypes(rng: random.Random, name: str, count: int) -> list[str]:
    """Dtypes of several operands: nearly always one that has a product everywhere."""
    one = rng.choice(("float32", "float32", "float64" if name[:3] not in ("jnp", "Arr") else "bfloat16", "int32"))
    return [one if rng.random() < 0.9 else dtype_for(rng, name) for _ in range(count)]


def batch(rng: random.Random) -> tuple[int, ...]:
    return shape(rng, 0, 2)


@generates("torch.matmul", "Tensor.__rmatmul__")
def matmul(rng: random.Random, name: str) -> Case:
    m, k, n, lead = size(rng), size(rng), size(rng), batch(rng)
    left = (k,) if rng.random() < 0.2 else (*broadcastable_to(rng, lead), m, k)
    right = (maybe(rng, k),) if rng.random() < 0.2 else (*broadcastable_to(rng, lead), maybe(rng, k), n)
    if rng.random() < 0.04:
        left = ()
    a, b = dtypes(rng, name, 2)
    arrays = (A(left, a), A(right, b))
    return call(*(reversed(arrays) if "rmatmul" in name else arrays))


OPERANDS = {
    "mm": ("mk", "kn"), "bmm": ("bmk", "bkn"), "mv": ("mk", "k"), "dot": ("k", "k"), "vdot": ("k", "k"), "outer": ("m", "n"), "ger": ("m", "n"),
    "addmm": ("", "mk", "kn"), "baddbmm": ("", "bmk", "bkn"), "addmv": ("", "mk", "k"), "addr": ("", "m", "n"), "addbmm": ("", "bmk", "bkn"),
}  # fmt: skip
RESULTS = {"addmm": "mn", "baddbmm": "bmn", "addmv": "m", "addr": "mn", "addbmm": "mn"}


@generates(
    "torch.mm",
    "torch.bmm",
    "torch.mv",
    "torch.dot",
    "torch.outer",
    "torch.addmm",
    "torch.baddbmm",
    "torch.addmv",
    "torch.addr",
    "torch.addbmm",
)
def fixed_rank(rng: random.Random, name: str) -> Case:
    op = name.split(".")[-1]
    sizes = {letter: size(rng) or 1 for letter in "bmkn"}
    shapes = [tuple(maybe(rng, sizes[letter]) for letter in letters) for letters in OPERANDS[op]]
    if op in RESULTS:
        shapes[0] = broadcastable_to(rng, tuple(sizes[letter] for letter in RESULTS[op]))
    if rng.random() < 0.05:
        shapes[-1] = (*shapes[-1], 2)
    return call(*(A(s, d) for s, d in zip(shapes, dtypes(rng, name, len(shapes)), strict=True)))


@generates("np.dot", "np.inner", "torch.inner", "np.outer", "np.vdot", "np.vecdot", "torch.kron")
def numpy_products(rng: random.Random, name: str) -> Case:
    one, other = shape(rng, 0, 3), shape(rng, 0, 3)
    if rng.random() < 0.7 and one and other:
        at = -2 if name.endswith(".dot") and len(other) > 1 else -1
        listed = list(other)
        listed[at] = one[-1]
        other = tuple(listed)
    if name.endswith(("vdot", "vecdot")) and rng.random() < 0.7:
        other = one
    a, b = dtypes(rng, name, 2)
    return call(A(one, a), A(other, b))


@generates("torch.tensordot")
def tensordot(rng: random.Random, name: str) -> Case:
    shared = shape(rng, 0, 2)
    left, right = (*shape(rng, 0, 2), *shared), (*(maybe(rng, s) for s in shared), *shape(rng, 0, 2))
    axes: Any = len(shared) if rng.random() < 0.9 else 3
    if rng.random() < 0.4:
        count = len(shared)
        axes = (tuple(range(-count, 0)), tuple(range(count)))
    keyword = "dims" if name.startswith("torch") else "axes"
    a, b = dtypes(rng, name, 2)
    return call(A(left, a), A(right, b), **{keyword: axes})


@generates("F.linear")
def linear(rng: random.Random, name: str) -> Case:
    inside, outside = size(rng), size(rng)
    weight = (inside,) if rng.random() < 0.1 else (outside, inside)
    x = (*batch(rng), maybe(rng, inside))
    a, b, c = dtypes(rng, name, 3)
    bias = A((maybe(rng, outside),) if len(weight) == 2 else (), c)
    return call(A(x, a), A(weight, b), *([bias] if rng.random() < 0.5 else []))


@generates("torch.cdist")
def cdist(rng: random.Random, name: str) -> Case:
    lead, k = batch(rng), size(rng)
    a, b = dtypes(rng, name, 2)
    return call(A((*lead, size(rng), k), a), A((*broadcastable_to(rng, lead), size(rng), maybe(rng, k)), b))


@generates("F.cosine_similarity", "torch.linalg.cross")
def paired(rng: random.Random, name: str) -> Case:
    full = (*shape(rng, 0, 2), 3) if "cross" in name else shape(rng, 0, 3)
    a, b = dtypes(rng, name, 2)
    return call(A(full, a), A(broadcastable_to(rng, full), b), dim=axis(rng, len(full)), rigid="cross" not in name)


@generates(
    "torch.linalg.inv", "torch.linalg.matrix_power", "torch.linalg.det", "torch.logdet", "torch.linalg.eigvalsh", "torch.linalg.eigvals",
    "torch.linalg.eigh", "torch.linalg.eig", "torch.linalg.slogdet",
)  # fmt: skip
def square(rng: random.Random, name: str) -> Case:
    n = rng.choice((1, 2, 3))
    return call(_regular(rng, name, (*batch(rng), n, maybe(rng, n))), *([2] if "power" in name else []))


@generates(
    "torch.linalg.pinv",
    "torch.linalg.matrix_rank",
    "np.linalg.matrix_rank",
    "torch.trace",
    "torch.linalg.svd",
    "torch.svd",
    "torch.linalg.qr",
)
def matrix(rng: random.Random, name: str) -> Case:
    op = name.split(".")[-1]
    options: dict[str, Any] = {}
    if op == "qr":
        options = {"mode": rng.choice(("reduced", "complete", "r"))}
    if op == "svd" and "linalg" in name:
        options = {"full_matrices": rng.random() < 0.5}
        if not name.startswith("torch") and rng.random() < 0.3:
            options["compute_uv"] = False
    if name in ("torch.svd", "Tensor.svd"):
        options = {"some": rng.random() < 0.5}
    lead = () if op == "trace" and rng.random() < 0.9 else batch(rng)
    return call(_regular(rng, name, (*lead, size(rng) or 1, size(rng) or 1) if rng.random() < 0.95 else (3,)), **options)


def _regular(rng: random.Random, name: str, full: tuple[int, ...]) -> A:
    return A(
        full,
        rng.choice(FLOATS[: 1 if name.startswith("jnp") else 2]) if rng.random() < 0.85 else dtype_for(rng, name),
        regular=True,
    )


@generates("torch.linalg.solve", "torch.linalg.solve_triangular")
def solve(rng: random.Random, name: str) -> Case:
    n, lead = rng.choice((1, 2, 3)), batch(rng)
    right: tuple[int, ...] = (*broadcastable_to(rng, lead), maybe(rng, n), size(rng))
    if rng.random() < 0.3 and "triangular" not in name:
        right = (*lead, n) if rng.random() < 0.5 else (n,)
    a, b = dtypes(rng, name, 2)
    options = {"upper": True} if "triangular" in name else {}
    return call(A((*lead, n, maybe(rng, n)), a, regular=True), A(right, b), **options)


@generates("torch.cross", "np.cross")
def cross(rng: random.Random, name: str) -> Case:
    full = (*shape(rng, 0, 2), rng.choice((3, 3, 3, 2)))
    return call(A(full), A(full if rng.random() < 0.7 else broadcastable_to(rng, full)))
