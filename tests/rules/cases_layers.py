"""Generated layers: linear, embedding, activations, dropouts, losses."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.rules.layers import ACTIVATIONS, DROPOUTS, LOSSES
from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, axis, built, call, generates, shape, size

KINDS = ("float32",) * 8 + ("int64", "bool", "float16")


@generates("nn.Linear")
def _linear(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 4)
    kind = rng.choice(("float32",) * 8 + ("int64", "bool"))
    outputs = rng.choice((1, 3)) if rng.random() < 0.95 else -1
    return built((maybe_wrong(rng, sizes[-1] if sizes else 2), outputs), {}, A(sizes, kind), rigid=False)


@generates("nn.Bilinear")
def _bilinear(rng: random.Random, name: str) -> Case:
    sizes, last = shape(rng, 1, 3), rng.choice((1, 2, 3))
    return built((maybe_wrong(rng, sizes[-1]), last, 4), {}, A(sizes), A((*sizes[:-1], last)), rigid=False)


@generates("nn.Embedding")
def _embedding(rng: random.Random, name: str) -> Case:
    return built(
        (5 if rng.random() < 0.95 else -1, rng.choice((1, 3))),
        {},
        A(shape(rng), rng.choice(("int64", "int64", "int32", "float32", "bool", "int16"))),
    )


@generates("F.embedding")
def _embedding_function(rng: random.Random, name: str) -> Case:
    weight = A((5, rng.choice((1, 3)))[: 1 if rng.random() < 0.05 else 2], rng.choice(("float32", "float16")))
    return call(A(shape(rng), rng.choice(("int64", "int64", "int32", "float32"))), weight)


@generates("F.one_hot")
def _one_hot(rng: random.Random, name: str) -> Case:
    one = A(shape(rng), rng.choice(("int64", "int64", "int64", "float32", "int32")))
    return call(one, rng.choice((3, 5))) if rng.random() < 0.7 else call(one)


@generates("nn.Identity", *(each.name for each in DROPOUTS), "nn.Dropout1d")
def _same(rng: random.Random, name: str) -> Case:
    return built((), {}, A(shape(rng)))


@generates("F.dropout1d", "F.dropout2d")
def _dropout(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)), 0.5, rng.random() < 0.5)


@generates("nn.Flatten")
def _flatten(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 5)
    return built(rng.choice(((), (axis(rng, len(sizes)),), (0, axis(rng, len(sizes))))), {}, A(sizes))


@generates("nn.Unflatten")
def _unflatten(rng: random.Random, name: str) -> Case:
    return built((rng.choice((1, -1, 3)), rng.choice(((2, 3), (3, -1), (1, 2, -1)))), {}, A((*shape(rng, 1, 2), 6)), rigid=False)


@generates("nn.PReLU")
def _prelu(rng: random.Random, name: str) -> Case:
    return built((rng.choice((1, 2, 3)),), {}, A(shape(rng, 0, 4)), rigid=False)


@generates("nn.Softmax2d")
def _softmax2d(rng: random.Random, name: str) -> Case:
    return built((), {}, A(shape(rng, 1, 5)))


@generates(*(each.name for each in ACTIVATIONS))
def _activation(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 4)
    options: dict[str, Any] = {"dim": axis(rng, len(sizes))} if name.endswith(("max", "min", "GLU")) else {}
    if name == "nn.GELU" and rng.random() < 0.4:
        options = {"approximate": rng.choice(("none", "tanh", "exact"))}
    return built((), options, A(sizes, rng.choice(KINDS)), rigid="GLU" not in name)


@generates(*(each.name for each in LOSSES))
def _loss(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"reduction": rng.choice(("none", "mean", "sum"))} if rng.random() < 0.6 else {}
    sizes = shape(rng, 1, 4)
    if name in ("nn.CrossEntropyLoss", "nn.NLLLoss"):
        target = (maybe_wrong(rng, sizes[0]), *sizes[2:]) if len(sizes) > 1 else ()
        if rng.random() < 0.2:
            options["weight"] = A((sizes[min(1, len(sizes) - 1)],), rng.choice(("float32", "float32", "float16")))
        return built((), options, A(sizes), A(target, rng.choice(("int64",) * 6 + ("float32", "int32")), 1), rigid=False)
    other = sizes if rng.random() < 0.8 else (*sizes[:-1], size(rng))
    return built((), options, A(sizes), A(other, rng.choice(("float32",) * 4 + ("int64",))), rigid=False)
