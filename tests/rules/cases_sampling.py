"""Calls of random samplers: their parameters' shapes, and `shape=`/`size=`."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.rules.sampling import DISTRIBUTIONS
from tests.rules.cases_creation import key, maybe_dtype, sizes
from tests.rules.harness import A, Case, N, call, from_signature, generates, shape, size


@generates(*(name for row in DISTRIBUTIONS for name in row.names))
def distribution(rng: random.Random, name: str) -> Case:
    floats = [A(each.shape) if isinstance(each, A) else each for each in from_signature(rng, name).args]
    options: dict[str, Any] = maybe_dtype(rng, name, "float32", "float16") if "poisson geometric".find(name[11:]) < 0 else {}
    if all(not isinstance(each, A) or each.shape == () for each in floats) and rng.random() < 0.7:
        options["shape"] = sizes(rng)
    return call(key(rng), *floats, **options)


@generates("jax.random.maxwell", "jax.random.rademacher", "jax.random.bits")
def shaped(rng: random.Random, name: str) -> Case:
    kinds = {"maxwell": ("float32", "float16"), "rademacher": ("int32", "int8"), "bits": ("uint8", "uint32")}[name[11:]]
    return call(key(rng), *([sizes(rng)] if rng.random() < 0.8 else []), **maybe_dtype(rng, name, *kinds))


@generates("jax.random.ball", "jax.random.orthogonal")
def points(rng: random.Random, name: str) -> Case:
    other = {"m": 2} if "orthogonal" in name and rng.random() < 0.3 else {}
    return call(key(rng), rng.choice((1, 3)), shape=sizes(rng), rigid=False, **other)


@generates("jax.random.choice", "np.random.choice")
def choice(rng: random.Random, name: str) -> Case:
    population = rng.choice((5, A((3,)), A((5, 2), "int32")))
    asked = (tuple(map(N, filter(None, shape(rng, 0, 3)))),) if rng.random() < 0.7 else ()
    return call(*([key(rng)] if name.startswith("jax") else []), population, *asked, rigid=False)


@generates("jax.random.key_data")
def key_data(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), "prng_key"))


@generates("jax.random.wrap_key_data")
def wrap_key_data(rng: random.Random, name: str) -> Case:
    return call(A((*shape(rng, 0, 3), 2), "uint32"))


@generates("np.random.beta", "np.random.binomial")
def two_numbers(rng: random.Random, name: str) -> Case:
    return call(3, 0.5, sizes(rng)) if rng.random() < 0.7 else call(3, 0.5)


@generates("np.random.exponential", "np.random.poisson", "np.random.standard_normal")
def one_number(rng: random.Random, name: str) -> Case:
    number: list[Any] = (
        []
        if ("standard_" in name and "gamma" not in name and not name.endswith("_t")) or name.endswith("ranf")
        else [0.5 if "zipf" not in name else 2.0]
    )
    return call(*number, size=sizes(rng)) if rng.random() < 0.7 else call(*number)


@generates("np.random.dirichlet")
def dirichlet(rng: random.Random, name: str) -> Case:
    alpha = rng.choice(([0.5, 0.5, 1.0], A((3,), "float64")))
    return call(alpha, sizes(rng)) if rng.random() < 0.7 else call(alpha, size(rng))
