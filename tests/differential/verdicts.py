"""The two verdicts on generated programs: what mypy says in one build, and what happens under jaxtyping and beartype."""

from __future__ import annotations

import builtins
import fcntl
import importlib
import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import jaxtyping

import shapecheck
from shapecheck.internals import SKIPPED
from tests.differential.modules import LOCAL, Program
from tests.plugin.execution import Revealed
from tests.plugin.literate import Message, environment

ROOT = Path(__file__).resolve().parents[2]
CONFIG = f"""[mypy]
plugins = shapecheck.mypy
allow_redefinition = true
[mypy-{",".join(f"{name}.*" for name in SKIPPED)}]
follow_imports = skip
"""
_LOCAL = re.compile(rf"(?<=^    ){LOCAL}: (.*) = \w+$", re.MULTILINE)
_REVEALED = re.compile(r'Revealed type is "(?P<text>.*)"$')
_AXIS_UNKNOWN = re.compile(r'\[(?:\w|\.)+, ".*(?:\b_\b|\.\.\.)')


@dataclass
class Workspace:
    """A folder with a package of programs and mypy's cache, which outlives the run: only the programs are checked anew.

    Runs side by side need folders of their own: the environment variable `SHAPECHECK_DIFFERENTIAL_FOLDER` names one.
    """

    path: Path = Path(os.environ.get("SHAPECHECK_DIFFERENTIAL_FOLDER", ROOT / ".mypy_cache" / "differential"))
    package: str = "differential_programs"

    @contextmanager
    def holding(self, programs: Sequence[Program]) -> Iterator[None]:
        """The folder with these programs and no others; other processes wait."""
        folder = self.path / self.package
        folder.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for old in folder.glob("*.py"):
                old.unlink()
            (self.path / "mypy.ini").write_text(CONFIG, encoding="utf-8")
            for name, text in [("__init__", ""), *((each.name, each.source) for each in programs)]:
                (folder / f"{name}.py").write_text(text, encoding="utf-8")
            yield

    def check_locals(self) -> None:
        """Makes programs test their annotated local variables."""
        for file in (self.path / self.package).glob("*.py"):
            text = file.read_text(encoding="utf-8")
            if _LOCAL.search(text):
                file.write_text(_LOCAL.sub(rf"\g<0>; assert isinstance({LOCAL}, \1)", text), encoding="utf-8")

    def messages(self) -> dict[str, list[Message]]:
        """mypy's messages by program, from one build."""
        command = [
            sys.executable,
            "-m",
            "mypy",
            "--config-file=mypy.ini",
            f"--cache-dir={self.path / 'cache'}",
            "--output=json",
            "--show-traceback",
            self.package,
        ]
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
        found: dict[str, list[Message]] = {}
        for line in filter(str.strip, done.stdout.splitlines()):
            item = json.loads(line)
            found.setdefault(Path(item["file"]).stem, []).append(
                Message(item["line"], item["severity"], item["code"] or "", item["message"])
            )
        return found


@dataclass(frozen=True)
class Outcome:
    """What was said about a program and what it did. `always` tells of a failure whether every variant fails as well."""

    program: Program
    errors: tuple[Message, ...]
    promises: Mapping[int, str]
    failure: Exception | None
    broken: tuple[str, ...] = ()
    always: bool = True

    @property
    def rejected(self) -> bool:
        return bool(self.errors)

    @property
    def failed(self) -> bool:
        return self.failure is not None

    @property
    def vague(self) -> bool:
        """Whether a revealed array type leaves something open."""
        return any(_AXIS_UNKNOWN.search(text) for text in self.promises.values())


def judged(programs: Sequence[Program], workspace: Workspace | None = None) -> list[Outcome]:
    """Both verdicts on programs, in one mypy build."""
    place = workspace or Workspace()
    with place.holding(programs):
        said = place.messages()
        place.check_locals()
        with _importable(place, programs):
            return [_outcome(each, said.get(each.name, []), place.package) for each in programs]


@contextmanager
def _importable(place: Workspace, programs: Sequence[Program]) -> Iterator[None]:
    """Programs can be imported, under jaxtyping's hook or under our own."""
    ours = [f"{place.package}.{each.name}" for each in programs if each.ours]
    theirs = [f"{place.package}.{each.name}" for each in programs if not each.ours]
    before, written = list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(place.path))
    sys.dont_write_bytecode = True
    _forget(place.package)
    try:
        with (
            warnings.catch_warnings(),
            jaxtyping.install_import_hook(theirs, "beartype.beartype"),
            shapecheck.install_import_hook(ours),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.path[:] = before
        sys.dont_write_bytecode = written
        _forget(place.package)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _outcome(program: Program, said: Iterable[Message], package: str) -> Outcome:
    errors = tuple(each for each in said if each.severity == "error")
    promises = {each.line: match["text"] for each in said if (match := _REVEALED.match(each.text))}
    revealed = Revealed(promises)
    with _revealing(revealed):
        module, failure = _attempt(lambda: importlib.import_module(f"{package}.{program.name}"))
        if failure is None:
            assert module is not None
            failure = _attempt(module.main)[1]
    always = failure is not None and not errors and module is not None and _always_fails(module, program)
    return Outcome(program, errors, promises, failure, tuple(revealed.broken), always)


def _attempt[T](action: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return action(), None
    except Exception as error:  # whatever a wrong program raises
        return None, error


def _always_fails(module: ModuleType, program: Program) -> bool:
    """Whether one of the functions fails whatever the sizes are; without variants there is nothing to vary."""
    return not program.variants or any(
        all(_attempt(partial(eval, text, vars(module)))[1] for text in calls) for calls in program.variants
    )


@contextmanager
def _revealing(revealed: Revealed) -> Iterator[None]:
    builtins.reveal_type = revealed  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del builtins.reveal_type  # type: ignore[attr-defined]
