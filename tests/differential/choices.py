"""The choices that make a generated program, from a seed or from Hypothesis.

Every generated program is a function of a list of small ints. Generators keep 0 for the simplest alternative, so that
Hypothesis shrinks towards it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

type Draw = Callable[[int], int]
"""A draw below a limit: `random.Random.randrange`, or Hypothesis's."""


class Choices:
    """Choices among alternatives."""

    def __init__(self, draw: Draw) -> None:
        self.below = draw  # a number from 0 to one less than the limit; 0 is the simplest

    def chance(self, percent: float) -> bool:
        """True with a probability; the simplest is False."""
        return self.below(1000) >= 1000 - round(10 * percent)

    def one_of[T](self, items: Sequence[T]) -> T:
        """One of the items; the simplest is the first."""
        return items[self.below(len(items))]

    def weighted[T](self, items: Sequence[tuple[int, T]]) -> T:
        """One of the items in proportion to their weights; the simplest is the first."""
        at = self.below(sum(weight for weight, _ in items))
        for weight, item in items:
            if at < weight:
                return item
            at -= weight
        raise AssertionError("weights are positive")


def seeded(seed: int | str) -> Choices:
    """Choices that a seed decides."""
    return Choices(random.Random(seed).randrange)
