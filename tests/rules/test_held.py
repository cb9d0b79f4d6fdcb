"""What layers hold: the shapes in the table are those of real layers, for each layer of the table."""

from __future__ import annotations

import equinox
import jax
import pytest
import torch

from shapecheck.core.dim import dim
from shapecheck.core.value import LayerValue, Value
from shapecheck.rules import layer
from shapecheck.rules.held import HELD, held

CONSTRUCTED: dict[str, tuple[tuple[int | tuple[int, ...] | str, ...], dict[str, int | bool]]] = {
    "Linear": ((3, 4), {}),
    "Bilinear": ((3, 4, 5), {}),
    "Embedding": ((10, 4), {}),
    "PReLU": ((3,), {}),
    "LayerNorm": (((3, 4),), {}),
    "RMSNorm": ((3,), {}),
    "GroupNorm": ((2, 4), {}),
    "SyncBatchNorm": ((4,), {}),
    **{f"BatchNorm{n}d": ((4,), {}) for n in (1, 2, 3)},
    **{f"Conv{n}d": ((4, 6, (2, 3, 5)[:n]), {"groups": 2}) for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": ((4, 6, 3), {"groups": 2}) for n in (1, 2, 3)},
}
"""The arguments that a layer is made with, by the name of its class."""


def value(argument: int | tuple[int, ...] | str | bool) -> Value:
    """A Python argument as rules see it."""
    if isinstance(argument, tuple):
        return tuple(map(dim, argument))
    return dim(argument) if isinstance(argument, int) and not isinstance(argument, bool) else argument


def made(name: str, *args: int | tuple[int, ...] | str, **options: int | bool) -> tuple[LayerValue, object]:
    """A layer as the rules know it, and the real one."""
    row = layer(name)
    assert row is not None
    known = row.construct([value(each) for each in args], {key: value(each) for key, each in options.items()})
    assert isinstance(known, LayerValue)
    last = name.rpartition(".")[2]
    if name.startswith("nn."):
        return known, getattr(torch.nn, last)(*args, **options)
    keys = {} if last.endswith("Norm") else {"key": jax.random.key(0)}
    return known, getattr(equinox.nn, last)(*args, **options, **keys)


@pytest.mark.parametrize("name", HELD)
def test_arrays_have_the_shapes_of_real_ones(name: str) -> None:
    args, options = CONSTRUCTED[name.rpartition(".")[2]]
    known, real = made(name, *args, **options)
    for attribute in HELD[name]:
        array = held(known, attribute)
        assert array is not None
        assert str(array.shape).split() == [str(size) for size in getattr(real, attribute).shape], attribute


def test_what_was_switched_off_is_not_there() -> None:
    known, real = made("nn.Linear", 3, 4, bias=False)
    assert held(known, "bias") is None
    assert getattr(real, "bias", 0) is None
    assert held(known, "running_mean") is None


def test_a_scalar_input_leaves_a_column() -> None:
    known, real = made("equinox.nn.Linear", "scalar", 4)
    array = held(known, "weight")
    assert isinstance(real, equinox.nn.Linear)
    assert array is not None
    assert array.shape.rank == real.weight.ndim == 2
