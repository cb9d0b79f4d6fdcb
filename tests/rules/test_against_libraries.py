"""Every rule agrees with the library it describes, on generated calls; a rule without a generator does not exist.

Generators are in `cases_*.py`, one file per family.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from shapecheck.rules import registry
from tests.rules.harness import generator, run_cases

COUNT = int(os.environ.get("SHAPECHECK_RULE_CASES", "6"))

for module in sorted(Path(__file__).parent.glob("cases_*.py")):
    import_module(f"tests.rules.{module.stem}")

SLOW = ("equinox.", "flax.")
"""Libraries whose layers take long to make: a third of the cases."""

NAMES = sorted(registry().rules.keys() | registry().layers.keys())


def test_every_rule_has_a_generator() -> None:
    assert [name for name in NAMES if generator(name) is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_rule(name: str) -> None:
    tally = run_cases(name, max(COUNT // 3, 1) if name.startswith(SLOW) else COUNT)
    assert tally.problems == []
