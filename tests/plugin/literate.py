"""Markdown pages as tests of the mypy plugin: prose, Python blocks, and what mypy should say as comments.

A page is a package, each ```python block of it is a module: `block_1`, `block_2`, or the file named in the info string
(```python models.py), so that blocks import one another with `from .models import f`. Expectations stand on the line, or
alone on the line above when there is no room:

    f(x)  # error: [shape-mismatch] "part of the text"
    reveal_type(x)  # revealed: Float32[Tensor, "b 3"]
    g(x)  # note: part of the text

A line without a comment allows no message. The word `run` in the info string says that the block is a program as well:
see `execution`. All pages are checked in one mypy build under `--strict`, in a workspace whose cache outlives the test run.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from textwrap import indent

from mypy_plugin.version import fingerprint
from shapecheck.internals import SKIPPED

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((Path(__file__).parent / "md").glob("*.md")), ROOT / "docs" / "differences.md"]
WORKSPACE = ROOT / ".mypy_cache" / "literate"

UNSKIPPED = """[mypy]
strict = true
plugins = shapecheck.mypy
"""
CONFIG = f"""{UNSKIPPED}[mypy-{",".join(f"{name}.*" for name in SKIPPED)}]
follow_imports = skip
"""

_FENCE = re.compile(r"^```python[ \t]*(?P<info>[^\n]*)\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"(?:^|\s)#\s*(error|revealed|note):\s*")
_ERROR = re.compile(r'\[(?P<code>[\w-]+)\](?:\s+"(?P<text>.*)")?\s*$')


@dataclass(frozen=True, slots=True)
class Message:
    """What mypy said about a line of a block."""

    line: int
    severity: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.severity}: [{self.code}] {self.text}" if self.severity == "error" else f"{self.severity}: {self.text}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a page says mypy should say: `kind` is error, revealed or note; `code` is an error's."""

    line: int
    kind: str
    text: str
    code: str = ""

    def met_by(self, message: Message) -> bool:
        """Whether a message is the expected one."""
        match self.kind:
            case "error":
                return message.severity == "error" and message.code == self.code and self.text in message.text
            case "revealed":
                return message.text == f'Revealed type is "{self.text}"'
            case _:
                return message.severity == "note" and self.text in message.text

    def __str__(self) -> str:
        return f"error: [{self.code}] {self.text}".rstrip() if self.kind == "error" else f"{self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class Block:
    """A Python block of a page, as a module. `first_line` is the line in the page of the block's first line."""

    page: str
    name: str
    code: str
    first_line: int
    runs: bool

    @property
    def package(self) -> str:
        """The page's package; the prefix keeps `jax.md` apart from jax."""
        return f"md_{self.page.replace('-', '_')}"

    @property
    def module(self) -> str:
        """The block's full module name."""
        return f"{self.package}.{self.name}"

    @property
    def path(self) -> Path:
        """The block's file in the workspace, relative to it."""
        return Path(self.package, f"{self.name}.py")

    @property
    def place(self) -> str:
        """Where to find the block: the test's id."""
        return f"{self.page}.md:{self.first_line}"

    def source_line(self, line: int) -> str:
        """A line of the code, without its expectations."""
        lines = self.code.splitlines()
        return _MARK.split(lines[line - 1], maxsplit=1)[0].rstrip() if line <= len(lines) else ""


