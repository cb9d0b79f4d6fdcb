"""Compares every rule with the real library on many generated calls: `python -m benchmarks.rules --cases 500`.

Prints, per library, the operations, the calls, and what the rules said of those that the library answers (exact, partly known,
unknown, wrong) and of those that it refuses; then the operations that proved nothing, as the library refused all of their
calls, and every wrong answer. Each call is also judged with sizes replaced by
symbols, whose numbers are put back into the answer. Exits with 1 when an answer is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import torch

import tests.rules.harness as harness
from shapecheck.rules import registry
from shapecheck.rules.table import library_of
from tests.rules.variations import varied

CASES = Path(harness.__file__).parent.glob("cases_*.py")
KINDS = ("exact", "partly known", "unknown", "wrong", "refused, but empty", "refused", "not judged")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison; the exit status."""
    options = _options(arguments)
    torch.set_num_threads(1)
    for module in sorted(CASES):
        import_module(f"tests.rules.{module.stem}")
    started = time.perf_counter()
    tallies = dict(_tallies(options))
    print(table(tallies), f"{time.perf_counter() - started:.0f} s", sep="\n")
    unheard = [name for name, tally in tallies.items() if not tally.cases.keys() - {"refused", "not judged"}]
    print(f"operations of which the library took no call: {' '.join(unheard) or 'none'}")
    problems = [why for tally in tallies.values() for why in tally.problems[: options.show]]
    for line in [why for tally in tallies.values() for why in tally.silent[: options.silent]]:
        print(f"raises, not judged: {line}")
    for line in problems:
        print(f"wrong: {line}")
    return int(bool(problems))


def _tallies(options: argparse.Namespace) -> Iterator[tuple[str, harness.Tally]]:
    for name in sorted(registry().rules.keys() | registry().layers.keys()):
        if name.startswith(tuple(options.only)):
            print(name, file=sys.stderr, flush=True)
            yield name, harness.run_cases(name, options.cases, options.seed, varied)


def table(tallies: dict[str, harness.Tally]) -> str:
    """A line for each library and one for all."""
    lines = ["library  operations  calls   " + "  ".join(KINDS)]
    libraries = {
        name: name if name == "einops" else str(library_of(f"{name}.")) for name in {n.partition(".")[0] for n in tallies}
    }
    for library in (*sorted(set(libraries.values())), "all"):
        names = [name for name in tallies if library in ("all", libraries[name.partition(".")[0]])]
        cases = sum((tallies[name].cases for name in names), Counter[str]())
        counts = "  ".join(f"{cases[kind]:>{len(kind)}}" for kind in KINDS)
        lines.append(f"{library:<7}  {len(names):>10}  {cases.total():>6}  {counts}")
    return "\n".join(lines)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.rules", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="generated calls of every operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="PREFIX", help="operations whose name starts with one of these"
    )
    parser.add_argument("--show", type=int, default=5, help="wrong answers printed of each operation")
    parser.add_argument("--silent", type=int, default=0, help="refused calls printed of each operation that its rule lets pass")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
