"""Matches the arguments of one call against one signature with shapes, in the order of the signature as at run time.

A `Matching` keeps the state: sizes bound so far, who bound them, and the faults found. `calls` makes one for every call;
`containers` and `transforms` make one for calls that the library makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mypy.expandtype import expand_type
from mypy.nodes import CallExpr, Context, DictExpr, Expression, MemberExpr, NameExpr, StrExpr, Var
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import (
    Instance,
    ProperType,
    TupleType,
    Type,
    TypeVarId,
    TypeVarLikeType,
    TypeVarTupleType,
    TypeVarType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin import callables, callees, codes, interpolations
from mypy_plugin.carriers import settled
from mypy_plugin.encode import ANY, dim_type, shape_of, shape_type, tuple_type
from mypy_plugin.loosening import size_variables
from mypy_plugin.patterns import is_doubtful, shown
from mypy_plugin.symbols import is_dim, is_free, run_of, symbol_of
from mypy_plugin.unifier import Unifier
from mypy_plugin.values import Reader
from mypy_plugin.variables import variables_in
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Symbol, dim
from shapecheck.core.shape import Mismatch, Run
from shapecheck.core.unify import Bindings, Expected, bind_axis, settle
from shapecheck.core.value import Array


@dataclass(frozen=True, slots=True)
class Fault:
    """One message of a call."""

    text: str
    code: str
    place: Context


class Binder(NamedTuple):
    """The argument that bound a name, and its line."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An argument with equations that could not be solved when it was matched."""

    name: str
    declared: Type
    actual: Type
    expression: Expression
    equations: list[tuple[Expected, Dim, int]]


