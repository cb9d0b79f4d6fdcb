"""The codemod behind `shapecheck annotate`: inserts jaxtyping annotations with evidence, and verifies them.

Phases: `source` reads, `model` indexes, `analyze` (with `walk`, `evaluate`, `comments`, `calls`) collects and solves facts,
`spell` names, `emit` edits, `verify` re-checks with the mypy plugin and backs out, `report` tells.
"""

from shapecheck.codemod.pipeline import Options, annotate
from shapecheck.codemod.report import (
    Annotated,
    Confidence,
    Evidence,
    FileReport,
    Report,
    Skipped,
    Slot,
    render_diff,
    write,
)

__all__ = [
    "Annotated",
    "Confidence",
    "Evidence",
    "FileReport",
    "Options",
    "Report",
    "Skipped",
    "Slot",
    "annotate",
    "render_diff",
    "write",
]
