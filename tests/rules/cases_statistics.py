"""Calls of torch's statistics: covariance, histograms, trapezoids, gradients, norms of slices."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, axis, call, dtype_for, generates, shape, size


def filled(rng: random.Random, least: int = 1, most: int = 3) -> tuple[int, ...]:
    return tuple(n or 1 for n in shape(rng, least, most))


@generates("torch.cov")
def covariance(rng: random.Random, name: str) -> Case:
    array = A(filled(rng, 0, 2) if rng.random() < 0.9 else (2, 2, 2), dtype_for(rng, name, "float32", "int64", "float16", "bool"))
    if name.endswith("corrcoef") or not array.shape or rng.random() < 0.5:
        return call(array)
    kind = rng.choice(("int64", "float32"))
    weights = A((maybe_wrong(rng, array.shape[-1]),), kind, low=1)
    return call(array, **{"fweights" if kind == "int64" else "aweights": weights})


@generates("torch.trapezoid", "torch.cumulative_trapezoid")
def integral(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    at = axis(rng, len(full))
    points: dict[str, Any] = {}
    if full and -len(full) <= at < len(full) and rng.random() < 0.4:
        wide = tuple(1 if place != at % len(full) and rng.random() < 0.4 else n for place, n in enumerate(full))
        points = {"x": A(rng.choice(((full[at],), full, wide)), rng.choice(("float32", "int32")))}
    return call(A(full, dtype_for(rng, name, "float32", "int64", "complex64")), dim=at, **points)


@generates("torch.gradient")
def gradient(rng: random.Random, name: str) -> Case:
    full = tuple(rng.choice((1, 2, 3, 5)) for _ in range(rng.randint(1, 3)))
    given: dict[str, Any] = {"dim": axis(rng, len(full))} if rng.random() < 0.5 else {}
    if rng.random() < 0.3:
        given["spacing"] = rng.choice((2.0, (1.0, 2.0)))
    if rng.random() < 0.3:
        given["edge_order"] = rng.choice((1, 2, 3))
    return call(A(full, dtype_for(rng, name, "float32", "int64")), **given, rigid=False)


@generates("torch.histogram")
def histogram(rng: random.Random, name: str) -> Case:
    bins = rng.choice((1, 3, A((4,))))
    return call(A(filled(rng, 0), dtype_for(rng, name, "float32", "int64")), bins, rigid=False)


@generates("torch.histogramdd")
def histogram_of_rows(rng: random.Random, name: str) -> Case:
    return call(A((3, rng.choice((1, 2)))), rng.choice((3, (2, 3), (2,))), rigid=False)


@generates("torch.renorm")
def renorm(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    return call(A(full, dtype_for(rng, name, "float32", "complex64", "int64")), 2, axis(rng, len(full)), 1.0)


@generates("F.bilinear")
def bilinear(rng: random.Random, name: str) -> Case:
    lead, i, j, out = filled(rng, 0, 2), size(rng), size(rng), size(rng)
    other = tuple(maybe_wrong(rng, n) for n in lead)
    bias = [A((maybe_wrong(rng, out),))] if rng.random() < 0.5 else []
    return call(A((*lead, i)), A((*other, maybe_wrong(rng, j))), A((out, i, j)), *bias)


@generates("Tensor.sum_to_size")
def sum_to_size(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    kept = [1 if rng.random() < 0.4 else maybe_wrong(rng, n) for n in full[rng.randint(0, len(full)) :]]
    return call(A(full, dtype_for(rng, name)), kept, rigid=False)
