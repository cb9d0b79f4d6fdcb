"""Sizes of the names that generated annotations use: small ones as they come, and sets that are apart from each other."""

from __future__ import annotations

from tests.differential.annotations import NAMES
from tests.differential.choices import Choices

type Sizes = dict[str, int | tuple[int, ...]]
"""The ints that names stand for, and the tuples of ints that runs (`*s`) do."""

APART = (
    (18, 24, 29, 33),
    (19, 25, 30, 34),
    (11, 17, 26, 7),
    (6, 6, 6, 6),
    (2, 2, 2, 2),
    (1, 1, 1, 1),
    (8, 4, 2, 16),
    (3, 9, 27, 3),
)
"""Sizes of `a`, `b`, `c`, `d`: the first are apart from each other, from small numbers, and from each other's sums, multiples
and halves; the last ones coincide, so that a promise that some sizes keep is kept by one of them."""


VARIANTS = (
    (1, 0),
    (1, 1),
    (2, 2),
    (3, 0),
    (3, 3),
    (3, 4),
    (4, 0),
    (4, 5),
    (5, 0),
    (5, 1),
    (6, 0),
    (6, 2),
    (7, 0),
    (7, 3),
    (0, 1),
    (0, 4),
)
"""The variants of a call: the place of its sizes in `APART`, and that of the dtype among those an annotation takes."""


def small_sizes(c: Choices) -> Sizes:
    """Sizes as they come, equal ones and ones among them."""
    found: Sizes = {name: c.one_of((2, 3, 4, 5, 1)) for name in (*NAMES, "q", "r", "k")}
    for run in ("s", "t"):
        found[f"*{run}"] = c.one_of(((2,), (), (3, 2), (2, 3), (1,), (1, 4)))
    return found


def apart(variant: int) -> Sizes:
    """The sizes of a variant; axes and runs that nobody names vary with it."""
    one, two = ((7, 10), (7, 12), (9, 5), (6, 6), (2, 2), (1, 1), (4, 3), (3, 9))[variant]
    found: Sizes = {
        **dict(zip(NAMES, APART[variant], strict=True)),
        "q": one,
        "r": two,
        "k": (43, 44, 15, 6, 2, 1, 4, 3)[variant],
    }
    found["*s"] = ((5, 8), (4,), (), (6, 6), (2,), (1, 1), (8, 4), ())[variant]
    found["*t"] = ((11, 21), (), (25, 3), (6,), (2, 2), (1,), (2,), (9,))[variant]
    return found
