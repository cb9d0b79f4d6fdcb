"""The plugin's own settings: `[tool.shapecheck]` in the `pyproject.toml` of the working directory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from shapecheck.rules import registry


@dataclass(frozen=True, slots=True)
class Settings:
    """What users can set.

    `allow_redefinition` lets variables change shape (mypy's option of the same name is switched on); `rules` names
    modules with operation rules of the user's own; `unsettled_dtypes` what the program does to dtypes from afar.
    """

    allow_redefinition: bool = True
    rules: tuple[str, ...] = ()
    unsettled_dtypes: tuple[str, ...] = ()


@cache
def load_rules(modules: tuple[str, ...]) -> None:
    """Adds the `TABLE` of each module to the rules, once.

    A module that cannot be loaded ends mypy with one line that says why, and where the setting stands.
    """
    sys.path.insert(0, str(Path.cwd()))
    for name in modules:
        try:
            registry().add(import_module(name).TABLE)
        except (ImportError, AttributeError, ValueError) as error:
            sys.exit(f'shapecheck: cannot use `rules = ["{name}"]` of [tool.shapecheck] in pyproject.toml: {error}')
    sys.path.pop(0)


@cache
def settings() -> Settings:
    """The settings of this run; defaults where there is no file or section."""
    path = Path("pyproject.toml")
    if not path.is_file() or "[tool.shapecheck" not in (text := path.read_text(encoding="utf-8", errors="replace")):
        return Settings()
    import tomllib  # only for users who have the section

    try:
        section = tomllib.loads(text).get("tool", {}).get("shapecheck", {})
    except tomllib.TOMLDecodeError:
        return Settings()  # mypy itself reports a broken pyproject.toml
    return Settings(
        bool(section.get("allow_redefinition", True)),
        tuple(map(str, section.get("rules", ()))),
        tuple(map(str, section.get("unsettled_dtypes", ()))),
    )
