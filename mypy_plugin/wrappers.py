"""What a decorator written without types keeps of the function it decorates, as its source says.

Pure reading of Python's own syntax trees: mypy's cache has no bodies, so a decorator of an unchanged module has none in a warm
run. Called by `decorators`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path


class Kept(Enum):
    """What calls of the decorated function have in common with calls of the function."""

    ALL = "the arguments and the result"
    ARGUMENTS = "the arguments"


@dataclass(frozen=True, slots=True)
class Decorating:
    """What a function keeps of a function: when it is called with it, and when what it returns is called with it."""

    direct: Kept | None = None
    factory: Kept | None = None


_NOTHING = Decorating()


def read(path: str, name: str) -> Decorating:
    """What a function at the top of a module's file does as a decorator, or as a maker of decorators."""
    try:
        found = Path(path).stat()
        return _functions(path, found.st_mtime_ns, found.st_size).get(name, _NOTHING)
    except (OSError, SyntaxError, ValueError):
        return _NOTHING  # a module without a file that can be read


@lru_cache(maxsize=64)
def _functions(path: str, changed: int, size: int) -> dict[str, Decorating]:
    module = ast.parse(Path(path).read_bytes())
    return {each.name: _decorating(each) for each in module.body if isinstance(each, ast.FunctionDef)}


def _decorating(function: ast.FunctionDef) -> Decorating:
    """A decorator, a maker of decorators, or both: `def checked(f=None, *, strict=False)`."""
    if (direct := _decorates(function)) is not None:
        return Decorating(direct=direct)
    inner, returned = _definitions(function), _returned(function)
    made = {value.id for value in returned if isinstance(value, ast.Name)}
    applied = {value.func.id for value in returned if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)}
    names = made | applied
    if len(names) != 1 or not names <= inner.keys() or not all(_is_made(value, function) for value in returned):
        return _NOTHING
    kept = _decorates(inner[next(iter(names))])
    return Decorating(kept if applied else None, kept if made else None)


def _is_made(value: ast.expr | None, function: ast.FunctionDef) -> bool:
    """Whether a maker of decorators returns a decorator, or what the decorator makes of the function it was given."""
    match value:
        case ast.Call(args=[ast.Name(id=name)], keywords=[]):
            return name == _first(function)
        case _:
            return isinstance(value, ast.Name)


def _decorates(function: ast.FunctionDef) -> Kept | None:
    """What a decorator keeps that returns the function itself, or wrappers of it."""
    parameter, inner, returned = _first(function), _definitions(function), _returned(function)
    if parameter is None or parameter in _assigned(function) or not returned or not _ends(function.body):
        return None
    found: set[Kept | None] = set()
    for value in returned:
        if not isinstance(value, ast.Name):
            return None
        found.add(Kept.ALL if value.id == parameter else _wraps(inner[value.id], parameter) if value.id in inner else None)
    return None if None in found else Kept.ARGUMENTS if Kept.ARGUMENTS in found else Kept.ALL


def _wraps(wrapper: ast.FunctionDef, function: str) -> Kept | None:
    """What a wrapper keeps that hands on `*args` and `**kwargs` as they came."""
    arguments = wrapper.args
    leading = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg is None or arguments.kwarg is None or arguments.kwonlyargs or not set(leading) <= {"self", "cls"}:
        return None
    handed = [*leading, arguments.vararg.arg, arguments.kwarg.arg]
    if not all(_is_wraps(decorator) for decorator in wrapper.decorator_list):
        return None
    if {function, *handed} & _assigned(wrapper) or not _only_reads(wrapper, handed[-1]):
        return None
    if any(isinstance(node, ast.Yield | ast.YieldFrom | ast.Await) for node in ast.walk(wrapper)):
        return None
    returned = _returned(wrapper)
    values = dict(_assignments(wrapper))
    if returned and _ends(wrapper.body) and all(_hands_on(values.get(_name(v), v), function, handed) for v in returned):
        return Kept.ALL
    return Kept.ARGUMENTS if any(_hands_on(node, function, handed) for node in _certain(wrapper.body)) else None


