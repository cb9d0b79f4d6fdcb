"""Generated calls of transpose, permute, flip, roll, diagonals and the like."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.cases_reshape import array, given
from tests.rules.harness import A, Case, axis, call, generates, shape


@generates("torch.transpose", "jnp.swapaxes")
def _transpose(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, axis(rng, len(one.shape)), axis(rng, len(one.shape)))


def order(rng: random.Random, rank: int) -> tuple[int, ...]:
    """An order of axes, sometimes a wrong one."""
    axes = list(range(rank))
    rng.shuffle(axes)
    axes = [at - rank if rng.random() < 0.3 else at for at in axes]
    if rng.random() < 0.15:
        axes.append(0) if rng.random() < 0.5 or not axes else axes.pop()
    return tuple(axes)


@generates("Tensor.permute", "Array.transpose", "torch.permute", "jnp.transpose", "jnp.permute_dims")
def _permute(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    axes = order(rng, len(one.shape))
    if library_of(name) is not Library.TORCH and name != "jax.lax.transpose" and rng.random() < 0.3:
        return call(one)
    return call(one, *given(rng, name, axes))


@generates("Tensor.T", "Tensor.mT", "Array.mT", "Tensor.H", "Tensor.t")
def _attribute(rng: random.Random, name: str) -> Case:
    return call(array(rng, name, most=3))


@generates("torch.movedim")
def _moveaxis(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    rank = len(one.shape)
    if rng.random() < 0.5:
        return call(one, axis(rng, rank), axis(rng, rank))
    return call(one, order(rng, rank)[:2], order(rng, rank)[:2])


@generates("Tensor.flip", "torch.flip")
def _flip(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    axes: Any = order(rng, len(one.shape))[: rng.randint(0, 3)]
    if library_of(name) is not Library.TORCH and rng.random() < 0.5:
        return call(one, *rng.choice(((), (axis(rng, len(one.shape)),))))
    return call(one, *given(rng, name, axes))


@generates("torch.roll")
def _roll(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    if rng.random() < 0.3:
        return call(one, rng.randint(-3, 3))
    if rng.random() < 0.5:
        return call(one, rng.randint(-3, 3), axis(rng, len(one.shape)))
    return call(one, (1, 2), (axis(rng, len(one.shape)), axis(rng, len(one.shape))) if rng.random() < 0.8 else (0,))


@generates("torch.tril", "np.tril")
def _tril(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, rng.randint(-2, 2)) if rng.random() < 0.5 else call(one)


@generates("torch.rot90")
def _rot90(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    rank = len(one.shape)
    return call(one, rng.randint(-3, 4), (axis(rng, rank), axis(rng, rank))) if rng.random() < 0.7 else call(one)


@generates("torch.diagonal")
def _diagonal(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    rank = len(one.shape)
    if rng.random() < 0.4:
        return call(one, rng.randint(-3, 3), rigid=False)
    return call(one, rng.randint(-3, 3), axis(rng, rank), axis(rng, rank), rigid=False)


@generates("torch.diag")
def _diag(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 3)), rng.randint(-3, 3), rigid=False)


@generates("torch.diag_embed")
def _diag_embed(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 3)), *rng.choice(((), (1,), (-2,))))


@generates("torch.diagflat")
def diagflat(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 3)), *([rng.choice((-1, 2))] if rng.random() < 0.4 else []), rigid=False)


@generates("np.rollaxis")
def rollaxis(rng: random.Random, name: str) -> Case:
    full = shape(rng, 1, 4)
    return call(A(full), axis(rng, len(full)), *([rng.randint(0, len(full))] if rng.random() < 0.6 else []))


@generates("torch.linalg.diagonal")
def matrix_diagonals(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 1, 4)), **({"offset": 1} if rng.random() < 0.3 else {}), rigid=False)
