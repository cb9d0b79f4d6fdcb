"""The `shapecheck` command: what it prints, and its exit status: 0 all is well, 1 something was found, 2 not done."""

from __future__ import annotations

import json
import re
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from shapecheck import checking, mypy_config
from shapecheck.cli import main
from shapecheck.core.diagnostics import CATALOGUE
from shapecheck.internals import PRIVATE, SELDOM, SKIPPED
from tests.conftest import ROOT, Command

EXAMPLES = ROOT / "examples"
_BUG = re.compile(r"# bug \d+: ([\w-]+)")
_LINE = re.compile(r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): error: (?P<text>.*)  \[(?P<code>[\w-]+)\]$")

CLEAN = "def double(x: int) -> int:\n    return 2 * x\n"
WRONG = "def size(text: str) -> int:\n    return text\n"


def planted() -> list[tuple[str, int, str]]:
    """Path, line and code of the bugs that the examples mark."""
    return [
        (f"examples/{path.name}", number, match[1])
        for path in sorted(EXAMPLES.glob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := _BUG.search(line))
    ]


# --- check ---------------------------------------------------------------------------------------------------------


def test_check_reports_the_planted_bugs_and_nothing_else(shapecheck: Command) -> None:
    done = shapecheck("check", "examples", cwd=ROOT, cache="examples")
    *messages, closing = done.stdout.splitlines()
    found = [_LINE.match(message) for message in messages]
    assert sorted((m["path"], int(m["line"]), m["code"]) if m else ("", 0, "") for m in found) == planted(), done.stdout
    assert len(planted()) == 5
    assert closing == "Found 5 errors in 1 file (checked 6 source files)"
    assert (done.returncode, done.stderr) == (1, "")


def test_the_model_without_bugs_is_clean_under_strict(shapecheck: Command) -> None:
    done = shapecheck("check", "--strict", "examples/gpt.py", cwd=ROOT, cache="strict")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Success: no issues found in 1 source file\n", "")


def test_check_exits_with_mypys_verdict(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / "wrong.py").write_text(WRONG)
    assert shapecheck("check", "clean.py").returncode == 0
    done = shapecheck("check")
    assert done.returncode == 1
    assert done.stdout.startswith(
        'wrong.py:2:12: error: Incompatible return value type (got "str", expected "int")  [return-value]\n'
    )


def test_strict_and_options_for_mypy_are_passed_on(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "untyped.py").write_text("def f(x): return x\n")
    assert shapecheck("check", "untyped.py").returncode == 0
    for options in (["--strict"], ["--", "--disallow-untyped-defs"]):
        done = shapecheck("check", "untyped.py", *options)
        assert (done.returncode, "[no-untyped-def]" in done.stdout) == (1, True), done.stdout


def test_the_users_configuration_keeps_its_meaning(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "untyped.py").write_text("def f(x): return x\n")
    (tmp_path / "generated.py").write_text(WRONG)
    (tmp_path / "mypy.ini").write_text("[mypy]\ndisallow_untyped_defs = yes\nexclude = generated\nshow_column_numbers = no\n")
    done = shapecheck("check")
    assert done.stdout == (
        "untyped.py:1: error: Function is missing a type annotation  [no-untyped-def]\n"
        "Found 1 error in 1 file (checked 1 source file)\n"
    )


def test_the_users_plugins_run_beside_ours(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / "own.py").write_text(
        "import sys\nfrom mypy.plugin import Plugin\n\ndef plugin(v):\n    print('own plugin', file=sys.stderr)\n    return Plugin\n"
    )
    (tmp_path / "pyproject.toml").write_text('[tool.mypy]\nplugins = ["own.py"]\n')
    done = shapecheck("check", "clean.py")
    assert (done.returncode, done.stderr) == (0, "own plugin\n"), done.stdout


