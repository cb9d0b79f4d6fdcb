"""Generated calls of view, reshape, flatten, squeeze, expand, repeat and the like."""

from __future__ import annotations

import math
import random
from typing import Any

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.harness import A, Case, D, N, axis, call, dtype_for, generates, shape, size


def is_method(name: str) -> bool:
    """Whether an operation is called on its array."""
    return name.partition(".")[0] in ("Tensor", "Array", "ndarray")


def array(rng: random.Random, name: str, least: int = 0, most: int = 5) -> A:
    """Any array of a rank up to 5 (numpy and torch with sizes up to 7)."""
    return A(
        shape(rng, least, most), dtype_for(rng, name, "float32", "int64" if library_of(name) is not Library.JAX else "int32")
    )


def layout(rng: random.Random, count: int, wrong: float = 0.15) -> list[int]:
    """Sizes for `count` elements, sometimes with a -1, sometimes wrong."""
    sizes: list[int] = []
    rest = count
    for _ in range(rng.randint(0, 3)):
        divisors = [n for n in range(1, max(rest, 1) + 1) if rest % n == 0]
        sizes.append(rng.choice(divisors[:8]) if rest else rng.choice((0, 1, 3)))
        rest //= max(sizes[-1], 1)
    sizes.append(rest)
    if rng.random() < 0.5:
        sizes[rng.randrange(len(sizes))] = -1
    if rng.random() < wrong:
        sizes[rng.randrange(len(sizes))] = rng.choice((-1, 4, 7))
    return sizes


