"""Calls that combine arrays in all ways, and of shapes that broadcast."""

from __future__ import annotations

import random

from tests.rules.harness import A, Case, N, broadcastable_to, call, dtype_for, generates, shape


@generates("torch.block_diag")
def block_diagonal(rng: random.Random, name: str) -> Case:
    kinds = ("float32", "int64") if rng.random() < 0.3 else ("float32",)
    most = 3 if rng.random() < 0.1 else 2
    return call(*(A(shape(rng, 0, most), dtype_for(rng, name, *kinds)) for _ in range(rng.randint(1, 3))))


@generates("torch.cartesian_prod")
def product(rng: random.Random, name: str) -> Case:
    ranks = (1, 2) if rng.random() < 0.1 else (1, 1)
    return call(*(A(shape(rng, *ranks)) for _ in range(rng.randint(1, 3))))


@generates("torch.combinations")
def choices(rng: random.Random, name: str) -> Case:
    vector = A(shape(rng, 1, 2 if rng.random() < 0.1 else 1), dtype_for(rng, name, "float32", "int64"))
    return call(vector, rng.choice((0, 1, 2, 3)), rng.random() < 0.5, rigid=False)


@generates("torch.broadcast_shapes")
def common_shape(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    shapes = (full, *(broadcastable_to(rng, full) for _ in range(rng.randint(1, 2))))
    return call(*(tuple(map(N, each)) for each in shapes))
