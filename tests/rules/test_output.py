"""`out=`: what the library writes the rule accepts, and for every operation of torch both refuse the same dtypes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from shapecheck.core.shape import Mismatch
from shapecheck.rules import lookup, registry
from shapecheck.rules.output import ALIKE, TAKEN_OVER
from tests.rules import test_against_libraries  # noqa: F401  # registers the generators
from tests.rules.harness import A, Case, Raised, generator, observe, rule_answer
from tests.rules.variations import library_keywords

DTYPES = ("bool", "int64", "float16", "float32", "float64", "complex64")
OWNERS = ("torch.linalg.", "torch.special.", "torch.fft.")
NAMES = sorted(
    name
    for name in registry().rules
    if name.startswith(OWNERS) or (name.startswith("torch.") and "out" in library_keywords(name))
)


def calls(name: str, count: int) -> Iterator[tuple[Case, tuple[A, ...]]]:
    """Calls that the library answers with arrays that are not empty, and these arrays."""
    make, rng = generator(name), random.Random(name)
    assert make is not None
    for _ in range(count):
        case = make(rng, name)
        found = observe(name, case)
        parts = found if isinstance(found, tuple) else (found,)
        if "out" not in case.kwargs and all(isinstance(each, A) and 0 not in each.shape for each in parts):
            yield case, parts


def into(case: Case, parts: tuple[A, ...], position: int, kind: str) -> Case:
    """The call, written into arrays of its results' dtypes but for one."""
    outs = tuple(replace(each, dtype=kind) if index == position else each for index, each in enumerate(parts))
    out: Any = outs if len(outs) > 1 else outs[0]
    return replace(case, kwargs={**case.kwargs, "out": out})


@pytest.mark.parametrize("name", NAMES)
def test_the_rule_refuses_only_what_torch_refuses(name: str) -> None:
    for case, parts in calls(name, 3):
        for kind in DTYPES:
            called = into(case, parts, 0, kind)
            if isinstance(answer := rule_answer(name, called), Mismatch):
                assert isinstance(observe(name, called), Raised), (called, answer.reason)


@pytest.mark.parametrize("name", sorted(f"torch.{name}" for name in ALIKE))
def test_what_writes_into_one_dtype_only_refuses_the_others(name: str) -> None:
    answers = [
        rule_answer(name, into(case, parts, 0, kind))
        for case, parts in calls(name, 10)
        for kind in DTYPES
        if kind != parts[0].dtype
    ]
    assert any(isinstance(each, Mismatch) and "cannot be written into out=" in each.reason for each in answers)


def test_the_words_are_operations() -> None:
    assert [name for name in ALIKE | TAKEN_OVER if lookup(f"torch.{name}") is None] == []
    assert not ALIKE & TAKEN_OVER


def test_several_results_go_into_several_arrays() -> None:
    array, index = A((2, 3)), A((2,), "int64")
    found = rule_answer("torch.max", Case((array, 1), {"out": (A((0,)), index)}))
    assert [str(each) for each in found] == ['Float32["2"]', 'Int64["2"]']
    assert isinstance(rule_answer("torch.max", Case((array, 1), {"out": (index, index)})), Mismatch)


def test_torch_takes_what_another_dtype_is_computed_in() -> None:
    assert torch.sum(torch.ones(3), 0, out=torch.zeros((), dtype=torch.int64)).item() == 3
    assert not isinstance(rule_answer("torch.sum", Case((A((3,)), 0), {"out": A((), "int64")})), Mismatch)
