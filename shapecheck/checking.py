"""`shapecheck check`: runs mypy with the plugin, as a child process whose output is passed on line by line.

A child keeps a fault of mypy away from us and costs nothing that can be measured: it is mypy that takes the time.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import NamedTuple, TextIO

from shapecheck import mypy_config
from shapecheck.internals import PRIVATE, SELDOM
from shapecheck.mypy_config import Config

CLEAN, FOUND, FATAL = 0, 1, 2

_COLORS = re.compile(r"\x1b\[[0-9;]*m|\x1b\(B")
_MISSING = re.compile(r'Cannot find implementation or library stub for module named "(\w+)')
_STATIC = Path(__file__).parent / "_static.pyi"
_LIBRARIES = ("torch", "jax", "numpy", "jaxtyping")
_IGNORED_FOLDERS = frozenset(["node_modules", "site-packages", "__pycache__"])


class Unusable(Exception):
    """The request cannot be carried out; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to check and how. `mypy_arguments` are passed on as they are."""

    paths: tuple[Path, ...] = ()
    strict: bool = False
    python: Path | None = None
    config: Path | None = None
    mypy_arguments: tuple[str, ...] = ()


def check(request: Request, out: TextIO, err: TextIO) -> int:
    """Runs mypy; its messages go to `out`, advice to `err`. The result is 0 (clean), 1 (errors found) or 2 (not checked).

    Raises:
        Unusable: nothing was checked, because of what was asked for.
    """
    config = _config(request.config)
    targets = _targets(request, config)
    python = _interpreter(request, config)
    complete = mypy_config.completed(config, skipped(map(Path, targets or ["."])))
    with TemporaryDirectory(prefix="shapecheck-") as folder:
        file = Path(folder, "mypy.toml")
        file.write_text(mypy_config.to_toml(complete), encoding="utf-8")
        arguments = ["--config-file", str(file), *_options(request, python), *request.mypy_arguments, *targets]
        environment = _environment(python, Path(str(complete.options["cache_dir"])), out)
        done = _run(arguments, environment, {str(file): str(config.path or "the configuration")}, Path(folder, "stderr"), out)
        print(done.errors, end="", file=err)
    for advice in _advice(done.output + done.errors, python or Path(sys.executable)):
        print(f"shapecheck: {advice}", file=err)
    return done.status if done.status in (CLEAN, FOUND) else FATAL


def _config(path: Path | None) -> Config:
    try:
        if path is None:
            return mypy_config.find(Path.cwd())
        config = mypy_config.read(path)
    except mypy_config.BadConfig as error:
        raise Unusable(str(error)) from error
    if config is None:
        raise Unusable(f"{path} has no mypy section: name another file with --config-file, or leave the option out")
    return config


def _targets(request: Request, config: Config) -> list[str]:
    """The paths to check: those asked for, else what the configuration names, else the current folder."""
    for path in request.paths:
        if not path.exists():
            raise Unusable(f"{path} does not exist: name a Python file or a folder with Python files")
        if path.is_file() and path.suffix not in (".py", ".pyi", ""):
            raise Unusable(f"{path} is not a Python file: name a .py file or a folder with Python files")
        if path.is_dir() and next(_sources(path), None) is None:
            raise Unusable(f"there are no Python files in {path}: name a Python file or another folder")
    if request.paths:
        return [str(path) for path in request.paths]
    named = config.names_targets or any(each in ("-m", "-p", "-c") for each in request.mypy_arguments)
    return [] if named else ["."]


def _options(request: Request, python: Path | None) -> Iterator[str]:
    if request.strict:
        yield "--strict"
    if python is not None:
        yield from ("--python-executable", str(python))


# --- which modules are not read ------------------------------------------------------------------------------------


def skipped(paths: Iterable[Path]) -> list[str]:
    """The library modules that mypy need not read for these files."""
    imported = set(_imported(paths))
    return [*PRIVATE, *(name for name in SELDOM if not any(_within(each, name) for each in imported))]


def _within(imported: str, name: str) -> bool:
    return f"{imported}.".startswith(f"{name}.")


def _imported(paths: Iterable[Path]) -> Iterator[str]:
    """The modules that the files import: `from torch import fx` is `torch.fx`. mypy itself reports files that do not parse."""
    for path in paths:
        for source in _sources(path):
            text = source.read_text(encoding="utf-8", errors="replace")
            if any(name.rpartition(".")[2] in text for name in SELDOM):
                with suppress(SyntaxError, ValueError):
                    yield from _modules(ast.parse(text))


def _modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case _:
                pass


def _sources(path: Path) -> Iterator[Path]:
    """The Python files of a folder; a file is its own."""
    if path.is_file():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _IGNORED_FOLDERS]
        yield from (Path(folder, name) for name in files if name.endswith((".py", ".pyi")))


# --- which interpreter's packages ----------------------------------------------------------------------------------


def _interpreter(request: Request, config: Config) -> Path | None:
    """The interpreter whose packages the program uses; None when it is ours."""
    if request.python is not None:
        if not request.python.is_file():
            raise Unusable(f"{request.python} is not a Python interpreter: name one with --python-executable")
        return request.python.absolute()
    if "python_executable" in config.options:
        return Path(os.path.expandvars(str(config.options["python_executable"]))).expanduser()
    found = next(_environments(Path.cwd()), None)
    return None if found is None or found.parent.parent.resolve() == Path(sys.prefix).resolve() else found


def _environments(start: Path) -> Iterator[Path]:
    """Interpreters of virtual environments: the active one, then a `.venv` in this folder or above."""
    active = os.environ.get("VIRTUAL_ENV")
    roots = [Path(active)] if active else []
    for root in [*roots, *(folder / ".venv" for folder in (start, *start.parents))]:
        for name in ("bin/python", "Scripts/python.exe"):
            if (root / name).exists():
                yield root / name


# --- running mypy --------------------------------------------------------------------------------------------------


class _Done(NamedTuple):
    """What a run of mypy left; the output is without colours."""

    status: int
    output: str
    errors: str


def _environment(python: Path | None, cache: Path, out: TextIO) -> dict[str, str]:
    """The environment that mypy runs in."""
    # A module of the user's that is called like one of ours or mypy's must not be imported in its place.
    found = os.environ | {"PYTHONSAFEPATH": "1"} | ({"MYPY_FORCE_COLOR": "1"} if out.isatty() else {})
    if python is not None and not _has_shapecheck(python):
        found["MYPYPATH"] = os.pathsep.join(filter(None, [str(_stubs(cache)), os.environ.get("MYPYPATH")]))
    return found


def _has_shapecheck(python: Path) -> bool:
    """Whether we are installed for an interpreter. If not, it has no stub of ours for mypy to find."""
    question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('shapecheck') is None)"
    try:
        return subprocess.run([python, "-P", "-c", question], capture_output=True, check=False).returncode == 0
    except OSError as error:
        raise Unusable(f"{python} does not run ({error.strerror}): name a Python interpreter with --python-executable") from error


def _stubs(cache: Path) -> Path:
    """A folder that holds nothing but our stub of sizes and dtypes."""
    folder = (Path(gettempdir(), "shapecheck") if str(cache) == os.devnull else cache.absolute()) / "stubs"
    package = folder / "shapecheck"
    package.mkdir(parents=True, exist_ok=True)
    for name, text in (("__init__.pyi", ""), ("_static.pyi", _STATIC.read_text(encoding="utf-8"))):
        if not (package / name).exists() or (package / name).read_text(encoding="utf-8") != text:
            (package / name).write_text(text, encoding="utf-8")
    return folder


def _run(
    arguments: Sequence[str], environment: Mapping[str, str], renamed: Mapping[str, str], errors: Path, out: TextIO
) -> _Done:
    """Runs mypy, passing its output on as it comes. Names of our temporary files are shown as what they stand for."""
    command = [sys.executable, "-m", "mypy", *arguments]
    lines: list[str] = []
    with (
        errors.open("wb") as sink,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sink, text=True, encoding="utf-8", env=environment) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(_renamed(line, renamed))
            print(lines[-1], end="", file=out, flush=True)
    text = errors.read_text(encoding="utf-8", errors="replace")
    return _Done(child.returncode, _COLORS.sub("", "".join(lines)), _renamed(text, renamed))


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for temporary, name in names.items():
        text = text.replace(temporary, name)
    return text


def _advice(text: str, python: Path) -> Iterator[str]:
    """What to do about messages that are not about the program."""
    missing = set(_MISSING.findall(text))
    for name in _LIBRARIES:
        if name in missing:
            yield (
                f"{name} is not installed for {python}, so what depends on it is unknown: install it there, "
                "or name the interpreter that has it with --python-executable"
            )
    if "INTERNAL ERROR" in text:
        yield "mypy stopped with an internal error: add `-- --show-traceback` to this command and report what it prints"
