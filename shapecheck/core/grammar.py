"""The shape strings of jaxtyping: ``"batch *rest #n 3 n+1 {k} rows=4 _ ..."`` read into a :class:`ShapeSpec`.

The first phase of every door: the mypy plugin, the run-time checker and the codemod all come here with the string of an
annotation. The one grammar is jaxtyping's (``_array_types.py``, ``_make_array_cached``); :func:`parse_shape` accepts
exactly what it accepts. :func:`lint_shape` adds what it accepts but nobody can have meant.

A token is read in two steps, as in jaxtyping: leading modifiers and label are taken off, in any order, then the rest is
a name, a fixed size or, failing both, a symbolic expression.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from shapecheck.core.expression import Expression, is_malformed, parse_expression

__all__ = [
    "Axis",
    "Expression",
    "Name",
    "ShapeSpec",
    "ShapeSyntaxError",
    "Size",
    "Term",
    "combine_shapes",
    "lint_shape",
    "parse_shape",
]


@dataclass(frozen=True, slots=True)
class Name:
    """A named axis. The empty name is legal: ``*``, ``?`` or ``x=`` alone, and all of them are the same axis."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """A fixed axis."""

    size: int


type Term = Name | Size | Expression


@dataclass(frozen=True, slots=True)
class Axis:
    """One token of a shape string."""

    term: Term
    text: str  # the token as written
    column: int  # 0-based offset of the token in the shape string
    broadcast: bool = False  # '#'
    variadic: bool = False  # '*' or '...'
    anonymous: bool = False  # '_' or '...'
    treepath: bool = False  # '?'
    label: str | None = None  # documentation text before '='


@dataclass(frozen=True, slots=True)
class ShapeSpec:
    """A parsed shape string; at most one axis is variadic."""

    text: str
    axes: tuple[Axis, ...]

    @property
    def variadic_index(self) -> int | None:
        return next((index for index, axis in enumerate(self.axes) if axis.variadic), None)

    def __str__(self) -> str:
        return " ".join(axis.text for axis in self.axes)


class ShapeSyntaxError(ValueError):
    """A shape string that is wrong, or surely not meant.

    Attributes:
        text: the whole shape string.
        column: 0-based offset of the token at fault.
        reason: what is wrong, naming the likely mistake.
        hint: what to write instead, if that can be told.
    """

    def __init__(self, text: str, column: int, reason: str, hint: str | None = None) -> None:
        super().__init__(text, column, reason, hint)
        self.text = text
        self.column = column
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        line = f'in the shape "{" ".join(self.text.split())}", {self.reason}{hint}'
        return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)


class _Token(NamedTuple):
    text: str
    column: int


class _Fault(Exception):
    """A reason and a hint on their way to the place that knows text and column."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@lru_cache(maxsize=4096)
def parse_shape(text: str) -> ShapeSpec:
    """Parse a shape string.

    Raises:
        ShapeSyntaxError: exactly where jaxtyping raises ``ValueError`` when the annotation is written.
    """
    axes: list[Axis] = []
    for token in _tokens(text):
        try:
            axes.append(_axis(token, after=axes))
        except _Fault as fault:
            raise ShapeSyntaxError(text, token.column, fault.reason, fault.hint) from None
    return ShapeSpec(text, tuple(axes))


def combine_shapes(outer: ShapeSpec, inner: ShapeSpec) -> ShapeSpec:
    """The shape of a nested annotation such as ``Float[Float[Array, "c d"], "a b"]``: outer axes come first.

    Raises:
        ShapeSyntaxError: both are variadic.
    """
    text = f"{outer.text} {inner.text}"
    moved = [replace(axis, column=axis.column + len(outer.text) + 1) for axis in inner.axes]
    if outer.variadic_index is not None and inner.variadic_index is not None:
        second = moved[inner.variadic_index]
        raise ShapeSyntaxError(text, second.column, *_second_variadic(outer.axes[outer.variadic_index], second.text))
    return ShapeSpec(text, (*outer.axes, *moved))


def _tokens(text: str) -> Iterator[_Token]:
    column = 0
    for word in text.split():
        column = text.index(word, column)
        yield _Token(word, column)
        column += len(word)


def _axis(token: _Token, after: list[Axis]) -> Axis:
    _reject_foreign_syntax(token.text, after)
    if token.text == "...":
        axis = Axis(Name(""), *token, variadic=True, anonymous=True)
    else:
        axis = _modified_axis(token)
        _reject_combination(axis, after)
    first = next((earlier for earlier in after if earlier.variadic), None)
    if axis.variadic and first:
        raise _Fault(*_second_variadic(first, axis.text))
    return axis


