"""Calls that change how much an array holds, or what."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.rules.harness import A, Case, N, axis, broadcastable_to, call, dtype_for, generates, shape


def full(rng: random.Random, least: int = 1, most: int = 3) -> tuple[int, ...]:
    return tuple(n or 1 for n in shape(rng, least, most))


def maybe_axis(rng: random.Random, sizes: tuple[int, ...]) -> list[Any]:
    return [axis(rng, len(sizes), 0.05)] if rng.random() < 0.7 else []


@generates("np.delete")
def deleted(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    return call(A(sizes), rng.choice((0, 0, [0])), *maybe_axis(rng, sizes), rigid=False)


@generates("np.insert")
def inserted(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    return call(A(sizes), 0, 1.0, *maybe_axis(rng, sizes), rigid=False)


@generates("np.compress", "ndarray.compress")
def compressed(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    mask, array = A((1,) if rng.random() < 0.9 else (1, 1), "bool"), A(sizes)
    if name.startswith(("jnp", "Array")):  # the mask must be known to jax
        first, second = (array, np.array([True])) if "Array" in name else (np.array([True]), array)
        return call(first, second, *maybe_axis(rng, sizes), size=1, rigid=False)
    return call(*((array, mask) if "ndarray" in name else (mask, array)), *maybe_axis(rng, sizes), rigid=False)


@generates("np.resize")
def resized(rng: random.Random, name: str) -> Case:
    return call(A(full(rng)), tuple(map(N, full(rng, 0))))


@generates("np.extract")
def extracted(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    options: dict[str, Any] = {"size": 3} if name.startswith("jnp") else {}
    return call(A(sizes, "bool"), A(sizes), rigid=False, **options)


@generates("np.trim_zeros", "np.ediff1d")
def of_vector(rng: random.Random, name: str) -> Case:
    return call(
        A((rng.choice((1, 3, 5)),) if "trim" in name else shape(rng), dtype_for(rng, name, "float32", "int32")), rigid=False
    )


@generates("np.union1d", "np.setdiff1d")
def sets(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"size": 3} if name.startswith("jnp") else {}
    return call(A(full(rng), "int32"), A(full(rng), dtype_for(rng, name, "int32", "float32")), rigid=False, **options)


@generates("np.unique_values")
def unique(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"size": 3} if name.startswith("jnp") else {}
    return call(A(full(rng), "int32"), rigid=False, **options)


@generates("jnp.put", "np.put")
def put(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"inplace": False} if name.startswith("jnp") else {}
    sizes = full(rng)
    return call(A(sizes), A(sizes, "bool") if "place" in name else A((1,), "int32", 1), A((1,)), **options)


@generates("jnp.put_along_axis", "np.put_along_axis")
def put_along(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"inplace": False} if name.startswith("jnp") else {}
    sizes = full(rng)
    return call(A(sizes), A(sizes, "int32", 1), 1.0, rng.randrange(len(sizes)), **options)


@generates("np.fill_diagonal", "jnp.fill_diagonal")
def fill_diagonal(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"inplace": False} if name.startswith("jnp") else {}
    return call(A(full(rng, 1, 2)), 1.0, **options)


@generates("np.random.shuffle")
def shuffle(rng: random.Random, name: str) -> Case:
    return call(A(full(rng)))


@generates("np.packbits", "np.unpackbits")
def bits(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    return call(A(sizes, "uint8"), *maybe_axis(rng, sizes), rigid=False)


@generates("np.broadcast_arrays", "torch.broadcast_tensors")
def broadcast(rng: random.Random, name: str) -> Case:
    sizes = shape(rng)
    return call(*(A(broadcastable_to(rng, sizes), dtype_for(rng, name)) for _ in range(rng.choice((1, 2, 3)))))


@generates("np.choose", "np.select")
def choose(rng: random.Random, name: str) -> Case:
    sizes = shape(rng)
    choices = [A(broadcastable_to(rng, sizes)) for _ in range(2)]
    if name.endswith("choose"):
        options: dict[str, Any] = {"mode": "clip"} if name.startswith(("jnp", "Array")) else {}
        return call(A(broadcastable_to(rng, sizes), "int32"), choices, **options)
    rest = {"default": rng.choice((0, 1.5, A(broadcastable_to(rng, sizes))))} if rng.random() < 0.3 else {}
    return call([A(broadcastable_to(rng, sizes), "bool") for _ in range(2)], choices, **rest)


@generates("np.block")
def block(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    return call([[A(sizes), A(sizes)]], rigid=False)


@generates("np.partition", "np.argpartition")
def partition(rng: random.Random, name: str) -> Case:
    sizes = full(rng)
    return call(A(sizes), 0, *maybe_axis(rng, sizes))


@generates("np.sort_complex")
def sort_complex(rng: random.Random, name: str) -> Case:
    return call(A(full(rng), dtype_for(rng, name, "float32", "complex64")))


@generates("np.trace")
def trace(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 1, 4)
    axes = [] if rng.random() < 0.5 else [0, axis(rng, len(sizes), 0.05), axis(rng, len(sizes), 0.05)]
    return call(A(sizes, dtype_for(rng, name)), *axes)
