"""What the codemod tells: the new source of every file, why each slot was annotated, and why others were not.

Pure data and its rendering; produced by `pipeline.annotate`, printed by the command line.
"""

from __future__ import annotations

import difflib
import enum
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile


class Confidence(enum.StrEnum):
    """How sure an annotation is."""

    PROVED = "proved"  # the code would fail otherwise, or computes it
    SUPPORTED = "supported"  # two sources that agree
    STATED = "stated"  # a comment or docstring says so


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for an annotation: a parameter of a function, or its return (`name` is then `return`)."""

    function: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.function}({self.name})" if self.name != RETURN else f"{self.function} -> {self.name}"


RETURN = "return"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source of a fact: what kind, at which line, in its own words."""

    source: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.source} at line {self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Annotated:
    """A slot that gets an annotation."""

    slot: Slot
    annotation: str
    confidence: Confidence
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A slot, or a whole file (no slot), that was left alone."""

    reason: str
    line: int = 0
    slot: Slot | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReport:
    """The outcome for one file; `after` is `before` when nothing changed."""

    path: Path
    before: str = ""
    after: str = ""
    annotated: tuple[Annotated, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Evidence, ...] = ()  # statements in the file that are not true, such as stale comments
    failed: bool = False  # the file could not be read or parsed

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run, file by file in order of path."""

    files: tuple[FileReport, ...] = ()
    notes: tuple[str, ...] = field(default=())  # what held up the run itself: mypy missing, no verification

    @property
    def changed(self) -> tuple[FileReport, ...]:
        return tuple(each for each in self.files if each.changed)

    @property
    def failed(self) -> tuple[FileReport, ...]:
        return tuple(each for each in self.files if each.failed)


def render_diff(report: Report) -> str:
    """All changes as one unified diff; empty when there are none."""
    return "".join(line for each in report.changed for line in _diff(each))


def _diff(changed: FileReport) -> Iterator[str]:
    before, after = (text.splitlines(keepends=True) for text in (changed.before, changed.after))
    path = changed.path.as_posix()
    for line in difflib.unified_diff(before, after, f"a/{path.lstrip('/')}", f"b/{path.lstrip('/')}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def write(report: Report) -> list[Path]:
    """Writes every changed file, each whole or not at all.

    Raises:
        OSError: a file cannot be written; it and the ones after it are as they were.
    """
    return [_replace(each) for each in report.changed]


def _replace(changed: FileReport) -> Path:
    from shapecheck.codemod.source import encode

    path = changed.path.resolve()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
        try:
            temporary.write(encode(changed.after, path))
            temporary.flush()
            os.fchmod(temporary.fileno(), path.stat().st_mode)
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
    return changed.path
