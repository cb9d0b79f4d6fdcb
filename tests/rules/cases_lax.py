"""Calls of `jax.lax`."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, D, N, broadcastable_to, call, dtype_for, generates, shape, size


@generates(
    "jax.lax.nextafter", "jax.lax.mulhi", "jax.lax.complex", "jax.lax.add", "jax.lax.pow", "jax.lax.bitwise_and", "jax.lax.eq"
)
def binary(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    one = dtype_for(rng, name)
    other = one if rng.random() < 0.85 else dtype_for(rng, name)
    second: Any = (
        A(full if rng.random() < 0.7 else broadcastable_to(rng, full), other) if rng.random() < 0.85 else rng.choice((2, 2.0))
    )
    return call(A(full, one), second)


@generates("jax.lax.select")
def select(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    one = dtype_for(rng, name)
    which = rng.choice(((), full, full, broadcastable_to(rng, full)))
    return call(
        A(which, "bool"),
        A(full, one),
        A(full if rng.random() < 0.9 else shape(rng), one if rng.random() < 0.9 else dtype_for(rng, name)),
    )


@generates("jax.lax.broadcast")
def broadcast(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), "float32"), tuple(map(N, shape(rng, 0, 2))))


@generates("jax.lax.broadcast_in_dim")
def broadcast_in_dim(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 2)
    lead = shape(rng, 0, 2)
    return call(A(full, "float32"), tuple(map(N, lead + full)), tuple(range(len(lead), len(lead) + len(full))))


@generates("jax.lax.iota")
def iota(rng: random.Random, name: str) -> Case:
    return call(D("int32"), N(size(rng)))


@generates("jax.lax.full")
def full(rng: random.Random, name: str) -> Case:
    return call(tuple(map(N, shape(rng))), rng.choice((0, 1.5)), *([D("float16")] if rng.random() < 0.4 else []))


@generates("jax.lax.dynamic_update_slice", "jax.lax.dynamic_update_index_in_dim")
def update(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    if "index_in_dim" in name:
        return call(A(full), A(full[1:]), 0, 0)
    if "in_dim" in name:
        return call(A(full), A(full), 0, 0)
    return call(A(full), A(full), (0,) * len(full))
