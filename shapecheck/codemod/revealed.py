"""Shapes that the plugin infers: returns that nothing else speaks of are revealed in the candidate that is checked anyway.

`mark` wraps the returned expressions of open functions in `reveal_type(...)` without moving a line; `read` turns what
mypy reveals there into annotations. Called by `pipeline` through `verify`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shapecheck.codemod.evaluate import kind_of
from shapecheck.core.dtype import CLASSES
from shapecheck.core.expression import Expression, free_names
from shapecheck.core.grammar import Axis, Name, ShapeSyntaxError, Size, parse_shape
from shapecheck.core.value import Array

_ARRAY = re.compile(r'(?P<dtype>\w+)\[(?P<array>[\w.]+), "(?P<shape>[^"]*)"\]')
_TUPLE = re.compile(r"tuple\[(?P<items>.*)\]")
type FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with reveals, and the lines of each function's returns by its qualified name."""

    text: str
    returns: Mapping[str, tuple[int, ...]]


def mark(text: str, functions: Collection[str]) -> Marked:
    """Wraps what the functions of these qualified names return."""
    found = {
        name: _returned(node) for name, node in _functions(ast.parse(text.removeprefix("\ufeff")).body, "") if name in functions
    }
    wanted = {name: values for name, values in found.items() if values}
    lines = text.split("\n")
    for value in sorted((value for values in wanted.values() for value in values), key=lambda value: -value.lineno):
        _insert(lines, (value.end_lineno or value.lineno) - 1, value.end_col_offset or 0, "))")
        _insert(lines, value.lineno - 1, value.col_offset, "reveal_type((")  # two: `return a, b` is one value
    return Marked("\n".join(lines), {name: tuple(value.lineno for value in values) for name, values in wanted.items()})


def _insert(lines: list[str], line: int, offset: int, text: str) -> None:
    raw = lines[line].encode()
    lines[line] = (raw[:offset] + text.encode() + raw[offset:]).decode()


def _returned(function: FunctionNode) -> list[ast.expr]:
    """The returned expressions, none where the function also returns nothing or ends without a return."""
    own = list(_own_returns(function.body))
    values = [each.value for each in own if each.value is not None]
    return values if own and len(values) == len(own) and isinstance(function.body[-1], ast.Return) else []


def _own_returns(body: Sequence[ast.stmt]) -> Iterator[ast.Return]:
    for node in body:
        match node:
            case ast.Return():
                yield node
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case _:
                children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
                yield from _own_returns(children)


def _functions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield prefix + node.name, node
            case ast.ClassDef():
                yield from _functions(node.body, f"{prefix}{node.name}.")
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Promise:
    """A return annotation with `{array}` in place of the array class, and the dtype classes in it."""

    text: str
    dtypes: frozenset[str]


def read(revealed: str, bound: Collection[str]) -> Promise | None:
    """The annotation that a revealed type is worth, in names that the parameters bind; None when it says nothing."""
    if (match := _ARRAY.fullmatch(revealed)) is not None:
        return _promise(match, bound)
    if (match := _TUPLE.fullmatch(revealed)) is not None:
        arrays = list(_ARRAY.finditer(match["items"]))
        promises = [_promise(each, bound) for each in arrays]
        if ", ".join(each[0] for each in arrays) == match["items"] and None not in promises:
            known = [each for each in promises if each is not None]
            return Promise(
                f"tuple[{', '.join(each.text for each in known)}]", frozenset[str]().union(*(each.dtypes for each in known))
            )
    return None


def _promise(match: re.Match[str], bound: Collection[str]) -> Promise | None:
    if match["dtype"] not in CLASSES:
        return None
    try:
        axes = parse_shape(match["shape"]).axes
    except ShapeSyntaxError:
        return None
    words = [_word(axis, bound) for axis in axes]
    if words and set(words) <= {"_", "..."}:
        return None
    kind = kind_of(Array(dtype=CLASSES[match["dtype"]]))
    text = " ".join(words)
    return Promise(f'{kind}[{{array}}, "{" " * text.isidentifier()}{text}"]', frozenset([kind]))


def _word(axis: Axis, bound: Collection[str]) -> str:
    match axis.term:
        case _ if axis.variadic:
            return axis.text if axis.text in bound and not axis.broadcast else "..."
        case Size():
            return axis.text
        case Name(name) if axis.text == name and name in bound:
            return name
        case Expression(source, tree) if tree is not None and free_names(tree) <= set(bound):
            return source
        case _:
            return "_"


def bound_names(annotations: Sequence[str]) -> set[str]:
    """The names that annotations of parameters bind."""
    shapes = (each["shape"] for text in annotations for each in _ARRAY.finditer(text.replace("'", '"')))
    return {
        axis.text for shape in shapes for axis in parse_shape(shape).axes if isinstance(axis.term, Name) and not axis.anonymous
    }
