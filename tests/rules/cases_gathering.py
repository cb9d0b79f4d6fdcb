"""Generated gathers, scatters, takes, sorts and searches."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.cases_reshape import array
from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape, size


def index_like(rng: random.Random, sizes: tuple[int, ...], at: int, kind: str = "int64") -> A:
    """An index of the same rank, seldom too long on another axis than `at`."""
    found = [n if rng.random() < 0.6 else rng.randint(0, n) for n in sizes]
    if found and rng.random() < 0.1:
        found[rng.randrange(len(found))] += 1
    if found and -len(found) <= at < len(found):
        found[at] = size(rng)
    if rng.random() < 0.05:
        found.append(1)
    return A(tuple(found), kind if rng.random() < 0.95 else "float32", 1)


def known_axis(rng: random.Random, rank: int) -> int:
    return axis(rng, rank, 0.05)


@generates("torch.gather")
def _gather(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    at = known_axis(rng, len(sizes))
    return call(A(sizes), at, index_like(rng, sizes, at), rigid=False)


@generates("torch.scatter", "torch.scatter_reduce")
def _scatter(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 1, 3)
    at = known_axis(rng, len(sizes))
    index = index_like(rng, sizes, at)
    source = A(tuple(n + rng.choice((0, 0, 0, 1, -1 if n and rng.random() < 0.2 else 0)) for n in index.shape))
    reduce = ("sum",) if "reduce" in name else ()
    return call(A(sizes), at, index, source, *reduce, rigid=False)


@generates("torch.take_along_dim", "jnp.take_along_axis")
def _take_along(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 1, 3)
    at = known_axis(rng, len(sizes))
    found = [1 if rng.random() < 0.2 else n for n in sizes]
    if -len(sizes) <= at < len(sizes):
        found[at] = rng.choice((1, 2, 4))
    kind = "int32" if library_of(name) is Library.JAX else "int64"
    index = A(tuple(found) if rng.random() < 0.95 else (2,), kind if rng.random() < 0.95 else "float32", 1)
    return call(A(sizes), index, at if rng.random() < 0.9 or library_of(name) is not Library.TORCH else None, rigid=False)


@generates("torch.index_select")
def _index_select(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    index = A(rng.choice(((2,), (3,), (), (2, 2))), rng.choice(("int64", "int64", "int32", "float32")), 1)
    return call(A(sizes), known_axis(rng, len(sizes)), index)


@generates("torch.index_add", "torch.index_fill")
def _index_place(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 1, 3)
    at = rng.randrange(len(sizes))
    count = min(rng.choice((1, 2)), sizes[at])
    source: Any = A((*sizes[:at], count, *sizes[at + 1 :]))
    return call(
        A(sizes), at, A((count,), rng.choice(("int64", "int64", "int64", "float32")), 1), 1.0 if "fill" in name else source
    )


@generates("torch.take")
def _take(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    kind = rng.choice(("int64", "int64", "float32")) if library_of(name) is not Library.JAX else rng.choice(("int32", "float32"))
    index: Any = A(rng.choice(((2,), (2, 3), (), (1,))), kind, 1)
    if library_of(name) is Library.TORCH or rng.random() < 0.2:
        return call(A(sizes), index)
    if library_of(name) is Library.NUMPY and rng.random() < 0.2:
        index = rng.choice((0, (0, 0)))
    return call(A(sizes), index, axis(rng, len(sizes)))


@generates("torch.topk", "jax.lax.top_k")
def _topk(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    if name == "jax.lax.top_k" or rng.random() < 0.4:
        return call(A(sizes), rng.choice((0, 1, 1, 2)), rigid=False)
    return call(A(sizes), rng.choice((0, 1, 1, 2, -1)), known_axis(rng, len(sizes)), rigid=False)


@generates("torch.sort", "torch.argsort", "jnp.sort", "jnp.argsort")
def _sort(rng: random.Random, name: str) -> Case:
    one = array(rng, name, most=4)
    if library_of(name) is not Library.TORCH and rng.random() < 0.2 and name != "ndarray.argsort":
        return call(one, axis=None)
    return call(one, axis(rng, len(one.shape))) if rng.random() < 0.6 else call(one)


@generates("torch.masked_select", "torch.masked_scatter", "Tensor.masked_scatter_")
def _masked(rng: random.Random, name: str) -> Case:
    sizes = shape(rng, 0, 3)
    mask = A(broadcastable_to(rng, sizes, 0.2), rng.choice(("bool", "bool", "bool", "int64")), 2)
    source = (A(sizes),) if "scatter" in name else ()
    return call(A(sizes), mask, *source)


@generates("torch.nonzero", "np.argwhere", "np.nonzero")
def _nonzero(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, as_tuple=rng.random() < 0.5) if name.endswith("h.nonzero") or name == "Tensor.nonzero" else call(one)


@generates("torch.unique", "torch.unique_consecutive", "np.unique")
def _unique(rng: random.Random, name: str) -> Case:
    one = A(shape(rng, 0, 3), dtype_for(rng, name, "float32", "int64"))
    if rng.random() < 0.5:
        return call(one, **({"axis": 0} if name.startswith("np") else {"dim": 0}))
    return call(one, return_counts=True) if rng.random() < 0.3 else call(one)


@generates("torch.put")
def put(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    return call(A(full), A((2,), "int64", 1), A((2,)))


@generates("torch.index_put")
def index_put(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    indices = tuple(A((2,), "int64", 1) for _ in range(rng.randint(1, len(full) + 1)))
    return call(A(full), indices, A(()))


@generates("torch.select")
def select(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 0, 3))
    return call(A(full), axis(rng, len(full)), 0)


@generates("Array.searchsorted", "ndarray.searchsorted")
def searchsorted(rng: random.Random, name: str) -> Case:
    return call(A((4,) if rng.random() < 0.9 else (2, 2)), A(shape(rng)))


@generates("jnp.unique")
def unique_of_jax(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    where: dict[str, Any] = {"axis": axis(rng, len(full))} if rng.random() < 0.5 else {}
    return call(A(full, dtype_for(rng, name, "float32", "int32")), **where)


@generates("torch.index_reduce")
def _index_reduce(rng: random.Random, name: str) -> Case:
    sizes = tuple(n or 1 for n in shape(rng, 1, 3))
    at, count = rng.randrange(len(sizes)), rng.choice((1, 2))
    return call(A(sizes), at, A((count,), "int64", 1), A((*sizes[:at], count, *sizes[at + 1 :])), "mean", rigid=False)


@generates("torch.nonzero_static")
def _nonzero_static(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), size=rng.choice((0, 3)))
