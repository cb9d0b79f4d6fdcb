"""The configuration that `shapecheck check` gives mypy: the user's own, with our defaults where it says nothing.

mypy reads one file, so the user's is found as mypy finds it, read whatever its format, completed and written as TOML to a
temporary place. Nothing the user wrote changes its meaning: paths are made absolute where mypy takes them from the file's
folder, and a section about a module that we would skip wins.
"""

from __future__ import annotations

import configparser
import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill, indent

PLUGIN = "shapecheck.mypy"
DEFAULTS: Mapping[str, object] = {"allow_redefinition": True, "show_column_numbers": True}

_OWN_FILES = ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg")
_SHARED = ("pyproject.toml", "setup.cfg")
_BOUNDARIES = (".git", ".hg")


class BadConfig(Exception):
    """A configuration file that cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Config:
    """mypy options as written: the general ones, and those of module patterns. `path` is None without a file."""

    path: Path | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    modules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def names_targets(self) -> bool:
        """Whether the file says what to check when the command line does not."""
        return not self.options.keys().isdisjoint(("files", "packages", "modules"))


def find(start: Path) -> Config:
    """The configuration that mypy would use in a folder: the nearest file upwards, up to the repository's root, or the user's.

    Raises:
        BadConfig: the file is not readable.
    """
    for folder in (start, *start.parents):
        for name in _OWN_FILES:
            if (config := read(folder / name)) is not None:
                return config
        if any((folder / mark).exists() for mark in _BOUNDARIES):
            break
    return next(filter(None, map(read, _user_files())), Config())


def _user_files() -> Iterator[Path]:
    home = Path.home()
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "mypy" / "config"
    yield home / ".mypy.ini"


def read(path: Path) -> Config | None:
    """The mypy configuration in a file; None where there is no file, or a shared one that says nothing of mypy.

    Raises:
        BadConfig: the file is not readable.
    """
    if not path.is_file():
        return None
    try:
        config = _read_toml(path) if path.suffix == ".toml" else _read_ini(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, configparser.Error) as error:
        raise BadConfig(f"{path}: {' '.join(str(error).split())}") from error
    return config if config is not None or path.name in _SHARED else Config(path)


def _read_toml(path: Path) -> Config | None:
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("mypy")
    if section is None:
        return None
    modules: dict[str, Mapping[str, object]] = {}
    for override in section.pop("overrides", []):
        if not isinstance(override, dict) or "module" not in override:
            raise BadConfig(f"{path}: every [[tool.mypy.overrides]] needs a module")
        names = override.pop("module")
        for name in [names] if isinstance(names, str) else names:
            modules[name] = {**modules.get(name, {}), **override}
    return Config(path, section, modules)


def _read_ini(path: Path) -> Config | None:
    parser = configparser.RawConfigParser()
    parser.read_string(path.read_text(encoding="utf-8"), str(path))
    if not parser.has_section("mypy"):
        return None
    modules: dict[str, Mapping[str, object]] = {}
    for section in parser.sections():
        if section.startswith("mypy-"):
            modules |= {name: dict(parser[section]) for name in section.removeprefix("mypy-").split(",")}
    return Config(path, dict(parser["mypy"]), modules)


def completed(config: Config, skipped: Iterable[str]) -> Config:
    """The configuration with the plugin, our defaults, a cache of its own and the modules that are not read."""
    own = {key: _anchored(value, config.path) for key, value in config.options.items()}
    options = {**DEFAULTS, **own, "plugins": _plugins(own.get("plugins", ()), config.path), "cache_dir": _cache(own)}
    skip = {f"{name}.*": {"follow_imports": "skip"} for name in skipped}
    modules = {pattern: values for pattern, values in skip.items() if not _mentions(config.modules, pattern)}
    return Config(config.path, options, modules | dict(config.modules))


def _mentions(modules: Iterable[str], pattern: str) -> bool:
    """Whether the user has a section about a module of ours or a part of it."""
    root = pattern.removesuffix(".*")
    return any(f"{name}.".startswith(f"{root}.") for name in modules)


def _anchored(value: object, path: Path | None) -> object:
    """mypy's variable for the folder of the configuration file, replaced: the file that mypy reads is elsewhere."""
    if path is None:
        return value
    folder = str(path.resolve().parent)
    match value:
        case str():
            return value.replace("$MYPY_CONFIG_FILE_DIR", folder).replace("${MYPY_CONFIG_FILE_DIR}", folder)
        case list():
            return [_anchored(item, path) for item in value]
        case _:
            return value


def _plugins(written: object, path: Path | None) -> list[str]:
    """The user's plugins and ours. A plugin that is a file is given relative to the configuration file."""
    names = written.split(",") if isinstance(written, str) else list(written) if isinstance(written, list | tuple) else []
    plugins = [_plugin(str(name).strip(), path) for name in names if str(name).strip()]
    return plugins if PLUGIN in plugins else [PLUGIN, *plugins]


def _plugin(name: str, path: Path | None) -> str:
    file = name.partition(":")[0]
    return str(path.resolve().parent / name) if path is not None and file.endswith(".py") else name


def _cache(options: Mapping[str, object]) -> str:
    """A folder within the user's cache: results with other options in the same place would displace each other."""
    folder = str(options.get("cache_dir") or ".mypy_cache")
    return folder if folder == os.devnull else str(Path(folder, "shapecheck"))


def to_toml(config: Config) -> str:
    """The configuration as the text of a `pyproject.toml`."""
    return "\n".join(_toml_lines(config)) + "\n"


def _toml_lines(config: Config) -> Iterator[str]:
    yield "[tool.mypy]"
    yield from _toml_values(config.options)
    for pattern, values in config.modules.items():
        yield "[[tool.mypy.overrides]]"
        yield from _toml_values({"module": pattern, **values})


def _toml_values(values: Mapping[str, object]) -> Iterator[str]:
    """Strings, numbers, booleans and lists of them are the same in JSON and TOML."""
    for key, value in values.items():
        yield f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False, default=str)}"


def example(skipped: Iterable[str]) -> str:
    """The block that the documentation shows for a `pyproject.toml`."""
    words = fill(", ".join(f'"{name}.*"' for name in skipped) + ",", 100, break_on_hyphens=False)
    return f"""\
[tool.mypy]
plugins = ["{PLUGIN}"]
allow_redefinition = true

[[tool.mypy.overrides]]  # parts of the libraries that mypy need not read: a first run takes less than half the time
module = [
{indent(words, "  ")}
]
follow_imports = "skip"
"""
