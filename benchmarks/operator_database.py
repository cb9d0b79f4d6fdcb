"""Replays PyTorch's operator and module databases through the rules: `python -m benchmarks.operator_database`.

Prints the operations and layers by what the rules said of their sample inputs, the totals, the share of the databases' error
inputs that the rules refuse, and every wrong answer. Exits with 1 when there is one. Needs torch's test requirements
(`expecttest`), which the test group has. With all samples it takes some minutes; `--shard 0/8` to `7/8` are its parts.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import torch

from tests.opdb.database import layers, operations
from tests.opdb.internal import why_internal
from tests.opdb.replay import ANSWERED, Replayed, has_rule, replay


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the replay; the exit status."""
    options = _options(arguments)
    torch.set_num_threads(1)
    started = time.perf_counter()
    results = list[Replayed]()
    print(f"{'entry':<45}", *(f"{kind:>12}" for kind in (*ANSWERED, "refused")))
    for each in _results(options):
        results.append(each)
        if options.all or not each.answered.keys() <= {"exact"}:
            print(_row(each), flush=True)
    print(summary(results), f"{time.perf_counter() - started:.0f} s", sep="\n")
    _print_all(
        "raises, not judged", (f"{_kind(why)}: {why}" for each in results for why in each.invalid.silent[: options.silent])
    )
    _print_all("raises under a name, not judged", (why for each in results for why in each.valid.silent[: options.silent]))
    _print_all("not exact", (why for each in results for why in each.valid.unsaid[: options.unsaid]))
    problems = [why for each in results for why in each.problems[: options.show]]
    _print_all("wrong", problems)
    return int(bool(problems))


def _results(options: argparse.Namespace) -> Iterator[Replayed]:
    """What each operation came to, as it is done."""
    entries = chain(operations(options.samples, has_rule), layers(options.samples, has_rule))
    for name, calls in islice(entries, options.shard[0], None, options.shard[1]):
        if options.only is None or options.only in name:
            yield replay(name, calls)


def _row(each: Replayed) -> str:
    counts = " ".join(f"{each.answered[kind]:>12}" for kind in ANSWERED)
    errors = f"{each.invalid.cases['refused']}/{each.invalid.cases['refused'] + each.invalid.cases['not judged']}"
    return f"{each.name:<45} {counts} {errors:>12}"


ENTRIES = ("with a rule", "internal", "open")


def _entries(results: Sequence[Replayed]) -> dict[str, Counter[str]]:
    """The entries by kind: the internal ones by reason, the open ones by name."""
    found = {kind: Counter[str]() for kind in ENTRIES}
    for each in results:
        why = why_internal(each.name)
        kind = "with a rule" if each.rules else "internal" if why else "open"
        found[kind][each.name if why is None else why] += 1
    return found


def summary(results: Sequence[Replayed]) -> str:
    """The totals, as text."""
    entries = _entries(results)
    answered = sum((each.answered for each in results), Counter[str]())
    invalid = sum((each.invalid.cases for each in results), Counter[str]())
    valid = sum((each.valid.cases for each in results), Counter[str]())
    silent = [why for each in results for why in each.invalid.silent]
    cases = max(answered.total(), 1)
    shares = ", ".join(f"{kind} {answered[kind]} ({answered[kind] / cases:.1%})" for kind in ANSWERED)
    return "\n".join(
        [
            f"{len(results)} entries: " + ", ".join(f"{entries[kind].total()} {kind}" for kind in ENTRIES),
            *(f"{kind}: {_counted(entries[kind])}" for kind in ENTRIES[1:]),
            f"{len(set().union(*(each.rules for each in results)))} public names called",
            f"{answered.total()} calls that PyTorch answers: {shares}",
            f"what is left open: {_counted(sum((each.open for each in results), Counter[str]()))}",
            f"of these by operations whose sizes hang on values: {_open_by_values(results)}",
            f"error inputs refused by the rule: {_share(invalid)}",
            f"of those that shapes, sizes, dtypes, axes and words decide: {_decided(invalid, silent)}",
            f"of the error inputs it lets pass: {_sorted(silent)}",
            f"other samples that raise under a name, refused: {_share(valid)}",
        ]
    )


_BY_VALUES = frozenset(
    "unique unique_consecutive nonzero argwhere masked_select bincount one_hot repeat_interleave lstsq item".split()
)
"""Operations whose results are as large as the values make them, or are values."""


def _open_by_values(results: Sequence[Replayed]) -> int:
    return sum(each.open.total() for each in results if each.name.partition(" ")[0].rpartition(".")[2] in _BY_VALUES)


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none"


def _decided(invalid: Counter[str], silent: Sequence[str]) -> str:
    """The share of the error inputs whose shapes, sizes, dtypes, axes and words decide: refused, or let pass by the rule's fault."""
    missed = sum(_kind(why) == "for the rule" for why in silent)
    return _share(Counter({"refused": invalid["refused"], "not judged": missed}))


def _sorted(silent: Sequence[str]) -> str:
    """How many there are of each kind."""
    kinds = Counter(map(_kind, silent))
    return ", ".join(f"{kinds[kind]} {kind}" for kind in (*_KINDS, "for the rule"))


def _kind(why: str) -> str:
    """What decides an error input that a rule lets pass."""
    return next((kind for kind, pattern in _KINDS.items() if re.search(pattern, why)), "for the rule")


_KINDS = {
    "for mypy and torch's stubs": r": TypeError: ",
    "about elements of arrays": (
        r"out of bounds|out of range in self|distribution|probability tensor|without overflow|weights cannot be negative"
    ),
    "about numbers that are no sizes": (
        r"expects? (p|sigma|lambda|std)\b|\[from, to\)|unsupported range|must be (greater|positive|in range|non-negative)|non-positive"
        r"|eps must be|Lower bound|min_val|label_smoothing|lambda must be|ignore_index"
    ),
    "about devices, layouts and dtypes of weights": r"same device|strided tensors only|does not match weight dtype",
}
"""What error inputs are about that no rule is told: rules see neither elements nor the value of a float, and weights may be moved to
another dtype after a layer was made."""


def _share(cases: Counter[str]) -> str:
    raised = cases["refused"] + cases["not judged"]
    return f"{cases['refused']} of {raised} ({cases['refused'] / max(raised, 1):.0%})"


def _print_all(title: str, lines: Iterator[str] | list[str]) -> None:
    for line in lines:
        print(f"{title}: {line}")


def _shard(text: str) -> tuple[int, int]:
    part, of = map(int, text.split("/"))
    return part, of


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.operator_database", description=__doc__)
    parser.add_argument("--samples", type=int, help="samples of an operation in one dtype (all)")
    parser.add_argument("--shard", type=_shard, default=(0, 1), help="a part of the entries: 2/8 is the third of eight")
    parser.add_argument("--only", help="operations whose name contains this")
    parser.add_argument("--all", action="store_true", help="a row for every operation, not only for those not exact throughout")
    parser.add_argument("--show", type=int, default=20, help="wrong answers printed of each operation")
    parser.add_argument("--silent", type=int, default=0, help="error inputs printed of each operation that its rule lets pass")
    parser.add_argument("--unsaid", type=int, default=0, help="valid calls printed of each operation that its rule leaves open")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
