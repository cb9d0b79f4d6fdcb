"""Generated indices: ints, slices, None, `...`, index arrays and masks."""

from __future__ import annotations

import random
from typing import Any

import jax.numpy as jnp

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.harness import A, Case, call, dtype_for, generates, shape, size

ENDS = (None, None, 0, 1, 2, 3, 5, 9, -1, -2, -9)


def a_slice(rng: random.Random, name: str) -> slice:
    steps = (None, None, None, 1, 2, 3) if library_of(name) is Library.TORCH else (None, None, None, 1, 2, -1, -2)
    return slice(rng.choice(ENDS), rng.choice(ENDS), rng.choice(steps))


def one_index(rng: random.Random, name: str, sizes: list[int], plain: bool) -> Any:
    """One index and what it takes from the front of `sizes`."""
    if rng.random() < 0.15:
        return None
    n = sizes.pop(0) if sizes else 2
    match rng.randrange(4 if plain else 6):
        case 0 | 1:
            return a_slice(rng, name) if rng.random() < 0.7 else slice(None)
        case 2 | 3:
            return rng.randint(-n, n - 1) if n and rng.random() < 0.95 else rng.choice((n, -n - 1))
        case 4 if rng.random() < 0.3 and library_of(name) is not Library.JAX:
            mask = (n,) if not sizes or rng.random() < 0.6 else (n, sizes.pop(0))
            return A(mask if rng.random() < 0.9 else (n + 1,), "bool", 1)
        case _:
            return A(rng.choice(((3,), (3,), (2, 3), (1,), ())), dtype_for(rng, name, "int64", "int32"), min(n, 2))


def an_index(rng: random.Random, name: str, sizes: tuple[int, ...]) -> Any:
    """An index of an array, with at most two index arrays more often than not."""
    rest = list(sizes)
    plain = rng.random() < 0.6
    found = [one_index(rng, name, rest, plain) for _ in range(rng.randint(1, max(len(sizes), 1) + (rng.random() < 0.05)))]
    if rng.random() < 0.3:
        found.insert(rng.randint(0, len(found)), ...)
        rest_after = len(found)
        del found[rest_after:]
    return tuple(found) if len(found) > 1 or rng.random() < 0.4 else found[0]


@generates("Tensor.__getitem__")
def _getitem(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 4)
    return call(A(sizes), an_index(rng, name, sizes), rigid=False)


@generates("Tensor.__setitem__")
def _setitem(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    return call(A(sizes), an_index(rng, name, sizes), a_value(rng, sizes), rigid=False)


def a_value(rng: random.Random, sizes: tuple[int, ...]) -> Any:
    """What is written into a part of an array, a number or an array that perhaps fits."""
    return rng.choice((1.0, A(shape(rng, 0, 3)), A(sizes), A(sizes[1:]), A((1, *sizes[1:])), A((size(rng),))))


@generates("Array.at.get", "Array.at.set", "Array.at.divide", "Array.at.apply")
def _at(rng: random.Random, name: str) -> Case:
    sizes, last = shape(rng, 0, 4), name.rpartition(".")[2]
    array = A(sizes, dtype_for(rng, name, "float32", "float32", "float16", "int32"))
    value = [] if last == "get" else [jnp.abs] if last == "apply" else [a_value(rng, sizes)]
    return call(array, an_index(rng, name, sizes), *value, rigid=False)