def test_modules_named_like_ours_are_not_imported(shapecheck: Command, tmp_path: Path) -> None:
    for name in ("shapecheck", "mypy_plugin", "mypy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported by accident')\n")
    (tmp_path / "clean.py").write_text(CLEAN)
    done = shapecheck("check", "clean.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere"], "nowhere does not exist: name a Python file or a folder with Python files"),
        (["check", "notes.md"], "notes.md is not a Python file: name a .py file or a folder with Python files"),
        (["check", "empty"], "there are no Python files in empty: name a Python file or another folder"),
        (["check", "clean.py", "--config-file", "no.ini"], "no.ini has no mypy section: name another file with --config-file"),
        (["check", "clean.py", "--config-file", "bad.toml"], "bad.toml: "),
        (["check", "clean.py", "--python-executable", "nope"], "nope is not a Python interpreter: name one with"),
        (["check", "clean.py", "--python-executable", "notes.md"], "{folder}/notes.md does not run (Permission denied): name a"),
        (["annotate", "nowhere"], "nowhere does not exist: name a Python file or a folder with Python files"),
        (["explain", "shape-size"], "there is no code shape-size: the codes are shape-mismatch, shape-rank, "),
        (["rules", "frobnicate"], "no rule's name contains frobnicate: see `shapecheck rules` for all"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_refused_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / "notes.md").write_text("# Notes\n")
    (tmp_path / "bad.toml").write_text("[tool.mypy\n")
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"shapecheck: {message.replace('{folder}', str(tmp_path))}")
    assert result.stderr.count("\n") == 1


