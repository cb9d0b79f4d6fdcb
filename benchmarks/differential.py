"""Compares mypy's verdict with what happens at run time, on many generated programs: `python -m benchmarks.differential`.

Prints a table of the findings by kind of program and by construct, then the programs on which the verdicts differ, made
as small as possible. Exits with 1 when there is a difference that is not agreed on.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from itertools import batched, groupby

from tests.differential.compare import Finding, Table, alike, explain, finding
from tests.differential.programs import programs
from tests.differential.reduce import reduced
from tests.differential.verdicts import Outcome, judged

MEMORY = 12 << 30
"""The bytes that the comparison may use: an array that is larger fails when it is made, and its program is not tried."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison; the exit status."""
    options = _options(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    table, defects = Table(), list[Outcome]()
    started = time.perf_counter()
    for batch in batched(programs(options.seed, options.programs), options.batch, strict=False):
        outcomes = judged(batch)
        table.add(outcomes)
        defects += [each for each in outcomes if finding(each).defect or finding(each) in options.also]
        print(
            f"{table.total.total()} programs, {len(defects)} differences, {time.perf_counter() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    print(f"seed {options.seed}, {options.programs} programs, {time.perf_counter() - started:.0f} s")
    print(table)
    print(f"revealed types: {table.revealed} programs, {table.vague} of them with something unknown")
    report(defects, options.show, options.reduce)
    return int(any(finding(each).defect for each in defects))


def report(defects: Sequence[Outcome], show: int, reduce: bool) -> None:
    """Prints differences, as many of each kind as asked for."""
    ordered = sorted(defects, key=lambda each: (finding(each), each.program.kind, len(each.program.source)))
    shown = [
        each for _, group in groupby(ordered, lambda each: (finding(each), each.program.kind)) for each in list(group)[:show]
    ]
    for each in reduced(shown, alike) if reduce and shown else shown:
        print(f"\n{explain(each)}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.differential", description=__doc__)
    parser.add_argument("--programs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=500, help="programs in one mypy build")
    parser.add_argument("--show", type=int, default=5, help="differences printed of each kind")
    parser.add_argument("--no-reduce", dest="reduce", action="store_false", help="print differing programs as they were made")
    parser.add_argument("--also", type=Finding, choices=list(Finding), nargs="*", default=(), help="further findings to print")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
