"""What checking costs, as ratios of overheads: `python -m benchmarks.runtime [ROUNDS]`.

Each case calls one function bare, under `jaxtyped(typechecker=beartype)` and under `shapecheck.checked`, in turns within
one process. An overhead is what a call costs more than the bare call; each figure is the best of all rounds. `hand` is
the same check written out by hand with `if`, where there is one. Behind each figure stands the target and whether it is
met. The load of the machine moves all figures; take more rounds where it is high.
"""

import dataclasses
import statistics
import sys
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from beartype import beartype
from jaxtyping import Array, Float, PyTree, TypeCheckError, jaxtyped
from numpy import ndarray
from torch import Tensor

import shapecheck
from benchmarks.runtime_gpt import forward, gpt
from shapecheck import checked

type Call = Callable[[], object]


@dataclasses.dataclass
class Case:
    """One row of the table."""

    name: str
    target: float  # how many times less overhead than jaxtyping the project promises
    bare: Call
    theirs: Call
    ours: Call
    hand: Call | None = None

    @classmethod
    def of(cls, name: str, target: float, function: Any, *args: Any, hand: Any = None, **kwargs: Any) -> "Case":
        """A case from a function and its arguments."""
        theirs, ours = jaxtyped(typechecker=beartype)(function), checked(function)
        by_hand = None if hand is None else lambda: hand(*args, **kwargs)
        return cls(
            name, target,
            lambda: function(*args, **kwargs), lambda: theirs(*args, **kwargs), lambda: ours(*args, **kwargs), by_hand,
        )  # fmt: skip


RESULT = np.zeros((4, 6), np.float32)
LEFT, RIGHT = np.zeros((4, 5), np.float32), np.zeros((5, 6), np.float32)


def two(x: Float[ndarray, "b c"], y: Float[ndarray, "c d"]) -> Float[ndarray, "b d"]:
    return RESULT


FLOATS = frozenset({np.float16, np.float32, np.float64})


def two_by_hand(x: Any, y: Any) -> Any:
    if not isinstance(x, ndarray) or x.ndim != 2 or x.dtype.type not in FLOATS:
        raise TypeError("x")
    if not isinstance(y, ndarray) or y.ndim != 2 or y.dtype.type not in FLOATS or x.shape[1] != y.shape[0]:
        raise TypeError("y")
    out = RESULT
    if not isinstance(out, ndarray) or out.ndim != 2 or out.dtype.type not in FLOATS:
        raise TypeError("return")
    if out.shape != (x.shape[0], y.shape[1]):
        raise TypeError("return")
    return out


def eight(
    a: Float[ndarray, "b c"], b: Float[ndarray, "c d"], c: Float[ndarray, "b c"], d: Float[ndarray, "c d"],
    e: Float[ndarray, "b c"], f: Float[ndarray, "c d"], g: Float[ndarray, "b c"], h: Float[ndarray, "c d"],
) -> Float[ndarray, "b d"]:  # fmt: skip
    return RESULT


TORCH_RESULT = torch.zeros(4, 6)
TORCH_FLOATS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})


def tensors(x: Float[Tensor, "b c"], y: Float[Tensor, "c d"]) -> Float[Tensor, "b d"]:
    return TORCH_RESULT


def tensors_by_hand(x: Any, y: Any) -> Any:
    if not isinstance(x, Tensor) or x.ndim != 2 or x.dtype not in TORCH_FLOATS:
        raise TypeError("x")
    if not isinstance(y, Tensor) or y.ndim != 2 or y.dtype not in TORCH_FLOATS or x.shape[1] != y.shape[0]:
        raise TypeError("y")
    out = TORCH_RESULT
    if not isinstance(out, Tensor) or out.ndim != 2 or out.dtype not in TORCH_FLOATS:
        raise TypeError("return")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[1]:
        raise TypeError("return")
    return out


JAX_RESULT = jnp.zeros((4, 6))


def jaxes(x: Float[Array, "b c"], y: Float[Array, "c d"]) -> Float[Array, "b d"]:
    return JAX_RESULT


def symbolic(x: Float[ndarray, "n"], y: Float[ndarray, "2*n"]) -> Float[ndarray, "n-1"]:
    return SHORT


SHORT = np.zeros(3)


def mixed(
    x: Float[ndarray, "*batch d"], n: int, mode: str, options: dict[str, int] | None, scale: float
) -> Float[ndarray, "*batch d"]:
    return x


@dataclasses.dataclass
class Bare:
    x: Float[ndarray, "b c"]
    y: Float[ndarray, "c d"]
    k: int


@jaxtyped(typechecker=beartype)
@dataclasses.dataclass
class Theirs:
    x: Float[ndarray, "b c"]
    y: Float[ndarray, "c d"]
    k: int


@checked
@dataclasses.dataclass
class Ours:
    x: Float[ndarray, "b c"]
    y: Float[ndarray, "c d"]
    k: int


def leaves(tree: PyTree[Float[Array, "..."]]) -> None:
    return None


def structures(x: PyTree[Float[Array, "..."], "T"], y: PyTree[Float[Array, "..."], "T"]) -> None:
    return None


