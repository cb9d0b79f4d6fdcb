"""Calls about polynomials, windows over vectors, histograms and statistics."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, axis, call, dtype_for, generates, shape, size

FLOATS = ("float32", "float32", "int32")


def vector(rng: random.Random, name: str, *, least: int = 1) -> A:
    """A vector, now and then something else."""
    full = (max(size(rng), least),) if rng.random() < 0.93 else shape(rng, 0, 2)
    return A(full, dtype_for(rng, name, *FLOATS))


@generates("np.polyadd", "jnp.polymul")
def two_polynomials(rng: random.Random, name: str) -> Case:
    return call(vector(rng, name), vector(rng, name), rigid=False)


@generates("np.convolve", "np.correlate")
def convolution(rng: random.Random, name: str) -> Case:
    mode = [rng.choice(("full", "same", "valid"))] if rng.random() < 0.8 else []
    return call(vector(rng, name), vector(rng, name), *mode, rigid=False)


@generates("jnp.polyder", "jnp.polyint")
def calculus(rng: random.Random, name: str) -> Case:
    return call(vector(rng, name), *([rng.choice((1, 2))] if rng.random() < 0.6 else []), rigid=False)


@generates("np.polyfit")
def polyfit(rng: random.Random, name: str) -> Case:
    points = rng.choice((3, 5))
    weights = {"w": A((points,), low=1)} if rng.random() < 0.3 else {}
    return call(A((points,)), A((points, *shape(rng, 0, 2))), rng.choice((1, 2)), rigid=False, **weights)


@generates("np.vander")
def vander(rng: random.Random, name: str) -> Case:
    return call(vector(rng, name), *([rng.choice((1, 4))] if rng.random() < 0.5 else []), rigid=False)


@generates("jnp.roots", "jnp.poly")
def roots(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"strip_zeros": False} if name == "jnp.roots" else {}
    return call(A((rng.choice((2, 3, 5)),), "float32"), rigid=False, **options)


@generates("np.trapezoid")
def trapezoid(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    x = A((full[-1],)) if rng.random() < 0.4 else None
    return call(A(full), x, 1.0, -1 if x is not None else axis(rng, len(full)), rigid=False)


@generates("np.gradient")
def gradient(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    where: dict[str, Any] = {"axis": axis(rng, len(full))} if rng.random() < 0.5 else {}
    return call(A(full), rigid=False, **where)


@generates("np.average", "jnp.average")
def average(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    where = [rng.choice((axis(rng, len(full)), (0, -1), None))] if rng.random() < 0.8 else []
    keeps: dict[str, Any] = {"keepdims": True} if rng.random() < 0.3 else {}
    return call(A(full, dtype_for(rng, name, *FLOATS)), *where, **keeps)


@generates("np.cov")
def covariance(rng: random.Random, name: str) -> Case:
    return call(A(tuple(n or 1 for n in shape(rng, 0, 3))), rigid=False)


@generates("np.histogram", "np.histogram_bin_edges")
def histogram(rng: random.Random, name: str) -> Case:
    edges = 4 if rng.random() < 0.6 or name.startswith("np") else A((5,))
    return call(A(tuple(n or 1 for n in shape(rng, 0, 2))), *([edges] if rng.random() < 0.7 else []), rigid=False)


@generates("np.histogram2d")
def histogram2d(rng: random.Random, name: str) -> Case:
    n = size(rng) or 1
    return call(A((n,)), A((n,)), *([rng.choice((3, (2, 4)))] if rng.random() < 0.7 else []), rigid=False)


@generates("np.histogramdd")
def histogramdd(rng: random.Random, name: str) -> Case:
    return call(A((5, rng.choice((1, 2, 3)))), 3, rigid=False)


@generates("np.kaiser")
def kaiser(rng: random.Random, name: str) -> Case:
    return call(rng.choice((1, 5)), 14.0, rigid=False)


@generates("np.polyval")
def polyval(rng: random.Random, name: str) -> Case:
    return call(A((rng.choice((1, 3)), *shape(rng, 0, 1))), A(shape(rng, 0, 3), dtype_for(rng, name, *FLOATS)))
