"""Calls of losses."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, broadcastable_to, built, call, dtype_for, generates, shape, size


def reduction(rng: random.Random, name: str) -> dict[str, Any]:
    return {"reduction": rng.choice(("none", "sum", "mean"))} if rng.random() < 0.6 else {}


@generates("F.cross_entropy", "F.nll_loss")
def classes(rng: random.Random, name: str) -> Case:
    count = rng.choice((2, 3, 5))
    lead = (size(rng) or 1,)
    rest = shape(rng, 0, 2)
    scores = A(
        (count,) if rng.random() < 0.1 else (*lead, count, *rest), "float32" if rng.random() < 0.93 else dtype_for(rng, name)
    )
    indices = () if len(scores.shape) == 1 else (*lead, *rest)
    if rng.random() < 0.15:
        indices = shape(rng, 0, 3)
    target = A(indices, "int64" if rng.random() < 0.85 else dtype_for(rng, name))
    if rng.random() < 0.3 and "nll" not in name:
        target = A(scores.shape, "float32" if rng.random() < 0.8 else "int64")
    weight = {"weight": A((count,), "float32" if rng.random() < 0.7 else dtype_for(rng, name))} if rng.random() < 0.2 else {}
    return call(scores, target, **weight, **reduction(rng, name))


@generates(
    "F.mse_loss", "F.l1_loss", "F.smooth_l1_loss", "F.huber_loss", "F.kl_div", "F.soft_margin_loss", "F.binary_cross_entropy", "F.binary_cross_entropy_with_logits",
)  # fmt: skip
def elementwise(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 0, 3))
    other = broadcastable_to(rng, full) if rng.random() < 0.4 else full
    one = "float32" if rng.random() < 0.8 else dtype_for(rng, name)
    return call(A(full, one), A(other, one if rng.random() < 0.8 else dtype_for(rng, name)), **reduction(rng, name))


@generates("F.linear_cross_entropy", "nn.LinearCrossEntropyLoss")
def linear_classes(rng: random.Random, name: str) -> Case:
    rows, features, count, rest = rng.choice((1, 3)), rng.choice((2, 5)), rng.choice((2, 3)), shape(rng, 0, 1)
    target = A((rows if rng.random() < 0.9 else 7, *rest), "int64" if rng.random() < 0.9 else "int32")
    given = A((rows, features if rng.random() < 0.9 else 7))
    if rng.random() < 0.1:
        given, target = A((features,)), A(rest, "int64")
    if name.startswith("F."):
        bias = {"linear_bias": A((count, *rest))} if rng.random() < 0.2 else {}
        return call(given, A((count, *rest, features)), target, **bias, **reduction(rng, name), rigid=False)
    return built((features, count), {"out_features": rest, **reduction(rng, name)}, given, target, rigid=False)
