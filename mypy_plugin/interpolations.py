"""`{n}` in a shape string: a size that an argument of the call has.

jaxtyping evaluates the braces over the call's arguments. In the function's body `{n}` is the int parameter `n` itself; at
a call it is what was passed. `annotations` leaves a symbol of the braces' text, `binding` gives it its function as owner,
`calls` fills in the values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from mypy.type_visitor import TypeTranslator
from mypy.types import CallableType, Instance, LiteralType, Type, TypeAliasType, get_proper_type

from mypy_plugin.encode import NamedTypes, dim_of, dim_type, literal
from mypy_plugin.names import SIZE, SYM
from shapecheck.core.dim import UNKNOWN_DIM, Atom, Dim, Kind, Symbol, substitute
from shapecheck.core.value import Array

type Values = Callable[[Symbol], Dim | None]
_UNOWNED = ""


class _Own(TypeTranslator):
    """Gives the symbols of a signature's braces their function."""

    def __init__(self, owner: str, parameters: frozenset[str], named: NamedTypes) -> None:
        super().__init__()
        self.owner, self.parameters, self.named = owner, parameters, named

    def visit_instance(self, t: Instance, /) -> Type:
        name = _unowned(t)
        if name is None:
            return super().visit_instance(t) if t.args else t
        if not _names(name) & self.parameters:
            return t
        args: list[Type] = [literal(name, self.named), literal(self.owner, self.named), literal(Kind.VALUE.value, self.named)]
        return t.copy_modified(args=args)

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def _names(source: str) -> frozenset[str]:
    """The names that the text between braces mentions."""
    try:
        return frozenset(node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name))
    except SyntaxError:
        return frozenset()


def _unowned(instance: Instance) -> str | None:
    """The text between braces of a symbol that no function owns yet."""
    if instance.type.fullname != SYM:
        return None
    name, scope, _ = (get_proper_type(arg) for arg in instance.args)
    if isinstance(name, LiteralType) and isinstance(scope, LiteralType) and scope.value == _UNOWNED:
        text = str(name.value)
        return text[1:-1] if text.startswith("{") else None
    return None


def own(signature: CallableType, owner: str, named: NamedTypes) -> CallableType:
    """The signature whose `{n}` are the function's parameters."""
    translator = _Own(owner, frozenset(name for name in signature.arg_names if name), named)
    return signature.copy_modified(
        arg_types=[typ.accept(translator) for typ in signature.arg_types], ret_type=signature.ret_type.accept(translator)
    )


def owner_of(signature: CallableType) -> str:
    """The function that owns a signature's braces, as `binding` wrote it."""
    definition = signature.definition
    return definition.fullname if definition is not None else ""


class _Fill(TypeTranslator):
    """Replaces symbols in sizes by their values."""

    def __init__(self, values: Values, named: NamedTypes) -> None:
        super().__init__()
        self.values, self.named = values, named

    def visit_instance(self, t: Instance, /) -> Type:
        if t.type.fullname != SIZE:
            return super().visit_instance(t) if t.args else t
        size = dim_of(t)
        known: dict[Atom, Dim] = {symbol: value for symbol in size.symbols() if (value := self.values(symbol)) is not None}
        return dim_type(substitute(size, known), self.named) if known else t

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def fill(typ: Type, values: Values, named: NamedTypes) -> Type:
    """The type with the values of `{...}` filled in."""
    return typ.accept(_Fill(values, named))


def evaluate(source: str, values: Mapping[str, Dim], arrays: Mapping[str, Array]) -> Dim:
    """The value of the text between braces; unknown when it is not made of int arguments and shapes."""
    try:
        return _evaluate(ast.parse(source, mode="eval").body, values, arrays)
    except SyntaxError:
        return UNKNOWN_DIM


def _evaluate(node: ast.expr, values: Mapping[str, Dim], arrays: Mapping[str, Array]) -> Dim:
    match node:
        case ast.Name(id=name):
            return values.get(name, UNKNOWN_DIM)
        case ast.Constant(value=int() as number):
            return Dim((((), number),)) if number else Dim(())
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr="shape"), slice=ast.Constant(value=int() as axis)):
            return _axis(arrays.get(name), axis)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
            return _axis(arrays.get(name), 0)
        case _:
            return UNKNOWN_DIM


def _axis(array: Array | None, axis: int) -> Dim:
    if array is None or array.shape.rank is None or not -array.shape.rank <= axis < array.shape.rank:
        return UNKNOWN_DIM
    return array.shape.dims[axis]
