"""Calls of elementwise operations."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, axis, broadcastable_to, call, dtype_for, generates, shape

REAL = ("bool", "uint8", "int32", "bfloat16", "float16", "float32")
FLOATS = ("float32", "float16")
ARRAYS_ONLY = "maximum minimum fmax fmin atan2 arctan2 isclose hypot logaddexp logaddexp2 gcd lcm logical_and logical_or logical_xor".split()
"""Torch's binary functions that take no Python number."""


def array(rng: random.Random, name: str, full: tuple[int, ...] | None = None, *dtypes: str) -> A:
    """An array of any dtype that the library of the name has."""
    return A(shape(rng) if full is None else full, dtype_for(rng, name, *dtypes))


def number(rng: random.Random) -> Any:
    """A Python number."""
    return rng.choice((2, 1, 0.5, 2.0, True))


def operand(rng: random.Random, name: str, full: tuple[int, ...], *dtypes: str) -> Any:
    """An array that (nearly always) broadcasts with a shape, or a number."""
    return number(rng) if rng.random() < 0.2 else array(rng, name, broadcastable_to(rng, full), *dtypes)


@generates(
    "torch.exp", "torch.sigmoid", "torch.sinc", "jax.lax.exp", "F.gelu", "F.relu", "F.dropout", "F.softsign", "torch.square", "np.conj",
    "torch.abs", "torch.imag", "torch.neg", "torch.floor", "torch.round", "torch.nan_to_num", "torch.frac", "torch.isnan", "torch.bitwise_not", "torch.angle",
    "Tensor.exp_", "Tensor.neg_", "Tensor.abs_", "Tensor.zero_", "Tensor.normal_",
)  # fmt: skip
def unary(rng: random.Random, name: str) -> Case:
    extra = {"Tensor.fill_": [1], "torch.dropout": [0.5, True]}.get(name, [])
    return call(array(rng, name), *extra)


@generates(
    "torch.add", "torch.sub", "Tensor.__rsub__", "jnp.divide",
    "Tensor.__rtruediv__", "Tensor.__rpow__", "torch.floor_divide", "torch.pow", "torch.float_power", "torch.atan2",
    "torch.logaddexp", "np.logaddexp", "torch.eq", "torch.bitwise_and", "Tensor.__lshift__", "torch.gcd",
)  # fmt: skip
def binary(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    needs_array = name.removeprefix("torch.").removeprefix("Tensor.") in ARRAYS_ONLY
    one = array(rng, name, full)
    other = array(rng, name, broadcastable_to(rng, full)) if needs_array else operand(rng, name, full)
    if rng.random() < 0.3:
        other = A(other.shape, one.dtype) if isinstance(other, A) else other
    return call(other, one) if isinstance(other, A) and rng.random() < 0.5 else call(one, other)


@generates("jax.nn.elu", "jax.nn.leaky_relu", "jax.nn.squareplus")
def with_slope(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one) if rng.random() < 0.4 else call(one, operand(rng, name, one.shape, "float32", "bfloat16", "int32"))


@generates("torch.div")
def division(rng: random.Random, name: str) -> Case:
    case = binary(rng, name)
    return call(*case.args, rounding_mode=rng.choice((None, "floor", "trunc"))) if rng.random() < 0.5 else case


@generates("Tensor.add_", "Tensor.div_", "Tensor.bitwise_and_", "Tensor.copy_")
def in_place(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    return call(array(rng, name, full), operand(rng, name, full if rng.random() < 0.8 else shape(rng)))


@generates("torch.where", "Tensor.where")
def choice(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    condition = A(broadcastable_to(rng, full), "bool" if rng.random() < 0.85 else dtype_for(rng, name))
    if name != "Tensor.where" and rng.random() < 0.1 and "jnp" not in name:
        return call(condition)
    x, y = operand(rng, name, full), operand(rng, name, full)
    return call(A(full, "float32"), condition, y) if name == "Tensor.where" else call(condition, x, y)


@generates("torch.masked_fill", "Tensor.masked_fill_")
def masking(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    mask = A(broadcastable_to(rng, full), "bool" if rng.random() < 0.9 else "int64")
    return call(array(rng, name, full, "float32", "int64"), mask, 0)


@generates("torch.clamp", "Tensor.clamp_")
def bounded(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    bounds = [None if rng.random() < 0.3 else operand(rng, name, full, *REAL) for _ in range(2)]
    return call(array(rng, name, full, *REAL), *bounds)


@generates("torch.clamp_min", "torch.clamp_max", "Tensor.clamp_min_", "Tensor.clamp_max_")
def bounded_once(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    return call(array(rng, name, full, *REAL), operand(rng, name, full, *REAL))


@generates("torch.lerp", "torch.addcmul", "torch.addcdiv", "Tensor.lerp_", "Tensor.addcmul_")
def three(rng: random.Random, name: str) -> Case:
    full = shape(rng)
    one = rng.choice(FLOATS)
    dtypes = [one if rng.random() < 0.8 else dtype_for(rng, name) for _ in range(3)]
    shapes = [full, *(rng.choice((broadcastable_to(rng, full), ())) for _ in range(2))]
    args: list[Any] = [A(each, dtype) for each, dtype in zip(shapes, dtypes, strict=True)]
    if "lerp" in name and rng.random() < 0.3:
        args[2] = 0.5
    return call(*args)


@generates(
    "torch.softmax", "F.softmax", "jax.nn.softmax", "F.gumbel_softmax", "F.normalize", "torch.cumsum", "np.cumsum", "torch.logcumsumexp", "torch.cummax", "F.glu",
)  # fmt: skip
def along_axis(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 4)
    dtype = rng.choice(FLOATS) if rng.random() < 0.6 else dtype_for(rng, name)
    args: list[Any] = [A(full, dtype)]
    keyword = "axis" if "np" in name or "jax" in name or name.split(".")[0] in ("Array", "ndarray") else "dim"
    if name.startswith(("torch", "Tensor")) or rng.random() < 0.7:
        return call(*args, **{keyword: axis(rng, len(full))}, rigid="glu" not in name)
    return call(*args, rigid="glu" not in name)


@generates("Tensor.geometric_")
def drawn(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), dtype_for(rng, name)), 0.5)
