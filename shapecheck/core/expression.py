"""Symbolic axes such as ``n+1``, ``2*{k}`` or ``min(a,b)``: read, inspected and evaluated without ``eval``.

Used in two phases. When an annotation is parsed, :mod:`shapecheck.core.grammar` calls :func:`parse_expression`. When a
call is checked, the run-time door calls :func:`evaluate_axis`; the static door reads ``Expression.tree`` instead.

The semantics are jaxtyping's (``_check_dims``), which evaluates twice: the token as an f-string over the bound call
arguments, then the *text* this gives over the sizes of the single axes. Both steps go through :func:`evaluate` here.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

__all__ = [
    "BUILTINS",
    "Expression",
    "evaluate",
    "evaluate_axis",
    "free_names",
    "is_malformed",
    "parse_expression",
    "substitute",
]

type Names = Mapping[str, object]

PLACEHOLDER: Final = "_interp"

# Python's builtins that compute with sizes, or read a size off an argument. jaxtyping exposes all of them; nobody opens
# a file to say how long an axis is.
BUILTINS: Final[Names] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            *(abs, all, any, divmod, len, max, min, pow, round, sorted, sum),
            *(bool, float, int, list, range, str, tuple),
            *(dict, enumerate, filter, frozenset, map, reversed, set, zip),
            *(getattr, hasattr, isinstance, repr),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A symbolic axis: neither a name nor a fixed size.

    Attributes:
        source: the text as written, after modifiers and label.
        tree: the parsed expression, every ``{...}`` replaced by a name ``_interp0``, ``_interp1``, ...; ``None`` when
            the text cannot be read as Python before it is filled in (``a+``, but also ``2{n}`` or ``a{op}b``).
            jaxtyping pastes text, so reading a placeholder as one value is exact for the sizes it stands for, not for
            a negative number or for text with operators; :func:`evaluate_axis` is exact for those too.
        interpolations: the text inside each ``{...}``, with its conversion or format specification, if any.
    """

    source: str
    tree: ast.expr | None = field(compare=False)  # derived from the source; nodes compare by identity
    interpolations: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def parse_expression(source: str) -> Expression:
    """Read one symbolic axis. Never raises: jaxtyping accepts any text here and fails at the first check."""
    parts = _template_parts(source)
    if parts is None:
        return Expression(source, None)
    interpolations = tuple(part for index, part in enumerate(parts) if index % 2)
    placeholders = [f"{PLACEHOLDER}{index}" for index in range(len(interpolations))]
    tree = _parse_or_none(_paste(parts, placeholders))
    return Expression(source, tree if tree and _placeholders(tree) == placeholders else None, interpolations)


def is_malformed(expression: Expression) -> bool:
    """Whether no argument can repair it, as one could repair `2{n}` and `a{op}b`: neither a number nor a name does."""
    parts = _template_parts(expression.source)
    if parts is None:
        return True
    count = len(parts) // 2
    return all(_parse_or_none(_paste(parts, [filling] * count)) is None for filling in ("0", "x"))


def _template_parts(source: str) -> list[str] | None:
    """Literal text and the insides of `{...}` in turn, as Python's own f-string parser sees them."""
    template = f"f'{source}'"
    tree = _parse_or_none(template)
    if not isinstance(tree, ast.JoinedStr):
        return None
    parts = [""]
    for value in tree.values:
        if isinstance(value, ast.Constant):
            parts[-1] += str(value.value)
        else:
            parts += [(ast.get_source_segment(template, value) or "")[1:-1], ""]
    return parts


def _paste(parts: list[str], fillings: Iterable[str]) -> str:
    literals = parts[::2]
    return literals[0] + "".join(filling + literal for filling, literal in zip(fillings, literals[1:], strict=True))


def _placeholders(tree: ast.expr) -> list[str]:
    """The placeholders that stand alone: `a{n}` and `x.{attr}` have none, for only the filled-in text has a meaning."""
    return sorted(
        (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id.startswith(PLACEHOLDER)),
        key=lambda name: (len(name), name),
    )


def _parse_or_none(text: str) -> ast.expr | None:
    try:
        return parse_text(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=4096)
def parse_text(text: str) -> ast.expr:
    """Parse Python text as ``eval`` does, which ignores leading blanks."""
    return ast.parse(text.lstrip(" \t"), mode="eval").body


def free_names(tree: ast.expr) -> frozenset[str]:
    """The names an expression needs: every name it reads but does not bind itself, placeholders included.

    A builtin is left out where it is called (`min(a,b)` needs `a` and `b`); elsewhere, `max+1` may mean an axis `max`.
    """
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return frozenset(node.id for node in names if node.id not in bound and not (id(node) in called and node.id in BUILTINS))


def evaluate_axis(expression: Expression, arguments: Names, sizes: Names) -> object:
    """The value of a symbolic axis in one call, to be compared with the actual size by ``!=``.

    Args:
        expression: the axis.
        arguments: the bound arguments of the call, defaults included; the names visible inside ``{...}``.
        sizes: the sizes bound so far; the names visible outside.

    Raises:
        NameError: a name is in neither mapping. jaxtyping turns this, and only this, into an ``AnnotationError``.
        Exception: whatever Python raises for the same text (``SyntaxError``, ``ZeroDivisionError``, ...).
    """
    return evaluate(substitute(expression, arguments), sizes)


def substitute(expression: Expression, arguments: Names) -> ast.expr:
    """Fill in every ``{...}`` as text and parse what results, so that ``{s}`` with ``s="a+1"`` is the sum."""
    if expression.tree is not None and not expression.interpolations:
        return expression.tree
    text = evaluate(parse_text(f"f'{expression.source}'"), arguments)
    if not isinstance(text, str):
        raise TypeError("eval() arg 1 must be a string, bytes or code object")
    return parse_text(text)


