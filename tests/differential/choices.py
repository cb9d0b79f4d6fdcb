"""A source of choices that remembers what it chose, so that a program can be made again, and made smaller.

Every generated program is a function of a list of small ints. `Choices(rng=...)` draws them, `Choices(recorded=...)` repeats
them; past their end every choice is 0, which generators keep for the simplest alternative. `smaller` proposes shorter
and simpler lists: reducing a program is reducing its list, whatever the program means.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

type Draw = Callable[[int], int]
"""A draw below a limit: `random.Random.randrange`, or Hypothesis's."""


class Choices:
    """Draws and remembers choices."""

    def __init__(self, draw: Draw | None = None, recorded: Sequence[int] = ()) -> None:
        self._draw = draw
        self._recorded = recorded
        self.made: list[int] = []

    def below(self, limit: int) -> int:
        """A number from 0 to `limit - 1`; 0 is the simplest."""
        if len(self.made) < len(self._recorded):
            chosen = min(self._recorded[len(self.made)], limit - 1)
        else:
            chosen = self._draw(limit) if self._draw is not None else 0
        self.made.append(chosen)
        return chosen

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


def smaller(choices: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Simpler lists of choices, the most daring first: blocks removed, blocks zeroed, single choices lowered."""
    size = len(choices)
    whole = tuple(choices)
    length = size // 2
    while length:
        for start in range(0, size, length):
            yield whole[:start] + whole[start + length :]
            if any(whole[start : start + length]):
                yield whole[:start] + (0,) * len(whole[start : start + length]) + whole[start + length :]
        length //= 2
    for at, chosen in enumerate(whole):
        if chosen > 1:
            yield (*whole[:at], chosen // 2, *whole[at + 1 :])
            yield (*whole[:at], chosen - 1, *whole[at + 1 :])
