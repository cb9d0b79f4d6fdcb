"""Replays PyTorch's databases through the rules: every call runs for real, and its rule must agree with what came out.

A sample input that PyTorch answers is *exact* (the rule states its shapes and dtypes whole), *partly known*, *unknown* or
*wrong*; one that raises is *refused* by the rule or *not judged*. Called by
`python -m benchmarks.operator_database`.
"""

from __future__ import annotations

import random
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from shapecheck.rules import layer, lookup
from tests.opdb.database import Call
from tests.rules.harness import Raised, Tally, described, judge

ANSWERED = ("exact", "partly known", "unknown", "wrong")


@dataclass
class Replayed:
    """What the calls of one operation came to: those that PyTorch answers, other calls that raise, and listed errors."""

    name: str
    valid: Tally = field(default_factory=Tally)
    invalid: Tally = field(default_factory=Tally)
    rules: set[str] = field(default_factory=set)

    @property
    def answered(self) -> Counter[str]:
        return +Counter({kind: self.valid.cases[kind] + self.invalid.cases[kind] for kind in ANSWERED})

    @property
    def open(self) -> Counter[str]:
        """What the answers that are not exact leave open."""
        return self.valid.open + self.invalid.open

    @property
    def problems(self) -> list[str]:
        return self.valid.problems + self.invalid.problems


def has_rule(name: str) -> bool:
    """Whether a rule or a layer has the public name."""
    return lookup(name) is not None or layer(name) is not None


def replay(name: str, calls: Iterable[Call]) -> Replayed:
    """Runs the calls of an operation and judges its rules by them."""
    found = Replayed(name)
    rng = random.Random(name)
    for call in calls:
        found.rules.add(call.name)
        judge(call.name, call.case, _answer(call), found.invalid if call.invalid else found.valid, rng)
    return found


def _answer(call: Call) -> Any:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            return described(call.run())
        except Exception as error:  # whatever PyTorch raises is its refusal
            return Raised(error)
