"""Calls of decompositions and of solvers that take their factors."""

from __future__ import annotations

import random

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape


def batch(rng: random.Random) -> tuple[int, ...]:
    return tuple(n or 1 for n in shape(rng, 0, 2))


def square(rng: random.Random) -> tuple[int, ...]:
    n = rng.choice((1, 2, 3))
    return (*batch(rng), n, maybe_wrong(rng, n))


@generates("torch.cholesky_inverse", "torch.linalg.cholesky_ex", "torch.linalg.ldl_factor", "torch.linalg.ldl_factor_ex")
def of_square(rng: random.Random, name: str) -> Case:
    return call(A(square(rng), rng.choice(("float32", "float64", "int32")), regular=True))


@generates("torch.linalg.lu", "torch.linalg.lu_factor", "torch.linalg.lu_factor_ex", "torch.linalg.cond", "torch.linalg.svdvals")
def of_matrix(rng: random.Random, name: str) -> Case:
    sizes = (*batch(rng), rng.choice((1, 2, 3)), rng.choice((1, 2, 3)))
    sizes = sizes[-2:] if "cond" in name and rng.random() < 0.5 else sizes
    return call(A(sizes if rng.random() < 0.95 else sizes[-1:], "float32", regular=True))


@generates("torch.linalg.ldl_solve", "torch.linalg.lu_solve")
def with_pivots(rng: random.Random, name: str) -> Case:
    sizes = square(rng)
    return call(A(sizes, regular=True), A(sizes[:-1], "int32", high=1, low=1), A((*sizes[:-1], 2)))


@generates("torch.lu_solve")
def with_pivots_last(rng: random.Random, name: str) -> Case:
    sizes = square(rng)
    return call(A((*sizes[:-1], 2)), A(sizes, regular=True), A(sizes[:-1], "int32", high=1, low=1))


@generates("torch.cholesky_solve", "torch.triangular_solve")
def with_factor(rng: random.Random, name: str) -> Case:
    sizes = square(rng)
    return call(A((*sizes[:-1], 2)), A(sizes, regular=True))


@generates("torch.linalg.householder_product")
def householder(rng: random.Random, name: str) -> Case:
    lead, columns = batch(rng), rng.choice((1, 2))
    return call(A((*lead, 3, columns)), A((*lead, columns)), rigid=False)


@generates("torch.linalg.lstsq")
def least_squares(rng: random.Random, name: str) -> Case:
    rows = rng.choice((3, 5))
    return call(A((rows, 2), regular=True), A((maybe_wrong(rng, rows), 2)), rigid=False)


@generates("torch.linalg.multi_dot")
def multi_dot(rng: random.Random, name: str) -> Case:
    n, m, k, last = (rng.choice((1, 2, 3)) for _ in range(4))
    first = (n, m) if rng.random() < 0.8 else (m,)
    return call([A(first), A((maybe_wrong(rng, m), k)), A((k, last) if rng.random() < 0.8 else (k,))])


@generates("torch.linalg.tensorinv")
def tensor_inverse(rng: random.Random, name: str) -> Case:
    return call(A(square(rng)[-2:], regular=True), 1)


@generates("torch.linalg.tensorsolve")
def tensor_solve(rng: random.Random, name: str) -> Case:
    n = rng.choice((2, 3))
    if rng.random() < 0.4:
        return call(A((2, n, 2 * n), regular=True), A((2, n)), rigid=False)
    dims = {"dims" if name.startswith("torch") else "axes": rng.choice(((0,), (-1,), (1,)))} if rng.random() < 0.5 else {}
    return call(A((n, n), regular=True), A((n,)), rigid=False, **dims)


@generates("torch.linalg.vecdot")
def vecdot(rng: random.Random, name: str) -> Case:
    sizes = (*batch(rng), rng.choice((1, 3)))
    kind = dtype_for(rng, name, "float32", "complex64")
    other = A(sizes if rng.random() < 0.8 else broadcastable_to(rng, sizes), kind)
    return call(A(sizes, kind), other, **({"dim": axis(rng, len(sizes))} if rng.random() < 0.5 else {}))


@generates("torch.vander", "torch.linalg.vander")
def vander(rng: random.Random, name: str) -> Case:
    sizes = (*(batch(rng) if "linalg" in name else ()), rng.choice((2, 3)))
    if "linalg" in name and rng.random() < 0.2:
        sizes = ()
    kind = rng.choice(("float32", "complex64", *(("uint8", "int64") if "linalg" in name else ())))
    return call(A(sizes, kind), **({"N": 4} if rng.random() < 0.4 or not sizes else {}), rigid=False)


@generates("torch.dist")
def dist(rng: random.Random, name: str) -> Case:
    sizes = shape(rng)
    return call(A(sizes), A(broadcastable_to(rng, sizes)))


@generates("torch.lu")
def packed(rng: random.Random, name: str) -> Case:
    sizes = (*batch(rng), rng.choice((1, 2, 3)), rng.choice((1, 2, 3)))
    return call(A(sizes, rng.choice(("float32", "int64")), regular=True), get_infos=rng.random() < 0.5)


@generates("torch.lu_unpack")
def unpacked(rng: random.Random, name: str) -> Case:
    rows, columns, lead = rng.choice((1, 2, 3)), rng.choice((1, 2, 3)), batch(rng)
    pivots = A((*lead, min(rows, columns)), "int32", high=1, low=1)
    return call(A((*lead, rows, columns), regular=True), pivots, rng.random() < 0.7, rng.random() < 0.7, rigid=False)


@generates("torch.svd_lowrank", "torch.pca_lowrank")
def low_rank(rng: random.Random, name: str) -> Case:
    sizes = (*batch(rng), rng.choice((2, 5, 7)), rng.choice((2, 5, 7)))
    return call(A(sizes, regular=True), rng.choice((1, 2)), rigid=False)


@generates("torch.ormqr")
def reflected(rng: random.Random, name: str) -> Case:
    lead, columns = batch(rng), rng.choice((1, 2))
    left = rng.random() < 0.5
    scales = columns if rng.random() < 0.9 else 3
    other = A((*lead, *((3, 2) if left else (2, 3))))
    if rng.random() < 0.3:
        return call(A((*lead, 3, columns)), input2=A((*lead, scales)), input3=other, left=left, rigid=False)
    return call(A((*lead, 3, columns)), A((*lead, scales)), other, left, rigid=False)
