"""Calls of special functions whose order is a number; all others come from their signatures."""

from __future__ import annotations

import random

from tests.rules.harness import A, Case, call, dtype_for, generates, shape


@generates("torch.polygamma")
def polygamma(rng: random.Random, name: str) -> Case:
    return call(rng.choice((0, 1, 2)), A(shape(rng), dtype_for(rng, name)))


@generates("Tensor.polygamma")
def polygamma_method(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), rng.choice((0, 1, 2)))


@generates("torch.mvlgamma", "Tensor.mvlgamma_")
def multivariate(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name), low=2), rng.choice((1, 2)))
