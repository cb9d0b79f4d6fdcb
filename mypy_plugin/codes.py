"""mypy's error codes for the catalogue of `shapecheck.core.diagnostics`, so that `type: ignore[shape-op]` works."""

from __future__ import annotations

from mypy.errorcodes import ErrorCode

CATEGORY = "Shapes"
MISMATCH = ErrorCode("shape-mismatch", "Check that named and fixed axes have the sizes they are annotated with", CATEGORY)
RANK = ErrorCode("shape-rank", "Check that arrays have the number of axes they are annotated with", CATEGORY)
OPERATION = ErrorCode("shape-op", "Check that array operations can work on the shapes they get", CATEGORY)
BROADCAST = ErrorCode("shape-broadcast", "Check that shapes broadcast", CATEGORY)
DTYPE = ErrorCode("shape-dtype", "Check that arrays have the dtypes that are asked for", CATEGORY)
ANNOTATION = ErrorCode("shape-annotation", "Check that shape strings are well formed", CATEGORY)
INTERNAL = ErrorCode("shape-internal", "Report faults of shapecheck itself", CATEGORY)
UNKNOWN = ErrorCode("shape-unknown", "Report arrays of unknown shape where one is asked for", CATEGORY, default_enabled=False)

BY_NAME = {code.code: code for code in (MISMATCH, RANK, OPERATION, BROADCAST, DTYPE, ANNOTATION, INTERNAL, UNKNOWN)}
