"""Calls that count, search and draw."""

from __future__ import annotations

import random

from tests.rules.harness import A, Case, broadcastable_to, call, dtype_for, generates, shape, size


@generates("torch.searchsorted", "np.searchsorted", "torch.bucketize", "np.digitize")
def search(rng: random.Random, name: str) -> Case:
    boundaries, values = A((1,) if rng.random() < 0.9 else (2, 2), "float32"), A(shape(rng), "float32")
    options = {"out_int32": True} if name.startswith("torch") and rng.random() < 0.3 else {}
    return call(boundaries, values, **options) if name.endswith("searchsorted") else call(values, boundaries, **options)


@generates("torch.histc")
def histc(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), "float32" if rng.random() < 0.8 else dtype_for(rng, name)), *([4] if rng.random() < 0.6 else []))


@generates("torch.bincount", "np.bincount", "jnp.bincount")
def bincount(rng: random.Random, name: str) -> Case:
    full = (size(rng) or 1,) if rng.random() < 0.9 else shape(rng)
    options = {"length": 4} if name.startswith("jnp") else {}
    weights = [A(full, "float32")] if rng.random() < 0.3 else []
    return call(A(full, rng.choice(("int32", "uint8"))), *weights, **options)


@generates("torch.multinomial")
def multinomial(rng: random.Random, name: str) -> Case:
    full = (size(rng) or 1, 3) if rng.random() < 0.5 else (3,) if rng.random() < 0.9 else shape(rng)
    return call(A(full, rng.choice(("float32", "float64")) if rng.random() < 0.9 else "int64", high=9), 1)


@generates("torch.isin", "torch.equal", "torch.allclose", "np.array_equal", "torch.complex", "torch.polar")
def pair(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    one = rng.choice(("float32", "float64" if "jnp" not in name else "float32", "int32"))
    other = one if rng.random() < 0.85 else dtype_for(rng, name)
    return call(A(full, one), A(broadcastable_to(rng, full), other))


@generates("torch.bernoulli")
def bernoulli(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), *([0.5] if rng.random() < 0.3 else []))
