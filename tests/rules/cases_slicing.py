"""Calls of `jax.lax` whose axes and sizes are arguments."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, D, N, axis, call, dtype_for, generates, shape


def filled(rng: random.Random, least: int = 0, most: int = 3) -> tuple[int, ...]:
    """A shape without empty axes."""
    return tuple(n or 1 for n in shape(rng, least, most))


@generates("jax.lax.slice")
def sliced(rng: random.Random, name: str) -> Case:
    full = filled(rng)
    starts = tuple(rng.randrange(n) for n in full)
    stops = tuple(rng.randint(low, n + (rng.random() < 0.1)) for low, n in zip(starts, full, strict=True))
    extra: list[Any] = [tuple(rng.choice((1, 2, 3)) for _ in full)] if rng.random() < 0.4 else []
    return call(A(full), starts, stops if rng.random() < 0.95 else stops[1:], *extra, rigid=False)


@generates("jax.lax.slice_in_dim")
def sliced_in_dim(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    ends = [rng.choice((None, 0, 1, -1)), rng.choice((None, 1, 2, -1, 9))]
    return call(A(full), *ends, rng.choice((1, 1, 2)), axis(rng, len(full)), rigid=False)


@generates("jax.lax.dynamic_slice")
def dynamic_slice(rng: random.Random, name: str) -> Case:
    full = filled(rng)
    wanted = tuple(rng.randint(1, n + (rng.random() < 0.1)) for n in full)
    return call(A(full), (0,) * len(full), wanted if rng.random() < 0.95 else (1, *wanted), rigid=False)


@generates("jax.lax.dynamic_slice_in_dim")
def dynamic_slice_in_dim(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    return call(A(full), 0, rng.choice((1, 2, 3)), axis(rng, len(full)), rigid=False)


@generates("jax.lax.index_in_dim")
def index_in_dim(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    return call(A(full), 0, axis(rng, len(full)), rng.random() < 0.5)


@generates("jax.lax.split")
def split(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    at = rng.randrange(len(full))
    first = rng.randint(0, full[at])
    return call(A(full), (first, full[at] - first + (rng.random() < 0.1)), at, rigid=False)


@generates("jax.lax.collapse")
def collapse(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 4)
    first = rng.randint(0, len(full))
    return call(A(full), first, *([rng.randint(first, len(full))] if rng.random() < 0.7 else []))


@generates("jax.lax.broadcast_to_rank")
def broadcast_to_rank(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)), rng.randint(0, 5))


@generates("jax.lax.pad")
def pad(rng: random.Random, name: str) -> Case:
    full = filled(rng)
    config = tuple((rng.choice((0, 1, -1, -3)), rng.choice((0, 2)), rng.choice((0, 0, 1))) for _ in full)
    return call(A(full), 0.0, config if rng.random() < 0.95 else (*config, (0, 0, 0)), rigid=False)


@generates("jax.lax.rev")
def rev(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1)
    return call(A(full), (axis(rng, len(full)),))


@generates("jax.lax.broadcasted_iota")
def broadcasted_iota(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1)
    return call(D("int32"), tuple(map(N, full)), rng.randrange(len(full)))


@generates("jax.lax.full_like")
def full_like(rng: random.Random, name: str) -> Case:
    extra: dict[str, Any] = {"dtype": D("float16")} if rng.random() < 0.3 else {}
    if rng.random() < 0.3:
        extra["shape"] = tuple(map(N, shape(rng)))
    return call(A(shape(rng), dtype_for(rng, name)), 1, **extra)


@generates("jax.lax.reduce_sum", "jax.lax.reduce_and")
def reduced(rng: random.Random, name: str) -> Case:
    full = filled(rng)
    axes = tuple(n for n in range(len(full) + (rng.random() < 0.1)) if rng.random() < 0.5)
    return call(A(full, dtype_for(rng, name)), axes)


@generates("jax.lax.argmax")
def argmax(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    return call(A(full), rng.randrange(len(full)), D("int32"))


@generates("jax.lax.cumsum")
def cumsum(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0)
    return call(A(full, dtype_for(rng, name, "float32", "int32", "float16")), axis(rng, len(full)))


@generates("jax.lax.sort")
def sort(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1)
    return call(A(full, dtype_for(rng, name)), axis(rng, len(full)))


@generates("jax.lax.sort_key_val")
def sort_key_val(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1)
    return call(A(full, "int32"), A(full, dtype_for(rng, name)), **({"dimension": 0} if rng.random() < 0.3 else {}))


@generates("jax.lax.approx_max_k")
def approx_max_k(rng: random.Random, name: str) -> Case:
    full = filled(rng, 1)
    return call(A(full), rng.choice((1, 2)), axis(rng, len(full), 0.05), rigid=False)


@generates("jax.lax.select_n")
def select_n(rng: random.Random, name: str) -> Case:
    full, kind = shape(rng), dtype_for(rng, name)
    return call(A(full, "bool"), A(full, kind), A(full, kind))


@generates("jax.lax.clamp")
def clamp(rng: random.Random, name: str) -> Case:
    full, kind = shape(rng), dtype_for(rng, name)
    low, high = (A(rng.choice(((), (), full, shape(rng))), kind) for _ in range(2))
    return call(low, A(full, kind), high)


@generates("jax.lax.reduce_precision", "jax.lax.integer_pow")
def with_numbers(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)), *((5, 2) if "precision" in name else (2,)))
