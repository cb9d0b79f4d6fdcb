"""Generated layers that fewer programs need."""

from __future__ import annotations

import random
from typing import Any

import torch

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.cases_pooling import AXES, axes_of, image
from tests.rules.harness import A, Case, broadcastable_to, built, call, dtype_for, generates, shape


@generates("F.threshold")
def threshold(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name, "float32", "int64")), 1, 2)


@generates("F.prelu")
def prelu(rng: random.Random, name: str) -> Case:
    full = shape(rng, 2, 4)
    return call(A(full), A((rng.choice((1, full[1])),)), rigid=False)


@generates("F.instance_norm", "F.channel_shuffle", "F.local_response_norm")
def of_channels(rng: random.Random, name: str) -> Case:
    kind = "int64" if "response" in name and rng.random() < 0.2 else "float32"
    array = A((2, 4, *(n or 1 for n in shape(rng, 0, 2)), 3), kind)
    return call(array, *([] if "instance" in name else [rng.choice((1, 2, 3))]), rigid=False)


@generates("F.pairwise_distance", "nn.PairwiseDistance", "nn.CosineSimilarity")
def distances(rng: random.Random, name: str) -> Case:
    full = shape(rng, 2 if "Cosine" in name else 1, 3)
    keeps: dict[str, Any] = {"keepdim": True} if rng.random() < 0.3 and "Cosine" not in name else {}
    kind = "complex64" if "Cosine" not in name and rng.random() < 0.2 else "float32"
    pair = A(full, kind), A(full if rng.random() < 0.7 else broadcastable_to(rng, full), kind)
    return call(*pair, **keeps) if name.startswith("F") else built((), keeps, *pair)


@generates("F.upsample_nearest", "F.upsample_bilinear")
def upsample(rng: random.Random, name: str) -> Case:
    wanted: dict[str, Any] = {"size": (4, 6)} if rng.random() < 0.5 else {"scale_factor": 2}
    return call(A((2, 3, rng.choice((2, 3)), rng.choice((2, 3)))), rigid=False, **wanted)


@generates("nn.LazyLinear")
def lazy_linear(rng: random.Random, name: str) -> Case:
    return built((3,), {}, A((*(n or 1 for n in shape(rng, 0, 3)), 4)), rigid=False)


@generates(*(f"nn.Lazy{kind}{n}d" for n in AXES for kind in ("Conv", "ConvTranspose")))
def lazy_conv(rng: random.Random, name: str) -> Case:
    return built((4, rng.choice((1, 2, 3))), {"stride": rng.choice((1, 2))}, image(rng, axes_of(name)), rigid=False)


@generates(*(f"nn.Lazy{kind}{n}d" for n in AXES for kind in ("BatchNorm", "InstanceNorm")))
def lazy_norm(rng: random.Random, name: str) -> Case:
    return built((), {}, image(rng, axes_of(name)), rigid=False)


@generates("nn.Threshold", "nn.RReLU", "nn.FeatureAlphaDropout")
def elementwise(rng: random.Random, name: str) -> Case:
    return built((1.0, 2.0) if "Threshold" in name else (), {}, A(shape(rng)))


@generates("nn.LocalResponseNorm", "nn.ChannelShuffle")
def channels(rng: random.Random, name: str) -> Case:
    return built((rng.choice((1, 2, 3)),), {}, A((2, 4, *(n or 1 for n in shape(rng, 0, 2)), 3)), rigid=False)


@generates("nn.AdaptiveLogSoftmaxWithLoss")
def adaptive(rng: random.Random, name: str) -> Case:
    lead = (rng.choice((1, 3)),) if rng.random() < 0.7 else ()
    return built((4, 10, [3, 6]), {}, A((*lead, 4)), A(lead, "int64", 2), rigid=False)


def sequence(rng: random.Random, batch: tuple[int, ...]) -> A:
    return A((*batch, rng.choice((2, 3)), 4))


@generates("nn.TransformerEncoder", "nn.TransformerDecoder")
def stack(rng: random.Random, name: str) -> Case:
    batch = rng.choice(((), (2,)))
    one = getattr(torch.nn, f"{name[3:]}Layer")(4, 2, 8, batch_first=True)
    arrays = [sequence(rng, batch) for _ in range(1 + name.endswith("Decoder"))]
    return built((one, 1), {}, *arrays, rigid=False)


@generates("nn.Transformer")
def transformer(rng: random.Random, name: str) -> Case:
    batch = rng.choice(((), (2,)))
    sizes = [(*batch, n, maybe_wrong(rng, 4)) for n in (2, 3)]
    return built((4, 2, 1, 1, 8), {"batch_first": True}, *map(A, sizes), rigid=False)