def _modified_axis(token: _Token) -> Axis:
    rest, label = token.text, None
    modifiers: set[str] = set()
    while rest:
        if (first := rest[0]) in "#*_?":
            if first in modifiers:
                raise _Fault(f'"{token.text}" says "{first}" twice', _write(token.text.replace(first, "", 1)))
            modifiers.add(first)
            rest = rest[1:]
        elif rest.count("=") == 1:
            label, rest = rest.split("=")
        else:
            break
    return Axis(
        _term(rest),
        *token,
        broadcast="#" in modifiers,
        variadic="*" in modifiers,
        anonymous="_" in modifiers,
        treepath="?" in modifiers,
        label=label,
    )


def _term(text: str) -> Term:
    if not text or text.isidentifier():
        return Name(text)
    try:
        return Size(int(text))
    except ValueError:
        return parse_expression(text)


def _reject_foreign_syntax(text: str, after: list[Axis]) -> None:
    """What never reaches the grammar proper: other notations, and characters a class name cannot hold."""
    if "," in text and "(" not in text:  # a call such as `min(a,b)` may hold commas
        names = text.replace(",", " ").split()
        raise _Fault("axes are separated by spaces, not commas", _write(" ".join(names)) if len(names) > 1 else "drop the comma")
    if text.endswith("#"):
        raise _Fault(f'"#" stands before the axis it lets broadcast, not after it as in "{text}"', _hash_hint(text))
    if "..." in text and text != "...":
        raise _Fault(f'"..." stands alone, not inside "{text}"', _dots_hint(text))
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _Fault("an axis cannot contain a NUL character or half of a surrogate pair")


def _hash_hint(text: str) -> str:
    name = text.strip("#")
    return _write(f"#{name}") if name else 'write "#name", or "1" for an axis that always broadcasts'


def _dots_hint(text: str) -> str:
    name = text.replace("...", "").strip("*_#?")
    return f"{_write(f'*{name}')} to name the axes" if name.isidentifier() else 'write "..." between spaces'


def _reject_combination(axis: Axis, after: list[Axis]) -> None:
    match axis.term:
        case Name():
            if axis.anonymous and axis.broadcast:
                bare = axis.text.replace("#", "")
                raise _Fault(f'"{axis.text}" is anonymous, so "#" has nothing to say', _write(bare))
        case Size(size):
            _reject_modifiers(axis, "a fixed axis", str(size), after)
        case Expression(source):
            _reject_modifiers(axis, "a symbolic axis", source, after)


def _reject_modifiers(axis: Axis, kind: str, bare: str, after: list[Axis]) -> None:
    """A size that is given cannot be anonymous, several sizes, or different at each leaf of a PyTree."""
    for modified, modifier, meaning in (
        (axis.anonymous, "_", "be anonymous"),
        (axis.variadic, "*", "stand for several axes"),
        (axis.treepath, "?", "depend on the place in a PyTree"),
    ):
        if modified:
            raise _Fault(f'{kind} cannot {meaning}: "{modifier}" in "{axis.text}"', _bare_hint(axis, bare, after))


def _bare_hint(axis: Axis, bare: str, after: list[Axis]) -> str:
    product = f"{after[-1].text}{axis.text}" if after else ""
    torn = axis.variadic and product and not lint_shape(product)  # "a *4"
    return f'{_write(bare)}, or "{product}" without spaces' if torn else _write(bare)


def _second_variadic(first: Axis, text: str) -> tuple[str, str]:
    hint = f'spell out the axes of "{first.text}" or of "{text}"'
    return f'"{text}" is a second axis of variable length after "{first.text}"', hint


def _write(text: str) -> str:
    return f'write "{text}"'


@lru_cache(maxsize=4096)
def lint_shape(text: str) -> tuple[ShapeSyntaxError, ...]:
    """What is wrong in a shape string, as far as the string alone can tell, in the order of the text.

    These are strings jaxtyping accepts although no array can ever match them, or although they surely mean something
    else than was meant (``a<=4`` is the fixed size 4). For a string that :func:`parse_shape` rejects, the one error it
    raises. Never raises.
    """
    try:
        axes = parse_shape(text).axes
    except ShapeSyntaxError as error:
        return (error,)
    return tuple(_doubts(text, axes))


type _Doubt = tuple[str, str | None]  # reason and hint

_ANY_SIZE: Final = 'write "_" for an axis of any size, or "..." for any axes'
_JOINTS: Final = tuple("+-*/%=<>@&|^")  # where a token may have been torn from its neighbour


def _doubts(text: str, axes: tuple[Axis, ...]) -> Iterator[ShapeSyntaxError]:
    index = 0
    while index < len(axes):
        start, stop = index, _group_end(axes, index)
        if stop > start + 1:
            yield ShapeSyntaxError(text, axes[start].column, *_split_group(axes[start:stop]))
        elif doubt := _doubt(axes[start], first=start == 0):
            reason, hint = doubt
            repaired, stop = _repair(axes, start)
            yield ShapeSyntaxError(text, axes[start].column, reason, repaired or hint)
        index = stop


def _group_end(axes: tuple[Axis, ...], start: int) -> int:
    """Where the bracket opened by the axis at `start` is closed by a later one; the next axis if there is none."""
    depth = 0
    for stop, axis in enumerate(axes[start:], start + 1):
        depth += _open_brackets(axis.text)
        if depth <= 0:
            return stop
    return start + 1


