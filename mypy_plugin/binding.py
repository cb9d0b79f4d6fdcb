"""Ties the names in shape strings to their owners: the signatures that bind them.

Third phase: `annotations` asks for it by `schedule`; mypy runs it for a module after semantic analysis and before type
checking. In every signature the free names of the parameters become type variables of that function, exactly as if the
user had written `def f[b, c](...)`. Names that stand in the return type alone stay free: "some size", not "every size".
Annotated locals see the names of their function. Walks the tree by hand: mypy's compiled visitors cannot be subclassed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

from mypy.expandtype import expand_type
from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    COVARIANT,
    ArgKind,
    AssignmentStmt,
    ClassDef,
    Decorator,
    FakeInfo,
    FuncDef,
    MypyFile,
    NameExpr,
    Node,
    OverloadedFuncDef,
    Statement,
    TypeAlias,
    TypeInfo,
    Var,
)
from mypy.semanal import SemanticAnalyzer
from mypy.type_visitor import TypeTranslator
from mypy.types import (
    CallableType,
    Instance,
    Overloaded,
    TupleType,
    Type,
    TypeAliasType,
    TypeVarId,
    TypeVarLikeType,
    TypeVarTupleType,
    TypeVarType,
    get_proper_type,
)

from mypy_plugin import ascriptions, callees, expansions, faults, interpolations, overrides, shield, text, wrapping
from mypy_plugin.blocks import blocks_of
from mypy_plugin.carriers import is_carrier, opened
from mypy_plugin.encode import NamedTypes
from mypy_plugin.names import PYTREE, SHAPED_CLASSES
from mypy_plugin.origins import record_attributes
from mypy_plugin.symbols import BOUND, FREE_MARK, free_id, is_dim
from mypy_plugin.variables import free_variables, has_free

type Bound = dict[TypeVarId, TypeVarLikeType]


def schedule(analyser: SemanticAnalyzer) -> None:
    """Binds the current module's names when its semantic analysis is done."""
    module = analyser.cur_mod_node
    if id(module) in _scheduled:
        return
    _scheduled.add(id(module))
    analyser.schedule_patch(0, lambda: _bind_module(module, analyser))


_scheduled: set[int] = set()


@contextmanager
def bound(module: MypyFile) -> Iterator[None]:
    """While types of a module are analysed whose names are bound already."""
    _scheduled.add(id(module))
    yield
    _scheduled.discard(id(module))


def _bind_module(module: MypyFile, analyser: SemanticAnalyzer) -> None:
    _scheduled.discard(id(module))
    overrides.forget(module.path)
    faults.forget(module.path)

    def alias(fullname: str) -> TypeAlias | None:
        symbol = analyser.lookup_fully_qualified_or_none(fullname)
        return symbol.node if symbol is not None and isinstance(symbol.node, TypeAlias) else None

    binder = Binder(module.path, analyser.named_type, alias)
    with shield.guarded(analyser, module.path):
        binder.block(module.defs, None)


def bound_variable(variable: TypeVarLikeType, owner: str, certain: bool = True) -> TypeVarLikeType:
    """The variable as a type parameter of the function `owner`.

    A name that an argument may leave unbound (`None` was passed, a list was empty) keeps its mark: in the body it is some
    size, not every size.
    """
    name = variable.name.removesuffix(FREE_MARK)
    key = f"*{name}" if isinstance(variable, TypeVarTupleType) else name
    bound = variable.copy_modified(id=TypeVarId(BOUND - crc32(key.encode()) % 900_000_000, namespace=owner))
    bound.name = name if certain else name + FREE_MARK
    return bound


