"""Generated pooling that fewer programs need, and bags of embeddings."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, built, call, generates

AXES = (1, 2, 3)


def image(rng: random.Random, axes: int, low: int = 3) -> A:
    """Batch and channels (or channels alone) and space, now and then an axis too few."""
    space = tuple(rng.randint(low, 7) for _ in range(axes))
    return A(((2, 3), (3,), (2, 3), ())[rng.randrange(4) if rng.random() < 0.3 else 0] + space)


def axes_of(name: str) -> int:
    return int(name[name.rindex("d") - 1] if "with_indices" not in name else name[name.index("d_with") - 1])


def windows(rng: random.Random) -> dict[str, Any]:
    return {"stride": rng.choice((1, 2))} if rng.random() < 0.5 else {}


@generates(*(f"F.max_pool{n}d_with_indices" for n in AXES))
def with_indices(rng: random.Random, name: str) -> Case:
    return call(image(rng, axes_of(name)), rng.choice((1, 2, 3)), rigid=False, **windows(rng))


@generates(*(f"F.adaptive_max_pool{n}d_with_indices" for n in AXES))
def adaptive_with_indices(rng: random.Random, name: str) -> Case:
    return call(image(rng, axes_of(name)), rng.choice((1, 2)), rigid=False)


@generates(*(f"F.lp_pool{n}d" for n in AXES))
def power_average(rng: random.Random, name: str) -> Case:
    return call(image(rng, axes_of(name)), 2.0, rng.choice((1, 2)), rigid=False, **windows(rng))


@generates(*(f"nn.LPPool{n}d" for n in AXES))
def power_average_layer(rng: random.Random, name: str) -> Case:
    return built((2.0, rng.choice((1, 2))), windows(rng), image(rng, axes_of(name)), rigid=False)


@generates(*(f"F.max_unpool{n}d" for n in AXES))
def unpool(rng: random.Random, name: str) -> Case:
    pooled = image(rng, axes_of(name))
    options = {"stride": 0} if name.endswith("3d") and rng.random() < 0.1 else windows(rng)
    return call(pooled, A(pooled.shape, "int64", 1), 2, rigid=False, **options)


@generates(*(f"nn.MaxUnpool{n}d" for n in AXES))
def unpool_layer(rng: random.Random, name: str) -> Case:
    pooled = image(rng, axes_of(name))
    return built((2,), windows(rng), pooled, A(pooled.shape, "int64", 1), rigid=False)


@generates(*(f"F.fractional_max_pool{n}d{rest}" for n in (2, 3) for rest in ("", "_with_indices")))
def fractional(rng: random.Random, name: str) -> Case:
    wanted: dict[str, Any] = {"output_size": 2} if rng.random() < 0.6 else {"output_ratio": 0.5}
    return call(image(rng, axes_of(name), 5), 2, rigid=False, **wanted)


@generates("nn.FractionalMaxPool2d", "nn.FractionalMaxPool3d")
def fractional_layer(rng: random.Random, name: str) -> Case:
    wanted: dict[str, Any] = {"output_size": 2} if rng.random() < 0.6 else {"output_ratio": 0.5}
    return built((2,), wanted | {"return_indices": rng.random() < 0.3}, image(rng, axes_of(name), 5), rigid=False)


def bags(rng: random.Random) -> tuple[A, ...]:
    if rng.random() < 0.5:
        return (A((rng.choice((1, 3)), rng.choice((2, 4))), "int64"),)
    return A((rng.choice((4, 6)),), "int64"), A((rng.choice((1, 3)),), "int64", 4)


@generates("F.embedding_bag")
def embedding_bag(rng: random.Random, name: str) -> Case:
    indices, *offsets = bags(rng)
    pair = (indices, A((5, 3)))
    options = {"include_last_offset": True} if [each.shape for each in offsets] == [(3,)] and rng.random() < 0.4 else {}
    return call(*(pair if rng.random() < 0.8 else pair[::-1]), *offsets, rigid=False, **options)


@generates("nn.EmbeddingBag")
def embedding_bag_layer(rng: random.Random, name: str) -> Case:
    return built((5, 3 if rng.random() < 0.95 else -1), {}, *bags(rng), rigid=False)
