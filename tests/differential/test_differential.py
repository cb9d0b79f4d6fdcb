"""A few hundred generated programs: mypy's verdict is the one that running them gives.

`python -m benchmarks.differential --programs 5000` does the same at length, and makes what it finds small. The environment
variable `SHAPECHECK_DIFFERENTIAL_PROGRAMS` sets the number tried here.
"""

from __future__ import annotations

import os
import warnings
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.differential.choices import Choices, smaller
from tests.differential.compare import Finding, Table, explain, finding
from tests.differential.programs import Kind, Program, again, generate, programs
from tests.differential.verdicts import Outcome, judged

SEED = 20
COUNT = int(os.environ.get("SHAPECHECK_DIFFERENTIAL_PROGRAMS", "200"))


@st.composite
def any_program(draw: st.DrawFn) -> Program:
    """A generated program, as Hypothesis's choice."""
    return generate(Choices(lambda limit: draw(st.integers(0, limit - 1))), "p")


@cache
def outcomes() -> tuple[Outcome, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(judged(list(programs(SEED, COUNT))))


@pytest.mark.parametrize("kind", list(Kind))
def test_the_verdicts_agree(kind: Kind) -> None:
    defects = [each for each in outcomes() if each.program.kind is kind and finding(each).defect]
    if defects:
        pytest.fail("\n\n".join(map(explain, defects)), pytrace=False)


def test_both_verdicts_occur() -> None:
    table = Table()
    table.add(outcomes())
    assert table.total[Finding.BOTH_ACCEPT] > COUNT // 3
    assert table.total[Finding.BOTH_REJECT] > COUNT // 8


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_program())
def test_a_program_is_made_again_from_its_choices(program: Program) -> None:
    compile(program.source, program.name, "exec")
    assert again(program.choices, program.name) == program


def test_smaller_choices_are_simpler() -> None:
    choices = (4, 1, 0, 5, 0, 2)
    for each in smaller(choices):
        assert (len(each), sum(each)) < (len(choices), sum(choices))
