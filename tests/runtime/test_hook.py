"""The import hook, and the pytest flag that installs it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from shapecheck import ShapeError, install_import_hook

SOURCE = '''\
"""A module."""
from __future__ import annotations
import dataclasses
from functools import cache, wraps
from typing import overload
import numpy as np
from jaxtyping import Float

def f(x: Float[np.ndarray, "n n"]) -> int:
    def inner(y: Float[np.ndarray, "n n"]) -> int:
        return len(y)
    return inner(x)

async def g(x: Float[np.ndarray, "n n"]) -> int:
    return len(x)

def unannotated(x):
    return x

@dataclasses.dataclass
class Pair:
    x: Float[np.ndarray, "n"]
    y: Float[np.ndarray, "n"]

    @property
    def both(self) -> Float[np.ndarray, "n 2*n"]:
        return np.zeros((len(self.x), len(self.x)))

    @classmethod
    def make(cls, x: Float[np.ndarray, "n n"]) -> Pair:
        return cls(x[0], x[0])

class Base:
    def __init_subclass__(cls, **kwargs: int) -> None:
        super().__init_subclass__()

class Derived(Base, k=1):
    def __new__(cls, x: Float[np.ndarray, "n n"]) -> Derived:
        return super().__new__(cls)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "hooked_pkg").mkdir()
    (tmp_path / "hooked_pkg" / "__init__.py").write_text("")
    (tmp_path / "hooked_pkg" / "inside.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    with install_import_hook("hooked_pkg", "beartype.beartype"):
        yield importlib.import_module("hooked_pkg.inside")
    for name in [name for name in sys.modules if name.startswith("hooked_pkg")]:
        del sys.modules[name]


def test_everything_in_a_package_is_checked(module: ModuleType) -> None:
    import asyncio

    good, bad = np.zeros((2, 2)), np.zeros((2, 3))
    assert module.f(good) == 2
    assert asyncio.run(module.g(good)) == 2
    assert module.unannotated(3) == 3
    assert len(module.Pair.make(good).x) == 2
    assert isinstance(module.Derived(good), module.Base)
    for call in (
        lambda: module.f(bad),
        lambda: asyncio.run(module.g(bad)),
        lambda: module.Pair(good[0], bad[0]),
        lambda: module.Pair.make(bad),
        lambda: module.Pair.make(good).both,
        lambda: module.Derived(bad),
    ):
        with pytest.raises(ShapeError):
            call()


def test_no_bytecode_is_written(module: ModuleType) -> None:
    assert module.__file__ is not None
    assert not list(Path(module.__file__).parent.glob("__pycache__/inside*"))


def test_pytest_flag(tmp_path: Path) -> None:
    (tmp_path / "flagged.py").write_text(SOURCE)
    (tmp_path / "test_flagged.py").write_text(
        "import flagged, numpy as np, pytest, shapecheck\n"
        "def test():\n"
        "    with pytest.raises(shapecheck.ShapeError):\n"
        "        flagged.f(np.zeros((2, 3)))\n"
    )
    plugin = ["-p", "shapecheck.runtime.pytest_plugin", "--shapecheck-packages=flagged,other"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