# --- the walk ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owner:
    """The function whose body is walked, and the names its signature binds."""

    fullname: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class Binder:
    """Walks a module; `named` finds types while mypy is still analysing."""

    path: str
    named: NamedTypes
    alias: Callable[[str], TypeAlias | None]

    def block(self, statements: Iterable[Statement], owner: Owner | None) -> None:
        """Binds the names in a body; `owner` is None at module and class level."""
        for statement in statements:
            self.statement(statement, owner)

    def statement(self, statement: Node, owner: Owner | None) -> None:
        match statement:
            case FuncDef():
                self.function(statement)
            case Decorator(func=function):
                self.function(function)
            case OverloadedFuncDef():
                self.overloaded(statement)
            case ClassDef():
                self.class_definition(statement)
            case AssignmentStmt() if owner is not None:
                self.local(statement, owner)
            case _:
                for block in blocks_of(statement):
                    self.block(block.body, owner)

    def function(self, function: FuncDef) -> None:
        bound = _parameters_in_scope(function)
        if isinstance(function.type, CallableType):
            signature = interpolations.own(function, bind_signature(function.type, function.fullname, bound), self.named)
            function.type = callees.mark(function, signature, self.alias)
        if bound:
            overrides.remember(self.path, function)
        self.block(function.body.body, Owner(function.fullname, bound))
        expansions.prepare(function, self.named)
        wrapping.prepare(function, self.named)

    def overloaded(self, function: OverloadedFuncDef) -> None:
        for item in function.items:
            self.statement(item, None)
        if function.impl is not None:
            self.statement(function.impl, None)
        if isinstance(function.type, Overloaded):
            items = [bind_signature(item, f"{function.fullname}#{i}", {}) for i, item in enumerate(function.type.items)]
            implementation = function.impl.func if isinstance(function.impl, Decorator) else function.impl
            own = implementation.type if isinstance(implementation, FuncDef) else None
            signatures = [*items, own] if isinstance(own, CallableType) else items
            if any(has_free(s.ret_type) or any(map(is_dim, s.variables)) for s in signatures):
                overrides.remember_overloads(self.path, function)
            function.type = Overloaded(items)

    def class_definition(self, definition: ClassDef) -> None:
        if isinstance(definition.info, FakeInfo):
            return  # in a branch that mypy does not look at
        record_attributes(definition)
        self.tuple_items(definition.info)
        _bind_constructor(definition.info)
        self.block(definition.defs.body, None)

    def tuple_items(self, info: TypeInfo) -> None:
        """The fields of named tuples and typed dicts have some sizes: every value of the right rank is one of them.

        The constructor still sees the names; it ties them together.
        """
        if info.tuple_type is not None and info.is_named_tuple:
            if any(has_free(item) for item in info.tuple_type.items):
                text.NAMED_TUPLES.add(info.name)
            # In place: mypy computes the tuple's fallback later, on this very object.
            info.tuple_type.items[:] = [self.erased(item) for item in info.tuple_type.items]
        if info.typeddict_type is not None:
            fields = info.typeddict_type.items
            fields.update({name: self.erased(item) for name, item in fields.items()})

    def erased(self, typ: Type) -> Type:
        """The type with free names replaced by unknown sizes."""
        size = self.named("builtins.int", [])
        run = self.named("builtins.tuple", [size])
        free = {v.id: run if isinstance(v, TypeVarTupleType) else size for v in free_variables(typ)}
        return expand_type(typ.accept(_OpenAliases()), dict(free)) if free else typ

    def local(self, statement: AssignmentStmt, owner: Owner) -> None:
        """An annotated local sees its function's names; new names are sizes of this function."""
        match statement.lvalues:
            case [NameExpr(node=Var(type=Type() as typ) as variable)] if statement.type is not None and not variable.is_final:
                annotated = replace(typ, {**owner.bound, **_sizes_of(typ, owner)}).accept(_NamelessFunctions(self.erased))
                statement.type = annotated
                ascriptions.ascribe(statement, variable, annotated, self.named)


class _NamelessFunctions(TypeTranslator):
    """Takes the names out of callables in a local's annotation: mypy would narrow a function of other names to `Never`."""

    def __init__(self, erased: Callable[[Type], Type]) -> None:
        super().__init__()
        self.erased = erased

    def visit_callable_type(self, t: CallableType, /) -> Type:
        return t.copy_modified(arg_types=list(map(self.erased, t.arg_types)), ret_type=self.erased(t.ret_type))

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def _parameters_in_scope(function: FuncDef) -> Bound:
    """The `int` type parameters of a function and its class, for names that come from an alias: others are resolved by then."""
    owned = function.info.defn.type_vars if function.info else []
    variables = function.type.variables if isinstance(function.type, CallableType) else ()
    return {free_id(v.name): v for v in (*owned, *variables) if isinstance(v, TypeVarType) and is_int(v.upper_bound)}


