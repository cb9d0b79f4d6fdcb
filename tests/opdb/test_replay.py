"""A sample of PyTorch's operator and module databases, replayed through the rules.

`python -m benchmarks.operator_database` replays them whole and prints what came of every operation. The environment
variable `SHAPECHECK_DATABASE_STEP` sets which part is tried here: every 20th operation.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain, islice

import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

from tests.opdb.database import Call, layers, names, operations
from tests.opdb.internal import KERNELS, why_internal
from tests.opdb.replay import Replayed, has_rule, replay

STEP = int(os.environ.get("SHAPECHECK_DATABASE_STEP", "20"))
SAMPLES = 2


@pytest.fixture(scope="module")
def replayed() -> list[Replayed]:
    drawn = chain(operations(SAMPLES, has_rule), layers(SAMPLES, has_rule))
    return [replay(name, calls) for name, calls in islice(drawn, 0, None, STEP)]


def test_no_rule_contradicts_pytorch(replayed: list[Replayed]) -> None:
    assert [why for each in replayed for why in each.problems] == []


def test_most_answers_are_exact(replayed: list[Replayed]) -> None:
    answered = sum((each.answered for each in replayed), Counter[str]())
    assert answered["exact"] > 0.8 * answered.total() > 100


def test_error_inputs_are_refused(replayed: list[Replayed]) -> None:
    invalid = sum((each.invalid.cases for each in replayed), Counter[str]())
    assert invalid["refused"] > 0.3 * (invalid["refused"] + invalid["not judged"]) > 5


def test_entries_without_a_rule_are_internal() -> None:
    without = {
        name
        for info in op_db
        if (name := f"{info.name} {info.variant_test_name}".strip()) and not any(map(has_rule, names(info)))
    }
    assert {name for name in without if why_internal(name) is None} == set()


def test_what_is_called_internal_stands_in_the_database_without_a_rule() -> None:
    known = {info.name: names(info) for info in op_db}
    assert [name for name in KERNELS if name not in known or any(map(has_rule, known[name]))] == []


def test_an_operation_is_called_under_all_its_names() -> None:
    info = next(each for each in op_db if each.name == "sub")
    assert {"torch.sub", "Tensor.sub", "Tensor.sub_", "torch.subtract", "Tensor.__sub__", "Tensor.__isub__"} <= set(names(info))


def test_a_call_leaves_its_arguments_alone() -> None:
    array = torch.zeros(3)
    Call("Tensor.add_", (array, 1), {}).run()
    assert array.tolist() == [0, 0, 0]


def test_a_false_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [Call("torch.sum", (torch.zeros(2, 3), 0), {})]
    assert replay("sum", calls).problems == []
    monkeypatch.setattr("tests.opdb.database.public", lambda name: torch.cumsum)
    assert len(replay("sum", calls).problems) >= 1
