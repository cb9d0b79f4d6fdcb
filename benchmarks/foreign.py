"""Checks a project that is not ours with the plugin and without: `python -m benchmarks.foreign FOLDER`.

Prints what only the run with the plugin says, to be read one by one: each is a fault of the project or a false positive of
ours. Packages that are not installed are `Any` in both runs, and the bodies of functions without annotations are checked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shapecheck.internals import SKIPPED
from tests.plugin.literate import environment

CACHE = Path(__file__).parents[1] / ".mypy_cache" / "foreign"
CONFIG = f"""[mypy]
allow_redefinition = true
check_untyped_defs = true
ignore_missing_imports = true
explicit_package_bases = true
namespace_packages = true
[mypy-{",".join(f"{name}.*" for name in SKIPPED)}]
follow_imports = skip
"""


class Said(NamedTuple):
    """A message of mypy; lines are compared by place and code, because the plugin spells types its own way."""

    file: str
    line: int
    code: str
    text: str

    @property
    def place(self) -> tuple[str, int, str]:
        return self.file, self.line, self.code

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}  [{self.code}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs mypy twice and prints the difference; 1 when the plugin crashed."""
    parser = argparse.ArgumentParser(prog="benchmarks.foreign", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("targets", nargs="*", default=["."], help="what to check in it, the whole folder if not given")
    parser.add_argument("--exclude", default="", help="a regular expression of files to leave out")
    options = parser.parse_args(arguments)
    found = {name: said(options.folder, name, options.targets, options.exclude) for name in ("plain", "plugin")}
    known = {each.place for each in found["plain"]}
    new = [each for each in found["plugin"] if each.place not in known]
    gone = known - {each.place for each in found["plugin"]}
    print(*new, sep="\n")
    print(f"{len(found['plain'])} messages without the plugin, {len(new)} only with it, {len(gone)} only without it")
    return int(any(each.code == "shape-internal" for each in new))


def said(folder: Path, run: str, targets: Sequence[str], exclude: str) -> list[Said]:
    """What mypy says about a folder, in the run named `plain` or `plugin`."""
    CACHE.mkdir(parents=True, exist_ok=True)
    config = CACHE / f"{run}.ini"
    config.write_text(CONFIG.replace("[mypy]", "[mypy]\nplugins = shapecheck.mypy", 1) if run == "plugin" else CONFIG)
    options = [f"--config-file={config}", f"--cache-dir={CACHE / run}", "--output=json", "--show-traceback"]
    options += [f"--exclude={exclude}"] if exclude else []
    command = [sys.executable, "-m", "mypy", *options, *targets]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"mypy stopped ({run}):\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    items = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [Said(each["file"], each["line"], each["code"] or "", each["message"]) for each in items]


if __name__ == "__main__":
    sys.exit(main())
