"""`%load_ext shapecheck`: functions and classes of later cells are checked, as the import hook checks those of modules.

IPython finds the two functions as attributes of the package. What a cell has defined stays checked after `%unload_ext`.
"""

import ast
from typing import Protocol

from shapecheck.runtime.hook import GLOBALS, transform

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


class Shell(Protocol):
    """What is used of IPython's `InteractiveShell`."""

    ast_transformers: list[ast.NodeTransformer]

    def push(self, variables: dict[str, object], interactive: bool = True) -> None: ...


class _Cells(ast.NodeTransformer):
    """What IPython calls with each cell's syntax tree."""

    def visit(self, node: ast.AST) -> ast.AST:
        return transform(node) if isinstance(node, ast.Module) else node


def load_ipython_extension(shell: Shell) -> None:
    """Check what later cells define."""
    unload_ipython_extension(shell)
    shell.push(dict(GLOBALS), interactive=False)
    shell.ast_transformers.append(_Cells())


def unload_ipython_extension(shell: Shell) -> None:
    """Leave later cells alone."""
    shell.ast_transformers[:] = [each for each in shell.ast_transformers if not isinstance(each, _Cells)]