def cases() -> Iterator[Case]:
    """Every row; the promised ratios come first."""
    yield Case.of("numpy, 2 arguments", 50, two, LEFT, RIGHT, hand=two_by_hand)
    yield Case.of("numpy, 8 arguments", 50, eight, *[LEFT, RIGHT] * 4)
    yield Case.of("torch CPU, 2 arguments", 30, tensors, torch.zeros(4, 5), torch.zeros(5, 6), hand=tensors_by_hand)
    yield Case.of("jax, 2 arguments", 25, jaxes, jnp.zeros((4, 5)), jnp.zeros((5, 6)))
    yield Case.of("symbolic dims", 100, symbolic, np.zeros(4), np.zeros(8))
    yield Case.of("variadic, and 4 other arguments", 15, mixed, np.zeros((2, 3, 4)), 1, "a", {"k": 1}, 1.0)
    yield Case(
        "dataclass", 50,
        lambda: Bare(LEFT, RIGHT, 1), lambda: Theirs(LEFT, RIGHT, 1), lambda: Ours(LEFT, RIGHT, 1),
    )  # fmt: skip
    for count in (8, 100):
        yield Case.of(f"PyTree, {count} leaves", 300, leaves, {str(index): jnp.zeros(3) for index in range(count)})
    tree = {str(index): jnp.zeros(3) for index in range(8)}
    yield Case.of("2 PyTrees of one structure, 8 leaves", 300, structures, tree, tree)


def nanoseconds(call: Call, budget: float = 0.002) -> float:
    """The time of one call, from as many as fit into the budget of seconds."""
    timer = timeit.Timer(call)
    once = timer.timeit(1)
    number = max(1, min(20_000, int(budget / max(once, 1e-7))))
    return timer.timeit(number) / number * 1e9


def measure(case: Case, rounds: int) -> dict[str, float]:
    """The best time of each variant, measured in turns."""
    variants: dict[str, Call] = {"bare": case.bare, "theirs": case.theirs, "ours": case.ours}
    if case.hand is not None:
        variants["hand"] = case.hand
    for call in variants.values():
        call()
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(rounds):
        for name, call in variants.items():
            best[name] = min(best[name], nanoseconds(call))
    return best


def report(case: Case, rounds: int) -> None:
    """Print one row."""
    best = measure(case, rounds)
    theirs, ours = best["theirs"] - best["bare"], best["ours"] - best["bare"]
    hand = best.get("hand", float("inf")) - best["bare"]
    by_hand = f"{hand:9.0f}" if "hand" in best else " " * 9
    met = verdict(theirs / ours >= case.target and ours <= hand)
    print(f"{case.name:38}{best['bare']:8.0f}{theirs:11.0f}{ours:9.0f}{by_hand}{theirs / ours:8.1f}x{case.target:7.0f}x  {met}")


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def decoration(rounds: int) -> None:
    """What decorating costs, before the first call."""
    for name, decorate in (("jaxtyped", jaxtyped(typechecker=beartype)), ("checked", checked)):
        once = partial(decorate, tensors_unchecked)
        best = min(nanoseconds(once) for _ in range(rounds)) / 1000
        print(
            f"decorating a function, {name}: {best:.1f} us" + (f"  target 50: {verdict(best < 50)}" if name == "checked" else "")
        )


def tensors_unchecked(x: Float[Tensor, "b c"], y: Float[Tensor, "c d"]) -> Float[Tensor, "b d"]:
    return x @ y


def failing(rounds: int) -> None:
    """What an error costs."""
    wrong = [np.zeros((7, 6), np.float32), np.zeros((4, 5), np.float64)]
    for name, decorate in (("jaxtyped", jaxtyped(typechecker=beartype)), ("checked", checked)):
        for count, function, args in ((2, two, [LEFT, wrong[0]]), (8, eight, [LEFT, RIGHT] * 3 + [LEFT, wrong[0]])):
            decorated: Any = decorate(function)

            def once(decorated: Any = decorated, args: Any = args) -> None:
                try:
                    decorated(*args)
                except TypeCheckError as error:
                    str(error)

            best = min(nanoseconds(once) for _ in range(rounds)) / 1000
            target = f"  target 300: {verdict(best < 300)}" if name == "checked" else ""
            print(f"a failing call with {count} arguments, {name}: {best:.0f} us{target}")


def modes(rounds: int) -> None:
    """What is left of the cost of a call in each mode; `off` and `once` are to cost nothing."""
    variants: dict[str, Any] = {"bare": two}
    with shapecheck.mode("off"):
        variants["off"] = checked(two)
        variants["off"](LEFT, RIGHT)
    with shapecheck.mode("once"):
        variants["once"] = checked(two)
        variants["once"](LEFT, RIGHT)
    best = dict.fromkeys(variants, float("inf"))
    for name in ("off", "once"):
        with shapecheck.mode(name):
            for each in ("bare", name):
                variants[each](LEFT, RIGHT)
            for _ in range(rounds):
                for each in ("bare", name):
                    best[each] = min(best[each], nanoseconds(partial(variants[each], LEFT, RIGHT)))
        print(f"mode {name}: {best[name] - best['bare']:+.0f} ns a call  target 0: {verdict(best[name] < 1.1 * best['bare'])}")


def model(rounds: int) -> None:
    """A whole model, as the median of ratios of neighbouring runs."""
    plain, ours = gpt(lambda function: function), gpt(checked)
    for batch in (1, 8):
        bare, under_check = forward(plain, batch), forward(ours, batch)
        bare(), under_check()
        ratios = [nanoseconds(under_check, 0.05) / nanoseconds(bare, 0.05) for _ in range(2 * rounds)]
        ratio = statistics.median(ratios)
        print(f"a GPT of 12 layers, {batch} x 16 tokens, all checked: {ratio:.3f}x  target 1.1: {verdict(ratio <= 1.1)}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    torch.set_num_threads(1)
    print(f"{sys.version.split()[0]}, numpy {np.__version__}, torch {torch.__version__}, jax {jax.__version__}")
    print(f"{'overhead in ns':38}{'bare':>8}{'jaxtyped':>11}{'checked':>9}{'by hand':>9}{'ratio':>9}{'target':>8}")
    for case in cases():
        report(case, rounds)
    for measurement in (decoration, failing, modes, model):
        measurement(rounds)


if __name__ == "__main__":
    main()
