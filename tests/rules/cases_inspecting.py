"""Generated questions to arrays: shape, size, len, ndim, numel."""

from __future__ import annotations

import random

from tests.rules.cases_reshape import array
from tests.rules.harness import Case, axis, call, generates


@generates("Tensor.shape", "Tensor.__len__", "Tensor.ndim", "Tensor.numel", "Tensor.dtype", "torch.is_floating_point")
def _question(rng: random.Random, name: str) -> Case:
    return call(array(rng, name))


@generates("Tensor.size", "jnp.size")
def _size(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one) if rng.random() < 0.3 else call(one, axis(rng, len(one.shape)))
