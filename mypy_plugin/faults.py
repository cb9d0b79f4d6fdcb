"""The faults we found lately, by line of the call.

mypy swallows what a hook reports while it tries an overload, and then says that no variant matches; `gate` finds here what
we had to say about it.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A message and the name of its code."""

    text: str
    code: str


_recent: dict[tuple[str, int], Fault] = {}


def note(path: str, line: int, text: str, code: str) -> None:
    """Remembers the first fault of a line: mypy may try the operands the other way round after it."""
    if len(_recent) > 1024:
        _recent.clear()
    _recent.setdefault((path, line), Fault(text, code))


def found(path: str, line: int) -> Fault | None:
    """The fault of a line, None when there was none."""
    return _recent.get((path, line))


def forget(path: str) -> None:
    """Forgets a file that is analysed anew."""
    for key in [key for key in _recent if key[0] == path]:
        del _recent[key]
