"""What numpy's operations make of dtypes that are not its own (`bfloat16`, `int4`): it is among what the rules state."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest

from shapecheck.core.dtype import dtype
from shapecheck.core.shape import Mismatch, shape
from shapecheck.core.value import UNKNOWN, Array, Library
from shapecheck.rules import lookup
from tests.core.test_promotion import EXTENSIONS, NAMES, array_of

ONE = "exp isnan sqrt tanh"
TWO = (
    "divide add power floor_divide remainder maximum arctan2 hypot logaddexp copysign bitwise_and matmul vecdot "
    "greater heaviside fmod gcd"
)
PAIRS = [*product(EXTENSIONS, (*NAMES, *EXTENSIONS)), *product(NAMES, EXTENSIONS)]


def stated(name: str, *kinds: str) -> frozenset[str] | None:
    """The dtypes that a rule states; None when it refuses, or says nothing."""
    rule = lookup(f"np.{name}")
    assert rule is not None
    found = rule.apply(f"np.{name}", [Array(shape(1), dtype(kind), Library.NUMPY) for kind in kinds])
    if found is UNKNOWN or isinstance(found, Mismatch):
        return frozenset() if isinstance(found, Mismatch) else None
    assert isinstance(found, Array)
    return found.dtype.names


def made(name: str, *kinds: str) -> str | None:
    """The dtype that numpy makes; None when it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(getattr(np, name)(*map(array_of, kinds)).dtype)
        except TypeError:
            return None


def agree(name: str, *kinds: str) -> None:
    real, rule = made(name, *kinds), stated(name, *kinds)
    assert real is None or rule is None or real in rule, (name, kinds, real)


@pytest.mark.parametrize("name", ONE.split())
def test_of_one_array(name: str) -> None:
    for kind in EXTENSIONS:
        agree(name, kind)


@pytest.mark.parametrize("name", TWO.split())
def test_of_two_arrays(name: str) -> None:
    for kinds in PAIRS:
        agree(name, *kinds)


def test_of_three_arrays() -> None:
    for one, other in PAIRS:
        agree("clip", one, other, other)
