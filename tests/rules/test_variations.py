"""Calls made in other ways than their family makes them: a sample; `python -m benchmarks.rules` tries them for every rule."""

from __future__ import annotations

import random

import pytest

from shapecheck.rules import registry
from tests.rules import test_against_libraries  # noqa: F401  # registers the generators
from tests.rules.harness import A, call, run_cases
from tests.rules.variations import library_keywords, respelled, varied, with_keyword

NAMES = sorted(name for name in registry().rules if name.startswith(("torch.", "np.")))


@pytest.mark.parametrize("name", NAMES[::40])
def test_the_rule_still_agrees(name: str) -> None:
    assert run_cases(name, 8, vary=varied).problems == []


def test_arguments_go_by_keyword() -> None:
    case, rng = call(A((2, 3)), 1), random.Random(0)
    found = {tuple(respelled(rng, "torch.sum", case).kwargs) for _ in range(50)}
    assert {(), ("dim",)} <= found


def test_keywords_of_the_library_are_added() -> None:
    rng = random.Random(0)
    found = {key for _ in range(200) for key in with_keyword(rng, "torch.sum", call(A((2, 3)))).kwargs}
    assert found == {"dim", "dtype", "keepdim", "out"}
    assert "prepend" in library_keywords("torch.diff")
    assert "keepdims" in library_keywords("np.sum")
