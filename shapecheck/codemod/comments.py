"""Shapes that people state in words: `# (B, T, C)`, `# x: [b, n]`, `# (B, T) -> (B, T, V)`, and in docstrings.

A statement is read only where the whole bracket is a list of sizes; prose in brackets is no shape.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, dim
from shapecheck.core.shape import ANY_RUN, Item, Run, Shape, from_items

_WORD = r"[^\W\d]\w*'?"
_SIZE = rf"(?:\d+|{_WORD}|\*{_WORD}|\.\.\.|[\w\s+*/'().-]+?)"
_GROUP = rf"[(\[]\s*{_SIZE}?(?:\s*(?:,|\bx\b|\u00d7)\s*{_SIZE})*\s*,?\s*[)\]]"
_LEAD = r"(?:(?:each|now|shape|shapes|of|is|has|output|result|returns?|size)\b[:=\s]*|->\s*|[=:]\s*)*"
_STATEMENT = re.compile(
    rf"^(?:(?P<names>{_WORD}(?:\s*,\s*{_WORD})*)\s*(?:[:=]|\bis\b)\s*)?{_LEAD}(?P<first>{_GROUP})(?:\s*(?:->|=>|→)\s*(?P<second>{_GROUP}))?(?P<tail>.*)$"
)
_NAMED = re.compile(
    rf"\b(?P<name>{_WORD})`?\s*(?::|=|\bhas shape\b|\bof shape\b)\s*(?:\w+\s+)?{_LEAD}(?P<first>{_GROUP})(?:\s*(?:->|=>|→)\s*(?P<second>{_GROUP}))?"
)
_PRODUCED = re.compile(rf"^(?:.*?[:;]\s*)?(?P<first>{_GROUP})\s*(?:x|@|\*|\+)\s*{_GROUP}\s*(?:->|=>|→)\s*(?P<second>{_GROUP})")
_RETURNED = re.compile(rf"(?:(?:of\s+)?(?:shape|size)\s+|^\s*(?:{_WORD}\s*:\s*)?){_LEAD}(?P<first>{_GROUP})")
_FILLERS = frozenset(["each", "now", "shape", "shapes", "of", "is", "has", "output", "result", "returns", "return", "size"])


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement: the shape of `names` (or of what the line computes), perhaps becoming `after`."""

    names: tuple[str, ...]
    shape: Shape
    after: Shape | None
    text: str
    line: int


def statements(text: str, line: int, scope: str) -> list[Stated]:
    """What a comment states: one shape, or several named ones (`logits: (B, K), targets: (B,)`)."""
    named = [found for match in _NAMED.finditer(text) if (found := _stated(match, (match["name"],), text, line, scope))]
    named = [each for each in named if each.names[0] not in _FILLERS]
    if len(named) > 1 or (named and named[0].after is not None):
        return named
    if (produced := _PRODUCED.match(text)) is not None and (found := _stated(produced, (), text, line, scope)):
        return [found]
    match = _STATEMENT.match(text)
    if match is None or not _ends_well(match):
        return named
    names = tuple(re.findall(_WORD, match["names"] or ""))
    found = _stated(match, () if set(names) <= _FILLERS else names, text, line, scope)
    return [found] if found else named


def _ends_well(match: re.Match[str]) -> bool:
    """Prose may follow a shape of several axes; brackets of one word followed by prose are prose themselves."""
    tail = match["tail"].strip(" .;,:")
    return not tail or ("," in match["first"] and not tail.startswith(("=", "(")))


def _stated(match: re.Match[str], names: tuple[str, ...], text: str, line: int, scope: str) -> Stated | None:
    first = read_shape(match["first"], scope)
    second = match.groupdict().get("second")
    after = read_shape(second, scope) if second else None
    return Stated(names, first, after, text.strip(), line) if first is not None and (after is not None or not second) else None


def read_shape(group: str, scope: str) -> Shape | None:
    """The shape that a bracket lists, its names as symbols of the scope; None for anything else."""
    inside = group.strip()[1:-1].strip().rstrip(",").strip()
    if not inside:
        return Shape()
    parts = [part.strip() for part in re.split(r",|\bx\b|\u00d7", inside)]
    sizes = [_read_size(part, scope) for part in parts]
    known = [size for size in sizes if size is not None]
    runs = sum(isinstance(size, Run) for size in known)
    return from_items(known) if len(known) == len(sizes) and runs < 2 else None


def _read_size(text: str, scope: str) -> Item | None:
    if text in ("...", "*"):
        return ANY_RUN
    if text.startswith(("'", '"')):
        return None
    if text.startswith("*") and text[1:].isidentifier():
        return Run(text[1:], scope)
    if text in ("_", "?", "-1"):
        return UNKNOWN_DIM
    try:
        tree = ast.parse(text.replace("'", "_prime"), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return _size_of(tree, scope)


def _size_of(tree: ast.expr, scope: str) -> Dim | None:
    match tree:
        case ast.Name(id=name):
            return dim(Symbol(name, scope, Kind.RIGID))
        case ast.Constant(value=int() as size) if not isinstance(size, bool):
            return dim(size)
        case ast.BinOp(left=left, op=operator, right=right):
            one, other = _size_of(left, scope), _size_of(right, scope)
            return None if one is None or other is None else _computed(one, operator, other)
        case _:
            return None


def _computed(one: Dim, operator: ast.operator, other: Dim) -> Dim | None:
    match operator:
        case ast.Add():
            return one + other
        case ast.Sub():
            return one - other
        case ast.Mult():
            return one * other
        case ast.FloorDiv() | ast.Div():
            return one // other
        case _:
            return None


def docstring_statements(function: ast.FunctionDef | ast.AsyncFunctionDef, scope: str) -> tuple[list[Stated], list[Stated]]:
    """Shapes that a docstring gives to parameters by name, and to what is returned."""
    text = ast.get_docstring(function, clean=False)
    if not text or not isinstance(first := function.body[0], ast.Expr):
        return [], []
    parameters = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]]
    named: list[Stated] = []
    returned: list[Stated] = []
    in_returns = False
    for line, row in enumerate(text.splitlines(), start=first.value.lineno):
        in_returns = _section(row, in_returns)
        for match in _NAMED.finditer(row):
            if match["name"] in parameters and (found := _stated(match, (match["name"],), row, line, scope)):
                named.append(found)
                returned += [] if found.after is None else [Stated((), found.after, None, found.text, line)]
        if in_returns and (returning := _RETURNED.search(row)) and (found := _stated(returning, (), row, line, scope)):
            returned.append(found)
    return named, returned


def _section(row: str, inside: bool) -> bool:
    """Whether a docstring row belongs to what is returned."""
    word = row.strip().rstrip(":").lower()
    if word in ("returns", "return") or row.strip().lower().startswith((":return", "returns:", "return:")):
        return True
    return inside and word not in ("args", "arguments", "parameters", "raises", "examples", "yields", "note", "notes")
