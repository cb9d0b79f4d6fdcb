"""The arrays that a generated body can use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.differential.choices import Choices


@dataclass
class Arrays:
    """The arrays a body can use: their names and, for choosing operations, their values. `rigid` bodies take sizes from
    `x.shape` because they work for every size."""

    library: str
    values: dict[str, Any]
    rigid: bool

    def pick(self, c: Choices, rank: int | None = None) -> str:
        """An array's name, of a rank if there is one; the newest is the simplest."""
        names = [name for name, value in self.values.items() if rank is None or value.ndim == rank] or list(self.values)
        return c.one_of(names[::-1])

    def rank(self, name: str) -> int:
        return int(self.values[name].ndim)

    def size(self, name: str, axis: int) -> str:
        """The size of an axis, as it is written where sizes are known or in a body for all sizes."""
        return f"{name}.shape[{axis}]" if self.rigid else str(self.values[name].shape[axis])

    def sizes(self, name: str) -> list[str]:
        return [self.size(name, axis) for axis in range(self.rank(name))]

    @property
    def module(self) -> str:
        return {"torch": "torch", "numpy": "np", "jax": "jnp"}[self.library]

    @property
    def axis_word(self) -> str:
        return "dim" if self.library == "torch" else "axis"

    @property
    def keep_word(self) -> str:
        return "keepdim" if self.library == "torch" else "keepdims"


type Template = Callable[[Choices, Arrays], str]
"""The text of an operation on some of the arrays."""


def axis_of(c: Choices, rank: int) -> int:
    """An axis that mostly exists."""
    if rank == 0 or c.chance(6):
        return c.one_of((0, -1, 1, 2))
    return c.below(2 * rank) - rank


def order_of(c: Choices, rank: int) -> str:
    """All axes in some order, as they are listed in a call."""
    left = list(range(rank))
    return ", ".join(str(left.pop(c.below(len(left)))) for _ in range(rank))