def evaluate(tree: ast.expr, names: Names) -> object:
    """Evaluate an expression node as Python would, with ``names`` first and :data:`BUILTINS` second.

    Raises:
        NameError: an unknown name; its ``name`` attribute tells which.
        NotImplementedError: a construct with a scope or effect of its own (``lambda``, ``:=``).
        SyntaxError: ``await`` and ``yield``, which Python refuses outside a function.
    """
    node: Any = tree
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return _lookup(node.id, names)
        case ast.UnaryOp():
            return _UNARY[type(node.op)](evaluate(node.operand, names))
        case ast.BinOp():
            return _BINARY[type(node.op)](evaluate(node.left, names), evaluate(node.right, names))
        case ast.Compare():
            return _compare(node, names)
        case ast.BoolOp():
            return _bool_op(node, names)
        case ast.IfExp():
            return evaluate(node.body if evaluate(node.test, names) else node.orelse, names)
        case ast.Attribute():
            return getattr(evaluate(node.value, names), node.attr)
        case ast.Subscript():
            return operator.getitem(_any(node.value, names), evaluate(node.slice, names))
        case ast.Slice():
            return slice(*(part and evaluate(part, names) for part in (node.lower, node.upper, node.step)))
        case ast.Call():
            return _call(node, names)
        case ast.Tuple():
            return tuple(_elements(node.elts, names))
        case ast.List():
            return list(_elements(node.elts, names))
        case ast.Set():
            return set(_elements(node.elts, names))
        case ast.GeneratorExp():
            return _comprehend(node.generators, node.elt, names)
        case ast.ListComp():
            return list(_comprehend(node.generators, node.elt, names))
        case ast.SetComp():
            return set(_comprehend(node.generators, node.elt, names))
        case ast.Dict():
            return _dict(node, names)
        case ast.DictComp():
            return dict(_comprehend(node.generators, ast.Tuple([node.key, node.value], ast.Load()), names))
        case ast.JoinedStr():
            return "".join(str(evaluate(part, names)) for part in node.values)
        case ast.FormattedValue():
            return _formatted(node, names)
        case ast.Await() | ast.Yield() | ast.YieldFrom():
            raise SyntaxError(f"{type(node).__name__.lower()!r} outside function")
        case ast.Starred():
            raise SyntaxError("can't use starred expression here")
        case _:
            raise NotImplementedError(f"{ast.unparse(node)!r} is not supported in a symbolic axis")


_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], object]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], object]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.MatMult: operator.matmul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}

_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}

_CONVERSIONS: Final[Mapping[int, Callable[[object], object]]] = {
    -1: lambda value: value,
    ord("s"): str,
    ord("r"): repr,
    ord("a"): ascii,
}


def _any(tree: ast.expr, names: Names) -> Any:
    """For operators whose operand types only Python knows, at run time."""
    return evaluate(tree, names)


def _lookup(name: str, names: Names) -> object:
    if name in names:
        return names[name]
    if name in BUILTINS:
        return BUILTINS[name]
    raise NameError(f"name {name!r} is not defined", name=name)


def _compare(node: ast.Compare, names: Names) -> object:
    *head, last = zip(node.ops, node.comparators, strict=True)
    left = _any(node.left, names)
    for comparison, operand in head:
        right = _any(operand, names)
        if not (result := _COMPARE[type(comparison)](left, right)):
            return result
        left = right
    return _COMPARE[type(last[0])](left, _any(last[1], names))


def _bool_op(node: ast.BoolOp, names: Names) -> object:
    *head, last = node.values
    stops_when = isinstance(node.op, ast.Or)
    for operand in head:
        value = evaluate(operand, names)
        if bool(value) is stops_when:
            return value
    return evaluate(last, names)


def _call(node: ast.Call, names: Names) -> object:
    function = _any(node.func, names)
    arguments = list(_elements(node.args, names))
    keywords: dict[str, object] = {}
    for keyword in node.keywords:
        value = _any(keyword.value, names)
        keywords |= value if keyword.arg is None else {keyword.arg: value}
    return function(*arguments, **keywords)


def _elements(nodes: Iterable[ast.expr], names: Names) -> Iterator[object]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            yield from _any(node.value, names)
        else:
            yield evaluate(node, names)


def _dict(node: ast.Dict, names: Names) -> dict[object, object]:
    result: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        result |= _any(value, names) if key is None else {evaluate(key, names): evaluate(value, names)}
    return result


def _comprehend(generators: list[ast.comprehension], element: ast.expr, names: Names) -> Iterator[Any]:
    if not generators:
        yield evaluate(element, names)
        return
    first, *rest = generators
    for item in _any(first.iter, names):
        scope = {**names, **_bind(first.target, item)}
        if all(evaluate(condition, scope) for condition in first.ifs):
            yield from _comprehend(rest, element, scope)


def _bind(target: ast.expr, value: Any) -> dict[str, object]:
    match target:
        case ast.Name(id=name):
            return {name: value}
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            bound: dict[str, object] = {}
            for part, item in zip(targets, value, strict=True):
                bound |= _bind(part, item)
            return bound
        case _:
            raise NotImplementedError(f"{ast.unparse(target)!r} is not supported as a target in a symbolic axis")


def _formatted(node: ast.FormattedValue, names: Names) -> str:
    value = _CONVERSIONS[node.conversion](evaluate(node.value, names))
    specification = evaluate(node.format_spec, names) if node.format_spec else ""
    return format(value, str(specification))
