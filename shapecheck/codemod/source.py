"""Reads source files without losing a byte, and finds their comments. The first phase of the codemod."""

from __future__ import annotations

import ast
import codecs
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_IGNORED = frozenset(["__pycache__", "node_modules", "site-packages", "build", "dist", "venv"])


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment without its `#`; `alone` when nothing else is on its line."""

    text: str
    line: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A file that parses."""

    path: Path
    text: str
    tree: ast.Module
    comments: Mapping[int, Comment] = field(default_factory=dict)


class BadFile(Exception):
    """A file that cannot be analysed, with the line at fault."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The Python files named, and those in directories named, hidden and installed ones apart; sorted."""
    return sorted({found for path in paths for found in (_walk(path) if path.is_dir() else [path])})


def _walk(directory: Path) -> Iterator[Path]:
    for child in sorted(directory.iterdir()):
        if child.name.startswith(".") or child.name in _IGNORED:
            continue
        if child.is_dir():
            if not (child / "pyvenv.cfg").exists():
                yield from _walk(child)
        elif child.suffix == ".py":
            yield child


def read(path: Path) -> Source:
    """Reads and parses one file.

    Raises:
        BadFile: it cannot be read, decoded or parsed.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(error.strerror or str(error)) from None
    return parse(_decode(raw), path)


def parse(text: str, path: Path) -> Source:
    """Parses the text of a file.

    Raises:
        BadFile: it is no Python.
    """
    try:
        return Source(path, text, ast.parse(text.removeprefix("\ufeff")), _comments(text))
    except SyntaxError as error:
        raise BadFile(f"syntax error: {error.msg}", error.lineno or 0) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadFile(f"cannot be parsed: {str(error) or type(error).__name__}") from None


def _encoding(raw: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(raw).readline)[0]


def _decode(raw: bytes) -> str:
    """The text with its line ends as they are; a byte order mark stays its first character."""
    try:
        encoding = _encoding(raw)
        if encoding == "utf-8-sig":
            return raw.decode("utf-8")
        return raw.decode(encoding)
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        line = raw[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise BadFile(f"cannot be decoded: {error}", line) from None


def encode(text: str, path: Path) -> bytes:
    """The bytes of a new text in the encoding the file has now."""
    encoding = _encoding(path.read_bytes())
    return text.encode("utf-8" if encoding == "utf-8-sig" else codecs.lookup(encoding).name)


def _comments(text: str) -> dict[int, Comment]:
    found: dict[int, Comment] = {}
    for token in tokenize.generate_tokens(io.StringIO(text.removeprefix("\ufeff"), newline="").readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            found[line] = Comment(token.string.lstrip("#").strip(), line, not token.line[: token.start[1]].strip())
    return found
