"""Symbolic axes as Python source, from the grammar's tree; never from the text of an annotation.

Only expressions whose meaning is the same after this are translated: arithmetic, comparison and calls of a few builtins
over names. Everything else stays with the reference. Called by the compiler.
"""

import ast
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Final

from shapecheck.core.expression import Expression, free_names

__all__ = ["Translation", "translate"]

_NODES: Final = (
    *(ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Constant, ast.Name, ast.Load),
    *(ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.Not),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.And, ast.Or),
)
_FUNCTIONS: Final = frozenset({"min", "max", "abs", "round", "pow", "int"})


@dataclass(frozen=True, slots=True)
class Translation:
    """Source of a symbolic axis.

    Attributes:
        arguments: source of each `{...}`, to be evaluated first; each must be an int and not negative, since the
            grammar pastes text and `-1` or `a+1` would join its neighbours.
        source: source of the axis itself.
        names: the axes it reads.
    """

    arguments: tuple[tuple[str, str], ...]
    source: str
    names: frozenset[str]


def translate(
    expression: Expression, variable: Callable[[str], str], known: Set[str], parameters: dict[str, str], prefix: str
) -> Translation | None:
    """Translate an axis, or None if only the reference can read it.

    Args:
        expression: the axis.
        variable: the variable that holds the size of a name.
        known: every name of an axis in the function.
        parameters: source that gives the value of each parameter.
        prefix: start of every name that is ours.
    """
    if expression.tree is None or not _translatable(expression.tree, known):
        return None
    placeholders = {f"_interp{index}": f"{prefix}i{index}" for index in range(len(expression.interpolations))}
    needed = free_names(expression.tree)
    names = frozenset(needed) - placeholders.keys()
    arguments = [_argument(text, parameters) for text in expression.interpolations]
    if not names <= known or not placeholders.keys() <= needed or None in arguments:
        return None
    renamed = _rename(expression.tree, placeholders | {name: variable(name) for name in names})
    pairs = zip(placeholders.values(), (each for each in arguments if each is not None), strict=True)
    return Translation(tuple(pairs), ast.unparse(renamed), names)


def _translatable(tree: ast.expr, known: Set[str]) -> bool:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return all(_is_allowed(node, known) for node in ast.walk(tree) if id(node) not in called)


def _is_allowed(node: ast.AST, known: Set[str]) -> bool:
    if isinstance(node, ast.Call):
        function = node.func
        named = isinstance(function, ast.Name) and function.id in _FUNCTIONS and function.id not in known
        return named and not node.keywords and bool(node.args)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return isinstance(node, _NODES)


def _argument(text: str, parameters: dict[str, str]) -> str | None:
    """Source of what stands in `{...}`: a parameter, its attributes and items, and arithmetic on them."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:  # a format specification, among others
        return None
    allowed = (*_NODES, ast.Attribute, ast.Subscript)
    if not all(isinstance(node, allowed) for node in ast.walk(tree)) or not free_names(tree) <= parameters.keys():
        return None
    return ast.unparse(_rename(tree, parameters))


def _rename(tree: ast.expr, names: dict[str, str]) -> ast.expr:
    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.parse(names[node.id], mode="eval").body if node.id in names else node

    renamed = Rename().visit(ast.parse(ast.unparse(tree), mode="eval").body)
    assert isinstance(renamed, ast.expr)
    return renamed
