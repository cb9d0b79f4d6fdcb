"""The rules of programs that changed their library's default dtypes, against libraries whose defaults are 64 bits wide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import pytest
import torch

from shapecheck.core.dtype import CLASSES, dtype
from shapecheck.core.value import Library
from shapecheck.rules import registry
from shapecheck.rules.table import library_of
from shapecheck.rules.unsettled import UNSETTLED
from tests.rules.harness import generator, run_cases
from tests.rules.test_shapes_by_example import apply, x

NAMES = sorted(name for name in registry().rules if library_of(name) is not Library.NUMPY and generator(name) is not None)


@contextmanager
def wide() -> Iterator[None]:
    """Both libraries with defaults of 64 bits, and the rules told that they may have changed."""
    torch.set_default_dtype(torch.float64)
    UNSETTLED.update((Library.TORCH, Library.JAX))
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
