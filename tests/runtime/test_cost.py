"""The cost report: calls, nanoseconds and failures per function, counted only while that is on."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns, sleep
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float

import shapecheck
from shapecheck import ShapeError, checked
from shapecheck.runtime.cost import FunctionCost

GOOD, BAD = np.zeros(2), np.zeros((2, 2))


@pytest.fixture
def counting() -> Iterator[None]:
    shapecheck.measure_cost()
    yield
    shapecheck.measure_cost(False)


def cost(function: Any) -> FunctionCost:
    name = function.__qualname__.replace("<locals>.", "")
    return next(each for each in shapecheck.cost_report().functions if each.function == name)


def attempt(call: Any) -> None:
    with pytest.raises(ShapeError):
        call()


@pytest.mark.usefixtures("counting")
def test_calls_failures_and_time_without_the_function_itself() -> None:
    @checked
    def f(x: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        sleep(0.02)
        return x

    start = perf_counter_ns()
    for _ in range(3):
        f(GOOD)
    took = perf_counter_ns() - start
    attempt(lambda: f(BAD))
    found = cost(f)
    assert (found.calls, found.failures) == (4, 1)
    assert 0 < found.nanoseconds < took
    assert f"{f.__module__}.{found.function}" in str(shapecheck.cost_report())


@pytest.mark.usefixtures("counting")
def test_other_kinds_of_functions() -> None:
    @checked
    async def later(x: Float[np.ndarray, "n"]) -> int:
        return len(x)

    @checked
    def items(x: Float[np.ndarray, "n"]) -> Iterator[Float[np.ndarray, "n"]]:
        yield x
        yield BAD

    assert asyncio.run(later(GOOD)) == 2
    attempt(lambda: list(items(GOOD)))
    assert (cost(later).calls, cost(later).failures) == (1, 0)
    assert (cost(items).calls, cost(items).failures) == (1, 1)


def test_nothing_is_counted_while_it_is_off() -> None:
    @checked
    def f(x: Float[np.ndarray, "n"]) -> int:
        return len(x)

    f(GOOD)
    shapecheck.measure_cost()
    f(GOOD)
    shapecheck.measure_cost(False)
    f(GOOD)
    assert cost(f).calls == 1


@pytest.mark.usefixtures("counting")
def test_warnings_are_failures_and_off_counts_nothing() -> None:
    @checked
    def f(x: Float[np.ndarray, "n"]) -> int:
        return len(x)

    with shapecheck.mode("warn"), pytest.warns(shapecheck.ShapeWarning):
        f(BAD)
    with shapecheck.mode("off"):
        f(BAD)
    assert (cost(f).calls, cost(f).failures) == (1, 1)


def test_the_variable_prints_a_table_at_the_end() -> None:
    code = (
        "import numpy as np, shapecheck\nfrom jaxtyping import Float\n"
        "@shapecheck.checked\ndef f(x: Float[np.ndarray, 'n']): ...\nf(np.zeros(2))"
    )
    run = subprocess.run([sys.executable, "-c", code], env={"SHAPECHECK_COST": "1"}, capture_output=True, text=True)
    assert "__main__.f" in run.stderr


def test_the_flag_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import numpy as np, shapecheck\nfrom jaxtyping import Float\n"
        "@shapecheck.checked\ndef f(x: Float[np.ndarray, 'n']): ...\ndef test_it(): f(np.zeros(2))"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--shapecheck-cost", "test_it.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "shapecheck: what checking cost" in run.stdout
    assert "test_it.f" in run.stdout
