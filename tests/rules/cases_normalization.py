"""Generated normalizations."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_convolution import axes_of, image
from tests.rules.harness import A, Case, built, call, generates, shape, size

KINDS = ("float32",) * 6 + ("int64", "bool")


def maybe_wrong(rng: random.Random, n: int) -> int:
    """A size, now and then another one."""
    return n if rng.random() < 0.9 else size(rng) or 1


@generates("nn.LayerNorm", "nn.RMSNorm", "F.layer_norm", "F.rms_norm")
def _last(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 4)
    count = rng.randint(1, 3)
    wanted: Any = tuple(maybe_wrong(rng, n) for n in sizes[len(sizes) - count :]) or (3,)
    one = A(sizes, rng.choice(KINDS))
    if name.startswith("nn."):
        return built((wanted[0] if len(wanted) == 1 and rng.random() < 0.5 else wanted,), {}, one, rigid=False)
    return call(one, wanted, rigid=False)


@generates(*(f"nn.{kind}Norm{n}d" for n in (1, 2, 3) for kind in ("Batch", "Instance")))
def _by_channel(rng: random.Random, name: str) -> Case:
    channels = rng.choice((1, 2, 3))
    options = {key: rng.random() < 0.5 for key in ("affine", "track_running_stats") if rng.random() < 0.5}
    one = image(rng, axes_of(name), channels, rng.choice(KINDS))
    return built((maybe_wrong(rng, channels),), options, one, rigid=False)


@generates("nn.SyncBatchNorm")
def _sync(rng: random.Random, name: str) -> Case:
    sizes = (2, rng.choice((1, 3)), *(n or 1 for n in shape(rng, 0, 2)))[: rng.choice((1, 4, 4, 4, 4))]
    return built((maybe_wrong(rng, sizes[-1] if len(sizes) < 2 else sizes[1]),), {}, A(sizes, rng.choice(KINDS)), rigid=False)


@generates("nn.GroupNorm", "F.group_norm")
def _group(rng: random.Random, name: str) -> Case:
    channels = rng.choice((1, 2, 4, 6))
    groups = rng.choice((1, 2, channels))
    one = A((2, maybe_wrong(rng, channels), *shape(rng, 0, 2))[: rng.choice((1, 4, 4, 4, 4, 4))], rng.choice(KINDS))
    return built((groups, channels), {}, one, rigid=False) if name.startswith("nn.") else call(one, groups, rigid=False)


@generates("F.batch_norm")
def _batch(rng: random.Random, name: str) -> Case:
    sizes = (2, rng.choice((1, 2, 3)), *(n or 1 for n in shape(rng, 0, 2)))
    each = A((maybe_wrong(rng, sizes[1]),))
    options = {"weight": A((maybe_wrong(rng, sizes[1]),))} if rng.random() < 0.5 else {}
    return call(A(sizes, rng.choice(KINDS)), each, A((sizes[1],)), rigid=False, **options)
