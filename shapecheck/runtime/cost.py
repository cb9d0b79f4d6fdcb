"""What checking costs: calls, nanoseconds and failures per function, counted only while that is switched on.

While it is on, wrappers are compiled with a clock around their checks (:mod:`shapecheck.runtime.compiler`); while it is
off there is none. :func:`cost_report` is for users, who switch it on with :func:`measure_cost`, with `SHAPECHECK_COST=1` or
with pytest's `--shapecheck-cost`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Final

__all__ = ["CostReport", "FunctionCost", "clock", "cost_of", "cost_report", "counted", "follow", "measure_cost", "measuring"]


@dataclass(slots=True)
class FunctionCost:
    """What the checks of one function cost so far.

    Attributes:
        module: its module.
        function: its qualified name.
        calls: how many calls were checked.
        nanoseconds: time spent checking, without the function itself.
        failures: how many values did not fit.
    """

    module: str
    function: str
    calls: int = 0
    nanoseconds: int = 0
    failures: int = 0

    def begin(self) -> int:
        """A call starts; the clock."""
        self.calls += 1
        return perf_counter_ns()

    def add(self, nanoseconds: int) -> None:
        """Time was spent checking."""
        self.nanoseconds += nanoseconds


@dataclass(frozen=True, slots=True)
class CostReport:
    """The functions that were called, the most expensive first. As text it is a table."""

    functions: tuple[FunctionCost, ...]

    def __str__(self) -> str:
        rows = [("calls", "ms", "us/call", "failures", "function")]
        rows += [
            (f"{each.calls}", f"{each.nanoseconds / 1e6:.2f}", f"{each.nanoseconds / each.calls / 1e3:.2f}", f"{each.failures}",
             f"{each.module}.{each.function}")
            for each in self.functions
        ]  # fmt: skip
        return "\n".join("{:>9}{:>11}{:>9}{:>10}  {}".format(*row) for row in rows)


_costs: dict[tuple[str, str], FunctionCost] = {}
_listeners: list[Callable[[], None]] = []
_state: Final = {"on": False}


def measuring() -> bool:
    """Whether costs are being counted."""
    return _state["on"]


def follow(listener: Callable[[], None]) -> None:
    """Call it whenever counting starts or stops."""
    _listeners.append(listener)


def cost_of(module: str, function: str) -> FunctionCost:
    """The account of a function."""
    return _costs.setdefault((module, function), FunctionCost(module, function))


@contextmanager
def counted(module: str, function: str, *, calls: int = 0) -> Generator[None]:
    """Count the block as checking, if anything is counted; for functions that are not compiled."""
    start = perf_counter_ns()
    try:
        yield
    finally:
        if measuring():
            cost = cost_of(module, function)
            cost.calls += calls
            cost.add(perf_counter_ns() - start)


def clock(cost: FunctionCost) -> dict[str, Callable[..., Any]]:
    """What compiled code calls: `begin`, `now` and `add`. Dynamo takes their results for constants."""

    def begin() -> int:
        return cost.begin()

    def now() -> int:
        return perf_counter_ns()

    def add(nanoseconds: int) -> None:
        cost.add(nanoseconds)

    for each in (begin, now, add):
        vars(each)["_dynamo_marked_constant"] = True
    return {"begin": begin, "now": now, "add": add}


def measure_cost(on: bool = True) -> None:
    """Start to count, from zero, or stop; what was counted can be read afterwards."""
    if on:
        for cost in _costs.values():
            cost.calls = cost.nanoseconds = cost.failures = 0
    _state["on"] = on
    for listener in _listeners:
        listener()


def cost_report() -> CostReport:
    """What checking has cost since :func:`measure_cost`: per function its calls, nanoseconds and failures."""
    found = [cost for cost in _costs.values() if cost.calls]
    return CostReport(tuple(sorted(found, key=lambda cost: -cost.nanoseconds)))


def _report_at_exit() -> None:
    print(f"shapecheck: what checking cost\n{cost_report()}", file=sys.stderr)


if os.environ.get("SHAPECHECK_COST", "0") not in ("", "0"):
    import atexit

    _state["on"] = True
    atexit.register(_report_at_exit)
