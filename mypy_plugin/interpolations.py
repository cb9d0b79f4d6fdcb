"""`{n}` in a shape string: a size that an argument of the call has.

jaxtyping evaluates the braces over the call's arguments. In the function's body `{n}` is the int parameter `n` itself; at
a call it is what was passed. `annotations` leaves a symbol of the braces' text, `binding` gives it its function as owner,
`calls` fills in the values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mypy.nodes import FuncDef, IntExpr, TypeInfo
from mypy.type_visitor import TypeTranslator
from mypy.types import CallableType, Instance, LiteralType, ProperType, TupleType, Type, TypeAliasType, get_proper_type

from mypy_plugin.annotations import BINARY
from mypy_plugin.encode import NamedTypes, array_of, dim_of, dim_type, literal
from mypy_plugin.names import FIELD, SIZE
from mypy_plugin.origins import METADATA
from shapecheck.core.dim import UNKNOWN_DIM, Atom, Broadcastable, Dim, Kind, Symbol, dim, substitute
from shapecheck.core.shape import axis_from_right
from shapecheck.core.value import Array

type Values = Callable[[Symbol, Mapping[str, int]], Dim | None]
"""The value of a symbol, given the defaults of parameters."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the braces of a signature may mention: the parameters, their defaults, the attributes of `self`."""

    owner: str
    arrays: Mapping[str, Array]
    defaults: Mapping[str, int]
    attributes: Mapping[str, Symbol]
    parameters: frozenset[str]

    def size(self, source: str) -> Dim | None:
        """What `{source}` is in the body: a size of a parameter, an attribute's symbol, or an int of the function."""
        if (attribute := self.attributes.get(source)) is not None:
            return dim(attribute)
        if not _names(source) & self.parameters:
            return None
        known = evaluate(source, {}, self.arrays)
        return dim(Symbol(source, self.owner, Kind.VALUE)) if known.is_unknown else known


class _Own(TypeTranslator):
    """Gives the braces of a signature their meaning."""

    def __init__(self, place: Place, named: NamedTypes) -> None:
        super().__init__()
        self.place, self.named = place, named

    def visit_instance(self, t: Instance, /) -> Type:
        if t.type.fullname != SIZE:
            return super().visit_instance(t) if t.args else t
        size = dim_of(t)
        sources = {symbol: symbol.name[1:-1] for symbol in size.symbols() if symbol.scope == "" and symbol.name.startswith("{")}
        known: dict[Atom, Dim] = {s: value for s, source in sources.items() if (value := self.place.size(source)) is not None}
        if not known:
            return t
        names = frozenset(name for source in sources.values() for name in _names(source))
        written = dim_type(substitute(size, known), self.named)
        return self.with_defaults(written, {name: self.place.defaults[name] for name in names & self.place.defaults.keys()})

    def with_defaults(self, size: ProperType, defaults: Mapping[str, int]) -> Type:
        """The size with the defaults of the parameters it mentions, as atoms that its form does not use."""
        atoms = get_proper_type(size.args[1]) if isinstance(size, Instance) and size.type.fullname == SIZE else None
        if not defaults or not isinstance(size, Instance) or not isinstance(atoms, TupleType):
            return size
        notes = [self.named(FIELD, [literal(f"{name}={value}", self.named)]) for name, value in sorted(defaults.items())]
        return size.copy_modified(args=[size.args[0], atoms.copy_modified(items=[*atoms.items, *notes])])

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return _through(t, self)


def _through(alias: TypeAliasType, translator: TypeTranslator) -> Type:
    """An alias whose meaning has braces of the signature gives way to it."""
    if alias.is_recursive:
        return alias
    meaning = get_proper_type(alias)
    translated = meaning.accept(translator)
    return translated if translated != meaning else alias


def field_defaults(info: TypeInfo) -> dict[str, int]:
    """The ints that fields of a dataclass have when nothing is passed."""
    found: dict[str, int] = {}
    for base in reversed(info.mro):
        found.update(base.metadata.get(METADATA, {}).get("defaults", {}))
    return found


