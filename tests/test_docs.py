"""The documentation is true: its programs print what it says, its pages match the catalogue and the code.

`python -m tests.test_docs` writes the generated parts: `docs/errors.md`, `docs/operations.md` and the configuration block
of `docs/usage.md`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from mypy_plugin import codes
from shapecheck import mypy_config
from shapecheck.core.diagnostics import CATALOGUE, Diagnostic, explain, reference
from shapecheck.internals import SKIPPED
from shapecheck.rules import listing

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ERRORS, USAGE, OPERATIONS = (ROOT / "docs" / f"{name}.md" for name in ("errors", "usage", "operations"))
PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/usage.md",
        "docs/runtime.md",
        "docs/rules.md",
        "docs/errors.md",
        "docs/operations.md",
        "docs/differences.md",
        "examples/README.md",
    )
]

_PROGRAM = re.compile(r"^```python (?P<name>\w+\.py)\n(?P<code>.*?)^```\n+```text\n(?P<output>.*?)^```", re.MULTILINE | re.DOTALL)
_CONFIG = re.compile(r"(?<=<!-- config -->\n).*?(?=<!-- /config -->)", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)")


@dataclass(frozen=True, slots=True)
class Program:
    """A program in the README, and what it says the program prints."""

    name: str
    code: str
    output: str


PROGRAMS = {match["name"]: Program(match["name"], match["code"], match["output"]) for match in _PROGRAM.finditer(README)}
RUN_TIME = [Program(*match.groups()) for match in _PROGRAM.finditer((ROOT / "docs/runtime.md").read_text(encoding="utf-8"))]
EXAMPLES = [entry for entry in CATALOGUE.values() if entry.example]
REPORTED = [pytest.param(entry, id=entry.code) for entry in EXAMPLES]


def file_name(entry: Diagnostic) -> str:
    return f"{entry.code.replace('-', '_')}.py"


@cache
def checked(folder: Path) -> list[str]:
    """What `shapecheck check` prints about the examples of the catalogue and the README, from one run."""
    from tests.conftest import run_command

    for entry in EXAMPLES:
        (folder / file_name(entry)).write_text(entry.example, encoding="utf-8")
    for program in PROGRAMS.values():
        (folder / program.name).write_text(program.code, encoding="utf-8")
    done = run_command("check", ".", cwd=folder, cache="docs")
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return checked(tmp_path_factory.mktemp("docs"))


# --- the README ----------------------------------------------------------------------------------------------------


def test_the_readme_has_both_programs() -> None:
    assert list(PROGRAMS) == ["attention.py", "scale.py"]


def test_the_first_example_prints_what_the_readme_says(messages: list[str]) -> None:
    expected, closing = PROGRAMS["attention.py"].output.splitlines()
    assert [line for line in messages if line.startswith("attention.py:")] == [expected]
    assert closing == "Found 1 error in 1 file (checked 1 source file)"


def test_the_first_example_is_right_once_the_keys_are_transposed(tmp_path: Path) -> None:
    from tests.conftest import run_command

    (tmp_path / "attention.py").write_text(PROGRAMS["attention.py"].code.replace("q @ k)", "q @ k.mT)"), encoding="utf-8")
    done = run_command("check", "attention.py", "--", "--enable-error-code", "shape-unknown", cwd=tmp_path, cache="docs")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_run_time_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    program = PROGRAMS["scale.py"]
    (tmp_path / program.name).write_text(program.code, encoding="utf-8")
    done = subprocess.run([sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(program.output)


@pytest.mark.parametrize("program", RUN_TIME, ids=lambda program: program.name)
def test_the_examples_of_the_run_time_page_print_what_it_says(program: Program, tmp_path: Path) -> None:
    (tmp_path / program.name).write_text(program.code, encoding="utf-8")
    done = subprocess.run([sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr).endswith(program.output)


def test_the_page_of_operations_is_up_to_date() -> None:
    assert OPERATIONS.read_text(encoding="utf-8") == listing.page(), "run `python -m tests.test_docs`"


def test_the_configuration_in_the_readme_is_valid() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert tomllib.loads(block)["tool"]["mypy"]["plugins"] == [mypy_config.PLUGIN]


# --- the pages -----------------------------------------------------------------------------------------------------


def config_block() -> str:
    return f"```toml\n{mypy_config.example(SKIPPED)}```\n"


def test_the_page_of_errors_is_up_to_date() -> None:
    assert ERRORS.read_text(encoding="utf-8") == reference(), "run `python -m tests.test_docs`"


def test_the_configuration_in_the_usage_page_is_what_the_command_uses() -> None:
    (block,) = _CONFIG.findall(USAGE.read_text(encoding="utf-8"))
    assert block == config_block(), "run `python -m tests.test_docs`"
    section = tomllib.loads(mypy_config.example(SKIPPED))["tool"]["mypy"]
    ours = mypy_config.completed(mypy_config.Config(), SKIPPED)
    assert set(section["overrides"][0]["module"]) == set(ours.modules)
    assert all(ours.options[key] == section[key] for key in ("plugins", "allow_redefinition"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in _LINK.findall(prose):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]


# --- the catalogue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", REPORTED)
def test_examples_print_their_message(entry: Diagnostic, messages: list[str]) -> None:
    own = [line for line in messages if line.startswith(f"{file_name(entry)}:")]
    assert own == [f"{file_name(entry)}:{entry.message}"]


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.code)
def test_messages_are_one_line_that_ends_in_the_code(entry: Diagnostic) -> None:
    assert entry.message.endswith(f"  [{entry.code}]")
    assert "\n" not in entry.message
    assert entry.message in explain(entry)


def test_the_plugin_reports_the_codes_of_the_catalogue() -> None:
    assert list(codes.BY_NAME) == list(CATALOGUE)
    assert {code: found.default_enabled for code, found in codes.BY_NAME.items()} == {
        code: entry.enabled for code, entry in CATALOGUE.items()
    }


@pytest.mark.parametrize("entry", REPORTED)
def test_every_code_is_expected_in_some_page_of_plugin_tests(entry: Diagnostic) -> None:
    pages = (ROOT / "tests" / "plugin" / "md").glob("*.md")
    assert any(f"error: [{entry.code}]" in page.read_text(encoding="utf-8") for page in pages)


if __name__ == "__main__":
    ERRORS.write_text(reference(), encoding="utf-8")
    OPERATIONS.write_text(listing.page(), encoding="utf-8")
    USAGE.write_text(_CONFIG.sub(lambda _: config_block(), USAGE.read_text(encoding="utf-8")), encoding="utf-8")
