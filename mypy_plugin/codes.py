"""mypy's error codes for the catalogue of `shapecheck.core.diagnostics`, so that `type: ignore[shape-op]` works."""

from __future__ import annotations

from mypy.errorcodes import ErrorCode

from shapecheck.core.diagnostics import CATALOGUE

CATEGORY = "Shapes"


def _code(name: str) -> ErrorCode:
    """mypy's code for an entry of the catalogue."""
    entry = CATALOGUE[name]
    return ErrorCode(entry.code, entry.summary, CATEGORY, default_enabled=entry.enabled)


MISMATCH = _code("shape-mismatch")
RANK = _code("shape-rank")
OPERATION = _code("shape-op")
BROADCAST = _code("shape-broadcast")
DTYPE = _code("shape-dtype")
ANNOTATION = _code("shape-annotation")
INTERNAL = _code("shape-internal")
UNKNOWN = _code("shape-unknown")

BY_NAME = {code.code: code for code in (MISMATCH, RANK, OPERATION, BROADCAST, DTYPE, ANNOTATION, INTERNAL, UNKNOWN)}
