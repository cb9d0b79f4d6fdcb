"""Modes from `pyproject.toml` and from the environment."""

from pathlib import Path

import pytest

from shapecheck.runtime import modes
from shapecheck.runtime.configuration import ConfigurationError
from shapecheck.runtime.modes import Mode, mode_of


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a program that has not decorated anything yet, started below the folder of the project."""
    monkeypatch.setattr(modes, "_modes", {})
    monkeypatch.delenv("SHAPECHECK", raising=False)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")


def configure(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)


def test_nothing_is_configured(tmp_path: Path) -> None:
    configure(tmp_path, "[tool.mypy]")
    assert mode_of("a") == Mode("on")


def test_per_module(tmp_path: Path) -> None:
    configure(tmp_path, """
        [tool.shapecheck.runtime]
        mode = "warn"
        [tool.shapecheck.runtime.modules]
        "pkg.data" = "off"
        "pkg" = "every=8"
    """)  # fmt: skip
    assert mode_of("pkg.data.images") == Mode("off")
    assert mode_of("pkg.layers") == Mode("every", 8)
    assert mode_of("elsewhere") == Mode("warn")


def test_the_environment_decides_for_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, '[tool.shapecheck.runtime.modules]\npkg = "off"')
    monkeypatch.setenv("SHAPECHECK", "log")
    assert mode_of("pkg") == Mode("log")


def test_set_mode_comes_before_both(tmp_path: Path) -> None:
    configure(tmp_path, '[tool.shapecheck.runtime.modules]\npkg = "off"')
    with modes.mode("on", "pkg"):
        assert mode_of("pkg") == Mode("on")
    assert mode_of("pkg") == Mode("off")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[tool.shapecheck.runtime]\nmode = "of"', "unknown mode 'of'"),
        ("[tool.shapecheck.runtime]\nmode = false", "the mode of all modules must be a string, not False"),
        ('[tool.shapecheck.runtime]\nmodul = "x"', "has no setting `modul`"),
        ('[tool.shapecheck]\nruntime = "off"', "must be tables"),
        ("[tool.shapecheck.runtime]\nmode = on", "not valid TOML"),
        ('[tool.shapecheck.runtime.modules]\npkg = "every=0"', "unknown mode 'every=0'"),
    ],
)
def test_a_bad_value_shows_the_valid_section(tmp_path: Path, text: str, problem: str) -> None:
    configure(tmp_path, text)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        mode_of("pkg")
    assert "[tool.shapecheck.runtime.modules]" in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


def test_a_bad_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHAPECHECK", "never")
    with pytest.raises(ValueError, match="SHAPECHECK: unknown mode 'never'"):
        mode_of("pkg")
