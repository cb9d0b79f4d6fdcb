"""Annotated locals: `y: Float[Tensor, "b d"] = f(x)` in the body of a function, in the scope of its arguments.

The import hook rewrites, once per function that has such a local, `y: T = value` to `y: T = check(value, lambda: T, ...)`,
and hands what is returned or yielded through the same scope. The names that the arguments have bound are worked out by
the reference when the first such line runs. The scope is a local variable itself, so coroutines, generators and threads
need no care. Only hints with arrays in them are checked.
"""

from __future__ import annotations

import ast
import sys
import types
import typing
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from shapecheck.runtime.call import Checker
from shapecheck.runtime.errors import UncheckedWarning
from shapecheck.runtime.hints import ANYTHING, Anything, Hint, array_hints, tree_hints
from shapecheck.runtime.modes import mode_of
from shapecheck.runtime.reading import read_hint
from shapecheck.runtime.scope import Scope
from shapecheck.runtime.signature import Kind, Spec

__all__ = ["HELPERS", "rewrite"]

type _Function = ast.FunctionDef | ast.AsyncFunctionDef

_SCOPE: Final = "__shapecheck_scope__"


# While a module is loaded


def rewrite(function: _Function) -> None:
    """Add the checks to a function that has annotated locals with a value."""
    if any(_is_checked(node) for node in _own_nodes(function)):
        _Rewrite().generic_visit(function)
        start = 1 if ast.get_docstring(function, clean=False) is not None else 0
        function.body.insert(start, _opening(function))


def _is_checked(node: ast.AST) -> bool:
    """Whether it is an annotated assignment whose annotation may mention arrays."""
    if not isinstance(node, ast.AnnAssign) or node.value is None:
        return False
    if isinstance(node.annotation, ast.Name) and node.annotation.id in _PLAIN:
        return False
    return not any(isinstance(part, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await) for part in ast.walk(node.annotation))


_PLAIN: Final = frozenset({"int", "float", "bool", "str", "bytes", "complex", "object", "list", "dict", "set", "tuple", "Any"})
_INNER: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def _own_nodes(function: _Function) -> Iterator[ast.AST]:
    """The nodes of the body, without those of functions and classes in it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _INNER):
            todo.extend(ast.iter_child_nodes(node))


class _Rewrite(ast.NodeTransformer):
    """Puts calls of the helpers around values."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Functions and classes in the body are left alone; the body itself is where this starts."""
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, _INNER):
                super().visit(child)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None and _is_checked(node):
            empty = ast.arguments([], [], None, [], [], None, [])
            annotation = ast.Lambda(empty, node.annotation)
            node.value = _call(_CHECK, node.value, annotation, ast.Constant(ast.unparse(node.target)))
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None:
            node.value = _call(_RETURNED, node.value)
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None:
            node.value = _call(_YIELDED, node.value)
        return node


def _call(helper: str, value: ast.expr, *more: ast.expr) -> ast.expr:
    arguments = [ast.Name(_SCOPE, ast.Load()), value, *more]
    return ast.fix_missing_locations(ast.copy_location(ast.Call(ast.Name(helper, ast.Load()), arguments, []), value))


def _opening(function: _Function) -> ast.stmt:
    """`scope = open({"x": x, ...})`, before the body can rebind a parameter."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names = [each.arg for each in (*every, arguments.vararg, arguments.kwarg) if each is not None]
    values: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    passed = ast.Dict([ast.Constant(name) for name in names], values)
    opening = ast.Assign([ast.Name(_SCOPE, ast.Store())], ast.Call(ast.Name(_OPEN, ast.Load()), [passed], []))
    return ast.fix_missing_locations(ast.copy_location(opening, function.body[0]))


# While a function runs


class _Body:
    """One call of a function with annotated locals; its scope is made when the first of them is reached."""

    __slots__ = ("_code", "_globals", "_passed", "_scope", "checker")

    def __init__(self, frame: types.FrameType, passed: Mapping[str, object]) -> None:
        self._code, self._globals, self._passed = frame.f_code, frame.f_globals, passed
        self._scope: Scope | None = None
        self.checker: Checker | None = None

    def check(self, value: Any, annotation: Callable[[], Any], target: str) -> None:
        """Check the value of a local; what it binds, later checks of this call know."""
        hint = _hint(annotation, target)
        if not isinstance(hint, Anything) and mode_of(str(self._globals.get("__name__", ""))).kind in _CHECKING:
            if self.checker is None or self._scope is None:
                self.checker = Checker.of(self._code) or Checker(Spec(self._name(), Kind.PLAIN, (), self._globals["__name__"]))
                self._scope = self.checker.scope(self._passed)
            self.checker.local(hint, value, self._scope, target)

    def _name(self) -> str:
        return self._code.co_qualname.replace("<locals>.", "")

    def finish(self, check: Callable[[Checker, Any, Scope], None], value: Any) -> None:
        """Check what is returned or yielded, if a local has opened the scope."""
        if self.checker is not None and self._scope is not None:
            check(self.checker, value, self._scope)


_CHECKING: Final = frozenset({"on", "warn", "log"})


def _is_traced() -> bool:
    """Whether Dynamo is looking on: locals are no part of what it compiles."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.compiler.is_compiling())


def _open(passed: Mapping[str, object]) -> _Body | None:
    return None if _is_traced() else _Body(sys._getframe(1), passed)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _check[T](body: _Body | None, value: T, annotation: Callable[[], Any], target: str) -> T:
    __tracebackhide__ = True
    if body is not None:
        body.check(value, annotation, target)
    return value


def _returned[T](body: _Body | None, value: T) -> T:
    __tracebackhide__ = True
    if body is not None:
        body.finish(Checker.returned, value)
    return value


def _yielded[T](body: _Body | None, value: T) -> T:
    __tracebackhide__ = True
    if body is not None:
        body.finish(Checker.yielded, value)
    return value


_hints: Final[dict[int, tuple[weakref.ref[types.CodeType], Hint]]] = {}
"""By the identity of the code of a lambda: codes of two files are equal if they look alike and stand on the same line."""


def _forget(key: int, _: object) -> None:
    """The code that a hint was read from is gone."""
    _hints.pop(key, None)


def _hint(annotation: Any, target: str) -> Hint:
    """The hint of one line; read once, unless it mentions variables of the function."""
    code = annotation.__code__
    known = _hints.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    hint = _read(annotation, target)
    if annotation.__closure__ is None:
        _hints[id(code)] = weakref.ref(code, partial(_forget, id(code))), hint
    return hint


def _read(annotation: Any, target: str) -> Hint:
    try:
        holder = types.SimpleNamespace(__annotations__={"hint": annotation()})
        hint = read_hint(typing.get_type_hints(holder, annotation.__globals__, include_extras=True)["hint"])
    except Exception as error:  # Python itself does not evaluate the annotation of a local: anything may be written there
        warnings.warn(f"the local `{target}` is not checked, because its annotation cannot be read: {error}", UncheckedWarning, 4)
        return ANYTHING
    return hint if next(array_hints(hint), None) or next(tree_hints(hint), None) else ANYTHING


_OPEN, _CHECK, _RETURNED, _YIELDED = (f"__shapecheck_{word}__" for word in ("open", "check", "returned", "yielded"))

HELPERS: Final[Mapping[str, object]] = {_OPEN: _open, _CHECK: _check, _RETURNED: _returned, _YIELDED: _yielded}
"""What a rewritten module needs among its globals."""
