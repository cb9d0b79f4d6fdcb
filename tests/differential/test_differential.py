"""A few hundred generated programs: mypy's verdict is the one that running them gives.

Hypothesis draws the programs, all of them before the first is judged, so that one mypy build does for all; what differs
is made small in batches, too (`reduce`), not by Hypothesis, which would need a build for every step.

`python -m benchmarks.differential --programs 5000` does the same at length, and makes what it finds small. The environment
variable `SHAPECHECK_DIFFERENTIAL_PROGRAMS` sets the number tried here.
"""

from __future__ import annotations

import os
import warnings
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from tests.differential.choices import Choices
from tests.differential.compare import Finding, Table, explain, finding
from tests.differential.modules import Kind, Program
from tests.differential.programs import fitting, programs
from tests.differential.reduce import simpler
from tests.differential.verdicts import Outcome, judged

SEED = 20
COUNT = int(os.environ.get("SHAPECHECK_DIFFERENTIAL_PROGRAMS", "200"))


@st.composite
def any_program(draw: st.DrawFn) -> Program:
    """A generated program, as Hypothesis's choice."""
    program = fitting(Choices(lambda limit: draw(st.integers(0, limit - 1))), "p")
    assume(program is not None)
    assert program is not None
    return program


@cache
def drawn() -> tuple[Program, ...]:
    """Programs of Hypothesis, the same in every run."""
    found: list[Program] = []

    @seed(SEED)
    @settings(max_examples=COUNT, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        program = fitting(Choices(lambda limit: data.draw(st.integers(0, limit - 1))), f"p{len(found):05}")
        found.extend([program] if program is not None else [])

    collect()
    return tuple(found)


@cache
def outcomes() -> tuple[Outcome, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(judged(drawn()))


@pytest.mark.parametrize("kind", list(Kind))
def test_the_verdicts_agree(kind: Kind) -> None:
    defects = [each for each in outcomes() if each.program.kind is kind and finding(each).defect]
    if defects:
        pytest.fail("\n\n".join(map(explain, defects)), pytrace=False)


def test_both_verdicts_occur() -> None:
    table = Table()
    table.add(outcomes())
    assert table.total[Finding.BOTH_ACCEPT] > COUNT // 3
    assert table.total[Finding.BOTH_REJECT] > COUNT // 16


def test_a_seed_always_makes_the_same_programs() -> None:
    assert list(programs(SEED, 5)) == list(programs(SEED, 5))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_program())
def test_programs_and_their_reductions_are_modules(program: Program) -> None:
    compile(program.source, program.name, "exec")
    for text in simpler(program.source):
        compile(text, program.name, "exec")


def test_reductions_take_away_one_thing() -> None:
    source = "A = int\ndef f(x: A, y: int=2) -> A:\n    z = x\n    return x\ndef main() -> None:\n    f(1, y=2)\n"
    changes = [[line for line in source.splitlines() if line not in text.splitlines()] for text in simpler(source)]
    assert changes == [
        ["A = int"],
        ["def f(x: A, y: int=2) -> A:", "    z = x", "    return x", "    f(1, y=2)"],
        ["    z = x"],
        ["    f(1, y=2)"],
        ["def f(x: A, y: int=2) -> A:", "    f(1, y=2)"],
        ["def f(x: A, y: int=2) -> A:", "    f(1, y=2)"],
    ]