def _open_brackets(text: str) -> int:
    return sum((character in "([{") - (character in ")]}") for character in text)


def _split_group(group: tuple[Axis, ...]) -> _Doubt:
    source = " ".join(axis.text for axis in group)
    if isinstance(parse_expression(source).tree, None | ast.Tuple | ast.List) and (inside := _bracketed(source)):
        return "a shape is written without brackets", _write(inside)
    joined = source.replace(" ", "")
    hint = _write(joined) if _same_expression(source, joined) else "write the expression without spaces"
    return f'a space always separates axes, so "{source}" is {len(group)} axes, not one expression', hint


def _bracketed(source: str) -> str | None:
    """The axes in "(b c)" or "[b, c]": the brackets of a tuple or list, taken for part of the shape."""
    if re.fullmatch(r"[(\[][\w*#?,. ]+[)\]]", source) is None:
        return None
    return " ".join(source[1:-1].replace(",", " ").split())


def _same_expression(spaced: str, joined: str) -> bool:
    """Whether dropping the spaces keeps the meaning; it does not in `(a if b else c)`."""
    before, after = parse_expression(spaced).tree, parse_expression(joined).tree
    return before is not None and after is not None and ast.dump(before) == ast.dump(after)


def _repair(axes: tuple[Axis, ...], index: int) -> tuple[str | None, int]:
    """A hint that joins a torn token to its neighbours, if that makes sense of it; and the first axis not used."""
    token = axes[index].text
    begins = token.startswith(_JOINTS) and index > 0
    ends = token.endswith(_JOINTS) and index + 1 < len(axes)
    joined = (axes[index - 1].text if begins else "") + token + (axes[index + 1].text if ends else "")
    if joined == token or lint_shape(joined):
        return None, index + 1
    return f"{_write(joined)} without spaces", index + 1 + ends


def _doubt(axis: Axis, *, first: bool) -> _Doubt | None:
    """Why one accepted axis cannot have been meant; `first` when no axis stands before it."""
    if axis.label is not None and axis.label.endswith(("<", ">", "!", ":")):
        return f'"{axis.text}" is no condition, for text before "=" is only a label', _label_hint(axis)
    if not first and _is_signed(axis):
        return f'a space always separates axes, so "{axis.text}" is an axis of its own', _ANY_SIZE
    match axis.term:
        case Name("") if not axis.anonymous:
            return f'"{axis.text}" has no name', _name_hint(axis)
        case Size(size) if size < 0:
            return f'no axis has the negative size "{axis.text}"', _ANY_SIZE
        case Expression(tree=None) as expression:
            return _malformed(expression) if is_malformed(expression) else None
        case Expression(source, ast.expr() as tree):
            return _never_a_size(source, tree)
        case _:
            return None


def _is_signed(axis: Axis) -> bool:
    match axis.term:
        case Size():
            return axis.text[0] in "+-"
        case Expression(tree=ast.UnaryOp(op=ast.UAdd() | ast.USub())):
            return axis.text[0] in "+-"
        case _:
            return False


def _label_hint(axis: Axis) -> str:
    name = (axis.label or "").rstrip("<>!:")
    match axis.term:
        case _ if not name.isidentifier():
            return "a shape can only state equality"
        case Size(size):
            return _write(f"{name}={size}")
        case _:
            return _write(name)


def _name_hint(axis: Axis) -> str:
    if axis.label == "":
        return 'write a name before "=" and a size after it, as in "rows=4"'
    if axis.label:
        return f'{_write(axis.label)}, or give a size, as in "{axis.label}=4"'
    return f'{_write("*name")}, or "..." for any axes' if axis.variadic else _write(f"{axis.text}name")


def _malformed(expression: Expression) -> _Doubt:
    reason = f'"{expression.source}" is not an expression'
    if "'" in expression.source:
        return reason, "use double quotes inside an axis"
    if _open_brackets(expression.source):
        return reason, "close every bracket within its axis, without spaces"
    return reason, 'write the whole expression without spaces, as in "n+1"'


def _never_a_size(source: str, tree: ast.expr) -> _Doubt | None:
    match tree:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Name() | ast.Constant()):
            return f'no axis has the negative size "{source}"', _ANY_SIZE
        case ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant()]):
            return f'"{source}" is true or false, never a size', _write(source.replace("==", "="))
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return f'"{source}" is true or false, never a size', "a shape can only state equality"
        case ast.Call(func=ast.Constant()):
            return f'a number cannot be called, as in "{source}"', _write(source.replace("(", "*(", 1))
        case ast.Tuple() | ast.List() | ast.Set() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            inside = _bracketed(source)
            return f'"{source}" holds several sizes, and an axis has one', _write(inside) if inside else None
        case ast.Constant(value=value) if not _is_size(value):
            return f'"{source}" is not a whole number', None
        case _:
            return None


def _is_size(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