def blocks(page: Path) -> Iterator[Block]:
    """The Python blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for number, match in enumerate(_FENCE.finditer(text), 1):
        words = match["info"].split()
        named = [word.removesuffix(".py") for word in words if word.endswith(".py")]
        first_line = text.count("\n", 0, match.start("code")) + 1
        yield Block(page.stem, named[0] if named else f"block_{number}", match["code"], first_line, "run" in words)


@cache
def all_blocks() -> tuple[Block, ...]:
    """The blocks of all pages, in order."""
    return tuple(block for page in PAGES for block in blocks(page))


def expectations(code: str) -> list[Expectation]:
    """The expectations in a block; those alone on a line are about the next line of code."""
    found: list[Expectation] = []
    waiting: list[tuple[str, str]] = []
    for number, line in enumerate(code.splitlines(), 1):
        before, *parts = _MARK.split(line)
        marks = list(zip(parts[::2], parts[1::2], strict=True))
        if marks and not before.strip():
            waiting += marks
            continue
        found += [_expectation(number, kind, text.strip()) for kind, text in [*waiting, *marks]]
        waiting = []
    return found


def _expectation(line: int, kind: str, text: str) -> Expectation:
    if kind != "error":
        return Expectation(line, kind, text)
    match = _ERROR.match(text)
    assert match is not None, f"not an expectation: error: {text}"
    return Expectation(line, kind, match["text"] or "", match["code"])


def disagreements(block: Block, messages: list[Message]) -> str:
    """What mypy should have said and did not, and the other way round; empty when they agree."""
    unexpected = list(messages)
    report: dict[int, list[str]] = {}
    for expected in expectations(block.code):
        if (found := next((m for m in unexpected if m.line == expected.line and expected.met_by(m)), None)) is not None:
            unexpected.remove(found)
        else:
            report.setdefault(expected.line, []).append(f"  expected  {expected}")
    for message in unexpected:
        report.setdefault(message.line, []).append(f"  mypy said {message}")
    return "\n".join(
        "\n".join([f"{block.page}.md:{block.first_line + line - 1}: {block.source_line(line).strip()}", *report[line]])
        for line in sorted(report)
    )


# --- the build -----------------------------------------------------------------------------------------------------


@cache
def messages() -> dict[str, list[Message]]:
    """mypy's messages about every block, by module, from one build. Parallel test processes share its result."""
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    with (WORKSPACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_workspace()
        result = WORKSPACE / f"result-{_digest(all_blocks())}.jsonl"
        if not result.exists():
            for old in WORKSPACE.glob("result-*.jsonl"):
                old.unlink()
            result.write_text(build(), encoding="utf-8")
        return _parse(result.read_text(encoding="utf-8"))


def _digest(items: tuple[Block, ...]) -> str:
    parts = [fingerprint(), (ROOT / "shapecheck" / "_static.pyi").read_text(), CONFIG, sys.version]
    parts += [version(name) for name in ("mypy", "jaxtyping", "torch", "jax", "numpy")]
    parts += [text for block in items for text in (block.module, block.code)]
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def write_workspace() -> None:
    """Makes the workspace's modules those of the blocks; unchanged files keep their time, for mypy's cache."""
    items = all_blocks()
    wanted = {block.path: block.code for block in items}
    wanted |= {Path(block.package, "__init__.py"): "" for block in items} | {Path("mypy.ini"): CONFIG}
    for old in {path.relative_to(WORKSPACE) for path in WORKSPACE.glob("*/*.py")} - wanted.keys():
        (WORKSPACE / old).unlink()
    for path, text in wanted.items():
        file = WORKSPACE / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")


def build() -> str:
    """Runs mypy on the workspace; its output, one JSON object a line."""
    packages = sorted({block.package for block in all_blocks()})
    command = [sys.executable, "-m", "mypy", "--config-file=mypy.ini", f"--cache-dir={WORKSPACE / 'cache'}", "--output=json"]
    done = subprocess.run([*command, *packages], cwd=WORKSPACE, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def environment() -> dict[str, str]:
    """This process's environment with the repository on the path, and without settings that change what mypy prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SHAPECHECK_", "MYPY"))}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))}


def _parse(output: str) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for line in filter(str.strip, output.splitlines()):
        item = json.loads(line)
        module = ".".join(Path(item["file"]).with_suffix("").parts)
        message = Message(item["line"], item["severity"], item["code"] or "", item["message"])
        found.setdefault(module, []).append(message)
    return found


def check(block: Block) -> str:
    """The report on a block: empty when mypy says what its page says."""
    report = disagreements(block, messages().get(block.module, []))
    return f"\n{indent(report, '    ')}" if report else ""
