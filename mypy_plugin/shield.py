"""No fault of ours may stop mypy: a hook that raises answers what mypy would have without us, plus one note.

Every hook goes through `shielded`. Set `SHAPECHECK_RAISE=1` to see the traceback instead (our own tests do).
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mypy.nodes import Context

from mypy_plugin import codes

if TYPE_CHECKING:
    from mypy.errorcodes import ErrorCode
    from mypy.semanal import SemanticAnalyzer

RAISE = bool(os.environ.get("SHAPECHECK_RAISE"))


def shielded[C, T](hook: Callable[[C], T], fallback: Callable[[C], T]) -> Callable[[C], T]:
    """The hook, answering `fallback(ctx)` and leaving a `shape-internal` note when it raises."""

    def call(ctx: C) -> T:
        try:
            return hook(ctx)
        except Exception as error:
            if RAISE:
                raise
            _note(ctx, error)
            return fallback(ctx)

    return call


@contextmanager
def guarded(analyser: SemanticAnalyzer, path: str) -> Iterator[None]:
    """The same for work that has no hook of its own: a module stays as mypy read it."""
    try:
        yield
    except Exception as error:
        if RAISE:
            raise
        analyser.errors.report(1, 0, _message(error, path), code=codes.INTERNAL, severity="note")


def _message(error: Exception, place: str) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    text = f"shapecheck failed {place} ({type(error).__name__} in {where}: {error}); please report it. The type is unknown."
    return text.replace("\n", " ")


def _note(ctx: Any, error: Exception) -> None:
    """Says where our code failed, at the place that made it fail."""
    message = _message(error, "here")
    fail: Callable[..., None] | None = getattr(ctx.api, "fail", None)
    place = getattr(ctx, "context", None)
    if fail is not None and isinstance(place, Context):
        code: ErrorCode = codes.INTERNAL
        fail(message, place, code=code)
