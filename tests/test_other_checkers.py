"""What we ask of users breaks no other checker: the annotated examples pass mypy without our plugin, pyright, pyrefly and ty.

No baseline of known complaints is needed: the four have none about these files, under mypy's `--strict` as well. Not every use
of jaxtyping is so lucky: without the plugin mypy and pyright refuse an annotation as the second argument of `isinstance`.
`unannotated.py` is left out: it is what `shapecheck annotate` starts from.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shapecheck.internals import SKIPPED
from tests.plugin.literate import ROOT, environment

COMMANDS = {
    "mypy": [sys.executable, "-m", "mypy", "--config-file=mypy.ini", f"--cache-dir={ROOT / '.mypy_cache' / 'without-plugin'}"],
    "pyright": [sys.executable, "-m", "pyright", f"--pythonpath={sys.executable}"],
    "pyrefly": [sys.executable, "-m", "pyrefly", "check", f"--python-interpreter-path={sys.executable}"],
    "ty": [sys.executable, "-m", "ty", "check", f"--python={sys.prefix}"],
}
CONFIG = f"[mypy]\nstrict = true\n[mypy-{','.join(f'{name}.*' for name in SKIPPED)}]\nfollow_imports = skip\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The annotated examples in a folder with neutral settings."""
    for path in (ROOT / "examples").glob("*.py"):
        if path.name != "unannotated.py":
            shutil.copy(path, tmp_path)
    (tmp_path / "mypy.ini").write_text(CONFIG)
    (tmp_path / "pyrefly.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("checker", COMMANDS)
def test_the_examples_pass_other_checkers(checker: str, programs: Path) -> None:
    names = sorted(path.name for path in programs.glob("*.py"))
    done = subprocess.run(
        [*COMMANDS[checker], *names], cwd=programs, capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_checker_that_sees_an_error_says_so(programs: Path) -> None:
    (programs / "wrong.py").write_text("wrong: int = 'text'\n")
    done = subprocess.run(
        [*COMMANDS["pyrefly"], "wrong.py"], cwd=programs, capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 1
