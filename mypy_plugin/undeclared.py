"""Functions of torch that are variables without a type: `norm = _add_docstr(_linalg.linalg_norm, ...)`.

mypy takes them for `Any`, and no hook hears of their calls. Before such a module is analysed its variables are declared as
functions that take anything, so that the rules of `torch.linalg`, `torch.fft` and `torch.special` are asked.
"""

from __future__ import annotations

from mypy.fastparse import parse_type_string
from mypy.nodes import AssignmentStmt, CallExpr, ImportFrom, MypyFile, NameExpr

MODULES = frozenset(["torch.linalg", "torch.fft", "torch.special"])
_TYPE = "Callable[..., Any]"


def declare(module: MypyFile) -> None:
    """Declares the functions of a freshly parsed module."""
    for statement in module.defs:
        if isinstance(statement, AssignmentStmt) and statement.type is None and _is_documented(statement):
            statement.type = parse_type_string(_TYPE, "builtins.function", statement.line, statement.column)
            statement.unanalyzed_type = statement.type
    wanted = ImportFrom("typing", 0, [("Any", None), ("Callable", None)])
    wanted.is_top_level = True
    module.defs.insert(0, wanted)
    module.imports.append(wanted)


def _is_documented(statement: AssignmentStmt) -> bool:
    match statement.rvalue:
        case CallExpr(callee=NameExpr(name="_add_docstr")):
            return True
        case _:
            return False
