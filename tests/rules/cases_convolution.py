"""Generated convolutions, poolings and patches."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, built, call, generates

CHANNELS = (1, 2, 3, 4, 6)
_FLOAT = ("float32",) * 8 + ("float64", "int64")


def image(rng: random.Random, axes: int, channels: int, kind: str = "float32") -> A:
    """A batch of images (or one), now and then of another rank."""
    spatial = tuple(rng.choice((1, 3, 5, 7, 8)) for _ in range(axes))
    lead = rng.choice(((2,), (2,), (1,), ()))
    found = (*lead, channels, *spatial)
    if rng.random() < 0.06:
        found = (*found, 2) if rng.random() < 0.5 else found[1:]
    return A(found, kind)


def per_axis(rng: random.Random, axes: int, *values: int) -> Any:
    """One value for all axes or one for each."""
    return rng.choice(values) if rng.random() < 0.6 else tuple(rng.choice(values) for _ in range(axes))


def axes_of(name: str) -> int:
    """The number of axes in a name such as `nn.Conv2d`."""
    return int(name[-2])


def conv_options(rng: random.Random, axes: int, transposed: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"stride": per_axis(rng, axes, 1, 1, 2, 3), "dilation": per_axis(rng, axes, 1, 1, 2)}
    options["padding"] = per_axis(rng, axes, 0, 1, 2)
    if not transposed and rng.random() < 0.3:
        options["padding"] = rng.choice(("same", "valid"))
        if options["padding"] == "same" and rng.random() < 0.8:
            options["stride"] = 1
    if transposed and rng.random() < 0.3:
        options["output_padding"] = rng.choice((0, 1))
    return {key: value for key, value in options.items() if rng.random() < 0.6}


def conv_case(rng: random.Random, name: str) -> Case:
    axes, transposed = axes_of(name), "ranspose" in name
    inside, outside = rng.choice(CHANNELS), rng.choice(CHANNELS)
    options = conv_options(rng, axes, transposed)
    groups = rng.choice([g for g in (1, 2, 3) if inside % g == outside % g == 0]) if rng.random() < 0.9 else 2
    found = inside if rng.random() < 0.9 else rng.choice(CHANNELS)
    kernel = per_axis(rng, axes, 1, 2, 3)
    if name.startswith("nn."):
        if rng.random() < 0.2 and not transposed:
            options["padding_mode"] = rng.choice(("zeros", "reflect", "circular", "replicate"))
        given = image(rng, axes, found, rng.choice(("float32",) * 8 + ("int64",)))
        return built((inside, outside, kernel), {"groups": groups, **options}, given, rigid=False)
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * axes
    weight = A((inside, max(outside // groups, 1), *sizes) if transposed else (outside, max(inside // groups, 1), *sizes))
    return call(image(rng, axes, found), weight, groups=groups, rigid=False, **options)


@generates(*(f"{root}{n}d" for n in (1, 2, 3) for root in ("nn.Conv", "nn.ConvTranspose", "F.conv", "F.conv_transpose")))
def _conv(rng: random.Random, name: str) -> Case:
    return conv_case(rng, name)


@generates(*(f"{root}{n}d" for n in (1, 2, 3) for root in ("nn.MaxPool", "nn.AvgPool", "F.max_pool", "F.avg_pool")))
def _pool(rng: random.Random, name: str) -> Case:
    axes = axes_of(name)
    options: dict[str, Any] = {
        "stride": per_axis(rng, axes, 1, 2, 3),
        "padding": per_axis(rng, axes, 0, 1),
        "ceil_mode": rng.random() < 0.5,
    }
    if "ax" in name:
        options |= {"dilation": per_axis(rng, axes, 1, 2), "return_indices": rng.random() < 0.5}
    options = {key: value for key, value in options.items() if rng.random() < 0.5}
    one, kernel = image(rng, axes, 2 if rng.random() < 0.97 else 0), per_axis(rng, axes, 1, 2, 3)
    if "vg_pool" in name and axes > 1 and rng.random() < 0.1:
        options["divisor_override"] = rng.choice((0, 2))
    return built((kernel,), options, one, rigid=False) if name.startswith("nn.") else call(one, kernel, rigid=False, **options)


@generates(
    *(
        f"{root}{n}d"
        for n in (1, 2, 3)
        for root in ("nn.AdaptiveAvgPool", "nn.AdaptiveMaxPool", "F.adaptive_avg_pool", "F.adaptive_max_pool")
    )
)
def _adaptive(rng: random.Random, name: str) -> Case:
    axes = axes_of(name)
    one, wanted = image(rng, axes, 2), per_axis(rng, axes, 1, 2, 4)
    if isinstance(wanted, tuple) and axes > 1 and rng.random() < 0.4:
        wanted = (None, *wanted[1:])
    return built((wanted,), {}, one, rigid=False) if name.startswith("nn.") else call(one, wanted, rigid=False)


@generates("F.unfold", "nn.Unfold")
def _unfold(rng: random.Random, name: str) -> Case:
    options = {"stride": per_axis(rng, 2, 1, 2), "padding": per_axis(rng, 2, 0, 1), "dilation": per_axis(rng, 2, 1, 2)}
    one, kernel = image(rng, 2, rng.choice(CHANNELS)), per_axis(rng, 2, 1, 2, 3)
    return built((kernel,), options, one, rigid=False) if name.startswith("nn.") else call(one, kernel, rigid=False, **options)


@generates("F.fold", "nn.Fold")
def _fold(rng: random.Random, name: str) -> Case:
    one = A((*rng.choice(((2,), ())), rng.choice((4, 8, 12, 5)), rng.choice((4, 4, 9, 3))))
    kernel, wanted = 2, rng.choice(((4, 4), (4, 4), (6, 6), (4, 2)))
    stride = {"stride": 2}
    return (
        built((wanted, kernel), stride, one, rigid=False)
        if name.startswith("nn.")
        else call(one, wanted, kernel, rigid=False, **stride)
    )


@generates("F.pixel_shuffle", "nn.PixelShuffle", "F.pixel_unshuffle", "nn.PixelUnshuffle")
def _pixels(rng: random.Random, name: str) -> Case:
    lead = rng.choice(((), (2,), (2, 3)))
    sizes = (*lead, rng.choice((4, 8, 9, 5)), rng.choice((2, 4, 6)), rng.choice((2, 4, 6, 3)))
    one = A(sizes[rng.choice((0, 0, 0, 1, 2)) :])
    factor = rng.choice((1, 2, 3))
    return built((factor,), {}, one, rigid=False) if name.startswith("nn.") else call(one, factor, rigid=False)
