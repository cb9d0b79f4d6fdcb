"""Calls that make arrays."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.core.value import Library
from tests.rules.harness import A, Case, D, N, call, dtype_for, generates, shape, size

INTEGERS = ("int32", "uint8")


def sizes(rng: random.Random, most: int = 3) -> tuple[Any, ...]:
    found = [N(n) for n in shape(rng, 0, most)]
    if found and rng.random() < 0.04:
        found[-1] = -2  # type: ignore[call-overload]
    return tuple(found)


def maybe_dtype(rng: random.Random, name: str, *among: str) -> dict[str, Any]:
    return {"dtype": D(dtype_for(rng, name, *among))} if rng.random() < 0.4 else {}


def is_torch(name: str) -> bool:
    return name.startswith(("torch", "Tensor"))


@generates("torch.zeros", "np.zeros")
def sized(rng: random.Random, name: str) -> Case:
    found = sizes(rng)
    among = ("float32", "float16") if "rand" in name else ()
    if is_torch(name) and rng.random() < 0.5:
        return call(*found, **maybe_dtype(rng, name, *among)) if found else call((), **maybe_dtype(rng, name, *among))
    return call(found, **maybe_dtype(rng, name, *among))


@generates("torch.full", "np.full")
def full(rng: random.Random, name: str) -> Case:
    return call(sizes(rng), rng.choice((0, 1.5, True)), **maybe_dtype(rng, name))


@generates(
    "torch.zeros_like",
    "jnp.zeros_like",
    "np.zeros_like",
    "torch.full_like",
    "jnp.full_like",
    "np.full_like",
    "torch.rand_like",
    "torch.randint_like",
)
def like(rng: random.Random, name: str) -> Case:
    extra = [1] if "full" in name else [5] if "randint" in name else []
    options = maybe_dtype(rng, name, *(("float32", "float16") if "rand" in name else ()))
    if not is_torch(name) and rng.random() < 0.2:
        options["shape"] = sizes(rng)
    return call(A(shape(rng), dtype_for(rng, name)), *extra, **options)


@generates("Tensor.new_zeros", "Tensor.new_full", "Tensor.new_tensor")
def new(rng: random.Random, name: str) -> Case:
    array = A(shape(rng), dtype_for(rng, name))
    if name.endswith("tensor"):
        return call(array, data(rng), **maybe_dtype(rng, name))
    if name.endswith("full"):
        return call(array, sizes(rng), 1, **maybe_dtype(rng, name))
    found = sizes(rng)
    return call(array, *(found if found and rng.random() < 0.5 else (found,)), **maybe_dtype(rng, name))


@generates("torch.arange", "np.arange")
def arange(rng: random.Random, name: str) -> Case:
    bounds: list[Any] = [rng.choice((0, 1, 2, 3, 7, 10, -2, 0.5, 4.0)) for _ in range(rng.randint(1, 2))]
    if len(bounds) == 2 and rng.random() < 0.6:
        bounds.sort()
    if len(bounds) == 1 and rng.random() < 0.4:
        bounds = [N(size(rng))]
    step = [rng.choice((1, 2, 3, -1, 0.5, 0.1, -0.25))] if len(bounds) == 2 and rng.random() < 0.5 else []
    return call(*bounds, *step, **maybe_dtype(rng, name, "int32", "float32"))


@generates("torch.linspace", "torch.logspace", "np.linspace")
def linspace(rng: random.Random, name: str) -> Case:
    steps = [] if not is_torch(name) and rng.random() < 0.2 else [N(size(rng))]
    return call(0, rng.choice((1, 2.5)), *steps, **maybe_dtype(rng, name, "float32", "float16"))


@generates("torch.eye", "np.eye")
def eye(rng: random.Random, name: str) -> Case:
    return call(N(size(rng)), *([N(size(rng))] if rng.random() < 0.5 else []), **maybe_dtype(rng, name))


@generates("np.identity", "torch.randperm", "torch.hann_window", "np.hanning")
def one_size(rng: random.Random, name: str) -> Case:
    return call(N(size(rng)))


@generates("torch.randint")
def randint(rng: random.Random, name: str) -> Case:
    lead = (5,) if rng.random() < 0.5 else (0, 5)
    if rng.random() < 0.3:
        return call(*lead, size=sizes(rng))
    return call(*lead, sizes(rng), **maybe_dtype(rng, name, "int32", "float32"))


def data(rng: random.Random) -> Any:
    """Numbers, nested lists of them, or an array."""
    kind = rng.choice((1, 0.5, True))
    if rng.random() < 0.2:
        return kind
    rows = [kind] * rng.randint(0, 3)
    return rows if rng.random() < 0.5 else [rows] * rng.randint(1, 3)


@generates("torch.tensor", "torch.as_tensor", "torch.scalar_tensor", "torch.from_numpy")
def from_data(rng: random.Random, name: str) -> Case:
    if name.endswith("scalar_tensor"):
        return call(rng.choice((1, 2.5)), **maybe_dtype(rng, name))
    if name == "torch.from_numpy":
        return call(A(shape(rng), rng.choice(("float32", "float64", "int64")), library=Library.NUMPY))
    arrays = rng.random() < 0.4
    return call(A(shape(rng), dtype_for(rng, name)) if arrays else data(rng), **maybe_dtype(rng, name))


@generates("jax.random.key", "jax.random.PRNGKey")
def seed(rng: random.Random, name: str) -> Case:
    return call(rng.choice((0, 42)))


def key(rng: random.Random) -> A:
    return A((), "prng_key") if rng.random() < 0.7 else A((2,), "uint32")


@generates("jax.random.split")
def split(rng: random.Random, name: str) -> Case:
    return call(key(rng), *([N(size(rng))] if rng.random() < 0.5 else [sizes(rng)] if rng.random() < 0.5 else []))


@generates("jax.random.fold_in", "jax.random.clone")
def same_key(rng: random.Random, name: str) -> Case:
    return call(key(rng), *([3] if "fold" in name else []))


@generates("jax.random.normal", "jax.random.truncated_normal", "jax.random.randint", "jax.random.bernoulli")
def sampled(rng: random.Random, name: str) -> Case:
    found = sizes(rng) if rng.random() < 0.9 else ()
    if name.endswith("randint"):
        return call(key(rng), found, 0, 5, **maybe_dtype(rng, name, "int32", "uint8"))
    if name.endswith("truncated_normal"):
        return call(key(rng), -1.0, 1.0, *([found] if rng.random() < 0.7 else []))
    if name.endswith("bernoulli"):
        p = A(shape(rng, 0, 2), "float32") if rng.random() < 0.3 else 0.5
        return call(key(rng), p, *([found] if rng.random() < 0.6 and not isinstance(p, A) else []))
    return call(key(rng), *([found] if rng.random() < 0.8 else []), **maybe_dtype(rng, name, "float32", "float16"))


@generates("jax.random.categorical")
def categorical(rng: random.Random, name: str) -> Case:
    return call(key(rng), A((*shape(rng, 0, 2), size(rng) or 1), "float32"))


@generates("jax.random.permutation", "np.random.permutation")
def permutation(rng: random.Random, name: str) -> Case:
    given = N(size(rng)) if rng.random() < 0.5 else A(shape(rng, 1, 3), dtype_for(rng, name))
    return call(given) if name.startswith("np") else call(key(rng), given)


@generates("np.random.rand", "np.random.random", "np.random.normal", "np.random.randint")
def numpy_sample(rng: random.Random, name: str) -> Case:
    found = sizes(rng)
    if name.endswith(("rand", "randn")):
        return call(*found)
    if name.endswith("randint"):
        return call(5, size=found) if rng.random() < 0.5 else call(5, **maybe_dtype(rng, name, "int32"), size=found)
    return call(found) if name.endswith(("random", "sample")) else call(0.0, 1.0, found)


@generates("torch.normal")
def torch_normal(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    if rng.random() < 0.3:
        return call(0.0, 1.0, sizes(rng))
    return rng.choice((call(A(full)), call(A(full), 1.0), call(0.0, A(full)), call(A(full), A(full))))


@generates("torch.kaiser_window")
def kaiser_window(rng: random.Random, name: str) -> Case:
    return call(N(size(rng) or 1), **maybe_dtype(rng, name, "float32", "float64"))


@generates("np.geomspace")
def spaced(rng: random.Random, name: str) -> Case:
    return call(1.0, 8.0, *([N(size(rng) or 1)] if rng.random() < 0.7 else []))


@generates("np.fromiter")
def from_iterator(rng: random.Random, name: str) -> Case:
    return call(range(4), D("float32"), *([2] if rng.random() < 0.5 else []), rigid=False)


@generates("np.frombuffer", "torch.frombuffer")
def from_buffer(rng: random.Random, name: str) -> Case:
    return call(bytearray(8), dtype=D("uint8"), rigid=False, **({"count": 4} if rng.random() < 0.5 else {}))


@generates("np.fromfile")
def from_file(rng: random.Random, name: str) -> Case:
    return call(__file__, D("uint8"), *([7] if rng.random() < 0.5 else []), rigid=False)


@generates("np.fromstring")
def from_string(rng: random.Random, name: str) -> Case:
    return call("1 2 3", D("float32"), sep=" ", rigid=False)


@generates("torch.empty_strided", "torch.empty_permuted")
def laid_out(rng: random.Random, name: str) -> Case:
    found = sizes(rng)
    order = list(range(len(found)))
    rng.shuffle(order)
    return call(found, order if rng.random() < 0.9 else [0], **maybe_dtype(rng, name))


@generates("Tensor.new_empty_strided")
def new_laid_out(rng: random.Random, name: str) -> Case:
    found = sizes(rng)
    return call(A((2,), "int32"), found, list(range(len(found))), **maybe_dtype(rng, name))


@generates("torch.signal.windows.hann")
def window(rng: random.Random, name: str) -> Case:
    needed: dict[str, Any] = {}
    if name.endswith("general_cosine"):
        needed["a"] = (0.5, 0.5) if rng.random() < 0.9 else ()
    if name.endswith("exponential") and rng.random() < 0.4:
        needed = {"center": 1.0, "sym": rng.random() < 0.4}
    return call(N(size(rng)), **needed, **maybe_dtype(rng, name, "float32", "float64", "int64"))
