"""The modes that the environment or `[tool.shapecheck.runtime]` of a `pyproject.toml` asks for.

Read once, by :mod:`shapecheck.runtime.modes`, when the first function is decorated. The variable `SHAPECHECK` decides for
everything where it is set; else the `pyproject.toml` of the working directory or of the nearest folder above it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["ConfigurationError", "configured_modes"]

_VALID: Final = """\
[tool.shapecheck.runtime]
mode = "on"  # or off, once, every=8, warn, log

[tool.shapecheck.runtime.modules]
"my_package.data" = "off"  # a module, or a package with all in it"""


class ConfigurationError(ValueError):
    """A setting that means nothing, with an example of the section as it should be."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}. A valid section:\n\n{_VALID}")


def configured_modes() -> dict[str, tuple[str, Path | None]]:
    """By module, `""` for all others, the mode as it is written, and the file it stands in.

    Raises:
        ConfigurationError: the section has a key that does not exist, or a value that is not a string.
    """
    if text := os.environ.get("SHAPECHECK"):
        return {"": (text, None)}
    path = _nearest(Path.cwd())
    section = _section(path) if path is not None else None
    if path is None or section is None:
        return {}
    return {module: (text, path) for module, text in _modes(path, section).items()}


def _nearest(folder: Path) -> Path | None:
    return next((path for each in (folder, *folder.parents) if (path := each / "pyproject.toml").is_file()), None)


def _section(path: Path) -> Any:
    """What stands under `tool.shapecheck.runtime`, of whatever type; None if nothing does."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if "shapecheck" not in text:
        return None
    import tomllib  # only for those who have the section

    try:
        found: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(path, f"not valid TOML ({error})") from error
    for key in ("tool", "shapecheck", "runtime"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _modes(path: Path, section: Any) -> dict[str, str]:
    if not isinstance(section, Mapping) or not isinstance(section.get("modules", {}), Mapping):
        raise ConfigurationError(path, "[tool.shapecheck.runtime] and its `modules` must be tables")
    if unknown := section.keys() - {"mode", "modules"}:
        raise ConfigurationError(path, f"[tool.shapecheck.runtime] has no setting `{min(unknown)}`")
    modes = {"": section.get("mode", "on"), **section.get("modules", {})}
    for module, text in modes.items():
        if not isinstance(text, str):
            raise ConfigurationError(path, f"the mode of {module or 'all modules'} must be a string, not {text!r}")
    return modes
