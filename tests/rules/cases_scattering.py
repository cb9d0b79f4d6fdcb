"""Calls that put an array where a view would read."""

from __future__ import annotations

import random

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, axis, call, generates, shape


def source(rng: random.Random, sizes: tuple[int, ...]) -> A:
    return A(tuple(maybe_wrong(rng, n) for n in sizes))


@generates("torch.select_scatter")
def select(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    at = axis(rng, len(full), 0.05)
    left = [n for index, n in enumerate(full) if index != at % len(full)]
    return call(A(full), source(rng, tuple(left)), at, 0)


@generates("torch.slice_scatter")
def cut(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    at, start, step = rng.randrange(len(full)), rng.choice((0, 1, -1)), rng.choice((1, 2))
    length = len(range(full[at])[start::step])
    return call(A(full), source(rng, (*full[:at], length, *full[at + 1 :])), at, start, None, step, rigid=False)


@generates("torch.diagonal_scatter")
def diagonal(rng: random.Random, name: str) -> Case:
    rows, columns, lead = rng.choice((1, 2, 3)), rng.choice((1, 2, 3)), shape(rng, 0, 1)
    return call(A((rows, columns, *lead)), source(rng, (*lead, min(rows, columns))), rigid=False)


@generates("torch.as_strided_scatter")
def strided(rng: random.Random, name: str) -> Case:
    return call(A((4, 4)), source(rng, (2, 2)), (2, 2), (1, 2), rigid=False)
