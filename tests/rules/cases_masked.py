"""Calls of `torch.masked` whose axis is required; the others come from `reductions`."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape


def mask(rng: random.Random, full: tuple[int, ...]) -> dict[str, Any]:
    return {"mask": A(broadcastable_to(rng, full), "bool")} if rng.random() < 0.5 else {}


@generates("torch.masked.softmax", "torch.masked.cumsum")
def along(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 0, 3))
    return call(A(full, dtype_for(rng, name, "float32", "float16", "int64")), axis(rng, len(full)), **mask(rng, full))


@generates("torch.masked.normalize")
def normalize(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    return call(A(full, dtype_for(rng, name, "float32", "complex64")), 2.0, axis(rng, len(full)), **mask(rng, full))


@generates(
    "torch.masked.sum", "torch.masked.mean", "torch.masked.amax", "torch.masked.var", "torch.masked.argmax",
    "torch.masked.median", "torch.masked.logsumexp", "torch.masked.norm",
)  # fmt: skip
def reduced(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 0, 3))
    given: dict[str, Any] = {"dim": axis(rng, len(full))} if rng.random() < 0.7 else {}
    if given and rng.random() < 0.5:
        given["keepdim"] = rng.random() < 0.7
    return call(A(full, dtype_for(rng, name, "float32", "int64", "float16", "bool")), **given, **mask(rng, full))