def _bind_constructor(info: TypeInfo) -> None:
    """An `int` parameter of `__init__` that has the name of an `int` type parameter of the class binds it."""
    sizes = {v.name: v for v in info.defn.type_vars if isinstance(v, TypeVarType) and is_int(v.upper_bound)}
    for variable in sizes.values():
        variable.variance = COVARIANT  # else mypy infers from mutable attributes that an `MLP` of known sizes is no `MLP`
    symbol = info.names.get("__init__")
    node = (
        symbol.node.func
        if symbol is not None and isinstance(symbol.node, Decorator)
        else symbol.node
        if symbol is not None
        else None
    )
    if not sizes or not isinstance(node, FuncDef) or not isinstance(node.type, CallableType):
        return
    text.INT_VARIABLES.update(sizes)
    node.type = with_sizes(node.type, sizes)


def with_sizes(signature: CallableType, sizes: Mapping[str, TypeVarType]) -> CallableType:
    """The signature with its `int` parameters of these names typed as the type parameters."""
    names = zip(signature.arg_names, signature.arg_types, strict=True)
    return signature.copy_modified(
        arg_types=[sizes[n] if n is not None and n in sizes and is_int(typ) else typ for n, typ in names]
    )


def bind_constructor(signature: CallableType) -> CallableType:
    """A constructor's signature with its names bound; those that mypy generates for dataclasses come too late for us."""
    info = signature.type_object()
    bound = bind_signature(signature, f"{info.fullname}.__init__", {})
    return with_sizes(bound, {v.name: v for v in bound.variables if isinstance(v, TypeVarType) and is_int(v.upper_bound)})


def is_int(typ: Type) -> bool:
    """Whether a type is `int` itself."""
    proper = get_proper_type(typ)
    return isinstance(proper, Instance) and proper.type.fullname == "builtins.int"


def _sizes_of(typ: Type, owner: Owner) -> Bound:
    """The names of a local annotation that the signature does not bind, as sizes that belong to the function."""
    free = [variable for variable in free_variables(typ) if variable.id not in owner.bound]
    return {v.id: v.copy_modified(id=TypeVarId(v.id.raw_id, namespace=owner.fullname)) for v in free}


# --- signatures --------------------------------------------------------------------------------------------------


def bind_signature(signature: CallableType, owner: str, bound: Bound) -> CallableType:
    """Makes the free names of the parameters type variables of `owner`; fills `bound` with them, beside those it has."""
    given = list(bound.values())
    certain = {v.id for typ, kind in zip(signature.arg_types, signature.arg_kinds, strict=True) for v in _always_bound(typ, kind)}
    for typ in signature.arg_types:
        for variable in free_variables(typ):
            bound.setdefault(variable.id, bound_variable(variable, owner, variable.id in certain))
    if not bound and not has_free(signature.ret_type):
        return signature
    known = {variable.id for variable in (*signature.variables, *given)}
    return signature.copy_modified(
        arg_types=[replace(typ, bound) for typ in signature.arg_types],
        ret_type=replace(signature.ret_type, bound),
        variables=[*signature.variables, *(v for v in bound.values() if v.id not in known)],
    )


def _always_bound(typ: Type, kind: ArgKind) -> Iterator[TypeVarLikeType]:
    """The free names that every call binds: not those in unions, containers, `*args` and parameters with a default."""
    proper = get_proper_type(typ)
    if kind not in (ARG_POS, ARG_NAMED):
        return
    whole = opened(typ)
    if isinstance(whole, TypeAliasType) and whole.alias is not None and whole.alias.fullname != PYTREE:
        yield from free_variables(whole)
    if isinstance(proper, TupleType):
        for item in proper.items:
            yield from _always_bound(item, kind)
    elif isinstance(proper, Instance) and proper.type.fullname in SHAPED_CLASSES:
        yield from free_variables(proper)


def replace(typ: Type, bound: Bound) -> Type:
    """The type with free names replaced by their bound variables, aliases opened where they contain some."""
    return expand_type(typ.accept(_OpenAliases()), dict(bound)) if bound and has_free(typ) else typ


class _OpenAliases(TypeTranslator):
    """Replaces aliases of array types by what they stand for, so that their names can be bound."""

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return opened(t).accept(self) if has_free(t) and not is_carrier(t) else t

    def visit_callable_type(self, t: CallableType, /) -> Type:
        return t
