"""What tests of the command line share: running it as users do, with a cache of mypy's that outlives the test run."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".mypy_cache" / "tests"

type Run = subprocess.CompletedProcess[str]
type Command = Callable[..., Run]


def run_command(*arguments: str | Path, cwd: Path, cache: str = "plain") -> Run:
    """Runs `shapecheck` in a folder. Runs that name one cache take turns: mypy must not write a cache twice at once."""
    dropped = ("SHAPECHECK_", "MYPY", "VIRTUAL_ENV", "FORCE_COLOR")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    environment |= {"MYPY_CACHE_DIR": str(CACHE / cache), "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{cache}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "shapecheck", *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def shapecheck(tmp_path: Path) -> Command:
    """Runs the command in the test's folder: `shapecheck("check", "a.py")`."""

    def run(*arguments: str | Path, cwd: Path = tmp_path, cache: str = "plain") -> Run:
        return run_command(*arguments, cwd=cwd, cache=cache)

    return run
