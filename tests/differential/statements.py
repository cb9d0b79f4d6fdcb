"""Generated statements: operations on the arrays that exist, run while the program is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch

from tests.differential.arrays import Arrays
from tests.differential.choices import Choices
from tests.differential.modules import Writer
from tests.differential.operations import BY_DATA, operation


def statements(
    w: Writer, lines: list[str], arrays: Arrays, namespace: dict[str, Any], count: int, helpers: Sequence[tuple[str, int]] = ()
) -> None:
    """Operations that run, and in a share of the programs a last one that does not."""
    for _ in range(count):
        failed: Exception | None = None
        for _attempt in range(3):
            target = arrays.pick(w.c) if w.c.chance(10) else f"v{len(arrays.values)}"
            construct, text = _expression(w.c, arrays, helpers)
            probe: list[str] = []
            failed = run(probe, f"{target} = {text}", target, arrays, namespace)
            if failed is None or w.c.chance(12 if arrays.rigid else 35):
                lines += probe
                w.constructs.add(construct)
                w.partial |= construct in BY_DATA
                break
        if failed is not None:
            return


def _expression(c: Choices, arrays: Arrays, helpers: Sequence[tuple[str, int]]) -> tuple[str, str]:
    named = [each for each in helpers if each[0]]
    if named and c.chance(35):
        name, count = c.one_of(named)
        return "call", f"{name}({', '.join(arrays.pick(c) for _ in range(count))})"
    return operation(c, arrays)


def run(lines: list[str], line: str, target: str, arrays: Arrays, namespace: dict[str, Any]) -> Exception | None:
    """Runs a line as the program will; keeps the array it makes."""
    lines.append(line)
    try:
        exec(line, namespace)
    except SyntaxError:
        raise  # a mistake of ours
    except Exception as error:  # whatever a library raises
        return error
    value = namespace[target]
    if isinstance(value, (torch.Tensor, np.ndarray, jnp.ndarray)):
        arrays.values.pop(target, None)
        arrays.values[target] = value
        return None
    return None
