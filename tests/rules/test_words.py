"""Arguments that are one of few words: the library and the rule refuse others, and what the library takes the rule does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shapecheck.core.shape import Mismatch
from shapecheck.rules import lookup
from shapecheck.rules.words import TABLE, Choice
from tests.rules import test_against_libraries  # noqa: F401  # registers the generators
from tests.rules.harness import Case, Raised, generator, observe, rule_answer

ROWS = [(name, choice) for choice in TABLE for name in choice.names]


def calls(name: str, choice: Choice) -> Iterator[Case]:
    """Calls that the library answers, without the parameter."""
    rule, make, rng = lookup(name), generator(name), random.Random(name)
    assert rule is not None
    assert make is not None
    place = [each.name for each in rule.parameters.listed].index(choice.parameter)
    for case in (make(rng, name) for _ in range(15)):
        if len(case.args) <= place and not isinstance(observe(name, case), Raised):
            yield replace(case, kwargs={key: value for key, value in case.kwargs.items() if key != choice.parameter})


@pytest.mark.parametrize(("name", "choice"), ROWS)
def test_library_and_rule_refuse_another_word(name: str, choice: Choice) -> None:
    given = [replace(case, kwargs={**case.kwargs, choice.parameter: "bogus"}) for case in calls(name, choice)]
    assert given
    assert all(isinstance(observe(name, case), Raised) for case in given[:3])
    assert all(isinstance(rule_answer(name, case), Mismatch) for case in given[:3])


@pytest.mark.parametrize(("name", "choice"), ROWS)
def test_the_library_takes_every_word(name: str, choice: Choice) -> None:
    for word in choice.words:
        given = [replace(case, kwargs={**case.kwargs, choice.parameter: word}) for case in calls(name, choice)]
        assert any(not isinstance(observe(name, case), Raised) for case in given), word
