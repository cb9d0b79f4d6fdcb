"""The same project gives the same messages however mypy is run: cold, warm, after edits, in the daemon, with workers.

The project has two modules. Every way of running it gets a directory of its own, with a copy of the cache that checking the
pages left: the libraries are read once for all tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.plugin import literate
from tests.plugin.literate import CONFIG, UNSKIPPED, environment

SHAPES = """
    from collections.abc import Callable
    from dataclasses import dataclass
    from functools import cache
    from typing import Any, Protocol

    import numpy as np
    from jaxtyping import Float, PyTree

    Matrix = Float[np.ndarray, "n d"]
    Vector = Float[np.ndarray, "n"]


    class Square[n: int]:
        def __init__(self, n: int) -> None:
            self.weight: Float[np.ndarray, "n n"] = np.zeros((n, n))

        def __call__(self, x: Vector) -> Vector:
            return self.weight @ x


    @dataclass
    class Window:
        data: Float[np.ndarray, "{width} 2"]
        width: int = 3


    class Stage(Protocol):
        def __call__(self, x: Vector, /) -> Vector: ...


    def leaves(tree: PyTree[Vector, "T"], other: PyTree[Vector, "T"]) -> PyTree[Vector]:
        return tree


    def twice(f: Callable[[Vector], Vector], x: Vector) -> Vector:
        return f(f(x))


    def staged(stage: Stage, x: Vector) -> Vector:
        return stage(x)


    @cache
    def window(size: int) -> Float[np.ndarray, "{size}"]:
        return np.ones(size)


    def project(x: Matrix, w: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "n k"]:
        return x @ w


    def blank(m: int = 2) -> Float[np.ndarray, "{m}"]:
        return np.zeros(m)


    def first(x: Float[Any, "n d"]) -> Float[Any, " n"]:
        return x[:, 0]


    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Any:
            print("called")
            return function(*args, **kwargs)

        return inner
