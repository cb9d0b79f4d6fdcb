"""Rules of a user's own, named in `[tool.shapecheck]`: the example of the usage page, and a module that is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KERNELS = """
import numpy as np

def scores(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    return query @ key.swapaxes(-1, -2)
"""
SHAPES = """
from shapecheck.rules.families import gufunc, promoted

TABLE = (gufunc("*b n d, *b m d -> *b n m", "query, key", promoted, "kernels.scores"),)
"""
PROGRAM = """
import numpy as np
from jaxtyping import Float32
from kernels import scores

def attend(q: Float32[np.ndarray, "b n d"], k: Float32[np.ndarray, "b m d"]) -> Float32[np.ndarray, "b n m"]:
    reveal_type(scores(q, k))
    return scores(q, k[..., :-1])
"""


def _mypy(folder: Path, rules: str) -> subprocess.CompletedProcess[str]:
    (folder / "kernels.py").write_text(KERNELS)
    (folder / "shapes.py").write_text(SHAPES)
    (folder / "program.py").write_text(PROGRAM)
    (folder / "pyproject.toml").write_text(
        f'[tool.mypy]\nplugins = ["shapecheck.mypy"]\n\n[tool.shapecheck]\nrules = ["{rules}"]\n'
    )
    command = [sys.executable, "-m", "mypy", "program.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_rule_of_the_users_own_gives_shapes_and_errors(tmp_path: Path) -> None:
    output = _mypy(tmp_path, "shapes").stdout
    assert 'program.py:7: note: Revealed type is "Float32[ndarray, "b n m"]"' in output
    assert "program.py:8: error: kernels.scores: " in output


def test_a_module_that_is_not_there_is_named_with_the_setting(tmp_path: Path) -> None:
    finished = _mypy(tmp_path, "nowhere")
    assert finished.returncode != 0
    assert 'rules = ["nowhere"]' in finished.stderr
    assert "Traceback" not in finished.stderr