def test_a_syntax_error_is_reported_at_its_line(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n")
    done = shapecheck("check", "broken.py")
    assert done.returncode == 2
    assert re.match(r"broken\.py:2:\d+: error: .*  \[syntax\]\n", done.stdout)
    assert "Traceback" not in done.stdout + done.stderr


def test_a_missing_library_is_named_with_what_to_do(shapecheck: Command, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("from torch import Tensor\n\ndef f(x: Tensor) -> Tensor:\n    return x\n")
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    done = shapecheck("check", "model.py", "--python-executable", python)
    assert done.returncode == 1
    assert done.stdout.count(": error: ") == 1
    assert done.stderr == (
        f"shapecheck: torch is not installed for {python}, so what depends on it is unknown: install it there, "
        "or name the interpreter that has it with --python-executable\n"
    )


# --- how mypy is set up --------------------------------------------------------------------------------------------


def test_settings_are_read_from_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[tool.mypy]\nstrict = true\n[[tool.mypy.overrides]]\nmodule = ["a.*", "b"]\nignore_errors = true\n'
    )
    (tmp_path / "setup.cfg").write_text("[mypy]\nstrict = true\n[mypy-a.*,b]\nignore_errors = true\n")
    for name in ("a.toml", "setup.cfg"):
        config = mypy_config.read(tmp_path / name)
        assert config is not None
        assert str(config.options["strict"]).lower() == "true"
        assert [*config.modules] == ["a.*", "b"]


def test_shared_files_without_a_section_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert mypy_config.find(tmp_path / "sub").path == tmp_path / "mypy.ini"


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert mypy_config.find(tmp_path / "repository").path != tmp_path / "mypy.ini"


def test_completing_fills_in_and_overrides_nothing(tmp_path: Path) -> None:
    options = {
        "plugins": "own.py, other",
        "cache_dir": "kept",
        "show_column_numbers": False,
        "mypy_path": "$MYPY_CONFIG_FILE_DIR/src",
    }
    modules = {"torch.fx.graph": {"follow_imports": "normal"}}
    done = mypy_config.completed(mypy_config.Config(tmp_path / "mypy.ini", options, modules), ["torch.fx", "torch.onnx"])
    assert done.options == {
        "allow_redefinition": True,
        "show_column_numbers": False,
        "plugins": ["shapecheck.mypy", f"{tmp_path}/own.py", "other"],
        "cache_dir": "kept/shapecheck",
        "mypy_path": f"{tmp_path}/src",
    }
    assert done.modules == {"torch.onnx.*": {"follow_imports": "skip"}, **modules}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    options = {"exclude": ["a\\.py", 'é"\n'], "strict": True, "python_version": "3.13"}
    config = mypy_config.Config(None, options, {"a.*": {"ignore_errors": True}})
    (tmp_path / "x.toml").write_text(mypy_config.to_toml(config), encoding="utf-8")
    read = mypy_config.read(tmp_path / "x.toml")
    assert read is not None
    assert (read.options, read.modules) == (config.options, config.modules)


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("import torch", set()),
        ("import torch.distributed as dist", {"torch.distributed"}),
        ("from torch import nn, fx", {"torch.fx"}),
        ("from torch import (\n    nn,\n    onnx,\n)", {"torch.onnx"}),
        ("def deferred():\n    from torch.fx.graph import Graph", {"torch.fx"}),
        ("import os, torch.onnx", {"torch.onnx"}),
        ("import torch, torch.export", {"torch.export"}),
    ],
)
def test_modules_that_the_program_imports_are_read(source: str, read: set[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{source}\n")
    assert set(SKIPPED) - set(checking.skipped([tmp_path])) == read
    assert set(PRIVATE).isdisjoint(SELDOM)


# --- annotate ------------------------------------------------------------------------------------------------------

UNANNOTATED = "import torch\n\n\ndef flat(x):\n    B, T, C = x.shape\n    return torch.reshape(x, (B, T * C))\n"


def test_annotate_prints_a_diff_writes_it_and_is_done(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(UNANNOTATED)
    proposed = CliRunner().invoke(main, ["annotate", "--no-verify", str(path)])
    assert proposed.exit_code == 0
    assert '+def flat(x: Shaped[torch.Tensor, "B T C"])' in proposed.stdout
    assert path.read_text() == UNANNOTATED
    assert CliRunner().invoke(main, ["annotate", "--no-verify", "--check", str(path)]).exit_code == 1
    assert CliRunner().invoke(main, ["annotate", "--no-verify", "--write", str(path)]).exit_code == 0
    again = CliRunner().invoke(main, ["annotate", "--no-verify", "--check", str(path)])
    assert (again.exit_code, again.stdout) == (0, "")


def test_annotate_gives_its_reasons_as_json(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(UNANNOTATED)
    result = CliRunner().invoke(main, ["annotate", "--no-verify", "--json", str(tmp_path)])
    (file,) = json.loads(result.stdout)["files"]
    first = file["annotated"][0]
    assert (first["function"], first["name"]) == ("flat", "x")
    assert any("line 5" in evidence for evidence in first["evidence"])


def test_annotate_names_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    result = CliRunner().invoke(main, ["annotate", "--no-verify", str(tmp_path)])
    assert result.exit_code == 2
    assert "broken.py could not be read: " in result.stderr


# --- explain and rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CATALOGUE)
def test_explain_prints_the_entry(code: str) -> None:
    result = CliRunner().invoke(main, ["explain", code])
    assert result.exit_code == 0
    assert all(text in result.stdout for text in (CATALOGUE[code].title, CATALOGUE[code].meaning, CATALOGUE[code].fix))


def test_explain_without_a_code_lists_them() -> None:
    lines = CliRunner().invoke(main, ["explain"]).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(CATALOGUE)


def test_rules_are_listed_once_with_all_names() -> None:
    rows = json.loads(CliRunner().invoke(main, ["rules", "--json"]).stdout)
    (matmul,) = [row for row in rows if "torch.matmul" in row["names"]]
    assert matmul["signature"] == "*b m? k, *b k n? -> *b m? n?"
    assert matmul["libraries"] == ["jax", "numpy", "torch"]
    names = [(row["kind"], name) for row in rows for name in row["names"]]
    assert len(names) == len(set(names))
    assert ("layer", "nn.Linear") in names


def test_rules_can_be_searched() -> None:
    result = CliRunner().invoke(main, ["rules", "nn.Linear"])
    assert result.exit_code == 0
    assert result.stdout.startswith("nn.Linear\n")


def test_version_and_help() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout.startswith("shapecheck, version ")
    assert "annotate" in CliRunner().invoke(main, ["-h"]).stdout
