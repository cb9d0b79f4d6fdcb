"""What a program's arrays were like when it ran: a file that the recorder writes and the codemod reads.

The file is JSON:

    {"version": 1, "functions": [
        {"file": "src/model.py", "function": "Model.forward", "calls": [
            {"count": 3, "arrays": {
                "x": {"dtype": "float32", "shape": [8, 16], "array": "torch.Tensor"},
                "return": {"dtype": "float32", "shape": [8, 4], "array": "torch.Tensor"}}}]}]}

`file` is relative to the folder of the run, `function` its qualified name. An array is called by its argument, with the
way to it inside a container (`xs[0]`, `batch['image']`), or `return` or `yield`. Calls with equal arrays are counted once.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

__all__ = ["MAX_CALLS", "BadRecording", "Call", "Recording", "Seen", "load"]

MAX_CALLS: Final = 64
"""How many different calls of one function are kept."""

_VERSION: Final = 1


class BadRecording(ValueError):
    """A file that is no recording, or one of another version."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One array: the name of its dtype, its shape, and its class as `torch.Tensor`."""

    dtype: str
    shape: tuple[int, ...]
    array: str


type Call = tuple[tuple[str, Seen], ...]
"""The arrays of one call with their names, in the order of the signature."""


@dataclass(slots=True)
class Recording:
    """The different calls of every function, each with how often it was seen; by file and qualified name."""

    functions: dict[tuple[str, str], Counter[Call]] = field(default_factory=dict[tuple[str, str], Counter[Call]])

    def add(self, file: str, function: str, call: Call, count: int = 1) -> None:
        """Take note of a call; of a function with many different ones, the first are kept."""
        calls = self.functions.setdefault((file, function), Counter())
        if call in calls or len(calls) < MAX_CALLS:
            calls[call] += count

    def merge(self, other: Recording) -> None:
        """Add all calls of another recording."""
        for (file, function), calls in other.functions.items():
            for call, count in calls.items():
                self.add(file, function, call, count)

    def data(self) -> dict[str, Any]:
        """The contents of the file."""
        functions = [
            {"file": file, "function": function, "calls": [_call_data(call, count) for call, count in calls.items()]}
            for (file, function), calls in sorted(self.functions.items())
        ]
        return {"version": _VERSION, "functions": functions}

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
            json.dump(self.data(), file, indent=1)
        os.replace(file.name, path)  # noqa: PTH105 - the name is text


def _call_data(call: Call, count: int) -> dict[str, Any]:
    arrays = {name: {"dtype": seen.dtype, "shape": list(seen.shape), "array": seen.array} for name, seen in call}
    return {"count": count, "arrays": arrays}


def load(path: Path) -> Recording:
    """Read a file that :meth:`Recording.save` has written.

    Raises:
        OSError: it cannot be read.
        BadRecording: it is something else.
    """
    found = Recording()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise BadRecording(f"{path} has version {data['version']}, and version {_VERSION} is what can be read")
        for function in data["functions"]:
            for call in function["calls"]:
                found.add(function["file"], function["function"], tuple(_arrays(call["arrays"])), call["count"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRecording(f"{path} is not a recording of shapes: {error!r}") from error
    return found


def _arrays(data: Mapping[str, Any]) -> Iterator[tuple[str, Seen]]:
    for name, each in data.items():
        yield name, Seen(each["dtype"], tuple(each["shape"]), each["array"])
