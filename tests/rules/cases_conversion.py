"""Calls that convert arrays or leave them as they are."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.rules.conversion import DTYPE_METHODS
from tests.rules.harness import A, Case, D, call, dtype_for, generates, shape


@generates(
    *(f"Tensor.{name}" for name in DTYPE_METHODS),
    "Tensor.clone",
    "np.copy",
    "jax.lax.stop_gradient",
    "jax.device_put",
    "Tensor.numpy",
)
def plain(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), "float32" if name.endswith("requires_grad_") else dtype_for(rng, name)))


@generates("Tensor.to")
def to(rng: random.Random, name: str) -> Case:
    array = A(shape(rng), dtype_for(rng, name))
    target: list[Any] = rng.choice(([D("float16")], ["cpu"], [A((2,), "int64")], ["cpu", D("int32")], []))
    if rng.random() < 0.1:
        return call(array, other=A((2,), "int64"))
    options: dict[str, Any] = (
        rng.choice(({}, {"dtype": D("float64")}, {"device": "cpu"})) if not target or target == ["cpu"] else {}
    )
    return call(
        array,
        *target,
        **({} if target == ["cpu"] and "device" in options else options or ({"device": "cpu"} if not target else {})),
    )


@generates("Tensor.type")
def to_type(rng: random.Random, name: str) -> Case:
    return call(
        A(shape(rng), dtype_for(rng, name)), rng.choice((D("float16"), D("int64"), "torch.LongTensor", "torch.FloatTensor"))
    )


@generates("Tensor.type_as")
def type_as(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), A(shape(rng), dtype_for(rng, name)))


@generates("ndarray.astype")
def astype(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), D(dtype_for(rng, name)))


@generates("Tensor.item", "Tensor.__float__", "Tensor.__int__", "Tensor.__bool__")
def number(rng: random.Random, name: str) -> Case:
    full = (1,) * rng.randint(0, 2) if rng.random() < 0.6 else shape(rng, 0, 2)
    return call(A(full, dtype_for(rng, name)))