@dataclass(slots=True)
class Matching(Unifier):
    """The state of matching one call against one signature."""

    binders: dict[Symbol | Run, Binder] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    called: str = ""
    waiting: list[Waiting] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    def run(self, ctx: FunctionContext | MethodContext) -> Matching:
        """Matches every actual argument in the signature's order."""
        reader = Reader(self.chk)
        flexible = self.flexible
        self.called = getattr(getattr(ctx.context, "callee", None), "name", "")
        self.on_self = _is_on_self(ctx.context)
        self._collect(ctx, reader)
        taken: dict[int, int] = {}
        for index, (name, declared) in enumerate(zip(self.signature.arg_names, self.signature.arg_types, strict=True)):
            if index >= len(ctx.arg_types):
                break
            for expression, actual in self._given(ctx, index, taken):
                self.argument(name or str(index + 1), declared, actual, expression, flexible, reader)
        if (mismatch := settle(self.bindings, flexible)) is not None:
            self.report_waiting(mismatch, flexible, ctx.context)
        self._functions(ctx)
        return self

    def _functions(self, ctx: FunctionContext | MethodContext) -> None:
        """Holds the functions that are passed against the parameters that are called with shapes."""
        for name, declared, expressions, types in zip(
            self.signature.arg_names, self.signature.arg_types, ctx.args, ctx.arg_types, strict=False
        ):
            wanted = callees.declared_callable(declared) if callees.is_marked(declared) and len(types) == 1 else None
            refusal = callables.refused(wanted, types[0], self) if wanted is not None else None
            if refusal is not None:
                mismatch, what = refusal
                text = f'Argument "{name}" to "{self.function}" does not fit: {what}: {mismatch.reason}{self._origin(mismatch)}'
                self.faults.append(Fault(text, mismatch.code, expressions[0]))

    def _given(
        self, ctx: FunctionContext | MethodContext, index: int, taken: dict[int, int]
    ) -> Iterator[tuple[Expression, Type]]:
        """The arguments of one parameter. Of `*t` each takes an item; `taken` counts them; what is not known is left out."""
        for expression, actual, kind in zip(ctx.args[index], ctx.arg_types[index], ctx.arg_kinds[index], strict=True):
            if not kind.is_star():
                yield expression, actual
            elif isinstance(expression, DictExpr):
                yield from self._entries(expression, index)
            elif isinstance(items := get_proper_type(actual), TupleType) and not any(
                isinstance(i, UnpackType) for i in items.items
            ):
                first = taken.get(id(expression), 0)
                last = len(items.items) if self.signature.arg_kinds[index].is_star() else first + 1
                taken[id(expression)] = last
                yield from ((expression, item) for item in items.items[first:last])

    def _entries(self, written: DictExpr, index: int) -> Iterator[tuple[Expression, Type]]:
        """The entries of `**{"x": x}` that go to a parameter."""
        name, rest = self.signature.arg_names[index], self.signature.arg_kinds[index].is_star()
        for key, value in written.items:
            if isinstance(key, StrExpr) and self.chk.has_type(value):
                if key.value == name if not rest else key.value not in self.signature.arg_names:
                    yield value, self.chk.lookup_type(value)

    def _collect(self, ctx: FunctionContext | MethodContext, reader: Reader) -> None:
        """Notes ints and arrays by parameter name first: `{n}` may mention any argument, whatever the order."""
        for name, expressions, types, kinds in zip(
            self.signature.arg_names, ctx.args, ctx.arg_types, ctx.arg_kinds, strict=False
        ):
            if name is not None and expressions:
                self.passed.add(name)
            if name is not None and len(expressions) == 1 and not kinds[0].is_star():
                value = reader.value(expressions[0], types[0])
                if isinstance(value, Dim):
                    self.values[name] = value
                elif isinstance(value, Array):
                    self.arrays[name] = value

    def argument(
        self, name: str, declared: Type, actual: Type, expression: Expression, flexible: frozenset[Symbol], reader: Reader
    ) -> None:
        """Matches one argument; a mismatch is kept as a fault at the argument."""
        before, waiting = self._bound(), len(self.bindings.pending)
        mismatch = self.match(declared, actual, expression, flexible)
        variable = get_proper_type(declared)
        if isinstance(variable, TypeVarType) and symbol_of(variable) in flexible:
            mismatch = bind_axis(
                Expected(dim(symbol_of(variable))), self.values.get(name, UNKNOWN_DIM), 0, flexible, self.bindings
            )
        for bound in self._bound() - before:
            self.binders[bound] = Binder(name, expression.line)
        if len(self.bindings.pending) > waiting:
            self.waiting.append(Waiting(name, declared, actual, expression, self.bindings.pending[waiting:]))
        if mismatch is not None:
            self.report(mismatch, name, declared, actual, expression)
        elif codes.UNKNOWN in self.chk.options.enabled_error_codes and is_doubtful(declared, actual):
            text = f"is {shown(actual)}, expected {shown(declared)}: nobody knows whether that fits"
            self.doubts.append(Fault(f'Argument "{name}" to "{self.function}" {text}', "shape-unknown", expression))

    @property
    def function(self) -> str:
        """The name of what is called."""
        name, _, owner = (self.signature.name or self.called or "the call").partition(" of ")
        return f"{owner}.{name}" if name == "__call__" and owner else name

    def _bound(self) -> set[Symbol | Run]:
        """The names that have a size by now."""
        names: set[Symbol | Run] = set(self.bindings.sizes)
        return names.union(self.bindings.runs)

    def value_type(self, name: str, declared: Type, actual: Type, place: Context) -> None:
        """Matches a value that is no argument of a written call, such as what one module of a chain hands the next."""
        mismatch = self.match(declared, actual, None, self.flexible)
        if mismatch is not None:
            self.report(mismatch, name, declared, actual, place)

    def applied(self, operands: Sequence[Type], place: Context) -> Type:
        """What the function answers for these positional arguments, which a library hands it; faults are at `place`."""
        before: set[Symbol | Run] = set()
        for name, declared, actual in zip(self.signature.arg_names, self.signature.arg_types, operands, strict=False):
            self.value_type(name or "x", declared, actual, place)
            for bound in self._bound() - before:
                self.binders[bound] = Binder(name or "x", place.line)
            before = self._bound()
        return self.result(self.signature.ret_type)

    def report(self, mismatch: Mismatch, name: str, declared: Type | None, actual: Type | None, place: Context) -> None:
        """Keeps a mismatch as the message of an argument."""
        function = self.function
        expected = shown(self.as_written(declared)) if declared is not None else ""
        found = shown(actual) if actual is not None else ""
        head = (
            f'Argument "{name}" to "{function}" is {found}, expected {expected}: '
            if declared is not None
            else f'Call of "{function}": '
        )
        self.faults.append(Fault(f"{head}{mismatch.reason}{self._origin(mismatch)}", mismatch.code, place))

    def report_waiting(self, mismatch: Mismatch, flexible: frozenset[Symbol], call: Context) -> None:
        """Keeps the mismatch of an equation that waited for other arguments, at the argument that it came from."""
        for one in self.waiting:
            fault = settle(Bindings(dict(self.bindings.sizes), {}, one.equations, self.bindings.facts), flexible)
            if fault is not None:
                names = {symbol for expected, _, _ in one.equations for symbol in expected.size.symbols()}
                named = next((symbol.name for symbol in names if symbol in self.binders), "")
                self.report(replace(fault, symbol=fault.symbol or named), one.name, one.declared, one.actual, one.expression)
                return
        self.report(mismatch, "", None, None, call)

    def _origin(self, mismatch: Mismatch) -> str:
        """Who bound the name at fault, and where."""
        for bound, (name, line) in self.binders.items():
            if isinstance(bound, Run):
                if mismatch.symbol == f"*{bound.name}":
                    return f' ("*{bound.name}" was bound by argument "{name}" at line {line})'
            elif bound.name == mismatch.symbol:
                return f' ("{bound.name}" was bound to {self.bindings.sizes[bound]} by argument "{name}" at line {line})'
        return ""

    def result(self, default: Type) -> Type:
        """The return type with the bound names filled in; names without a binding are sizes nobody knows."""
        reader = Reader(self.chk)
        replaced: dict[TypeVarId, Type] = {}
        size = reader.named("builtins.int", [])
        for variable in _all_variables(default):
            if is_dim(variable) and (variable.id.raw_id, variable.id.namespace) not in self._own():
                run = isinstance(variable, TypeVarTupleType)
                replaced[variable.id] = reader.named("builtins.tuple", [size]) if run else size
        for candidate in size_variables(self.signature):
            if isinstance(candidate, TypeVarType):
                known = self.bindings.sizes.get(symbol_of(candidate))
                replaced[candidate.id] = _default(candidate, reader) if known is None else dim_type(known, reader.named)
            elif isinstance(candidate, TypeVarTupleType):
                bound = self.bindings.runs.get(run_of(candidate))
                shape = bound[1] if bound is not None and not bound[0] else shape_of(ANY)
                replaced[candidate.id] = _as_run(shape_type(shape, reader.named), reader)
        whole = get_proper_type(default)
        if self.signature.is_type_obj() and isinstance(whole, TupleType) and len(whole.items) == len(self.signature.arg_types):
            default = whole.copy_modified(items=self.signature.arg_types)  # a named tuple has what it was given
            free = [v for typ in self.signature.arg_types for v in variables_in(typ) if is_free(v)]
            replaced.update({v.id: reader.named("builtins.int", []) for v in free})
        expanded = expand_type(default, replaced) if replaced else default
        return settled(interpolations.fill(expanded, self.value, reader.named), reader.named)

    def _own(self) -> set[tuple[int, str]]:
        return {(variable.id.raw_id, variable.id.namespace) for variable in self.signature.variables}


def _is_on_self(call: Context) -> bool:
    """Whether the call is of a method of the same object: `self.f(x)` or `self(x)`."""
    callee = call.callee if isinstance(call, CallExpr) else None
    receiver = callee.expr if isinstance(callee, MemberExpr) else callee
    return isinstance(receiver, NameExpr) and isinstance(receiver.node, Var) and receiver.node.is_self


def _default(variable: TypeVarType, reader: Reader) -> Type:
    """What a size is that no argument has bound: its PEP 696 default, else unknown."""
    return variable.default if variable.has_default() else reader.named("builtins.int", [])


def _as_run(shape: ProperType, reader: Reader) -> Type:
    """What a variadic type variable is replaced by: a tuple type of fixed length, or a homogeneous one."""
    return shape if isinstance(shape, TupleType | Instance) else tuple_type([], reader.named)


def _all_variables(typ: Type) -> Iterator[TypeVarLikeType]:
    """Free names in a return type: they occur in no parameter, so this call gives them no size."""
    for variable in variables_in(typ):
        if is_free(variable):
            yield variable
