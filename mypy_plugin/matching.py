"""Matches the arguments of one call against one signature with shapes, in the order of the signature as at run time.

A `Matching` keeps the state: sizes bound so far, who bound them, and the faults found. `calls` makes one for every call;
`containers` and `transforms` make one for calls that the library makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from mypy.expandtype import expand_type
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import CallExpr, Context, Decorator, DictExpr, Expression, FuncDef, ListExpr, MemberExpr, NameExpr, TupleExpr, Var
from mypy.plugin import FunctionContext, MethodContext
from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    NoneType,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    TypeVarId,
    TypeVarLikeType,
    TypeVarTupleType,
    TypeVarType,
    UnionType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin import codes, interpolations
from mypy_plugin.binding import variables_in
from mypy_plugin.carriers import is_carrier, opened, settled
from mypy_plugin.encode import (
    ANY,
    array_instance,
    array_of,
    dim_of,
    dim_type,
    dtypes_of,
    is_dim,
    is_free,
    run_in,
    run_of,
    shape_of,
    shape_type,
    symbol_of,
    tuple_type,
)
from mypy_plugin.loosening import CONTAINERS, size_positions, size_variables
from mypy_plugin.names import GENERIC_ARRAYS, NDARRAY, PYTREE, SHARP
from mypy_plugin.operations import describe
from mypy_plugin.text import pretty
from mypy_plugin.values import Reader
from shapecheck.core.dim import ONE, UNKNOWN_DIM, Broadcastable, Dim, Kind, Symbol, Verdict, dim
from shapecheck.core.dtype import accepts
from shapecheck.core.shape import ANY_RUN, Bindings, Expected, Mismatch, Pattern, Run, bind, bind_axis, settle
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


_NODES = frozenset(["builtins.list", "builtins.tuple", "builtins.dict", "collections.OrderedDict"])
"""Generic classes that are nodes of a PyTree, whose last type argument is that of the children."""


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
class Matching:
    """The state of matching one call against one signature."""

    chk: TypeChecker
    signature: CallableType
    bindings: Bindings = field(default_factory=Bindings)
    binders: dict[Symbol | Run, Binder] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    values: dict[str, Dim] = field(default_factory=dict)
    called: str = ""
    arrays: dict[str, Array] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    on_self: bool = False
    waiting: list[Waiting] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """The scope of the signature's `{...}` sizes."""
        return interpolations.owner_of(self.signature)

    @property
    def flexible(self) -> frozenset[Symbol]:
        """The names that this call binds."""
        return frozenset(symbol_of(v) for v in size_variables(self.signature) if isinstance(v, TypeVarType))

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
        return self

    def _given(
        self, ctx: FunctionContext | MethodContext, index: int, taken: dict[int, int]
    ) -> Iterator[tuple[Expression, Type]]:
        """The arguments of one parameter. Of `*t` each takes an item; `taken` counts them; what is not known is left out."""
        for expression, actual, kind in zip(ctx.args[index], ctx.arg_types[index], ctx.arg_kinds[index], strict=True):
            if not kind.is_star():
                yield expression, actual
            elif isinstance(items := get_proper_type(actual), TupleType) and not any(
                isinstance(i, UnpackType) for i in items.items
            ):
                first = taken.get(id(expression), 0)
                last = len(items.items) if self.signature.arg_kinds[index].is_star() else first + 1
                taken[id(expression)] = last
                yield from ((expression, item) for item in items.items[first:last])

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
        elif codes.UNKNOWN in self.chk.options.enabled_error_codes and _is_doubtful(declared, actual):
            text = f"is {shown(actual)}, expected {shown(declared)}: nobody knows whether that fits"
            self.doubts.append(Fault(f'Argument "{name}" to "{self.function}" {text}', "shape-unknown", expression))

    @property
    def function(self) -> str:
        """The name of what is called."""
        return (self.signature.name or self.called or "the call").partition(" of ")[0]

    def _bound(self) -> set[Symbol | Run]:
        """The names that have a size by now."""
        names: set[Symbol | Run] = set(self.bindings.sizes)
        return names.union(self.bindings.runs)

    def value_type(self, name: str, declared: Type, actual: Type, place: Context) -> None:
        """Matches a value that is no argument of a written call, such as what one module of a chain hands the next."""
        mismatch = self.match(declared, actual, None, self.flexible)
        if mismatch is not None:
            self.report(mismatch, name, declared, actual, place)

    def match(self, declared: Type, actual: Type, expression: Expression | None, flexible: frozenset[Symbol]) -> Mismatch | None:
        """Matches a declared type against an actual one, binding names; only a certain mismatch is returned."""
        wanted, found = opened(declared), get_proper_type(actual)
        if isinstance(found, UnionType):
            return self._match_union_actual(wanted, found, expression, flexible)
        if isinstance(wanted, TypeAliasType):
            return self._match_carrier(wanted, found, expression, flexible)
        if isinstance(wanted, UnionType):
            return self._match_union(wanted, found, expression, flexible)
        if isinstance(wanted, Instance) and (wanted.type.fullname in GENERIC_ARRAYS or wanted.type.fullname == NDARRAY):
            return self._match_array(wanted, found, flexible)
        if isinstance(wanted, TupleType) and isinstance(found, TupleType) and len(wanted.items) == len(found.items):
            return self._match_all(zip(wanted.items, found.items, strict=True), flexible)
        if isinstance(wanted, Instance) and wanted.type.fullname in CONTAINERS:
            return self._match_container(wanted, found, expression, flexible)
        if isinstance(wanted, Instance) and isinstance(found, Instance) and found.type.has_base(wanted.type.fullname):
            return self._match_sizes(wanted, map_instance_to_supertype(found, wanted.type), flexible)
        return None

    def _match_sizes(self, wanted: Instance, found: Instance, flexible: frozenset[Symbol]) -> Mismatch | None:
        """The sizes that are type arguments of a class: `MLP[n, n, n]` against `MLP[3, 4, 5]`."""
        for index in size_positions(wanted):
            expected = Expected(dim_of(wanted.args[index]))
            mismatch = bind_axis(expected, dim_of(found.args[index]), index, flexible, self.bindings)
            if mismatch is not None:
                name = wanted.type.defn.type_vars[index].name
                return replace(mismatch, reason=mismatch.reason.replace(f"axis {index}", name, 1))
        return None

    def _match_carrier(
        self, wanted: TypeAliasType, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """An annotation that is `Any` or a type variable to mypy: every array in a PyTree, or an array of any class."""
        if wanted.alias is not None and wanted.alias.fullname == PYTREE:
            return self._match_tree(wanted.args[0], found, expression, flexible)
        return self._match_parts(wanted.args[-2], wanted.args[-1], found, flexible)

    def _match_tree(
        self, leaf: Type, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """The leaves that an argument is known to have: its arrays, and those in tuples, lists and dictionaries."""
        nodes: list[tuple[Type, Expression | None]]
        match found, expression:
            case _, TupleExpr(items=written) | ListExpr(items=written):
                nodes = self._typed(written)
            case _, DictExpr(items=entries):
                nodes = self._typed([value for _, value in entries])
            case TupleType(items=items), _:
                nodes = [(item, None) for item in items]
            case Instance(type=info, args=[*_, item]), _ if info.fullname in _NODES:
                nodes = [(item, None)]
            case _:
                return self.match(leaf, found, None, flexible) if array_of(found) is not None else None
        mismatches = (self._match_tree(leaf, get_proper_type(node), written, flexible) for node, written in nodes)
        return next((mismatch for mismatch in mismatches if mismatch is not None), None)

    def _typed(self, expressions: list[Expression]) -> list[tuple[Type, Expression | None]]:
        """Expressions with the types that mypy gave them."""
        return [(self.chk.lookup_type(item), item) for item in expressions if self.chk.has_type(item)]

    def _match_all(self, pairs: Iterator[tuple[Type, Type]], flexible: frozenset[Symbol]) -> Mismatch | None:
        for declared, actual in pairs:
            if (mismatch := self.match(declared, actual, None, flexible)) is not None:
                return mismatch
        return None

    def _match_union(
        self, wanted: UnionType, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """The first member that fits, as at run time; nothing is bound when a choice was not certain."""
        if array_instance(found) is not None and any(_takes_arrays(item, found) for item in wanted.items):
            return None
        members = [item for item in map(opened, wanted.items) if _same_kind(item, found)]
        first: Mismatch | None = None
        for member in members:
            saved = self.bindings.copy()
            mismatch = self.match(member, found, expression, flexible)
            if mismatch is None:
                if len(members) > 1:
                    self.bindings = saved if not _is_certain(member, found) else self.bindings
                return None
            self.bindings = saved
            first = first or mismatch
        return first

    def _match_union_actual(
        self, wanted: Type, found: UnionType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        """An argument that may be one of several types is wrong only when all of them are."""
        saved = self.bindings.copy()
        mismatches = []
        arrays = [item for item in found.items if not isinstance(get_proper_type(item), NoneType)]
        for item in arrays:
            self.bindings = saved.copy()
            mismatches.append(self.match(wanted, item, expression, flexible))
        if len(arrays) != 1:
            self.bindings = saved
        return mismatches[0] if mismatches and all(mismatch is not None for mismatch in mismatches) else None

    def _match_container(
        self, wanted: Instance, found: ProperType, expression: Expression | None, flexible: frozenset[Symbol]
    ) -> Mismatch | None:
        items = getattr(expression, "items", None)
        if isinstance(items, list) and len(wanted.args) == 1 and all(isinstance(item, Expression) for item in items):
            pairs = [(wanted.args[0], self.chk.lookup_type(item)) for item in items if self.chk.has_type(item)]
            return self._match_all(iter(pairs), flexible)
        if isinstance(items, list) and len(wanted.args) == 2 and isinstance(expression, DictExpr):
            values = [(wanted.args[1], self.chk.lookup_type(item)) for _, item in items if self.chk.has_type(item)]
            return self._match_all(iter(values), flexible)
        if isinstance(found, TupleType) and len(wanted.args) == 1:
            return self._match_all(((wanted.args[0], item) for item in found.items), flexible)
        if isinstance(found, Instance) and found.type.has_base(wanted.type.fullname):
            mapped = map_instance_to_supertype(found, wanted.type)
            return self._match_all(zip(wanted.args, mapped.args, strict=False), flexible)
        return None

    def _match_array(self, wanted: Instance, found: ProperType, flexible: frozenset[Symbol]) -> Mismatch | None:
        one, other = wanted.args
        dtype, shape = (other, one) if wanted.type.fullname == NDARRAY else (one, other)
        return self._match_parts(dtype, shape, found, flexible)

    def _match_parts(self, dtype: Type, shape: Type, found: ProperType, flexible: frozenset[Symbol]) -> Mismatch | None:
        """The dtype and shape of an annotation against an array of any class."""
        actual, wanted = array_of(found), dtypes_of(dtype)
        if actual is None:
            return None
        if accepts(wanted, actual.dtype) is Verdict.DIFFERENT:
            reason = f"the dtype should be {wanted}, found {actual.dtype}"
            return Mismatch("shape-dtype", reason, None, str(wanted), str(actual.dtype))
        pattern = pattern_of(interpolations.fill(shape, self.value, Reader(self.chk).named))
        return bind(pattern, actual.shape, flexible, self.bindings) if pattern is not None else None

    # --- messages and results

    def report(self, mismatch: Mismatch, name: str, declared: Type | None, actual: Type | None, place: Context) -> None:
        """Keeps a mismatch as the message of an argument."""
        function = self.function
        expected = shown(declared) if declared is not None else ""
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

    def value(self, symbol: Symbol, defaults: Mapping[str, int]) -> Dim | None:
        """The size of an int parameter that a shape string mentions as `{n}`; None for other symbols."""
        if symbol.kind is not Kind.VALUE:
            return None
        if symbol.scope == self.owner:
            left_out = {name: dim(value) for name, value in defaults.items() if name not in self.passed}
            return interpolations.evaluate(symbol.name, {**left_out, **self.values}, self.arrays)
        definition = self.signature.definition
        function = definition.func if isinstance(definition, Decorator) else definition
        own = {info.fullname for info in function.info.mro} if isinstance(function, FuncDef) and function.info else set()
        return UNKNOWN_DIM if symbol.scope in own and not self.on_self else None  # another object's `self.k`

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


def _is_doubtful(declared: Type, actual: Type) -> bool:
    """Whether an array of unknown dtype or sizes goes where they are declared."""
    wanted, found = array_of(declared), array_of(actual)
    if wanted is None or found is None:
        return False
    sizes = [size for size in (*wanted.shape.prefix, *wanted.shape.suffix) if not size.is_unknown]
    unsure = found.shape.run == ANY_RUN or any(size.is_unknown for size in (*found.shape.prefix, *found.shape.suffix))
    return accepts(wanted.dtype, found.dtype) is Verdict.UNKNOWN or (bool(sizes) and unsure)


def _same_kind(wanted: Type, found: ProperType) -> bool:
    """Whether a union member is the one this argument is meant for, shapes apart."""
    if isinstance(wanted, TypeAliasType):
        return True
    if isinstance(wanted, NoneType) or isinstance(found, NoneType):
        return isinstance(wanted, NoneType) and isinstance(found, NoneType)
    one, other = array_instance(wanted), array_instance(found)
    if one is not None or other is not None:
        return one is not None and other is not None and other.type.has_base(one.type.fullname)
    return True


def _takes_arrays(wanted: Type, found: ProperType) -> bool:
    """Whether a union member that is no array takes an array all the same: `object`, `Iterable[...]`, a protocol.

    At run time nobody looks at what an `Iterable` holds.
    """
    proper = get_proper_type(opened(wanted))
    if isinstance(proper, AnyType):
        return not is_carrier(opened(wanted))
    if not isinstance(proper, Instance) or not isinstance(found, Instance) or array_instance(proper) is not None:
        return False
    bare = proper.copy_modified(args=[ANY] * len(proper.args))
    return is_subtype(found, bare)


def _is_certain(wanted: Type, found: ProperType) -> bool:
    """Whether an array fits a union member for certain: its dtype and all its sizes are known."""
    declared, actual = array_of(wanted), array_of(found)
    return (
        declared is not None
        and actual is not None
        and accepts(declared.dtype, actual.dtype) is Verdict.EQUAL
        and actual.shape.is_known
    )


def pattern_of(shape: Type) -> Pattern | None:
    """The pattern that a declared shape asks for; None when it asks for nothing."""
    proper = get_proper_type(shape)
    return Pattern(tuple(map(_expected, proper.items))) if isinstance(proper, TupleType) else None


def _expected(item: Type) -> Expected:
    proper = get_proper_type(item)
    if isinstance(proper, UnpackType):
        run = run_in(proper)
        return Expected(run=Run(run.name, run.scope), broadcast=run.broadcast, text=str(run))
    size = dim_of(proper)
    match size.atom:
        case Broadcastable(inner):
            return Expected(inner, broadcast=True, text=str(size))
        case _ if isinstance(proper, Instance) and proper.type.fullname == SHARP:
            return Expected(size if size != ONE else ONE, broadcast=True)
        case _:
            return Expected(size, text=str(size))


def shown(typ: Type) -> str:
    """A type in jaxtyping's words."""
    if isinstance(carried := opened(typ), TypeAliasType):
        return _shown_carrier(carried)
    proper = get_proper_type(typ)
    array = array_of(proper)
    if array is not None:
        return describe(array)
    if isinstance(proper, UnionType):
        return " | ".join(shown(item) for item in proper.items)
    if isinstance(proper, Instance) and (sizes := size_positions(proper)):
        args = [str(dim_of(arg)) if index in sizes else shown(arg) for index, arg in enumerate(proper.args)]
        return f"{proper.type.name}[{', '.join(args)}]"
    return "None" if isinstance(proper, NoneType) else pretty(str(proper))


def _shown_carrier(typ: TypeAliasType) -> str:
    if typ.alias is not None and typ.alias.fullname == PYTREE:
        return f"PyTree[{shown(typ.args[0])}]"
    *variable, dtype, shape = typ.args
    return f'{dtypes_of(dtype)}[{str(variable[0]).partition("`")[0] if variable else "Any"}, "{shape_of(shape)}"]'
