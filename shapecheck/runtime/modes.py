"""How much is checked, and what a failure does: on, off, once, every=n, warn, log; at run time and per module.

The mode of a module is the one set for it or for the nearest package around it: by :func:`set_mode`, else by the
environment or `pyproject.toml` (:mod:`shapecheck.runtime.configuration`), else `on`. Wrappers ask when they are called
for the first time after a change, which :func:`set_mode` tells them; failures ask :func:`fail`.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from shapecheck.runtime.configuration import ConfigurationError, configured_modes
from shapecheck.runtime.cost import cost_of, follow, measuring
from shapecheck.runtime.errors import ShapeError, ShapeWarning, warn

__all__ = ["Mode", "Switchable", "fail", "is_disabled", "mode", "mode_of", "register", "set_mode"]

type Kind = Literal["on", "off", "once", "every", "warn", "log"]

_LOGGER: Final = logging.getLogger("shapecheck")


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode; `every` checks one call in `period`."""

    kind: Kind = "on"
    period: int = 1

    @classmethod
    def parse(cls, text: str) -> Mode:
        """Read `on`, `off`, `once`, `every=8`, `warn` or `log`.

        Raises:
            ValueError: anything else.
        """
        kind, _, period = text.partition("=")
        match kind:
            case "on" | "off" | "once" | "warn" | "log" if not period:
                return cls(kind)
            case "every" if period.isdecimal() and int(period) > 0:
                return cls("every", int(period))
            case _:
                raise ValueError(f"unknown mode {text!r}; write on, off, once, every=8, warn or log")

    def checks(self, call: int) -> bool:
        """Whether a call is checked, by its number since the mode began, from 1."""
        match self.kind:
            case "off":
                return False
            case "once":
                return call == 1
            case "every":
                return (call - 1) % self.period == 0
            case "on" | "warn" | "log":
                return True


class Switchable(Protocol):
    """A wrapper that can follow a change of mode."""

    def rest(self) -> None: ...


_modes: dict[str, Mode] = {}  # by module or package; "" is the default of all
_wrappers: weakref.WeakSet[Switchable] = weakref.WeakSet()


def register(wrapper: Switchable) -> None:
    """Let a wrapper follow later changes."""
    _wrappers.add(wrapper)


def mode_of(module: str) -> Mode:
    """The mode that holds in a module.

    Raises:
        ValueError: the configuration names a mode that does not exist.
    """
    if not _modes:
        _modes.update(_configured())
    while module not in _modes and module:
        module = module.rpartition(".")[0]
    return _modes[module]


def is_disabled(module: str) -> bool:
    """Whether `SHAPECHECK=off` keeps functions as they are, which leaves no way back."""
    return mode_of(module).kind == "off" and os.environ.get("SHAPECHECK") == "off"


def _configured() -> dict[str, Mode]:
    modes = {"": Mode()}
    for module, (text, path) in configured_modes().items():
        try:
            modes[module] = Mode.parse(text)
        except ValueError as error:
            raise (ConfigurationError(path, str(error)) if path else ValueError(f"SHAPECHECK: {error}")) from None
    return modes


def set_mode(text: str, module: str = "") -> None:
    """Change the mode of a module, of a package with all in it, or of everything that has none of its own.

    Args:
        text: `on`, `off`, `once` (the first call of each function), `every=8` (one call in eight), `warn` or `log` (check
            all calls, but do not raise).
        module: full name of a module or package.

    Raises:
        ValueError: an unknown mode.
    """
    mode_of("")
    _modes[module] = Mode.parse(text)
    _tell_wrappers()


@contextmanager
def mode(text: str, module: str = "") -> Generator[None]:
    """:func:`set_mode` for the length of a `with` block."""
    mode_of("")
    before = dict(_modes)
    set_mode(text, module)
    try:
        yield
    finally:
        _modes.clear()
        _modes.update(before)
        _tell_wrappers()


def _tell_wrappers() -> None:
    for wrapper in list(_wrappers):
        wrapper.rest()


follow(_tell_wrappers)


def fail(error: ShapeError, module: str) -> None:
    """What a failed check does: raise, warn or log."""
    if measuring():
        cost_of(module, error.report.function).failures += 1
    match mode_of(module).kind:
        case "warn":
            warn(str(error), ShapeWarning)
        case "log":
            _LOGGER.warning("%s", error)
        case _:
            raise error