def defaults_in(size: Instance) -> dict[str, int]:
    """The defaults that `own` has noted in a size."""
    atoms = get_proper_type(size.args[1])
    notes = [get_proper_type(atom) for atom in atoms.items] if isinstance(atoms, TupleType) else []
    texts = [get_proper_type(note.args[0]) for note in notes if isinstance(note, Instance) and note.type.fullname == FIELD]
    pairs = [str(text.value).partition("=") for text in texts if isinstance(text, LiteralType)]
    return {name: int(value) for name, _, value in pairs}


def _names(source: str) -> frozenset[str]:
    """The names that the text between braces mentions."""
    try:
        return frozenset(node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name))
    except SyntaxError:
        return frozenset()


def own(function: FuncDef, signature: CallableType, named: NamedTypes) -> CallableType:
    """The signature of a function whose `{n}` are its parameters."""
    for _ in range(2):  # the shape that braces speak of may have braces itself
        translator = _Own(_place(function, signature), named)
        signature = signature.copy_modified(
            arg_types=[typ.accept(translator) for typ in signature.arg_types], ret_type=signature.ret_type.accept(translator)
        )
    return signature


def _place(function: FuncDef, signature: CallableType) -> Place:
    parameters = [name for name in signature.arg_names if name]
    pairs = zip(signature.arg_names, signature.arg_types, strict=True)
    defaults = {
        argument.variable.name: argument.initializer.value
        for argument in function.arguments
        if isinstance(argument.initializer, IntExpr)
    }
    return Place(
        function.fullname,
        {name: array for name, typ in pairs if name and (array := array_of(typ)) is not None},
        defaults,
        _attributes(function, parameters),
        frozenset(parameters),
    )


def _attributes(function: FuncDef, parameters: Sequence[str]) -> dict[str, Symbol]:
    """`self.k` with the symbol that it has in the methods' bodies, for attributes that the class assigns once."""
    symbols: dict[str, Symbol] = {}
    for info in reversed(function.info.mro) if function.info and parameters and not function.is_static else ():
        for name, source in info.metadata.get(METADATA, {}).get("attributes", {}).items():
            symbols.pop(f"{parameters[0]}.{name}", None)
            if source:
                symbols[f"{parameters[0]}.{name}"] = Symbol(source, info.fullname, Kind.VALUE)
    return symbols


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
        size, defaults = dim_of(t), defaults_in(t)
        known: dict[Atom, Dim] = {
            symbol: value for symbol in size.symbols() if (value := self.values(symbol, defaults)) is not None
        }
        return dim_type(substitute(size, known), self.named) if known else t

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return _through(t, self)


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
            return dim(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return BINARY[type(op)](_evaluate(left, values, arrays), _evaluate(right, values, arrays))
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr="shape"), slice=index):
            return _axis(arrays.get(name), index)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="size"), args=[index]):
            return _axis(arrays.get(name), index)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
            return _axis(arrays.get(name), ast.Constant(0))
        case ast.Attribute(value=ast.Name(id=name), attr="ndim"):
            rank = arrays[name].shape.rank if name in arrays else None
            return dim(rank) if rank is not None else UNKNOWN_DIM
        case _:
            return UNKNOWN_DIM


def _axis(array: Array | None, index: ast.expr) -> Dim:
    match index:
        case ast.Constant(value=int() as axis):
            known = array.shape.prefix if array is not None else ()
            return _plain(known[axis]) if axis < len(known) else UNKNOWN_DIM
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as back)):
            size = axis_from_right(array.shape, back - 1) if array is not None and back > 0 else None
            return _plain(size) if size is not None else UNKNOWN_DIM
        case _:
            return UNKNOWN_DIM


def _plain(size: Dim) -> Dim:
    """The size of an axis; what is declared `#3` may have either size."""
    return UNKNOWN_DIM if isinstance(size.atom, Broadcastable) else size
