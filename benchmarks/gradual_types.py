"""A second opinion on the rules: torch's own gradual types (`torch.fx.experimental.migrate_gradual_types`).

    uv run --with z3-solver python -m benchmarks.gradual_types --cases 40

It makes constraints of a traced program and has z3 say whether they can hold. It knows about twenty operations, ranks up to
4, and no dtypes. Each generated call becomes a program of one node; torch itself decides where the two opinions differ. Prints,
for each operation, how often each said what torch does, and the calls that were judged otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch.fx import Graph, GraphModule
from torch.fx.tensor_type import TensorType

import tests.rules.harness as harness
from shapecheck.core.shape import Mismatch
from tests.rules.harness import A, Case, Raised

CASES = Path(harness.__file__).parent.glob("cases_*.py")
OPERATIONS = (
    "torch.add", "torch.bmm", "torch.flatten", "torch.cumsum", "torch.reshape", "Tensor.view", "Tensor.reshape", "Tensor.transpose",
    "Tensor.expand", "Tensor.__mul__", "F.softmax", "nn.Linear", "nn.Conv2d", "nn.BatchNorm2d", "nn.MaxPool2d",
    "nn.AdaptiveAvgPool2d", "nn.LayerNorm", "nn.Embedding", "nn.ReLU", "nn.Dropout",
)  # fmt: skip
"""What both know."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares the opinions; the exit status."""
    options = _options(arguments)
    for module in sorted(CASES):
        import_module(f"tests.rules.{module.stem}")
    print(
        f"{'operation':<25} {'calls':>6} {'both right':>10} {'ours only':>10} {'theirs only':>11} {'neither':>8} {'theirs is silent':>17}"
    )
    wrong: list[str] = []
    for name in OPERATIONS:
        counts = Counter[str]()
        for case in _cases(name, options):
            kind = _compared(name, case)
            counts[kind] += 1
            if kind in ("theirs only", "neither"):
                wrong.append(f"{kind}: {name}{case.construct or ''}{case.args}{dict(case.kwargs) or ''}")
        shown = [counts[kind] for kind in ("both right", "ours only", "theirs only", "neither", "silent")]
        print(f"{name:<25} {counts.total():>6} {shown[0]:>10} {shown[1]:>10} {shown[2]:>11} {shown[3]:>8} {shown[4]:>17}")
    print(*wrong[: options.show], sep="\n")
    return 0


def _cases(name: str, options: argparse.Namespace) -> Iterator[Case]:
    """Calls in float32 (they know no dtypes), of ranks up to 4, without empty arrays."""
    make, rng = harness.generator(name), random.Random(f"{name}/{options.seed}")
    assert make is not None
    for _ in range(options.cases):
        case = make(rng, name)
        arrays = [each for each in case.args if isinstance(each, A)]
        if arrays and all(len(each.shape) <= 4 and 0 not in each.shape for each in arrays):
            yield case if name == "nn.Embedding" else harness.with_dtype(case, "float32")


def _compared(name: str, case: Case) -> str:
    accepted = not isinstance(harness.observe(name, case), Raised)
    ours = not isinstance(harness.rule_answer(name, case), Mismatch)
    theirs = satisfiable(name, case)
    if theirs is None:
        return "silent"
    return {(True, True): "both right", (True, False): "ours only", (False, True): "theirs only", (False, False): "neither"}[
        ours == accepted, theirs == accepted
    ]


def satisfiable(name: str, case: Case) -> bool | None:
    """Whether their constraints of the call can hold; None when they know no answer."""
    import z3  # optional
    from torch.fx.experimental.migrate_gradual_types.transform_to_z3 import transform_all_constraints

    solver = z3.Solver()
    solver.set("timeout", 5000)
    try:
        solver.add(transform_all_constraints(_program(name, case), counter=0))
    except Exception:  # what they do not know ends in errors of many kinds
        return None
    answer = solver.check()
    return None if answer == z3.unknown else bool(answer == z3.sat)


def _program(name: str, case: Case) -> GraphModule:
    """A module whose graph has the one call."""
    owner, _, last = name.rpartition(".")
    graph, root = Graph(), torch.nn.Module()
    args = tuple(_argument(graph, index, each) for index, each in enumerate(case.args))
    kwargs = {key: harness.to_real(value, harness.Library.TORCH) for key, value in case.kwargs.items()}
    if case.construct is not None:
        root.layer = harness.resolve(name)(
            *harness.to_real(case.construct[0], harness.Library.TORCH),
            **{key: harness.to_real(value, harness.Library.TORCH) for key, value in case.construct[1].items()},
        )
        node = graph.call_module("layer", args, kwargs)
    elif owner == "Tensor" and not last.startswith("__"):
        node = graph.call_method(last, args, kwargs)
    else:
        node = graph.call_function(harness.resolve(name) if owner != "Tensor" else _operator(last), args, kwargs)
    graph.output(node)
    return GraphModule(root, graph)


def _operator(name: str) -> Any:
    return getattr(import_module("operator"), name.strip("_"))


def _argument(graph: Graph, index: int, item: Any) -> Any:
    if not isinstance(item, A):
        return harness.to_real(item, harness.Library.TORCH)
    node = graph.placeholder(f"x{index}")
    node.type = TensorType(item.shape)
    return node


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.gradual_types", description=__doc__)
    parser.add_argument("--cases", type=int, default=30, help="generated calls of every operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="calls printed that our rules judge otherwise than torch")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
