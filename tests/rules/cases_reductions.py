"""Calls of reductions."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape

FLOATS = ("float32", "float16")


def is_torch(name: str) -> bool:
    return name.startswith(("torch", "Tensor"))


def reduced(rng: random.Random, name: str) -> A:
    """An array: of floats mostly, never empty (what the maximum of nothing is, is no matter of shapes)."""
    # jax's medians of a scalar with `keepdims` have an axis: nobody asks for them.
    least = 1 if name.startswith("jnp") and name.endswith(("median", "quantile", "percentile")) else 0
    full = tuple(n or 1 for n in shape(rng, least, 4))
    return A(full, rng.choice(FLOATS) if rng.random() < 0.5 else dtype_for(rng, name))


def axes(rng: random.Random, rank: int, tuples: bool = True) -> Any:
    """An axis or several."""
    if not tuples or rng.random() < 0.6:
        return axis(rng, rank)
    count = rng.randint(1, max(1, min(3, rank)))
    return tuple(rng.sample(range(rank), count)) if rank and rng.random() < 0.9 else (0, 0)


def options(rng: random.Random, name: str, rank: int, tuples: bool = True, needed: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if needed or rng.random() < 0.75:
        found["dim" if is_torch(name) else "axis"] = axes(rng, rank, tuples)
    if rng.random() < 0.5 and (found or not is_torch(name)):
        found["keepdim" if is_torch(name) else "keepdims"] = rng.random() < 0.7
    return found


@generates(
    "torch.sum", "np.sum", "torch.mean", "np.mean", "torch.std", "np.std", "torch.var_mean", "np.max", "np.ptp", "torch.any", "np.any",
    "jax.nn.logsumexp", "np.median",
)  # fmt: skip
def several_axes(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    return call(array, **options(rng, name, len(array.shape)))


@generates("torch.amax", "torch.logsumexp")
def needed_axes(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    return call(array, **options(rng, name, len(array.shape), needed=True))


@generates("torch.prod", "torch.argmax", "np.argmax", "torch.median")
def one_axis(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    return call(array, **options(rng, name, len(array.shape), tuples=False))


@generates("torch.max")
def extreme(rng: random.Random, name: str) -> Case:
    if rng.random() < 0.8:
        return one_axis(rng, name)
    array = reduced(rng, name)
    return call(array, A(broadcastable_to(rng, array.shape), dtype_for(rng, name)))


@generates("torch.kthvalue", "torch.mode")
def chosen(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    first = [1] if "kth" in name else []
    return call(array, *first, **options(rng, name, len(array.shape), tuples=False))


@generates("torch.quantile", "np.quantile")
def quantile(rng: random.Random, name: str) -> Case:
    array = A(reduced(rng, name).shape, "float32")
    q: Any = 0.5 if rng.random() < 0.5 else A((2,), "float32")
    return call(array, q, **options(rng, name, len(array.shape), tuples=not is_torch(name)))


@generates("torch.count_nonzero", "np.count_nonzero")
def counted(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    found = options(rng, name, len(array.shape))
    return call(array, **{key: value for key, value in found.items() if not key.startswith("keep") or not is_torch(name)})


@generates("torch.aminmax")
def both(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    return call(array, **options(rng, name, len(array.shape), tuples=False))


@generates("torch.norm", "torch.linalg.vector_norm", "torch.linalg.matrix_norm", "np.linalg.norm")
def norm(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    tuples = len(array.shape) > 1
    return call(array, **options(rng, name, len(array.shape), tuples))


@generates("torch.diff")
def difference(rng: random.Random, name: str) -> Case:
    array = reduced(rng, name)
    keyword = "dim" if is_torch(name) else "axis"
    return call(array, **{keyword: axis(rng, len(array.shape))}, **({"n": 2} if rng.random() < 0.2 else {}), rigid=False)


@generates("np.cumulative_sum", "np.cumulative_prod")
def cumulative(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 3)
    options = {"axis": axis(rng, len(full))} if len(full) > 1 or rng.random() < 0.5 else {}
    return call(A(full, dtype_for(rng, name, "float32", "int32", "uint8")), **options)


@generates("jax.nn.logmeanexp")
def log_mean(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 0, 3))
    return call(A(full), *([axis(rng, len(full))] if rng.random() < 0.6 else []), rigid=False)
