"""Re-checks annotated sources with mypy and the plugin, against a baseline without them, and backs out what fails.

`Inference` is all that the codemod asks of a type checker; `MypyInference` runs mypy in a child process on shadow copies,
so that the user's files stay as they are until everything is known.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from shapecheck.codemod.report import RETURN, Annotated
from shapecheck.codemod.revealed import Marked, mark
from shapecheck.codemod.source import encode
from shapecheck.internals import PRIVATE, SELDOM

_LINE = re.compile(r"^(?P<path>.+?):(?P<line>\d+)(?::\d+)?: (?P<kind>error|note): (?P<text>.*?)(?:  \[(?P<code>[\w-]+)\])?$")
_REVEALED = re.compile(r'^Revealed type is "(.*)"$')
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error of a type checker, or a revealed type (`code` is then `reveal`)."""

    path: Path
    line: int
    text: str
    code: str = ""


class CheckerFailed(Exception):
    """The type checker itself could not run."""


type Inference = Callable[[Mapping[Path, str]], Sequence[Diagnostic]]
"""Checks these texts in place of the files of that name.

Raises:
    CheckerFailed: it gave no answer.
"""


@dataclass(frozen=True, slots=True)
class MypyInference:
    """Runs `mypy` with the plugin and options of its own: what a user's are strict about is not the annotations' fault."""

    timeout: float = 900.0

    def __call__(self, sources: Mapping[Path, str]) -> list[Diagnostic]:
        with TemporaryDirectory(prefix="shapecheck-") as folder:
            config = Path(folder, "mypy.ini")
            config.write_text(_configuration(sources.values()), encoding="utf-8")
            arguments = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(_cache())]
            for number, (path, text) in enumerate(sources.items()):
                shadow = Path(folder, f"{number}.py")
                shadow.write_bytes(encode(text, path))
                arguments += ["--shadow-file", str(path), str(shadow)]
            given = {path.resolve(): path for path in sources}  # mypy shortens paths below the working directory
            found = self._run([*arguments, *map(str, sources)])
            return [replace(each, path=given.get(each.path.resolve(), each.path)) for each in found]

    def _run(self, arguments: Sequence[str]) -> list[Diagnostic]:
        # a module of the user's that is called like one of mypy's must not be imported in its place
        environment = os.environ | {"PYTHONSAFEPATH": "1"}
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=self.timeout, check=False, env=environment)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckerFailed(str(error)) from None
        found = [diagnostic for line in done.stdout.splitlines() if (diagnostic := parse_line(line)) is not None]
        if done.returncode not in (0, 1):
            raise CheckerFailed(
                (done.stderr.strip() or done.stdout.strip()).splitlines()[-1] if done.stderr or done.stdout else "mypy failed"
            )
        return found


def _configuration(texts: Iterable[str]) -> str:
    """mypy's options as a file: the plugin, unannotated functions checked too, and library internals left out."""
    together = "\n".join(texts)
    seldom = [name for name in SELDOM if name.rpartition(".")[2] not in together]
    skipped = "".join(f"[mypy-{name}.*]\nfollow_imports = skip\n" for name in [*PRIVATE, *seldom])
    options = "plugins = shapecheck.mypy\ncheck_untyped_defs = true\nallow_redefinition = true\nignore_missing_imports = true\n"
    return f"[mypy]\n{options}pretty = false\n{skipped}"


def _cache() -> Path:
    """A folder within mypy's cache: results with other options in the same place would displace each other."""
    return Path(os.environ.get("MYPY_CACHE_DIR") or ".mypy_cache", "shapecheck-annotate")


