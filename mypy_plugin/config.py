"""The plugin's own settings: `[tool.shapecheck]` in the `pyproject.toml` of the working directory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What users can set.

    `allow_redefinition` lets variables change shape (mypy's option of the same name is switched on); `rules` names
    modules with operation rules of the user's own.
    """

    allow_redefinition: bool = True
    rules: tuple[str, ...] = ()


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
    return Settings(bool(section.get("allow_redefinition", True)), tuple(map(str, section.get("rules", ()))))
