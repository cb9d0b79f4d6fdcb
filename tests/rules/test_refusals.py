"""Dtypes that stand in the table of refusals are refused by the library and by the rule, others by neither."""

from __future__ import annotations

import pytest
import torch

from shapecheck.core.dtype import dtype
from shapecheck.core.shape import Mismatch, shape
from shapecheck.core.value import Array
from shapecheck.rules import lookup
from shapecheck.rules.refusals import TABLE

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
