"""Rules of a user's own, named in `[tool.shapecheck]`: the example of the page about them, and a module that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python (\w+\.py)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SETTINGS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OUTPUT = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def _mypy(folder: Path, settings: str) -> subprocess.CompletedProcess[str]:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "pyproject.toml").write_text(settings)
    command = [sys.executable, "-m", "mypy", "program.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_rules_of_the_users_own_give_shapes_and_errors(tmp_path: Path) -> None:
    output = _mypy(tmp_path, SETTINGS[0]).stdout
    assert output.splitlines()[:-1] == OUTPUT[0].splitlines()


def test_a_module_that_is_not_there_is_named_with_the_setting(tmp_path: Path) -> None:
    finished = _mypy(tmp_path, SETTINGS[0].replace('"shapes"', '"nowhere"'))
    assert finished.returncode != 0
    assert 'rules = ["nowhere"]' in finished.stderr
    assert "Traceback" not in finished.stderr
