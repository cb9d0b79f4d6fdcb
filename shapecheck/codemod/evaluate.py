"""What expressions compute, as far as the rule tables tell: names and calls of a program become core values.

The translation from `ast` to the core's values; `walk` runs statements over it. Whatever is not understood is UNKNOWN.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shapecheck.codemod.model import Module, Program, dotted_name
from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES
from shapecheck.core.dtype import dtype as dtype_set
from shapecheck.core.shape import ANY_SHAPE, Mismatch, shared
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Library, Scalar, Slice, Value
from shapecheck.rules import layer, lookup
from shapecheck.rules.table import to_value


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the program, by the class's scope."""

    scope: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Modules applied one after the other: `nn.Sequential`."""

    items: tuple[Local, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """Modules to choose from or to loop over: `nn.ModuleList`, or a list of them."""

    items: tuple[Local, ...]


type Local = Value | Instance | Chain | Members
type Receiver = Callable[[Evaluator, ast.Call, Sequence[Local], Mapping[str, Local]], Local]

_ARRAY_CLASS = {Library.TORCH: "Tensor", Library.JAX: "Array", Library.NUMPY: "ndarray"}
_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_CONTAINERS: Mapping[str, Callable[[tuple[Local, ...]], Local]] = {"nn.Sequential": Chain, "nn.ModuleList": Members}
_WRAPPERS = frozenset(["nn.Parameter", "torch.nn.Parameter", "torch.compile", "jax.jit", "jax.device_put"])


@dataclass(slots=True)
class Evaluator:
    """The values of one function's variables.

    `on_call` is told of every call and may answer it; `canonical` puts values into the best names, so that sizes known
    to be equal are equal.
    """

    module: Module
    program: Program
    on_call: Receiver
    canonical: Callable[[Value], Value]
    variables: dict[str, Local]
    seen: dict[int, tuple[ast.expr, Local]] = field(default_factory=dict)

    def __call__(self, expression: ast.expr | None) -> Local:
        """The value of an expression; UNKNOWN where nothing is known. Within one statement each is computed once."""
        if expression is None:
            return UNKNOWN
        if id(expression) not in self.seen:
            self.seen[id(expression)] = expression, self._value(expression)
        return self.seen[id(expression)][1]

    def _value(self, expression: ast.expr) -> Local:
        match expression:
            case ast.Constant(value=value):
                return to_value(value)
            case ast.Name(id=name):
                return self.variables.get(name, UNKNOWN)
            case ast.Attribute():
                return self._attribute(expression)
            case ast.Call():
                return self._call(expression)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._binary(self(left), operator, self(right))
            case ast.UnaryOp(op=operator, operand=operand):
                return self._unary(operator, self(operand))
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return self._operate(_COMPARE.get(type(operator), ""), self(left), self(right))
            case ast.Subscript(value=value, slice=index):
                return self._subscript(self(value), index)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return self._sequence(elements)
            case ast.ListComp(elt=element, generators=[_]):
                made = self(element)
                return Members((made,)) if isinstance(made, Instance | LayerValue | Chain) else UNKNOWN
            case ast.IfExp(body=body, orelse=orelse):
                return agreed(self(body), self(orelse))
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self(value)
            case _:
                return UNKNOWN

    def _sequence(self, elements: Sequence[ast.expr]) -> Local:
        found = tuple(map(self, elements))
        if any(isinstance(each, ast.Starred) for each in elements):
            return UNKNOWN
        return tuple(map(plain, found)) if not any(isinstance(each, Instance | LayerValue) for each in found) else Members(found)

    def _attribute(self, expression: ast.Attribute) -> Local:
        path = dotted_name(expression)
        if path is not None and path in self.variables:
            return self.variables[path]
        if (public := self.module.resolve(expression)) is not None:
            return dtype_set(public) if dtype_set(public) != ANY_DTYPE else UNKNOWN
        owner = self(expression.value)
        if isinstance(owner, Array):
            return self._apply(f"{_ARRAY_CLASS[owner.library]}.{expression.attr}", [owner], {})
        return UNKNOWN

    def _call(self, call: ast.Call) -> Local:
        arguments = [self(each) for each in call.args if not isinstance(each, ast.Starred)]
        keywords = {each.arg: self(each.value) for each in call.keywords if each.arg is not None}
        if len(arguments) < len(call.args):
            return UNKNOWN
        answer = self.on_call(self, call, arguments, keywords)
        return answer if answer is not UNKNOWN else self.apply_call(call, arguments, keywords)

    def apply_call(self, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        """The result of a call of a library's function, layer or array method."""
        public = self.module.resolve(call.func)
        if isinstance(call.func, ast.Name) and self.program.find_class(call.func.id, self.module) is not None:
            public = None  # a class of the program that the file imports
        if public is not None:
            return self._public(public, call, arguments, keywords)
        if isinstance(call.func, ast.Attribute):
            owner = self(call.func.value)
            if isinstance(owner, Array):
                return self._apply(f"{_ARRAY_CLASS[owner.library]}.{call.func.attr}", [owner, *arguments], keywords)
        if isinstance(call.func, ast.Name):
            return self._named_call(call.func.id, arguments)
        return UNKNOWN

    def _public(self, public: str, call: ast.Call, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        if public in _WRAPPERS and arguments:
            return arguments[0]
        if (container := _CONTAINERS.get(public)) is not None:
            first = arguments[0] if len(arguments) == 1 else None
            return container(first.items if isinstance(first, Members) else tuple(arguments))
        if (row := layer(public)) is not None:
            made = row.construct(list(map(plain, arguments)), {key: plain(value) for key, value in keywords.items()})
            return made if isinstance(made, LayerValue) else UNKNOWN
        return self._apply(public, arguments, keywords)

    def _named_call(self, name: str, arguments: Sequence[Local]) -> Local:
        if (found := self.program.find_class(name, self.module)) is not None:
            return Instance(found.scope)
        match name, arguments:
            case "len", [Array() as array]:
                return self._apply(f"{_ARRAY_CLASS[array.library]}.__len__", [array], {})
            case "len", [tuple() as items]:
                return dim(len(items))
            case "int", [Dim() as size]:
                return size
            case "float", _:
                return Scalar("float")
            case _:
                return UNKNOWN

    def _apply(self, name: str, arguments: Sequence[Local], keywords: Mapping[str, Local]) -> Local:
        row = lookup(name)
        if row is None:
            return UNKNOWN
        found = row.apply(
            name,
            [self.canonical(plain(value)) for value in arguments],
            {key: self.canonical(plain(value)) for key, value in keywords.items()},
        )
        return UNKNOWN if isinstance(found, Mismatch) else found

    def _binary(self, left: Local, operator: ast.operator, right: Local) -> Local:
        if isinstance(left, Dim) and isinstance(right, Dim):
            match operator:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.FloorDiv():
                    return left // right
                case ast.Mod():
                    return left % right
                case ast.Pow() if right.constant is not None:
                    return left**right.constant
                case _:
                    return Scalar("float")
        if isinstance(left, tuple) and isinstance(right, tuple) and isinstance(operator, ast.Add):
            return left + right
        return self._operate(_BINARY.get(type(operator), ""), left, right)

    def _operate(self, operation: str, left: Local, right: Local) -> Local:
        match left, right:
            case Array(), _:
                return self._apply(f"{_ARRAY_CLASS[left.library]}.__{operation}__", [left, _number(right)], {})
            case _, Array():
                return self._apply(f"{_ARRAY_CLASS[right.library]}.__r{operation}__", [right, _number(left)], {})
            case Dim() | Scalar(), Dim() | Scalar():
                return Scalar("float")
            case _:
                return UNKNOWN

    def _unary(self, operator: ast.unaryop, value: Local) -> Local:
        match operator, value:
            case ast.USub(), Dim():
                return -value
            case ast.USub() | ast.Invert(), Array():
                name = "__neg__" if isinstance(operator, ast.USub) else "__invert__"
                return self._apply(f"{_ARRAY_CLASS[value.library]}.{name}", [value], {})
            case ast.USub(), Scalar():
                return value
            case _:
                return UNKNOWN

    def _subscript(self, value: Local, index: ast.expr) -> Local:
        match value:
            case tuple() | Members():
                items: tuple[Local, ...] = value if isinstance(value, tuple) else value.items
                return _picked(items, index)
            case Array():
                chosen = self._index(index)
                return self._apply(f"{_ARRAY_CLASS[value.library]}.__getitem__", [value, chosen], {})
            case _:
                return UNKNOWN

    def _index(self, index: ast.expr) -> Value:
        match index:
            case ast.Slice(lower=lower, upper=upper, step=step):
                return Slice(*(self._bound(part) for part in (lower, upper, step)))
            case ast.Tuple(elts=elements):
                return tuple(map(self._index, elements))
            case ast.List():
                return UNKNOWN
            case _:
                return plain(self(index))

    def _bound(self, part: ast.expr | None) -> Dim | None:
        if part is None:
            return None
        value = self(part)
        return value if isinstance(value, Dim) else UNKNOWN_DIM


def _picked(items: tuple[Local, ...], index: ast.expr) -> Local:
    try:
        position = ast.literal_eval(index)
    except ValueError:
        return items[0] if items and all(each == items[0] for each in items) and isinstance(items[0], Instance) else UNKNOWN
    if isinstance(position, int) and -len(items) <= position < len(items):
        return items[position]
    return UNKNOWN


def plain(value: Local) -> Value:
    """A value that rules understand."""
    return UNKNOWN if isinstance(value, Instance | Chain | Members) else value


def _number(value: Local) -> Value:
    """An operand of which nothing is known may be a number or an array."""
    return Array(ANY_SHAPE, ANY_DTYPE) if value is UNKNOWN else plain(value)


def agreed(one: Local, other: Local) -> Local:
    """What two branches agree on."""
    if one == other:
        return one
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(shared(one.shape, other.shape), one.dtype | other.dtype, one.library)
    return UNKNOWN


def kind_of(array: Array) -> str:
    """The dtype class that people write: `Float`, not `Float32`."""
    kinds = ("Float", "Int", "Bool", "Complex", "UInt", "Integer", "Inexact", "Real", "Num", "Key")
    return next((kind for kind in kinds if array.dtype.names <= CLASSES[kind].names), "Shaped")
