"""Which keywords of the libraries' own signatures the generated cases never pass: `python -m benchmarks.rule_keywords`.

Prints how many there are that affect shape or dtype, and how many others (`device`, `generator`, `eps`); then those that affect
them, by how many operations lack a case with them, and which operations.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

import tests.rules.harness as harness
from shapecheck.rules import lookup, registry
from shapecheck.rules.table import library_of
from tests.rules.variations import UNUSED, WITHOUT_EFFECT, library_keywords, varied

CASES = Path(harness.__file__).parent.glob("cases_*.py")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; the exit status."""
    options = _options(arguments)
    for module in sorted(CASES):
        import_module(f"tests.rules.{module.stem}")
    names = [name for name in sorted(registry().rules) if name.startswith(tuple(options.only))]
    lacking: defaultdict[str, list[str]] = defaultdict(list)
    wanted = Counter[str]()
    for name in names:
        for keyword in library_keywords(name) - UNUSED[library_of(name)]:
            wanted[keyword] += 1
            if keyword not in passed(name, options.cases):
                lacking[keyword].append(name)
    for what, keywords in (
        ("that affect shape or dtype", wanted.keys() - WITHOUT_EFFECT),
        ("others", wanted.keys() & WITHOUT_EFFECT),
    ):
        total, missed = (sum(count for key, count in counts if key in keywords) for counts in _counts(wanted, lacking))
        print(f"{len(names)} operations, {total} keywords {what}, {missed} in no case ({missed / max(total, 1):.0%})")
    for keyword in WITHOUT_EFFECT:
        lacking.pop(keyword, None)
    for keyword, without in sorted(lacking.items(), key=lambda item: -len(item[1])):
        shown = " ".join(without[: options.show])
        print(f"{keyword:<20} {len(without):>4} of {wanted[keyword]:>4}  {shown}")
    return 0


def _counts(
    wanted: Counter[str], lacking: Mapping[str, Sequence[str]]
) -> tuple[Iterable[tuple[str, int]], Iterable[tuple[str, int]]]:
    """By keyword: how many operations have it, and how many of them lack a case with it."""
    return wanted.items(), [(keyword, len(without)) for keyword, without in lacking.items()]


@cache
def passed(name: str, count: int) -> frozenset[str]:
    """Every spelling of the parameters that some case gives, by place or by keyword."""
    rule, make, rng = lookup(name), harness.generator(name), random.Random(name)
    assert rule is not None
    assert make is not None
    found: set[str] = set()
    for _ in range(count):
        case = varied(rng, name, make(rng, name))
        listed = rule.parameters.listed
        found.update(case.kwargs)
        for place, parameter in enumerate(listed):
            given = parameter.variadic or place < len(case.args) or any(each in case.kwargs for each in parameter.spellings)
            found.update(parameter.spellings if given else ())
    return frozenset(found)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.rule_keywords", description=__doc__)
    parser.add_argument("--cases", type=int, default=60, help="generated calls of every operation")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="PREFIX", help="operations whose name starts with one of these"
    )
    parser.add_argument("--show", type=int, default=8, help="operations printed for each keyword")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
