"""mypy's spelling of our types, read back and printed in jaxtyping's words.

`Tensor[Float32, tuple[b, Literal[3]]]` becomes `Float32[Tensor, "b 3"]`, in any text: messages, notes, `reveal_type`.
Pure text in and out; called by `gate`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mypy_plugin.encode import sized_class
from mypy_plugin.forms import build_form
from mypy_plugin.symbols import FREE_MARK
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, Volume, broadcastable, dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Run, Shape, from_items

ARRAYS = {"Tensor": "Tensor", "Parameter": "Parameter", "Buffer": "Buffer", "Array": "Array"}
_NUMPY = "ndarray"
INT_VARIABLES: set[str] = set()
"""Names of `int` type parameters of classes, which stand for sizes wherever they are printed."""
ARRAY_VARIABLES: set[str] = set()
"""Names of type variables that stand for the class of an array, as in `Float[T, "n"]`."""
NAMED_TUPLES: set[str] = set()
"""Names of named tuples with arrays in their fields, which mypy prints without the fields."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<name>\*{0,2}[A-Za-z_][\w.@`?~-]*\??|\.\.\.|-?\d+\??)|(?P<string>'(?:[^'\\]|\\.)*')|(?P<mark>[\[\],|()]))"""
)


@dataclass(frozen=True, slots=True)
class Node:
    """A type as mypy prints it: a name with arguments, or `|` for a union."""

    name: str
    args: tuple[Node, ...] = ()

    @property
    def last(self) -> str:
        """The name without its module and without mypy's marks."""
        return self.name.rpartition(".")[2] if self.name != "..." else self.name


class NotAType(Exception):
    """The text is not a type in the notation we read."""


@lru_cache(maxsize=2048)
def parse(text: str) -> Node | None:
    """The type that a text is, None when it is something else (a callable, prose)."""
    try:
        node, end = _union(text, 0)
    except (NotAType, RecursionError):
        return None
    return node if not text[end:].strip() else None


def _union(text: str, start: int) -> tuple[Node, int]:
    node, end = _single(text, start)
    items = [node]
    while (match := _TOKEN.match(text, end)) is not None and match["mark"] == "|":
        node, end = _single(text, match.end())
        items.append(node)
    return (items[0] if len(items) == 1 else Node("|", tuple(items))), end


def _single(text: str, start: int) -> tuple[Node, int]:
    match = _TOKEN.match(text, start)
    if match is None or match["mark"]:
        raise NotAType(text)
    if match["string"]:
        return Node(match["string"]), match.end()
    name, end = match["name"], match.end()
    opening = _TOKEN.match(text, end)
    if opening is None or opening["mark"] != "[" or opening.start() != end:
        return Node(name), end
    args, end = _arguments(text, opening.end())
    return Node(name, args), end + text.startswith("?", end)  # `Literal[3]?`: a literal that mypy may forget


def _arguments(text: str, start: int) -> tuple[tuple[Node, ...], int]:
    args: list[Node] = []
    end = start
    while True:
        match = _TOKEN.match(text, end)
        if match is not None and match["mark"] == "(":
            closing = _TOKEN.match(text, match.end())
            if closing is None or closing["mark"] != ")":
                raise NotAType(text)
            args.append(Node("()"))
            end = closing.end()
        elif match is not None and match["mark"] == "[":  # the parameters of a Callable
            closing = _TOKEN.match(text, match.end())
            if closing is not None and closing["mark"] == "]":
                inner, end = (), closing.end()
            else:
                inner, end = _arguments(text, match.end())
            args.append(Node("[]", inner))
        else:
            node, end = _union(text, end)
            args.append(node)
        match = _TOKEN.match(text, end)
        if match is None or match["mark"] not in (",", "]"):
            raise NotAType(text)
        end = match.end()
        if match["mark"] == "]":
            return tuple(args), end


# --- meaning -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArrayText:
    """An array type read from text."""

    class_name: str
    dtype: DTypes
    shape: Shape


def array_in(node: Node) -> ArrayText | None:
    """The array that a type is, None for other types."""
    if node.last in ARRAYS and len(node.args) == 2:
        return ArrayText(ARRAYS[node.last], _dtypes(node.args[0]), _shape(node.args[1]))
    if node.last == _NUMPY and len(node.args) == 2:
        return ArrayText(_NUMPY, _dtypes(node.args[1]), _shape(node.args[0]))
    if node.last in (*ARRAYS, _NUMPY) and not node.args:
        return ArrayText(node.last, ANY_DTYPE, ANY_SHAPE)
    return None


def is_int(node: Node) -> bool:
    """Whether the type is an int, perhaps one that carries a size."""
    return (
        node.last in ("int", "Size")
        or _plain(node.name) in INT_VARIABLES
        or (node.last == "Literal" and len(node.args) == 1 and node.args[0].name.rstrip("?").lstrip("-").isdigit())
    )


