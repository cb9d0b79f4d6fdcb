"""Calls that answer positions."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, D, N, call, dtype_for, generates, shape, size


@generates("np.tril_indices", "np.triu_indices")
def triangle(rng: random.Random, name: str) -> Case:
    rest: tuple[Any, ...] = ((rng.choice((-1, 0, 2)),), (0, rng.choice((2, 4))), ())[rng.randrange(3)]
    return call(rng.choice((1, 3, 5)), *rest, rigid=False)


@generates("np.tril_indices_from", "np.triu_indices_from")
def triangle_of(rng: random.Random, name: str) -> Case:
    full = (size(rng) or 1, size(rng) or 1) if rng.random() < 0.9 else shape(rng, 0, 3)
    return call(A(full), *([rng.choice((-1, 1))] if rng.random() < 0.4 else []), rigid=False)


@generates("torch.tril_indices", "torch.triu_indices")
def torch_triangle(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"dtype": D("int32")} if rng.random() < 0.3 else {}
    return call(
        rng.choice((1, 3, 5)), rng.choice((2, 4)), *([rng.choice((-1, 1))] if rng.random() < 0.4 else []), rigid=False, **options
    )


@generates("np.diag_indices")
def diagonal(rng: random.Random, name: str) -> Case:
    return call(N(size(rng) or 1), *([rng.choice((1, 3))] if rng.random() < 0.4 else []))


@generates("np.diag_indices_from")
def diagonal_of(rng: random.Random, name: str) -> Case:
    n = size(rng) or 1
    return call(A(rng.choice(((n, n), (n, n, n), (n,), (n, n + 1)))), rigid=False)


@generates("np.indices")
def grid(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"sparse": True} if rng.random() < 0.3 else {}
    return call(tuple(map(N, shape(rng, 0, 3))), **options)


@generates("np.ix_")
def open_grid(rng: random.Random, name: str) -> Case:
    vectors = [A((size(rng) or 1,) if rng.random() < 0.95 else (2, 2), "int32") for _ in range(rng.choice((1, 2, 3)))]
    return call(*vectors)


@generates("np.unravel_index")
def unravel(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 2), "int32"), rng.choice(((3, 4), (5,), (2, 3, 4))), rigid=False)


@generates("np.ravel_multi_index")
def ravel(rng: random.Random, name: str) -> Case:
    one = A(shape(rng, 1, 2), "int32")
    return call((one, one if rng.random() < 0.8 else A(shape(rng, 1, 2), "int32")), (3, 4), mode="clip", rigid=False)


@generates("jnp.argwhere", "np.flatnonzero")
def found(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"size": 4} if name.startswith("jnp") else {}
    return call(A(tuple(n or 1 for n in shape(rng, 0, 3)), dtype_for(rng, name)), rigid=False, **options)


@generates("np.lexsort")
def lexsort(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 2)
    return call((A(full), A(full))) if rng.random() < 0.6 else call(A((2, *full)))
