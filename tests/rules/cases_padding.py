"""Generated paddings and resamplings."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_convolution import axes_of, image, per_axis
from tests.rules.harness import A, Case, built, call, dtype_for, generates, shape


@generates("F.pad")
def _pad(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 4)
    amounts = tuple(rng.choice((0, 1, 2, -1)) for _ in range(2 * rng.randint(0, min(len(sizes) + 1, 3)) + (rng.random() < 0.05)))
    if sizes and rng.random() < 0.2:
        return call(A(sizes), tuple(abs(n) for n in amounts), mode=rng.choice(("reflect", "replicate", "circular")), rigid=False)
    return call(A(sizes), amounts, rigid=False)


@generates("jnp.pad")
def _numpy_pad(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    pairs = tuple((rng.choice((0, 1, 2)), rng.choice((0, 1, -1 if rng.random() < 0.2 else 2))) for _ in sizes)
    width: Any = rng.choice((1, 0, (1, 2), ((1, 2),), pairs, pairs, (*pairs, (1, 1))))
    return call(A(sizes, dtype_for(rng, name, "float32", "int32")), width, rigid=False)


@generates("F.grid_sample")
def _grid_sample(rng: random.Random, name: str) -> Case:
    axes = rng.choice((2, 2, 3))
    one = image(rng, axes, 2)
    batch = one.shape[0] if one.shape and rng.random() < 0.9 else 3
    points = tuple(rng.choice((1, 4, 5)) for _ in range(axes if rng.random() < 0.9 else 2))
    return call(one, A((batch, *points, axes if rng.random() < 0.9 else 1)), rigid=False)


@generates("F.affine_grid")
def _affine_grid(rng: random.Random, name: str) -> Case:
    axes = rng.choice((2, 2, 3))
    batch = rng.choice((1, 2))
    theta = A((batch, axes, axes + 1) if rng.random() < 0.85 else (batch, 2, 2))
    return call(theta, (batch if rng.random() < 0.9 else 3, 3, *(rng.choice((2, 4)) for _ in range(axes))), rigid=False)


@generates("F.interpolate", "nn.Upsample", "nn.UpsamplingNearest2d", "nn.UpsamplingBilinear2d")
def _interpolate(rng: random.Random, name: str) -> Case:
    axes = 2 if name.endswith("2d") else rng.choice((1, 2, 2, 3))
    lead: tuple[int, ...] = (2, 3) if rng.random() < 0.9 else (2,)
    one = A((*lead, *(rng.choice((1, 3, 5)) for _ in range(axes))))
    options: dict[str, Any] = (
        {"size": per_axis(rng, axes, 1, 4, 7)}
        if rng.random() < 0.5
        else {"scale_factor": rng.choice((1, 2, 3, 2.5, 0.5, 0.6, 1.7, (2.0,) * axes))}
    )
    if rng.random() < 0.05:
        options["size"] = (2,) * (axes + 1)
    if not name.endswith("2d") and rng.random() < 0.5:
        options["mode"] = rng.choice(("nearest", "linear", "bilinear", "bicubic", "trilinear", "area"))
    return built((), options, one, rigid=False) if name.startswith("nn.") else call(one, rigid=False, **options)


@generates(*(f"nn.{kind}Pad{n}d" for n in (1, 2, 3) for kind in ("Constant", "Zero", "Reflection", "Replication", "Circular")))
def _pad_layer(rng: random.Random, name: str) -> Case:
    axes = axes_of(name)
    amounts: Any = rng.choice((1, 0, 2, tuple(rng.choice((0, 1, 2)) for _ in range(2 * axes))))
    value = (0.5,) if "Constant" in name else ()
    return built((amounts, *value), {}, image(rng, axes, 2), rigid=False)
