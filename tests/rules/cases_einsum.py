"""Generated Einstein summations."""

from __future__ import annotations

import random

from shapecheck.core.value import Library
from shapecheck.rules.table import library_of
from tests.rules.harness import A, Case, call, generates

LETTERS = "abcdxyZ"


def operand(rng: random.Random, sizes: dict[str, int], dots: tuple[int, ...] | None) -> tuple[str, A]:
    """An operand's labels and array."""
    labels = [rng.choice(LETTERS) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.8:
        labels = list(dict.fromkeys(labels))
    found = [sizes[label] for label in labels]
    if found and rng.random() < 0.1:
        found[rng.randrange(len(found))] = rng.choice((1, 2, 7))
    if dots is not None:
        at = rng.randint(0, len(labels))
        labels.insert(at, "...")
        found[at:at] = dots[rng.randint(0, len(dots)) :]
    if rng.random() < 0.04:
        found.append(2)
    return "".join(labels), A(tuple(found))


@generates("torch.einsum", "jnp.einsum", "np.einsum")
def _einsum(rng: random.Random, name: str) -> Case:
    sizes = {label: rng.choice((1, 2, 3, 5)) for label in LETTERS}
    dots = tuple(rng.choice((1, 2, 3)) for _ in range(rng.randint(0, 2)))
    parts = [operand(rng, sizes, dots if rng.random() < 0.3 else None) for _ in range(rng.randint(1, 3))]
    left = ",".join(labels for labels, _ in parts)
    used = sorted({label for labels, _ in parts for label in labels if label.isalpha()})
    rng.shuffle(used)
    right = used[: rng.randint(0, len(used))]
    if "..." in left and rng.random() < 0.9:
        right.insert(rng.randint(0, len(right)), "...")
    if rng.random() < 0.05:
        right.append(rng.choice(LETTERS))
    equation = left if rng.random() < 0.2 else f"{left}{rng.choice(('->', ' -> '))}{''.join(right)}"
    kind = "float32" if rng.random() < 0.9 or library_of(name) is Library.TORCH else "int32"
    return call(equation, *(A(a.shape, kind) for _, a in parts))
