"""Dtypes that stand in the table of refusals are refused by the library and by the rule, others by neither."""

from __future__ import annotations

import random

import pytest
import torch

from shapecheck.core.dtype import dtype
from shapecheck.core.shape import Mismatch, shape
from shapecheck.core.value import Array
from shapecheck.rules import lookup
from shapecheck.rules.refusals import TABLE
from tests.rules import test_against_libraries  # noqa: F401  # registers the generators
from tests.rules.harness import Case, Raised, generator, has_nothing, observe, rule_answer, with_dtype

OPERANDS = {name.removeprefix("torch."): row.operands for row in TABLE for name in row.names if name.startswith("torch.")}
ALONE = ("sort", "argsort", "sign", "unique", "aminmax", "erf", "erfinv", "digamma", "lgamma", "floor", "ceil", "trunc", "round")
PAIRS = (
    "lt",
    "le",
    "gt",
    "ge",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "hypot",
    "copysign",
    "heaviside",
    "remainder",
    "fmod",
    "pow",
)
PRODUCTS = ("mm", "matmul")


def test_every_row_is_about_rules() -> None:
    assert [row.names for row in TABLE if not any(map(lookup, row.names))] == []


@pytest.mark.parametrize("kind", ["bool", "complex64", "float32"])
@pytest.mark.parametrize("name", [*ALONE, *PAIRS, *PRODUCTS])
def test_library_and_rule_agree(name: str, kind: str) -> None:
    count = 1 if name in ALONE else 2
    assert OPERANDS[name] == (1 if name in PRODUCTS else count)
    rule = lookup(f"torch.{name}")
    assert rule is not None
    refused = isinstance(rule.apply(f"torch.{name}", [Array(shape(2, 2), dtype(kind))] * count), Mismatch)
    assert refused == _fails(name, [torch.ones(2, 2, dtype=getattr(torch, kind))] * count)


KINDS = ("bool", "int64", "float16", "bfloat16", "float32", "complex64")
NAMES = sorted(name for row in TABLE for name in row.names if lookup(name) and name.startswith(("torch.", "F.")))


def usable(name: str, kind: str) -> Case | None:
    """A call with elements that the library takes of arrays of one dtype."""
    rng, make = random.Random(name), generator(name)
    assert make is not None
    cases = (with_dtype(make(rng, name), kind) for _ in range(30))
    return next((each for each in cases if not has_nothing(each) and not isinstance(observe(name, each), Raised)), None)


@pytest.mark.parametrize("name", NAMES[::3])
def test_refused_dtypes_are_refused_by_the_library(name: str) -> None:
    case = usable(name, "float32") or usable(name, "int64")
    assert case is not None
    refused = {kind for kind in KINDS if isinstance(rule_answer(name, with_dtype(case, kind)), Mismatch)}
    raising = {kind for kind in KINDS if isinstance(observe(name, with_dtype(case, kind)), Raised)}
    assert refused, "a row without effect"
    assert refused <= raising


def test_of_nothing_torch_computes_nothing() -> None:
    torch.softmax(torch.zeros(2, 0, dtype=torch.complex64), -1)
    rule = lookup("torch.softmax")
    assert rule is not None
    assert isinstance(rule.apply("torch.softmax", [Array(shape(2, 0), dtype("complex64")), -1]), Array)
    assert isinstance(rule.apply("torch.softmax", [Array(shape(2, 1), dtype("complex64")), -1]), Mismatch)


def _fails(name: str, arrays: list[torch.Tensor]) -> bool:
    try:
        getattr(torch, name)(*arrays)
    except (NotImplementedError, RuntimeError, TypeError):
        return True
    return False