"""
USE = """
    import numpy as np
    from jaxtyping import Float

    from shapes import Matrix, Square, Window, blank, first, leaves, logged, project, staged, twice, window


    def good(x: Matrix, w: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "n k"]:
        x = project(x, w)
        return x


    def swapped(x: Float[np.ndarray, "n d"], w: Float[np.ndarray, "d 3"]) -> Float[np.ndarray, "3 n"]:
        return project(x, w)


    def inner(x: Float[np.ndarray, "5 4"], w: Float[np.ndarray, "4 3"]) -> None:
        reveal_type(project(x, w))
        project(x, w.T)
        reveal_type(blank())
        first(np.zeros(3))


    def more(x: Float[np.ndarray, "3"], rows: Float[np.ndarray, "3 4"]) -> None:
        leaves([x, x], [x])
        leaves((x, rows), (x, x))
        twice(project_rows, x)
        reveal_type(window(4))
        reveal_type(Square(3)(x))
        Window(rows)
        staged(Square(3), x)


    def project_rows(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return x


    @logged
    def told(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d n"]:
        project_rows(x[0])
        return x.T


    def tells(x: Float[np.ndarray, "3 4"]) -> None:
        reveal_type(told(x))
        told(x[0])
"""
EXPECTED = [
    "use.py:13: error [shape-mismatch]",
    'use.py:17: note: Revealed type is "Float[ndarray, "5 3"]"',
    "use.py:18: error [shape-mismatch]",
    'use.py:19: note: Revealed type is "Float[ndarray, "2"]"',
    "use.py:20: error [shape-rank]",
    "use.py:24: error [shape-mismatch]",
    "use.py:25: error [shape-rank]",
    "use.py:26: error [shape-rank]",
    'use.py:27: note: Revealed type is "Float[ndarray, "4"]"',
    'use.py:28: note: Revealed type is "Float[ndarray, "3"]"',
    "use.py:29: error [shape-mismatch]",
    "use.py:39: error [shape-rank]",
    'use.py:44: note: Revealed type is "Float[ndarray, "4 3"]"',
    "use.py:45: error [shape-rank]",
]
_LINE = re.compile(r"^(?P<place>\w+\.py:\d+): (?P<severity>error|note): (?P<text>.*?)(?:  (?P<code>\[[\w-]+\]))?$")


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with a mypy configuration and the two modules."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Writes a module; its size must change: the daemon looks at sizes and whole seconds before it looks at the text."""
        (self.root / name).write_text(dedent(text).lstrip(), encoding="utf-8")

    def run(self, *command: str) -> str:
        """The output of a Python module run in the project."""
        full = [sys.executable, "-m", *command]
        done = subprocess.run(full, cwd=self.root, capture_output=True, text=True, env=environment(), check=False, timeout=300)
        assert done.returncode in (0, 1), f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def mypy(self, *options: str) -> list[str]:
        """What mypy says."""
        return said(self.run("mypy", "--config-file=mypy.ini", *options, "use.py", "shapes.py"))


def said(output: str) -> list[str]:
    """Errors by place and code, notes with their text, in mypy's order."""
    found = [match for line in output.splitlines() if (match := _LINE.match(line)) is not None]
    return [f"{m['place']}: error {m['code']}" if m["severity"] == "error" else f"{m['place']}: note: {m['text']}" for m in found]


def make(root: Path, shapes: str = SHAPES, use: str = USE) -> Project:
    """The project in a directory, with a cache that knows the libraries and not the two modules."""
    literate.messages()
    shutil.copytree(literate.WORKSPACE / "cache", root / ".mypy_cache")
    project = Project(root)
    project.write("mypy.ini", CONFIG)
    project.write("shapes.py", shapes)
    project.write("use.py", use)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of its own for every test."""
    return make(tmp_path)


def test_cold_and_warm_say_the_same(project: Project) -> None:
    assert project.mypy() == EXPECTED
    assert project.mypy() == EXPECTED


def test_an_edit_of_the_user_is_seen(project: Project) -> None:
    project.mypy()
    project.write("use.py", USE + "\n    print(1)\n")
    assert project.mypy() == EXPECTED


def test_an_edit_of_the_dependency_is_seen(project: Project) -> None:
    project.mypy()
    project.write("shapes.py", SHAPES.replace('"n k"]:', '"k n"]:').replace("x @ w", "(x @ w).T"))
    assert "use.py:13: error [shape-mismatch]" not in project.mypy()
    project.write("shapes.py", SHAPES)
    assert project.mypy() == EXPECTED


CHANGED = (
    SHAPES.replace('w: Float[np.ndarray, "d k"]', 'w: Float[np.ndarray, "k d"]')
    .replace("return x @ w", "return x @ w.T")
    .replace('Vector = Float[np.ndarray, "n"]', 'Vector = Float[np.ndarray, "n 1"]')
    .replace('"{width} 2"', '"{width} 4"')
)


def test_changed_annotations_are_seen_where_they_are_imported(project: Project) -> None:
    """Of a parameter, an alias and a field; the importing module stays in the cache otherwise."""
    project.mypy()
    project.write("shapes.py", CHANGED)
    found = project.mypy()
    assert "use.py:8: error [shape-mismatch]" in found
    assert "use.py:24: error [shape-rank]" in found
    assert "use.py:29: error [shape-mismatch]" not in found
    project.write("shapes.py", SHAPES)
    assert project.mypy() == EXPECTED


SLOW_CLOCK = """
    import time

    began, clock = time.time(), time.time
    time.time = lambda: began + (clock() - began) / 40
"""
"""mypy gives a worker three seconds to start, which a busy machine may not do: of this clock they are two minutes."""


@pytest.fixture
def patient(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project where mypy waits for its workers; Python imports `sitecustomize` first."""
    project.write("sitecustomize.py", SLOW_CLOCK)
    monkeypatch.setenv("PYTHONPATH", str(project.root))
    return project


def test_workers_say_the_same(patient: Project) -> None:
    assert sorted(patient.mypy("-n", "2")) == sorted(EXPECTED), "no cache of the two modules"
    patient.write("use.py", USE + "\n    print(1)\n")
    assert sorted(patient.mypy("-n", "2")) == sorted(EXPECTED), "a cache of one of them"


@pytest.fixture
def daemon(project: Project) -> Iterator[Project]:
    """A project with a running daemon of its own; it is not told to skip modules, see `shapecheck.internals`."""
    project.write("mypy.ini", UNSKIPPED)
    yield project
    project.run("mypy.dmypy", "--status-file=status.json", "kill")


def recheck(daemon: Project) -> list[str]:
    """What the daemon says now."""
    return said(
        daemon.run("mypy.dmypy", "--status-file=status.json", "run", "--", "--config-file=mypy.ini", "use.py", "shapes.py")
    )


def test_the_daemon_follows_edits(daemon: Project) -> None:
    """One test: a daemon reads the libraries without mypy's cache."""
    assert recheck(daemon) == EXPECTED, "first run"
    assert recheck(daemon) == EXPECTED, "nothing changed"
    daemon.write("use.py", USE + "\n    print(1)\n")
    assert recheck(daemon) == EXPECTED, "an edit without annotations"
    daemon.write("use.py", USE.replace("project(x, w)\n        return x", "project(w, x)  # swapped\n        return x"))
    assert "use.py:8: error [shape-mismatch]" in recheck(daemon), "an error that came"
    daemon.write("use.py", USE)
    assert recheck(daemon) == EXPECTED, "and went"
    daemon.write("shapes.py", SHAPES + "\n    print(1)\n")
    assert recheck(daemon) == EXPECTED, "an edit of the dependency's body"
    daemon.write("shapes.py", SHAPES.replace('"n k"]:', '"k n"]:').replace("x @ w", "(x @ w).T"))
    assert "use.py:13: error [shape-mismatch]" not in recheck(daemon), "another signature"
    daemon.write("shapes.py", SHAPES)
    assert recheck(daemon) == EXPECTED, "the old one"


def test_rebinding_needs_no_option(project: Project) -> None:
    """Also where the configuration says no: rebinding an array is not a redefinition."""
    project.write("mypy.ini", CONFIG.replace("strict = true", "strict = true\nallow_redefinition = false"))
    assert project.mypy() == EXPECTED


def test_a_module_of_our_name_is_not_in_the_way(project: Project) -> None:
    project.write("mypy_plugin.py", "raise RuntimeError('the wrong plugin')\n")
    assert project.mypy() == EXPECTED


BROKEN = """
    import shapecheck.mypy
    from mypy_plugin import calls


    def fail(*args: object) -> None:
        raise ZeroDivisionError("a fault of ours")


    calls.settle_call = fail
"""


def test_a_crash_is_a_message_and_mypy_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python imports `sitecustomize` first: there the plugin is broken, with mypy none the wiser."""
    project.write("sitecustomize.py", BROKEN)
    monkeypatch.setenv("PYTHONPATH", str(project.root))
    project.write("use.py", USE + "\n\n    wrong: int = 'text'\n")
    found = project.mypy()
    assert "use.py:8: error [shape-internal]" in found
    assert "use.py:48: error [assignment]" in found