def parse_line(line: str) -> Diagnostic | None:
    """One line of mypy's output; None for summaries and plain notes."""
    match = _LINE.match(line)
    if match is None:
        return None
    path, number, text = Path(match["path"]), int(match["line"]), match["text"]
    if match["kind"] == "error":
        return Diagnostic(path, number, text, match["code"] or "")
    revealed = _REVEALED.match(text)
    return Diagnostic(path, number, revealed[1], "reveal") if revealed is not None else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file with proposed annotations; `write` makes its text from those that are kept.

    `open` are functions whose return nothing is known of; `propose` makes annotations of what mypy reveals there.
    """

    path: Path
    before: str
    annotated: tuple[Annotated, ...]
    write: Callable[[tuple[Annotated, ...]], str] = field(compare=False)
    open: frozenset[str] = frozenset()
    propose: Callable[[str, str, Sequence[Annotated]], Annotated | None] = field(default=lambda *_: None, compare=False)
    lost: Mapping[Annotated, str] = field(default_factory=dict, compare=False)

    @property
    def after(self) -> str:
        return self.write(self.annotated)


def verified(candidates: Sequence[Candidate], inference: Inference) -> list[Candidate]:
    """The candidates without the annotations that bring errors which the plain files do not have."""
    plain = {each.path: each.before for each in candidates}
    try:
        baseline: Counter[_Key] | None = None  # only asked for when there are errors
        for _ in range(_ROUNDS):
            if not any(each.annotated for each in candidates):
                return list(candidates)
            texts = {each.path: each.after for each in candidates}
            marked = {each.path: mark(texts[each.path], each.open) for each in candidates}
            found = inference({path: each.text for path, each in marked.items()})
            errors = [each for each in found if each.code != "reveal"]
            if errors and baseline is None:
                baseline = _counted(inference(plain), plain)
            fresh = _fresh(errors, baseline or Counter(), texts)
            extended = [_extended(each, marked[each.path], found) for each in candidates]
            if not fresh and not any(more.annotated != each.annotated for more, each in zip(extended, candidates, strict=True)):
                return list(candidates)
            candidates = _backed_out(extended, fresh, texts)
    except CheckerFailed as failure:
        if len(candidates) > 1:  # such as two modules of one name: each by itself may do
            return [answer for each in candidates for answer in verified([each], inference)]
        return [_without(each, dict.fromkeys(each.annotated, f"not verified: {failure}")) for each in candidates]
    return [
        _without(each, dict.fromkeys(each.annotated, "backed out: mypy reports errors that could not be traced"))
        for each in candidates
    ]


def _extended(candidate: Candidate, marked: Marked, found: Sequence[Diagnostic]) -> Candidate:
    """The candidate with annotations of returns that mypy could infer; each function is asked until it answers."""
    revealed = {each.line: each.text for each in found if each.code == "reveal" and each.path == candidate.path}
    more: list[Annotated] = []
    for function, lines in marked.returns.items():
        types = {revealed[line] for line in lines if line in revealed}
        if len(types) == 1 and (proposed := candidate.propose(function, types.pop(), candidate.annotated)) is not None:
            more.append(proposed)
    if not more:
        return candidate
    answered = {each.slot.function for each in more}
    return replace(candidate, annotated=(*candidate.annotated, *more), open=candidate.open - answered)


type _Key = tuple[Path, str, str, str]


def _key(diagnostic: Diagnostic, lines: Mapping[Path, Sequence[str]]) -> _Key:
    """Errors are the same when message and source line are: annotations and imports move lines."""
    text = lines.get(diagnostic.path, [])
    source = text[diagnostic.line - 1].strip() if 0 < diagnostic.line <= len(text) else ""
    return diagnostic.path, diagnostic.code, diagnostic.text, source


def _counted(found: Sequence[Diagnostic], texts: Mapping[Path, str]) -> Counter[_Key]:
    lines = {path: text.splitlines() for path, text in texts.items()}
    return Counter(_key(each, lines) for each in found if each.code != "reveal")


def _fresh(found: Sequence[Diagnostic], baseline: Counter[_Key], texts: Mapping[Path, str]) -> list[Diagnostic]:
    lines = {path: text.splitlines() for path, text in texts.items()}
    left = Counter(baseline)
    fresh: list[Diagnostic] = []
    for each in found:
        key = _key(each, lines)
        if left[key] > 0:
            left[key] -= 1
        else:
            fresh.append(each)
    return fresh


def _backed_out(candidates: Sequence[Candidate], errors: Sequence[Diagnostic], texts: Mapping[Path, str]) -> list[Candidate]:
    """Removes the slots that the errors speak of; where none is found, everything that is left in that file."""
    blamed: dict[Annotated, str] = {}
    for error in errors:
        blame = _blame(error, candidates, texts)
        blamed |= dict.fromkeys(blame, f"backed out: {error.text} [{error.code}]")
    return [_without(each, blamed) for each in candidates]


def _without(candidate: Candidate, blamed: Mapping[Annotated, str]) -> Candidate:
    lost = {slot: blamed[slot] for slot in candidate.annotated if slot in blamed}
    kept = tuple(slot for slot in candidate.annotated if slot not in blamed)
    return replace(candidate, annotated=kept, lost={**candidate.lost, **lost})


def _blame(error: Diagnostic, candidates: Sequence[Candidate], texts: Mapping[Path, str]) -> list[Annotated]:
    here = next((each for each in candidates if each.path == error.path), None)
    if here is None:
        return [slot for each in candidates for slot in each.annotated]
    statement = _statement_at(texts[error.path], error.line)
    if statement.function is not None:
        own = [slot for slot in here.annotated if slot.slot.function == statement.function]
        returned = [slot for slot in own if slot.slot.name == RETURN]
        if statement.is_return and returned:
            return returned
    else:
        own = []
    called = [slot for each in candidates for slot in each.annotated if slot.slot.function.rpartition(".")[2] in statement.words]
    return called or own or list(here.annotated)


@dataclass(frozen=True, slots=True)
class _Place:
    function: str | None = None
    is_return: bool = False
    words: frozenset[str] = frozenset()


def _statement_at(text: str, line: int) -> _Place:
    """The function and statement of a line, and the functions that the statement calls."""
    place = _Place()
    for node, qualname in _functions(ast.parse(text).body, ""):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            inner = [
                each
                for each in ast.walk(node)
                if isinstance(each, ast.stmt) and each.lineno <= line <= (each.end_lineno or each.lineno)
            ]
            last = max(inner, key=lambda each: each.lineno)
            calls = {word for each in ast.walk(last) if isinstance(each, ast.Call) and (word := _word(each.func))}
            place = _Place(qualname, isinstance(last, ast.Return), frozenset(calls))
    return place


def _word(function: ast.expr) -> str | None:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _functions(body: Sequence[ast.stmt], prefix: str) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    found: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]] = []
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append((node, prefix + node.name))
                found += _functions(node.body, f"{prefix}{node.name}.<locals>.")
            case ast.ClassDef():
                found += _functions(node.body, f"{prefix}{node.name}.")
            case ast.If() | ast.Try() | ast.With():
                found += _functions([*node.body, *getattr(node, "orelse", [])], prefix)
            case _:
                pass
    return found
