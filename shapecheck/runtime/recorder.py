"""The recorder: which shapes and dtypes the functions of a program were called with, annotated or not.

`shapecheck.record("shapes.json")` and `shapecheck run --record shapes.json program.py`. Python's own monitoring tells of
every start, return and yield of a function; functions of files outside the folder are told apart once and never again.
The file is that of :mod:`shapecheck.core.recording`.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from shapecheck.core.recording import Call, Recording, Seen, load
from shapecheck.runtime.arrays import dtype_name, is_array, shape_of

__all__ = ["Recorder", "record"]

_MONITORING: Final = sys.monitoring
_TOOLS: Final = (4, 3, _MONITORING.COVERAGE_ID)
_MAX_ITEMS: Final = 8  # of a container
_FOREIGN: Final = frozenset({"site-packages", "dist-packages", ".venv", "venv"})


class Recorder:
    """Records from `start` to `stop`, or in a `with` block.

    Attributes:
        recording: what has been seen.
    """

    def __init__(self, path: Path | None, folder: Path) -> None:
        self.recording = Recording()
        self._path, self._folder = path, folder.resolve()
        self._files: dict[str, str | None] = {}
        self._running: dict[tuple[int, int], list[tuple[str, Seen]]] = {}
        self._lock = threading.Lock()
        self._tool: int | None = None

    def start(self) -> Self:
        """Begin.

        Raises:
            RuntimeError: it is recording already, or debuggers and profilers leave no room.
        """
        if self._tool is not None:
            raise RuntimeError("this recorder is recording already")
        self._tool = next((each for each in _TOOLS if _MONITORING.get_tool(each) is None), None)
        if self._tool is None:
            raise RuntimeError("no recording is possible, because other tools use all of Python's monitoring")
        _MONITORING.use_tool_id(self._tool, "shapecheck.record")
        events = _MONITORING.events
        callbacks: dict[int, Callable[..., Any]] = {
            events.PY_START: self._started,
            events.PY_RETURN: self._returned,
            events.PY_YIELD: self._yielded,
            events.PY_UNWIND: self._unwound,
        }
        for event, callback in callbacks.items():
            _MONITORING.register_callback(self._tool, event, callback)
        _MONITORING.set_events(self._tool, sum(callbacks))
        _MONITORING.restart_events()  # an earlier recorder with this number may have told other files apart
        return self

    def stop(self) -> None:
        """End, and add what was seen to the file, if there is one; it is replaced whole or not at all.

        Raises:
            OSError: the file cannot be read or written.
            BadRecording: there is another file in its place.
        """
        if self._tool is None:
            return
        _MONITORING.set_events(self._tool, _MONITORING.events.NO_EVENTS)
        _MONITORING.free_tool_id(self._tool)
        self._tool = None
        if self._path is not None:
            whole = load(self._path) if self._path.exists() else Recording()
            whole.merge(self.recording)
            whole.save(self._path)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What Python tells

    def _started(self, code: types.CodeType, _: int) -> object:
        if self._file(code) is None:
            return _MONITORING.DISABLE
        frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        self._running[_key(frame)] = [seen for name in _parameters(code) for seen in _arrays(name, frame.f_locals.get(name))]
        return None

    def _returned(self, code: types.CodeType, _: int, value: object) -> object:
        return self._finished(code, "return", value, self._running.pop)

    def _yielded(self, code: types.CodeType, _: int, value: object) -> object:
        return self._finished(code, "yield", value, self._running.get)

    def _finished(self, code: types.CodeType, name: str, value: object, take: Callable[..., Any]) -> object:
        if (file := self._file(code)) is None:
            return _MONITORING.DISABLE
        arguments: list[tuple[str, Seen]] | None = take(_key(sys._getframe(2)), None)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if arguments is not None:
            results = list(_arrays(name, value))
            call: Call = (*arguments, *results)
            if results or (call and name == "return"):
                with self._lock:
                    self.recording.add(file, code.co_qualname, call)
        return None

    def _unwound(self, code: types.CodeType, _: int, __: BaseException) -> None:
        if self._file(code) is not None:
            self._running.pop(_key(sys._getframe(1)), None)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def _file(self, code: types.CodeType) -> str | None:
        """The file of a function as the recording calls it; None for files that are not recorded."""
        if code.co_filename not in self._files:
            self._files[code.co_filename] = self._relative(code.co_filename)
        return self._files[code.co_filename] if not code.co_name.startswith("<") else None

    def _relative(self, name: str) -> str | None:
        try:
            relative = Path(name).resolve().relative_to(self._folder)
        except (ValueError, OSError):
            return None
        is_file = not name.startswith("<") and relative.suffix == ".py"
        return relative.as_posix() if is_file and _FOREIGN.isdisjoint(relative.parts) else None


def _key(frame: types.FrameType) -> tuple[int, int]:
    return id(frame), threading.get_ident()


def _parameters(code: types.CodeType) -> tuple[str, ...]:
    stars = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # `*args` and `**kwargs`, inspect.CO_VARARGS and so on
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]


def _arrays(name: str, value: object) -> Iterator[tuple[str, Seen]]:
    """The arrays in a value, two levels of containers deep."""
    if (seen := _see(value)) is not None:
        yield name, seen
        return
    for key, item in _items(value):
        if (seen := _see(item)) is not None:
            yield f"{name}[{key!r}]", seen
            continue
        for inner, each in _items(item):
            if (seen := _see(each)) is not None:
                yield f"{name}[{key!r}][{inner!r}]", seen


def _items(value: object) -> list[tuple[object, object]]:
    if type(value) in (list, tuple):
        return list(enumerate(value[:_MAX_ITEMS]))  # type: ignore[index] # pyright: ignore[reportIndexIssue]
    if type(value) is dict:
        return list(value.items())[:_MAX_ITEMS]
    return []


def _see(value: object) -> Seen | None:
    """An array as the recording has it; None for anything else, and for sizes that are symbols."""
    if isinstance(value, type) or not is_array(value):
        return None
    try:
        shape = tuple(map(int, shape_of(value)))
        kind = type(value)
        jax = sys.modules.get("jax")
        array = "jax.Array" if jax is not None and isinstance(value, jax.Array) else f"{kind.__module__}.{kind.__qualname__}"
        return Seen(dtype_name(value).removesuffix("_"), shape, array)
    except Exception:  # only looks like an array, or is one that is being traced
        return None


def record(path: str | Path | None = None, *, folder: str | Path = ".") -> Recorder:
    """A recorder of the shapes and dtypes that functions are called with and return.

    Args:
        path: the file to write at the end; if it exists, its calls are kept.
        folder: functions of files in it are recorded, but not those of installed packages.
    """
    return Recorder(Path(path) if path is not None else None, Path(folder))
