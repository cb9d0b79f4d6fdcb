"""Generated calls of cat, stack, split, chunk and their relatives."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.cases_reshape import array
from tests.rules.harness import A, Case, N, axis, call, dtype_for, generates, shape, size


def arrays(rng: random.Random, name: str, at: int, least: int = 1, most: int = 4) -> tuple[A, ...]:
    """Arrays that agree but for axis `at`, now and then not."""
    common = list(shape(rng, least, most))
    found = []
    for _ in range(rng.randint(1, 3)):
        sizes = list(common)
        if -len(sizes) <= at < len(sizes):
            sizes[at] = size(rng)
        if sizes and rng.random() < 0.06:
            sizes[rng.randrange(len(sizes))] = size(rng)
        if sizes and rng.random() < 0.03:
            sizes.pop()
        found.append(A(tuple(sizes), dtype_for(rng, name)))
    return tuple(found)


@generates("torch.cat", "jnp.concatenate", "jax.lax.concatenate")
def _cat(rng: random.Random, name: str) -> Case:
    at = rng.choice((0, 0, 1, -1, 2, -2))
    if name == "jax.lax.concatenate":
        return call(tuple(A(a.shape) for a in arrays(rng, name, at)), at)
    if library_of(name) is Library.TORCH and rng.random() < 0.1:
        return call((A((0,)), *arrays(rng, name, at)), at)
    if library_of(name) is not Library.TORCH and rng.random() < 0.1:
        return call(arrays(rng, name, at), None)
    return call(arrays(rng, name, at), at) if at or rng.random() < 0.5 else call(arrays(rng, name, 0))


@generates("torch.stack")
def _stack(rng: random.Random, name: str) -> Case:
    at = rng.choice((0, 0, 1, -1, 2, -2))
    found = arrays(rng, name, 99, 0, 3)
    return call(found, at) if rng.random() < 0.7 else call(found)


@generates("torch.vstack", "torch.hstack", "torch.dstack", "torch.column_stack")
def _stacked(rng: random.Random, name: str) -> Case:
    at = {"vstack": 0, "row_stack": 0, "hstack": 1, "dstack": 2, "column_stack": 1}[name.rpartition(".")[2]]
    return call(arrays(rng, name, at if rng.random() < 0.7 else 99, 0, 3))


@generates("torch.meshgrid", "jnp.meshgrid")
def _meshgrid(rng: random.Random, name: str) -> Case:
    kind = dtype_for(rng, name)
    vectors = [A((size(rng),) if rng.random() < 0.9 else shape(rng, 0, 2), kind) for _ in range(rng.randint(1, 3))]
    options = {"indexing": rng.choice(("ij", "xy"))} if rng.random() < 0.7 else {}
    return call(*vectors, **options)


@generates("jnp.append")
def _append(rng: random.Random, name: str) -> Case:
    one, *rest = arrays(rng, name, 0)
    other = rest[0] if rest else one
    return call(one, other) if rng.random() < 0.3 else call(one, other, rng.choice((0, 0, 1)))


@generates("torch.split", "torch.split_with_sizes")
def _split(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    at = axis(rng, len(one.shape))
    n = one.shape[at] if -len(one.shape) <= at < len(one.shape) else 3
    sections: Any = (rng.randint(0, max(n - 1, 0)),) if rng.random() < 0.5 else ()
    sections = (*sections, n - sum(sections) + (rng.random() < 0.1))
    if "sizes" not in name and rng.random() < 0.5:
        sections = rng.randint(-1, 4)
    return call(one, sections, at, rigid=False)


@generates("torch.chunk")
def _chunk(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    return call(one, rng.choice((1, 2, 2, 3, 4, 0)), axis(rng, len(one.shape)), rigid=False)


@generates("torch.tensor_split", "jnp.array_split", "jnp.split")
def _tensor_split(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    cuts: Any = rng.choice((1, 2, 3, 4, (1,), (1, 2), (2, 1), (-1,), (0, 9), (N(2),)))
    at = axis(rng, len(one.shape))
    return call(one, cuts, at, rigid=False) if rng.random() < 0.7 else call(one, cuts, rigid=False)


@generates("torch.vsplit", "torch.hsplit", "torch.dsplit")
def _split_along(rng: random.Random, name: str) -> Case:
    return call(array(rng, name, 0, 4), rng.choice((1, 2, 3, (1,), (1, 2))), rigid=False)


@generates("torch.unbind")
def _unbind(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, axis(rng, len(one.shape))) if rng.random() < 0.7 else call(one)
