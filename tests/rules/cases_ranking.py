"""Generated losses of pairs, triples and label sets."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.rules.ranking import FUNCTIONS, LAYERS
from tests.rules.harness import A, Case, broadcastable_to, built, call, from_signature, generates, shape

INDEXED = ("multi_margin_loss", "multilabel_margin_loss", "MultiMarginLoss", "MultiLabelMarginLoss")
LABEL_SETS = "F.multilabel_soft_margin_loss"
_FUNCTION = {each.name: each.text.partition("(")[0] for each in LAYERS}


def arrays(rng: random.Random, function: str) -> tuple[Any, ...]:
    """Inputs and a target as the signature wants them, of floats mostly, now and then all of integers."""
    kind = "float32" if rng.random() < 0.85 else rng.choice(("int64", "uint8"))
    if function == LABEL_SETS:
        full = shape(rng, 1, 3)
        return A(full), A(full if rng.random() < 0.7 else broadcastable_to(rng, full))
    found = [A(each.shape, kind) if isinstance(each, A) else A(()) for each in from_signature(rng, function).args]
    if function.partition(".")[2] in INDEXED:
        found[-1] = A(found[-1].shape, rng.choice(("int64", "int64", "int64", "float32")), 1)
    return tuple(found)


def reduction(rng: random.Random) -> dict[str, Any]:
    return {"reduction": rng.choice(("none", "mean", "sum"))} if rng.random() < 0.7 else {}


@generates(LABEL_SETS, *(name for row in FUNCTIONS for name in row.names))
def function(rng: random.Random, name: str) -> Case:
    return call(*arrays(rng, name), **reduction(rng))


@generates("F.gaussian_nll_loss")
def gaussian(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    var = rng.choice((full, full[:-1], (*full[:-1], 1)))
    return call(A(full), A(full if rng.random() < 0.8 else shape(rng, 1, 3)), A(var, low=1), **reduction(rng))


def sequences(rng: random.Random) -> tuple[Any, ...]:
    batch = () if rng.random() < 0.2 else (rng.choice((1, 2, 3)),)
    lengths = A(batch, "int64", 1, low=2)
    return A((5, *batch, 4)), A((*batch, 2), "int64", 1, low=1), A(batch, "int64", 1, low=5), lengths


@generates("F.ctc_loss")
def ctc(rng: random.Random, name: str) -> Case:
    return call(*sequences(rng), rigid=False, **reduction(rng))


@generates(*(each.name for each in LAYERS))
def loss_layer(rng: random.Random, name: str) -> Case:
    if name == "nn.CTCLoss":
        return built((), reduction(rng), *sequences(rng), rigid=False)
    if name == "nn.GaussianNLLLoss":
        return built((), reduction(rng), *gaussian(rng, name).args)
    return built((), reduction(rng), *arrays(rng, _FUNCTION[name]))
