"""The rules of programs that change dtypes from afar, against libraries with wide defaults and against torch under autocast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import pytest
import torch

from shapecheck.core.dtype import CLASSES, dtype
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Library
from shapecheck.rules import registry
from shapecheck.rules.table import library_of
from shapecheck.rules.unsettled import UNSETTLED, Cause
from tests.rules.harness import generator, run_cases
from tests.rules.test_shapes_by_example import apply, x

NAMES = sorted(name for name in registry().rules if library_of(name) is not Library.NUMPY and generator(name) is not None)


@contextmanager
def wide() -> Iterator[None]:
    """Both libraries with defaults of 64 bits, and the rules told that they may have changed."""
    torch.set_default_dtype(torch.float64)
    UNSETTLED.update((Cause.TORCH_DEFAULT, Cause.JAX_DEFAULT))
    try:
        with jax.enable_x64(True):
            yield
    finally:
        UNSETTLED.clear()
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", NAMES[::20])
def test_nothing_false_is_said_of_wide_defaults(name: str) -> None:
    with wide():
        assert run_cases(name, 3).problems == []


def test_what_brings_its_dtype_keeps_it() -> None:
    with wide():
        assert apply("torch.exp", x("b")) == x("b")
        assert apply("torch.zeros", 3, dtype=dtype("float32")) == x("3")
        assert apply("torch.exp", x("b", "int64")).dtype != dtype("float32")
        assert apply("torch.argmax", x("b")) == x("", "int64")
    assert apply("torch.exp", x("b", "int64")) == x("b")
    assert CLASSES["Float"] != apply("torch.zeros", 3).dtype


# --- autocast -----------------------------------------------------------------------------------------------------

TORCH_NAMES = [name for name in NAMES if library_of(name) is Library.TORCH]


@contextmanager
def autocast() -> Iterator[None]:
    """Torch on a CPU under autocast, and the rules told that it may be."""
    UNSETTLED.add(Cause.AUTOCAST)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            yield
    finally:
        UNSETTLED.clear()


@pytest.mark.parametrize("name", TORCH_NAMES[::15])
def test_nothing_false_is_said_under_autocast(name: str) -> None:
    with autocast():
        assert run_cases(name, 3).problems == []


def test_autocast_leaves_dtypes_open() -> None:
    half, single = x("b d", "float16"), x("d e")
    assert isinstance(apply("torch.matmul", half, single), Mismatch)
    with autocast():
        product = apply("torch.matmul", half, single)
        assert product == UNKNOWN or product.dtype.exact is None
        assert apply("torch.matmul", single, x("e d")).dtype.exact is None
        assert apply("Tensor.transpose", single, 0, 1) == x("e d")
        assert isinstance(apply("torch.matmul", x("b d", "int64"), single), Mismatch)
