"""Measures what a rule costs: `python -m benchmarks.rule_time`.

Prints the CPU microseconds of one evaluation of each of 44 calls, with known sizes and with names, and their sum. Each number is
the best of many rounds, so that other programs on the machine do not count. To compare two states of the code, run it in both.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shapecheck.core.dim import dim
from shapecheck.core.dtype import dtype
from shapecheck.core.shape import shape
from shapecheck.core.value import Array, Value
from shapecheck.rules import lookup
from shapecheck.rules.table import Rule, library_of

SIZES: Mapping[str, tuple[int | str, int | str, int | str]] = {"known": (2, 3, 4), "named": ("b", "t", "d")}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation."""

    name: str
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value] = field(default_factory=dict)

    @property
    def rule(self) -> Rule:
        found = lookup(self.name)
        assert found is not None, self.name
        return found


def calls(b: int | str, t: int | str, d: int | str) -> Iterator[Call]:
    """The calls for arrays of these sizes."""

    def array(name: str, *sizes: int | str, kind: str = "float32") -> Array:
        return Array(shape(*sizes), dtype(kind), library_of(name))

    def x(name: str) -> Array:
        return array(name, b, t, d)

    last, zero, one, two = dim(-1), dim(0), dim(1), dim(2)
    yield Call("torch.sum", (x("torch"), last), {"keepdim": True})
    yield Call("torch.sum", (x("torch"),))
    yield Call("Tensor.mean", (x("torch"), (zero, one)))
    yield Call("jnp.sum", (x("jnp"),), {"axis": one, "keepdims": True})
    yield Call("jnp.cumsum", (x("jnp"),), {"axis": one})
    yield Call("torch.cumsum", (x("torch"), one))
    yield Call("torch.softmax", (x("torch"),), {"dim": last})
    yield Call("jax.nn.softmax", (x("jax"),))
    yield Call("torch.transpose", (x("torch"), one, two))
    yield Call("torch.permute", (x("torch"), (two, zero, one)))
    yield Call("jnp.transpose", (x("jnp"), (two, zero, one)))
    yield Call("torch.zeros", (dim(b), dim(t), dim(d)))
    yield Call("jnp.zeros", ((dim(b), dim(t), dim(d)),))
    yield Call("torch.unsqueeze", (x("torch"), one))
    yield Call("torch.gather", (x("torch"), one, array("torch", b, t, d, kind="int64")))
    yield Call("torch.matmul", (x("torch"), array("torch", b, d, 7)))
    yield Call("jnp.matmul", (x("jnp"), array("jnp", b, d, 7)))
    yield Call("torch.add", (x("torch"), x("torch")))
    yield Call("jnp.add", (x("jnp"), array("jnp", d)))
    yield Call("np.argmax", (x("np"),), {"axis": zero})
    yield Call("torch.exp", (x("torch"),))
    yield Call("torch.where", (array("torch", b, t, d, kind="bool"), x("torch"), x("torch")))


def microseconds(call: Call, rounds: int, times: int = 60) -> float:
    """The CPU time of one evaluation, the best of several rounds."""
    rule, best = call.rule, float("inf")
    for _ in range(rounds):
        started = time.thread_time()
        for _ in range(times):
            rule.apply(call.name, call.args, call.kwargs)
        best = min(best, time.thread_time() - started)
    return best / times * 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.rule_time", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args(arguments).rounds
    gc.disable()
    total = 0.0
    for kind, sizes in SIZES.items():
        for call in calls(*sizes):
            found = microseconds(call, rounds)
            total += found
            print(f"{call.name:<18} {kind}  {found:6.1f}")
    print(f"sum {total:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