def _dtypes(node: Node) -> DTypes:
    if node.last == "dtype" and node.args:
        return _dtypes(node.args[0])
    names = {"floating": "Float", "signedinteger": "Int", "unsignedinteger": "UInt", "number": "Num", "inexact": "Inexact",
             "integer": "Integer", "complexfloating": "Complex", "bool": "Bool"}  # fmt: skip
    if node.args and "Bit" in node.args[0].last:
        return CLASSES.get(sized_class(node.last, int(re.sub(r"\D", "", node.args[0].last))), ANY_DTYPE)
    by_case = {name.lower(): dtypes for name, dtypes in CLASSES.items()}
    return CLASSES.get(node.last) or CLASSES.get(names.get(node.last, "")) or by_case.get(node.last, ANY_DTYPE)


def _shape(node: Node) -> Shape:
    if node.last != "tuple":
        return ANY_SHAPE
    if len(node.args) == 2 and node.args[1].name == "...":
        return ANY_SHAPE
    if len(node.args) == 1 and node.args[0].name == "()":
        return Shape()
    return from_items(map(_item, node.args))


def _item(node: Node) -> Item:
    if not node.name.startswith("*"):
        return dim_in(node)
    bare = Node(node.name.lstrip("*"), node.args)
    if bare.last != "tuple":
        loose = FREE_MARK in bare.name
        return Run(_plain(bare.name), FREE_MARK if loose else "", loose=loose)
    inner = bare.args[0] if bare.args else bare
    if inner.last == "Sharp" and inner.args:
        shape = _shape(inner.args[0])
        return Run(shape.run.name, broadcast=True) if shape.run is not None else ANY_RUN
    return ANY_RUN


def _plain(name: str) -> str:
    """A type variable's name without mypy's marks (`b`-17`, `b@f`)."""
    return re.split(r"[`@?~]", name.lstrip("*"), maxsplit=1)[0]


def dim_in(node: Node) -> Dim:
    """The size that a type stands for."""
    match node.last, node.args:
        case "Literal", (value,):
            digits = value.name.rstrip("?")
            return dim(int(digits)) if digits.lstrip("-").isdigit() else UNKNOWN_DIM
        case "Sharp", (inner,):
            return broadcastable(dim_in(inner))
        case "Size", (form, atoms):
            return _size(form, atoms)
        case "int" | "Any" | "object" | "...", _:
            return UNKNOWN_DIM
        case _, ():
            return dim(Symbol(_plain(node.name), kind=Kind.SIZE if FREE_MARK in node.name else Kind.RIGID))
        case _:
            return UNKNOWN_DIM


def _size(form: Node, atoms: Node) -> Dim:
    if form.last != "Literal" or atoms.last != "tuple":
        return UNKNOWN_DIM
    template = str(ast.literal_eval(form.args[0].name))
    return build_form(template, [] if atoms.args and atoms.args[0].name == "()" else [_atom(atom) for atom in atoms.args])


def _atom(node: Node) -> Dim:
    if node.last == "Sym" and len(node.args) == 3:
        name, scope, kind = (str(ast.literal_eval(arg.args[0].name)) for arg in node.args)
        return dim(Symbol(name, scope, Kind(kind)))
    if node.last == "tuple":
        shape = _shape(node)
        return dim(Volume(shape.run.name or "")) if shape.run is not None else UNKNOWN_DIM
    return dim_in(node)


# --- printing ------------------------------------------------------------------------------------------------------

_START = re.compile(r"(?<![\w.])(?:[\w]+\.)*(?:Tensor|Parameter|Buffer|Array|ndarray|Size)\[")


def pretty(text: str) -> str:
    """The text with every array type in jaxtyping's words; what an int stands for is told only when it is revealed."""
    reveals = text.startswith("Revealed type")
    parts: list[str] = []
    position = 0
    for start, end, replacement in _replacements(text, reveals):
        parts += [text[position:start], replacement]
        position = end
    return _BOUNDS.sub(lambda match: match[1] or match[2], "".join(parts) + text[position:]).replace(FREE_MARK, "")


_BOUNDS = re.compile(r"(\*?\b\w+) <: int = int\b|(?<=[\[ ])(\*\w+) = \*tuple\[int, \.\.\.\]")


def _replacements(text: str, reveals: bool) -> Iterator[tuple[int, int, str]]:
    position = 0
    while (match := _START.search(text, position)) is not None:
        try:
            node, end = _single(text, match.start())
        except NotAType:
            position = match.end()
            continue
        shown = show(node, reveals)
        if shown is not None:
            yield match.start(), end, shown
        position = end if shown is not None else match.end()


def show(node: Node, reveals: bool = False) -> str | None:
    """An array type or a size in jaxtyping's words."""
    if (array := array_in(node)) is not None:
        bare = array.dtype == ANY_DTYPE and array.shape == ANY_SHAPE
        return array.class_name if bare else f'{array.dtype}[{array.class_name}, "{array.shape}"]'
    if node.last == "Size" and len(node.args) == 2:
        return f"int ({dim_in(node)})" if reveals else "int"
    return None


MARKS = re.compile(r"\b(?:Tensor|Parameter|Buffer|Array|ndarray|Size|Sharp|signedinteger|unsignedinteger|floating)\b")
"""What names an array, or a number that carries a size or a dtype, in a message of mypy."""
