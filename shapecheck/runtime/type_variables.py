"""Type variables as array types: `def f[T: (Tensor, Array)](x: Float[T, "n"], y: Float[T, "n"])` takes two arrays of one kind.

At run time `Float[T, "n"]` is the union of `Float[Tensor, "n"]` and `Float[Array, "n"]`: jaxtyping forgets the variable.
So :func:`tied_annotations`, called when a signature is read, takes such annotations from the source once more, with a
:class:`Tie` beside the array; :func:`narrow` decides during a call. Only constrained variables (PEP 484) are tied: one
with a bound, or with nothing, may stand for a common base or a union, so two classes in one call prove nothing.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

__all__ = ["MARKERS", "Tie", "narrow", "tied_annotations"]


@dataclass(frozen=True, slots=True)
class Tie:
    """Metadata of `Annotated[Float[T, ...], tie]`: arrays with the same variable are of one class in one call.

    Attributes:
        name: of the variable.
        classes: its constraints.
    """

    name: str
    classes: tuple[type, ...]

    @classmethod
    def of(cls, variable: TypeVar) -> "Tie":
        """The tie of a constrained variable."""
        return cls(variable.__name__, variable.__constraints__)


_ANNOTATED, _TIE = "__shapecheck_annotated__", "__shapecheck_tie__"
MARKERS: Final[Mapping[str, object]] = {_ANNOTATED: Annotated, _TIE: Tie.of}
"""The names that tied annotations use beside those of the function."""


def narrow(value: object, classes: tuple[type, ...], known: tuple[type, ...] | None) -> tuple[type, ...]:
    """The constraints that a value leaves open, among those that earlier values left open; none if it fits none of them."""
    return tuple(each for each in (classes if known is None else known) if isinstance(value, each))


def tied_annotations(function: Callable[..., Any], names: Mapping[str, object]) -> dict[str, str]:
    """The annotations that speak of constrained type variables, as source with the ties in it.

    Args:
        function: an unwrapped function.
        names: what its annotations can see beside its globals.

    Returns:
        By parameter, and `return`; empty if the source cannot be found.
    """
    known: Mapping[str, object] = getattr(function, "__globals__", {})
    variables = {name for name, each in (*known.items(), *names.items()) if _is_constrained(each)}
    annotations = getattr(function, "__annotations__", {})
    if not variables or not any(_may_be_tied(each, variables) for each in annotations.values()):
        return {}
    written = _annotations(function)
    used = {name for node in written.values() for name in _array_types(node)} & variables
    return {name: ast.unparse(_Marker(used).mark(node)) for name, node in written.items() if _speaks_of(node, used)}


def _is_constrained(value: object) -> bool:
    if not isinstance(value, TypeVar):
        return False
    return bool(value.__constraints__) and all(isinstance(each, type) for each in value.__constraints__)


def _may_be_tied(annotation: object, variables: set[str]) -> bool:
    """Whether it may have been written with a variable, which leaves a union behind."""
    if isinstance(annotation, str):
        return any(re.search(rf"\b{re.escape(name)}\b", annotation) for name in variables)
    return isinstance(annotation, TypeVar) or "Union[" in repr(annotation)


def _annotations(function: Callable[..., Any]) -> dict[str, ast.expr]:
    """The annotations of a function as they are written; none if its source cannot be found."""
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != function.__name__:
            return {}
        every = node.args
        given = [*every.posonlyargs, *every.args, *every.kwonlyargs, *filter(None, (every.vararg, every.kwarg))]
        found = [*((each.arg, each.annotation) for each in given), ("return", node.returns)]
        return {name: _unquoted(annotation) for name, annotation in found if annotation is not None}
    except (OSError, TypeError, SyntaxError, IndexError):
        return {}


def _unquoted(node: ast.expr) -> ast.expr:
    text = node.value if isinstance(node, ast.Constant) else None
    return ast.parse(text.strip(), mode="eval").body if isinstance(text, str) else node


def _array_types(annotation: ast.AST) -> list[str]:
    """The names that stand for the array type in `Float[T, "..."]`."""
    return [name for node in ast.walk(annotation) if (name := _array_type(node)) is not None]


def _array_type(node: ast.AST) -> str | None:
    match node:
        case ast.Subscript(slice=ast.Tuple([ast.Name(name), ast.Constant(str())])):
            return name
        case _:
            return None


def _speaks_of(annotation: ast.expr, used: set[str]) -> bool:
    return not used.isdisjoint(_array_types(annotation)) or any(name in used for name in _alone(annotation))


def _alone(annotation: ast.expr) -> list[str]:
    """The names that are the annotation, or a member of a union that is."""
    match annotation:
        case ast.Name(name):
            return [name]
        case ast.BinOp(left, ast.BitOr(), right):
            return _alone(left) + _alone(right)
        case _:
            return []


class _Marker(ast.NodeTransformer):
    """Ties every `Float[T, "..."]` in an annotation, and `T` where it is all of it or a member of a union."""

    def __init__(self, used: set[str]) -> None:
        self._used = used

    def mark(self, annotation: ast.expr) -> ast.expr:
        match annotation:
            case ast.Name(name) if name in self._used:
                return _tied(annotation, name)
            case ast.BinOp(left, ast.BitOr(), right):
                return ast.BinOp(self.mark(left), ast.BitOr(), self.mark(right))
            case _:
                marked: ast.expr = self.visit(annotation)
                return marked

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if (name := _array_type(node)) in self._used and name is not None:
            return _tied(node, name)
        self.generic_visit(node)
        return node


def _tied(node: ast.expr, name: str) -> ast.expr:
    call = ast.Call(ast.Name(_TIE, ast.Load()), [ast.Name(name, ast.Load())], [])
    return ast.Subscript(ast.Name(_ANNOTATED, ast.Load()), ast.Tuple([node, call], ast.Load()), ast.Load())