def given(rng: random.Random, name: str, sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sizes one by one or as one tuple; functions take the tuple."""
    return sizes if is_method(name) and sizes and rng.random() < 0.5 else (sizes,)


def with_sizes(rng: random.Random, one: A) -> tuple[Any, ...]:
    """The array's own sizes in another order, some merged: works for every size."""
    sizes: list[Any] = [N(n) for n in one.shape]
    rng.shuffle(sizes)
    if len(sizes) > 1 and 0 not in one.shape and rng.random() < 0.5:
        sizes[rng.randrange(len(sizes))] = -1
    return tuple(sizes)


@generates("torch.reshape", "Tensor.reshape", "Tensor.view")
def _reshape(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    if rng.random() < 0.4:
        return call(one, *given(rng, name, with_sizes(rng, one)))
    return call(one, *given(rng, name, tuple(layout(rng, math.prod(one.shape)))), rigid=False)


@generates("Tensor.view_as")
def _like_other(rng: random.Random, name: str) -> Case:
    one = array(rng, name, most=4)
    sizes = list(one.shape)
    rng.shuffle(sizes)
    if rng.random() < 0.3:
        sizes = [max(n, 1) for n in layout(rng, math.prod(one.shape))]
    return call(one, A(tuple(sizes)), rigid=sorted(sizes) == sorted(one.shape))


@generates("torch.ravel")
def _ravel(rng: random.Random, name: str) -> Case:
    return call(array(rng, name))


@generates("torch.flatten")
def _flatten(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    rank = len(one.shape)
    match rng.randrange(4):
        case 0:
            return call(one)
        case 1:
            return call(one, axis(rng, rank))
        case 2:
            return call(one, end_dim=axis(rng, rank))
        case _:
            return call(one, start_dim=axis(rng, rank), end_dim=axis(rng, rank))


@generates("torch.unflatten")
def _unflatten(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1)
    at = axis(rng, len(one.shape))
    n = one.shape[at] if -len(one.shape) <= at < len(one.shape) else 6
    return call(one, at, tuple(layout(rng, n)), rigid=False)


@generates("torch.squeeze", "jax.lax.squeeze")
def _squeeze(rng: random.Random, name: str) -> Case:
    one = A(tuple(rng.choice((1, 1, 2, 3)) for _ in range(rng.randint(0, 4))))
    rank = len(one.shape)
    ones = tuple(i for i, n in enumerate(one.shape) if n == 1)
    match rng.randrange(4):
        case 0 if name != "jax.lax.squeeze":
            return call(one)
        case 1 if ones and name != "jax.lax.squeeze":
            return call(one, rng.choice(ones))
        case 2:
            return call(one, ones[: rng.randint(0, len(ones))])
        case _:
            at = axis(rng, rank)
            return call(one, (at,) if name == "jax.lax.squeeze" else at)


@generates("torch.unsqueeze")
def _unsqueeze(rng: random.Random, name: str) -> Case:
    one = array(rng, name, most=4)
    at = axis(rng, len(one.shape) + 1)
    if library_of(name) is Library.TORCH or (rng.random() < 0.5 and name != "jax.lax.expand_dims"):
        return call(one, at)
    return call(one, (at, axis(rng, len(one.shape) + 2)) if rng.random() < 0.5 else (at,))


@generates("torch.atleast_1d", "torch.atleast_2d", "torch.atleast_3d")
def _atleast(rng: random.Random, name: str) -> Case:
    if name.startswith("torch") and rng.random() < 0.3:
        return call(tuple(array(rng, name, most=4) for _ in range(rng.randint(1, 3))))
    return call(array(rng, name, most=4))


@generates("Tensor.expand", "torch.broadcast_to")
def _expand(rng: random.Random, name: str) -> Case:
    full = shape(rng, most=4)
    start = rng.randint(0, len(full))
    kept = tuple(1 if rng.random() < 0.4 else n for n in full[start:])
    target: list[Any] = [N(n) for n in full]
    rigid = True
    for at in range(len(target)):
        if rng.random() < 0.15:
            target[at] = -1
        elif rng.random() < 0.05:
            target[at], rigid = rng.choice((2, 3, -2)), False
    if rng.random() < 0.05:
        target.pop(0) if target else None
    sizes = tuple(target)
    return call(A(kept), *(given(rng, name, sizes) if name != "torch.broadcast_to" else (sizes,)), rigid=rigid)


@generates("Tensor.expand_as")
def _expand_as(rng: random.Random, name: str) -> Case:
    full = shape(rng, most=4)
    kept = tuple(1 if rng.random() < 0.4 else n for n in full[rng.randint(0, len(full)) :])
    return call(A(kept), A(full if rng.random() < 0.9 else shape(rng)))


@generates("Tensor.repeat", "Tensor.tile", "torch.tile")
def _repeat(rng: random.Random, name: str) -> Case:
    one = array(rng, name, most=3)
    factors = tuple(rng.choice((1, 2, 3, 0, N(5), -1 if rng.random() < 0.1 else 2)) for _ in range(rng.randint(0, 4)))
    return call(one, *given(rng, name, factors))


@generates("torch.repeat_interleave")
def _repeat_interleave(rng: random.Random, name: str) -> Case:
    one = array(rng, name, most=4)
    rank = len(one.shape)
    times: Any = rng.choice((0, 1, 2, 3, N(2), -1 if rng.random() < 0.2 else 2))
    if rank and rng.random() < 0.3 and library_of(name) is not Library.TORCH:
        times = tuple(rng.randint(0, 3) for _ in range(rng.choice((1, one.shape[0]))))
        return call(one, times, 0, rigid=False)
    return call(one, times) if rng.random() < 0.4 else call(one, times, axis(rng, rank))


@generates("Tensor.unfold")
def _unfold(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    return call(one, axis(rng, len(one.shape)), rng.randint(1, 4), rng.choice((1, 2, 3, 0)), rigid=False)


@generates("np.lib.stride_tricks.sliding_window_view")
def _sliding(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    rank = len(one.shape)
    if rng.random() < 0.3:
        return call(one, tuple(rng.randint(0, 3) for _ in one.shape), rigid=False)
    axes = tuple(axis(rng, rank) for _ in range(rng.choice((1, 1, 2))))
    window = tuple(rng.randint(0 if rng.random() < 0.9 else -1, 3) for _ in axes)
    return call(one, window[0], axes[0], rigid=False) if len(axes) == 1 else call(one, window, axis=axes, rigid=False)


@generates("Tensor.fill_diagonal_")
def _fill_diagonal(rng: random.Random, name: str) -> Case:
    side = rng.choice((1, 2, 3))
    full = rng.choice(((2, 3), (3, 2), (side, side), (side,) * 3, (2, 2, 3), (3,), ()))
    return call(A(full, rng.choice(("float32", "int64", "bool"))), 1, *rng.choice(((), (True,))), rigid=False)


@generates("torch.narrow")
def _narrow(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1, 4)
    return call(one, axis(rng, len(one.shape)), rng.randint(-3, 4), rng.randint(-1, 4), rigid=False)


@generates("torch.as_strided")
def _as_strided(rng: random.Random, name: str) -> Case:
    return call(A((5, 7)), (2, 3), (rng.choice((1, 2)), 1))


@generates("torch.view_as_real")
def _view_as_real(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng), rng.choice(("complex64", "complex128", "float32"))))


@generates("torch.view_as_complex")
def _view_as_complex(rng: random.Random, name: str) -> Case:
    last = 2 if rng.random() < 0.8 else size(rng)
    return call(A((*shape(rng, most=3), last), rng.choice(("float32", "float64", "int64"))), rigid=False)


def view_dtype(rng: random.Random) -> Case:
    """`view(dtype)`."""
    return call(A(shape(rng, 1)), D(rng.choice(("int32", "float64", "float16"))))
