"""Steps from one array of two axes to another, with the shape of the result. Used by `scopes` and `own`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.differential.annotations import CLASSES
from tests.differential.choices import Choices
from tests.differential.modules import Writer

STEPS = (
    ("{x}", "{p} {q}"),
    ("{x}.T", "{q} {p}"),
    ("{x}[0]", "{q}"),
    ("{x}[:, 0]", "{p}"),
    ("{x}.sum(0)", "{q}"),
    ("{x}[1:]", "{p}-1 {q}"),
    ("{x} * 2.0", "{p} {q}"),
    ("{x} @ {x}.T", "{p} {p}"),
    ("{x}[None]", "1 {p} {q}"),
    ("{x}.reshape(-1)", "{p}*{q}"),
)
"""Expressions of an array `x`, whose axes are `p` and `q`, and their axes."""


@dataclass(frozen=True)
class Step:
    """An expression, its axes, and the axes that are promised for it, now and then other ones."""

    text: str
    axes: str
    promised: str


def renamed(axes: str, **names: str) -> str:
    """Axes with other names."""
    return re.sub(r"[a-z]+", lambda found: names.get(found[0], found[0]), axes)


def annotation(w: Writer, axes: str) -> str:
    return f'Float32[{CLASSES[w.library]}, "{axes}"]'


def zeros(w: Writer, *sizes: int) -> str:
    """The text that makes an array of float32."""
    match w.library:
        case "torch":
            return f"torch.zeros{sizes}"
        case "numpy":
            return f"np.zeros({sizes}, dtype=np.float32)"
        case _:
            return f"jnp.zeros({sizes})"


def slip(c: Choices, size: int, percent: float = 8) -> int:
    """A size, now and then another one."""
    return c.one_of((size + 1, 1)) if c.chance(percent) else size


def step(w: Writer, x: str, p: str, q: str, wrong: float = 14, new: bool = True) -> Step:
    """A step from the array `x` with the axes `p q`."""
    c = w.c
    text, axes = (each.format(x=x, p=p, q=q) for each in c.one_of(STEPS))
    promised = c.one_of(STEPS)[1].format(p=p, q=q) if c.chance(wrong) else axes
    if new and c.chance(8):
        w.constructs.add("return-only name")
        promised = promised.replace(q, "new")
    return Step(text, axes, promised)
