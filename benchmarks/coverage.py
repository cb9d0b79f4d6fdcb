"""Counts rules against what programs use: `python -m benchmarks.coverage FREQUENCIES [--names LIST]`.

FREQUENCIES is a Markdown file with a section for each kind of operation (`## torch — 21969 calls, ...`) and a table row
for each operation (`| 1 | `torch.cat` | 3293 | ...`). LIST has a heading for each library and lines of names. For every kind
the command prints the share of the calls and of the names that have a rule, and what is missing, most calls first.

A name that the installed version of its library does not have is printed as absent and left out of both sides of a share.

What the plugin handles without a rule, and what is no operation on arrays, is listed in `benchmarks/coverage_names.py`; the
second is left out of both sides of a share.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from benchmarks.coverage_names import HANDLED_BY_THE_PLUGIN, NO_OPERATION, TRACKED_KINDS
from shapecheck.rules import layer, lookup

_SECTION = re.compile(r"## (\S+) — \d+ calls")
_ROW = re.compile(r"\| \d+ \| `([^`]+)` \| (\d+) \|")
_METHODS = re.compile(r"(Tensor|Array|ndarray)\.(method|attr)$")

UNCOUNTED = ("PYTORCH-ALL", "PYTORCH", "JAX-ALL", "NUMPY-ALL", "flax.linen", "flax.nnx")
"""Sections that sum up others, and those that count flax's own internals."""


def words(groups: Mapping[str, str]) -> frozenset[str]:
    """The names of a table by reason."""
    return frozenset(name for names in groups.values() for name in names.split())


HANDLED, LEFT_OUT = words(HANDLED_BY_THE_PLUGIN), words(NO_OPERATION)


@dataclass(slots=True)
class Kind:
    """The operations of one kind: how often each is called."""

    name: str
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> dict[str, int]:
        """Those that are operations on arrays and exist."""
        absent = self.absent
        return {name: calls for name, calls in self.calls.items() if name not in LEFT_OUT and name not in absent}

    @property
    def absent(self) -> frozenset[str]:
        """Those without a rule that the installed library does not have."""
        return frozenset(name for name in self.calls if name not in LEFT_OUT and not is_covered(name) and not is_installed(name))

    @property
    def missing(self) -> dict[str, int]:
        """Those without a rule, most calls first."""
        found = {name: calls for name, calls in self.counted.items() if not is_covered(name)}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def is_covered(name: str) -> bool:
    """Whether an operation has a rule or is the plugin's own."""
    return name in HANDLED or lookup(name) is not None or layer(name) is not None


_MODULES = {"F": "torch.nn.functional", "nn": "torch.nn", "jnp": "jax.numpy", "np": "numpy"}
_CLASSES = {"Tensor": "torch.Tensor", "Array": "jax.Array", "ndarray": "numpy.ndarray"}


@cache
def is_installed(name: str) -> bool:
    """Whether the installed library has something of this name."""
    root, _, rest = name.partition(".")
    module, _, path = f"{_CLASSES.get(root, _MODULES.get(root, root))}.{rest}".partition(".")
    found: object = import_module(module)
    for part in path.split("."):
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def frequencies(text: str) -> Iterator[Kind]:
    """The kinds of a table of frequencies."""
    kind = Kind("")
    for line in text.splitlines():
        if line.startswith("## "):
            found = _SECTION.match(line)
            kind = Kind(found[1] if found is not None else "")
            if kind.name and kind.name not in UNCOUNTED:
                yield kind
        elif (row := _ROW.match(line)) is not None:
            kind.calls[public_name(kind.name, row[1])] = int(row[2])


def public_name(kind: str, written: str) -> str:
    """`~.size` of the section `Tensor.method` is `Tensor.size` in the rule tables."""
    method = _METHODS.match(kind)
    name = written.partition(" ")[0]
    return f"{method[1]}.{name.rpartition('.')[2]}" if method is not None else name


def tracked(text: str) -> Iterator[Kind]:
    """The kinds of a list of names; each counts once.

    Raises:
        SystemExit: a heading is not in `TRACKED_KINDS`.
    """
    kind = Kind("")
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").partition(":")[0]
            if heading not in TRACKED_KINDS:
                sys.exit(f"coverage: unknown heading {heading!r}, add it to TRACKED_KINDS")
            kind = Kind(heading)
            yield kind
        elif ":" in line:
            prefix = TRACKED_KINDS[kind.name]
            kind.calls |= {f"{prefix}.{name}": 1 for name in line.partition(":")[2].split()}


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:6.2f} %" if whole else "     - "


def report(kinds: Sequence[Kind], show: int) -> str:
    """A line for each kind: calls and names with a rule, names left out, and what is missing."""
    width = max(len(kind.name) for kind in kinds)
    lines = [f"{'kind':{width}}  {'calls':>17}  {'names':>15}  left out"]
    for kind in kinds:
        counted, missing = kind.counted, kind.missing
        calls, names = sum(counted.values()), len(counted)
        without = sum(missing.values())
        lines.append(
            f"{kind.name:{width}}  {calls:8} {share(calls - without, calls)}"
            f"  {names:6} {share(names - len(missing), names)}  {len(kind.calls) - names:8}"
        )
        if kind.absent:
            lines.append("    not in the installed library: " + " ".join(sorted(kind.absent)))
        if missing:
            lines.append("    missing: " + " ".join(f"{name}:{n}" for name, n in list(missing.items())[:show]))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.coverage", description="Counts rules against what programs use.")
    parser.add_argument("frequencies", type=Path, help="a Markdown table of operations and their calls")
    parser.add_argument("--names", type=Path, help="a list of names by library")
    parser.add_argument("--show", type=int, default=40, help="missing names printed of each kind")
    options = parser.parse_args(arguments)
    for path, read in ((options.frequencies, frequencies), (options.names, tracked)):
        if path is not None:
            kinds = list(read(path.read_text(encoding="utf-8")))
            print(f"{report(kinds, options.show)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