def _is_wraps(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Call(func=ast.Name(id="wraps") | ast.Attribute(attr="wraps")):
            return True
        case _:
            return False


def _hands_on(value: ast.AST | None, function: str, names: Sequence[str]) -> bool:
    """Whether an expression is `function(*args, **kwargs)`, with what leads them."""
    match value:
        case ast.Call(
            func=ast.Name(id=called), args=[*first, ast.Starred(value=rest)], keywords=[ast.keyword(arg=None, value=by_name)]
        ):
            return called == function and [_name(node) for node in (*first, rest, by_name)] == list(names)
        case _:
            return False


def _name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else ""


_READING = frozenset(["get", "items", "keys", "values", "copy"])
_SHOWING = frozenset(["print", "repr", "str", "len", "sorted", "hash", "debug", "info", "log", "warning", "error", "exception"])


def _only_reads(wrapper: ast.FunctionDef, name: str) -> bool:
    """Whether a wrapper leaves the dictionary of its keywords as it is."""
    return all(
        _reads(parent)
        for parent in ast.walk(wrapper)
        for child in ast.iter_child_nodes(parent)
        if isinstance(child, ast.Name) and child.id == name
    )


def _reads(parent: ast.AST) -> bool:
    match parent:
        case ast.keyword(arg=None) | ast.Subscript(ctx=ast.Load()) | ast.Compare() | ast.FormattedValue():
            return True
        case ast.Attribute(attr=attribute):
            return attribute in _READING
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            return called in _SHOWING
        case _:
            return False


# --- statements ----------------------------------------------------------------------------------------------------


def _first(function: ast.FunctionDef) -> str | None:
    """The first parameter that is given by position."""
    return next((argument.arg for argument in (*function.args.posonlyargs, *function.args.args)), None)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's own body, without those of functions and classes in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _inside(child)


def _definitions(function: ast.FunctionDef) -> dict[str, ast.FunctionDef]:
    """The functions that a function defines whatever happens, once each."""
    names = [node.name for node in _inside(function) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
    return {node.name: node for node in function.body if isinstance(node, ast.FunctionDef) and names.count(node.name) == 1}


def _returned(function: ast.FunctionDef) -> list[ast.expr | None]:
    return [node.value for node in _inside(function) if isinstance(node, ast.Return)]


def _assigned(function: ast.FunctionDef) -> set[str]:
    """The names that a function assigns or deletes, in its own body or as names of outer functions."""
    stored = {node.id for node in _inside(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    outer = {name for node in ast.walk(function) if isinstance(node, ast.Nonlocal) for name in node.names}
    return stored | outer


def _assignments(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """The names that a function assigns just once, with their values."""
    nodes = list(_inside(function))
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if stored.count(name) == 1:
                yield name, value


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether statements return or raise in every case, so that the function never answers `None`."""
    match statements[-1] if statements else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=body, orelse=other):
            return _ends(body) and _ends(other)
        case ast.With(body=body, items=items):
            return _ends(body) and not any(map(_swallows, items))
        case ast.Try(body=body, handlers=handlers, orelse=other):
            return _ends(other or body) and all(_ends(handler.body) for handler in handlers)
        case _:
            return False


def _swallows(item: ast.withitem) -> bool:
    """Whether a `with` may end an exception: `contextlib.suppress`, `pytest.raises`."""
    return any(name in ast.unparse(item.context_expr) for name in ("suppress", "raises"))


def _certain(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The expressions that are evaluated, and whose exceptions leave the function, whatever happens."""
    for statement in statements:
        match statement:
            case ast.Expr(value=value) | ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=value):
                yield from _evaluated(value)
            case ast.With(body=body, items=items) if not any(map(_swallows, items)):
                yield from _certain(body)
            case ast.Try(body=body, handlers=handlers) if all(_ends(handler.body) for handler in handlers):
                yield from _certain(body) if not any(_returned_in(handler) for handler in handlers) else ()
        if any(isinstance(node, ast.Return | ast.Break | ast.Continue) for node in (statement, *_inside(statement))):
            return


def _returned_in(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Return) for node in _inside(handler))


def _evaluated(value: ast.AST | None) -> Iterator[ast.AST]:
    """An expression and its parts, without those that a condition or a later call decides about."""
    if value is None or isinstance(value, ast.BoolOp | ast.IfExp | ast.Lambda | ast.GeneratorExp | ast.Compare):
        return
    yield value
    for child in ast.iter_child_nodes(value):
        yield from _evaluated(child)
