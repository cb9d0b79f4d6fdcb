"""Narrowing: what a condition says about an array's shape holds where the condition holds.

`isinstance(x, Float[Tensor, "b 3"])`, `x.shape == (b, 3)`, `x.ndim == 2`, `x.shape[-1] == n`, in `if`, `assert`, `while` and
`a if condition else b`. After a module's semantic analysis `rewrite` puts a call that only mypy sees into such conditions:
`x.ndim == 2` becomes `x.ndim == 2 and guard(x, "rank", 2)`. When that call is checked, `settle` works out the type that `x`
has from then on, and hands it to mypy as that of a `TypeGuard`. What contradicts earlier knowledge leaves the size unknown:
`assert x.shape[0] == 3` on an axis `b` is no error, and `x` may be passed on as either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.literals import literal
from mypy.nodes import (
    ARG_POS,
    LDEF,
    LITERAL_TYPE,
    AssertStmt,
    AssignmentStmt,
    CallExpr,
    CastExpr,
    ClassDef,
    ComparisonExpr,
    ConditionalExpr,
    Context,
    Decorator,
    Expression,
    ExpressionStmt,
    FuncDef,
    IfStmt,
    IndexExpr,
    IntExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    OpExpr,
    OverloadedFuncDef,
    RefExpr,
    ReturnStmt,
    SliceExpr,
    Statement,
    StrExpr,
    TempNode,
    TupleExpr,
    TypeAlias,
    UnaryExpr,
    WhileStmt,
)
from mypy.plugin import FunctionContext, FunctionSigContext
from mypy.semanal import SemanticAnalyzer
from mypy.subtypes import is_proper_subtype
from mypy.type_visitor import TypeTranslator
from mypy.typeops import make_simplified_union
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    NoneType,
    ProperType,
    Type,
    TypeAliasType,
    TypeVarId,
    TypeVarLikeType,
    UnionType,
    get_proper_type,
)

from mypy_plugin import aliases, binding, shield
from mypy_plugin.annotations import jaxtyping_class
from mypy_plugin.blocks import blocks_of
from mypy_plugin.encode import ANY, NamedTypes, array_instance, array_of, array_type, is_dim, tuple_type
from mypy_plugin.names import SIZE
from mypy_plugin.operations import checker
from mypy_plugin.values import Reader
from mypy_plugin.variables import free_variables
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Verdict, compare
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Shape, unknown_of_rank
from shapecheck.core.value import Array, Value

if TYPE_CHECKING:
    from mypy.options import Options

NAME = "shapecheck.narrowing condition"


# --- after semantic analysis: the rewritten conditions -----------------------------------------------------------


def schedule(analyser: SemanticAnalyzer) -> None:
    """Rewrites the current module's conditions when its semantic analysis is done and `binding` has bound its names."""
    module, options = analyser.cur_mod_node, analyser.options
    if id(module) not in _scheduled:
        _scheduled.add(id(module))
        analyser.schedule_patch(1, lambda: _rewrite(module, options, analyser))


_scheduled: set[int] = set()


def _rewrite(module: MypyFile, options: Options, analyser: SemanticAnalyzer) -> None:
    """The patch of a module. It stays scheduled until it is done: types that it analyses ask for another one."""
    try:
        with shield.guarded(analyser, module.path), binding.bound(module):
            Rewriter(module, options, analyser).block(module.defs, Place())
    finally:
        _scheduled.discard(id(module))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a condition stands: the function, and the type parameters in scope."""

    function: FuncDef | None = None
    parameters: tuple[TypeVarLikeType, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Walks a module for conditions about shapes."""

    module: MypyFile
    options: Options
    analyser: SemanticAnalyzer

    def block(self, statements: Iterable[Statement], place: Place) -> None:
        for statement in statements:
            self.statement(statement, place)
            for block in blocks_of(statement):
                self.block(block.body, place)

    def statement(self, statement: Statement, place: Place) -> None:
        match statement:
            case FuncDef():
                self.function(statement, place)
            case Decorator(func=function):
                self.function(function, place)
            case OverloadedFuncDef(items=items):
                self.block(items, place)
            case ClassDef():
                self.block(statement.defs.body, Place(None, tuple(statement.type_vars)))
            case IfStmt(expr=conditions):
                statement.expr = [self.condition(condition, place) for condition in conditions]
            case AssertStmt(expr=condition) | WhileStmt(expr=condition):
                statement.expr = self.condition(condition, place)
            case AssignmentStmt(rvalue=value) | ExpressionStmt(expr=value):
                self.value(value, place)
            case ReturnStmt(expr=Expression() as value):
                self.value(value, place)

    def function(self, function: FuncDef, place: Place) -> None:
        signature = function.type
        own = signature.variables if isinstance(signature, CallableType) else ()
        self.block(function.body.body, Place(function, (*place.parameters, *(v for v in own if not is_dim(v)))))

    def value(self, value: Expression, place: Place) -> None:
        """The condition of `a if condition else b`."""
        match value:
            case ConditionalExpr(cond=condition, if_expr=one, else_expr=other):
                value.cond = self.condition(condition, place)
                self.value(one, place)
                self.value(other, place)
            case CallExpr(args=arguments):
                for argument in arguments:
                    self.value(argument, place)

    def condition(self, condition: Expression, place: Place) -> Expression:
        """The condition with guards."""
        match condition:
            case OpExpr(right=CallExpr(callee=TempNode())):
                return condition  # the daemon analyses functions again, not always from their source
            case CallExpr(callee=TempNode(), args=[subject, StrExpr(value="is"), CastExpr(expr=what)]):
                return self.isinstance(condition, subject, what, place)
            case OpExpr(op="and" | "or", left=left, right=right):
                condition.left, condition.right = self.condition(left, place), self.condition(right, place)
            case UnaryExpr(op="not", expr=inner):
                condition.expr = self.condition(inner, place)
            case CallExpr(callee=RefExpr(fullname="builtins.isinstance"), args=[subject, what]) if (
                literal(subject) == LITERAL_TYPE
            ):
                return self.isinstance(condition, subject, what, place)
            case ComparisonExpr(operators=["==" | "!="], operands=[left, right]):
                return self.comparison(condition, left, right)
        return condition

    def comparison(self, condition: ComparisonExpr, left: Expression, right: Expression) -> Expression:
        """`x.ndim == 2 and guard(...)`, or `x.ndim != 2 or not guard(...)`."""
        for measured, value in ((left, right), (right, left)):
            measure = _measure(measured)
            if measure is not None and literal(measure.subject) == LITERAL_TYPE:
                guard = self.guard(condition, [measure.subject, StrExpr(measure.form), value])
                if condition.operators == ["=="]:
                    return _placed(OpExpr("and", condition, guard), condition)
                return _placed(OpExpr("or", condition, _placed(UnaryExpr("not", guard), condition)), condition)
        return condition

    def isinstance(self, call: CallExpr, subject: Expression, what: Expression, place: Place) -> Expression:
        """`guard(x, "is", cast(annotation, ...))` when the second argument has shapes; the cast's type says them."""
        if not mentions_shape(what, self.module):
            return call
        annotation = self.annotation(what, place)
        if annotation is None:
            return call
        return self.guard(call, [subject, StrExpr("is"), _placed(CastExpr(what, annotation), call)])

    def guard(self, place: Context, arguments: list[Expression]) -> CallExpr:
        for argument in arguments:
            if isinstance(argument, StrExpr):
                argument.set_line(place)
        boolean, function = self.named("builtins.bool", []), self.named("builtins.function", [])
        count = len(arguments)
        signature = CallableType([ANY] * count, [ARG_POS] * count, [None] * count, boolean, function, name=NAME)
        return _placed(CallExpr(_placed(TempNode(signature), place), arguments, [ARG_POS] * count, [None] * count), place)

    def named(self, fullname: str, args: list[Type]) -> Instance:
        return self.analyser.named_type(fullname, args)

    def annotation(self, what: Expression, place: Place) -> Type | None:
        """The type that the second argument of `isinstance` stands for; None when we cannot tell."""
        match what:
            case TupleExpr(items=items):
                return self.union(items, place)
            case OpExpr(op="|", left=left, right=right):
                return self.union([left, right], place)
            case RefExpr(node=TypeAlias(alias_tvars=[]) as alias):
                return self.bind(alias.target, place)
            case _ if not _is_global(what):
                return None
            case _:
                typ = self.analyse(what, place)
                return self.bind(typ, place) if typ is not None else None

    def union(self, items: list[Expression], place: Place) -> Type | None:
        types = [self.annotation(item, place) for item in items]
        return UnionType.make_union([typ for typ in types if typ is not None]) if None not in types else None

    def analyse(self, what: Expression, place: Place) -> Type | None:
        with self.analyser.file_context(self.module, self.options):
            for variable in place.parameters:
                self.analyser.tvar_scope.bind_existing(variable)
            text = aliases.source(what)  # mypy throws the shape away when it reads an expression, but not when it reads a string
            return (
                self.analyser.anal_type(self.analyser.expr_to_unanalyzed_type(_placed(StrExpr(text), what)))
                if text is not None
                else None
            )

    def bind(self, typ: Type, place: Place) -> Type:
        """Names that the function's signature binds are those; others are sizes of the function."""
        if place.function is None:
            return typ
        signature, owner = place.function.type, place.function.fullname
        known = {variable.id for variable in signature.variables} if isinstance(signature, CallableType) else set()
        bound: dict[TypeVarId, TypeVarLikeType] = {}
        for variable in free_variables(typ):
            named = binding.bound_variable(variable, owner)
            size = variable.copy_modified(id=TypeVarId(variable.id.raw_id, namespace=owner))
            bound[variable.id] = named if named.id in known else size
        return binding.replace(typ, bound)


def _placed[E: Expression](expression: E, place: Context) -> E:
    expression.set_line(place)
    return expression


def mentions_shape(what: Expression, module: MypyFile) -> bool:
    """Whether the second argument of `isinstance` has a jaxtyping annotation in it."""
    match what:
        case TupleExpr(items=items):
            return any(mentions_shape(item, module) for item in items)
        case OpExpr(op="|", left=left, right=right):
            return mentions_shape(left, module) or mentions_shape(right, module)
        case IndexExpr(base=base, index=TupleExpr(items=[_, StrExpr()])):
            written = aliases.source(base)
            return written is not None and jaxtyping_class(written, module) is not None
        case RefExpr(node=TypeAlias(target=target)):
            array = array_of(target)
            return array is not None and array != Array(library=array.library)
        case _:
            return False


def _is_global(what: Expression) -> bool:
    """Whether all names of a type expression are the module's, so that they can be looked up when its functions are done."""
    match what:
        case NameExpr(kind=kind):
            return kind is not None and kind != LDEF
        case MemberExpr(expr=root):
            return _is_global(root)
        case IndexExpr(base=base, index=index):
            return _is_global(base) and _is_global(index)
        case TupleExpr(items=items):
            return all(map(_is_global, items))
        case OpExpr(left=left, right=right):
            return _is_global(left) and _is_global(right)
        case _:
            return isinstance(what, StrExpr)


@dataclass(frozen=True, slots=True)
class Measure:
    """An expression about an array's shape: of which array, and what (`shape`, `rank`, `axis -1`, `slice 1 None`)."""

    subject: Expression
    form: str


def _measure(expression: Expression) -> Measure | None:
    match expression:
        case MemberExpr(expr=subject, name="shape") | CallExpr(callee=MemberExpr(expr=subject, name="size"), args=[]):
            return Measure(subject, "shape")
        case (
            MemberExpr(expr=subject, name="ndim") | CallExpr(callee=MemberExpr(expr=subject, name="dim" | "ndimension"), args=[])
        ):
            return Measure(subject, "rank")
        case CallExpr(callee=MemberExpr(expr=subject, name="size"), args=[axis]) if (number := _number(axis)) is not None:
            return Measure(subject, f"axis {number}")
        case CallExpr(callee=NameExpr(fullname="builtins.len" | "builtins.tuple" as function), args=[inner]):
            whole = _measure(inner)
            return (
                Measure(whole.subject, "rank" if function == "builtins.len" else "shape")
                if whole is not None and _is_shape(whole)
                else None
            )
        case IndexExpr(base=base, index=index):
            whole, part = _measure(base), _part(index)
            return Measure(whole.subject, part) if whole is not None and _is_shape(whole) and part is not None else None
        case _:
            return None


def _is_shape(measure: Measure | None) -> bool:
    return measure is not None and measure.form == "shape"


def _part(index: Expression) -> str | None:
    if isinstance(index, SliceExpr):
        if index.stride is not None:
            return None
        bounds = [_number(bound) if bound is not None else None for bound in (index.begin_index, index.end_index)]
        written = [bound for bound in (index.begin_index, index.end_index) if bound is not None]
        return f"slice {bounds[0]} {bounds[1]}" if len([b for b in bounds if b is not None]) == len(written) else None
    number = _number(index)
    return f"axis {number}" if number is not None else None


def _number(expression: Expression) -> int | None:
    match expression:
        case IntExpr(value=value):
            return value
        case UnaryExpr(op="-", expr=IntExpr(value=value)):
            return -value
        case _:
            return None


# --- while bodies are checked ------------------------------------------------------------------------------------


def accept_annotations(ctx: FunctionSigContext) -> FunctionLike:
    """`isinstance` takes jaxtyping's annotations, which are classes at run time though not to a type checker."""
    signature = ctx.default_signature
    if len(ctx.args) == 2 and len(ctx.args[1]) == 1 and mentions_shape(ctx.args[1][0], checker(ctx.api).tree):
        return signature.copy_modified(arg_types=[signature.arg_types[0], ANY])
    return signature


def settle(ctx: FunctionContext) -> Type:
    """Gives the guard the type that its first argument has from here on."""
    call = ctx.context
    if isinstance(call, CallExpr) and isinstance(call.callee, TempNode) and len(call.args) == 3:
        chk = checker(ctx.api)
        signature = get_proper_type(call.callee.type)
        assert isinstance(signature, CallableType)
        reader = Reader(chk)
        narrowed = _narrowed(ctx.arg_types[0][0], call, reader)
        if narrowed is not None and is_proper_subtype(ctx.arg_types[0][0], narrowed, ignore_promotions=True):
            narrowed = narrowed.accept(_Forget(reader.named))
        chk.store_type(call.callee, signature.copy_modified(type_guard=narrowed))
    return ctx.default_return_type


def _narrowed(subject: Type, call: CallExpr, reader: Reader) -> Type | None:
    form, value = call.args[1], call.args[2]
    assert isinstance(form, StrExpr)
    if isinstance(value, CastExpr) and form.value == "is":
        return instance_of(subject, value.type, reader.named)
    said = _said(form.value.split(), reader.value(value))
    return with_shape(subject, said, reader.named) if said is not None else None


class _Forget(TypeTranslator):
    """Makes unknown sizes other types than `int`: mypy ignores a guard that is wider than what it knows."""

    def __init__(self, named: NamedTypes) -> None:
        super().__init__()
        self.size: Type = named(SIZE, [NoneType(), tuple_type([], named)])

    def visit_instance(self, t: Instance, /) -> Type:
        if t.type.fullname == "builtins.int":
            return self.size
        return t.copy_modified(args=[arg.accept(self) for arg in t.args]) if _may_hold_size(t) else t

    def visit_type_alias_type(self, t: TypeAliasType, /) -> Type:
        return t


def _may_hold_size(instance: Instance) -> bool:
    return instance.type.fullname == "builtins.tuple" or array_instance(instance) is not None


def with_shape(subject: Type, said: Shape, named: NamedTypes) -> Type | None:
    """The array type with what is said of its shape; None when it is no array, or a class without a place for a shape."""
    proper = get_proper_type(subject)
    if isinstance(proper, UnionType):
        items = [with_shape(item, said, named) or item for item in proper.items]
        return make_simplified_union(items) if any(array_of(item) is not None for item in items) else None
    like, array = array_instance(proper), array_of(proper)
    if like is None or array is None or not isinstance(proper, Instance) or len(like.args) != 2:
        return None
    return array_type(like, array.with_shape(merged(array.shape, said)), named)


def instance_of(subject: Type, annotation: Type, named: NamedTypes) -> Type:
    """The type of an object that is an instance of the annotation."""
    wanted = get_proper_type(annotation)
    if isinstance(wanted, UnionType):
        return UnionType.make_union([instance_of(subject, item, named) for item in wanted.items])
    proper = get_proper_type(subject)
    members = list(map(get_proper_type, proper.items)) if isinstance(proper, UnionType) else [proper]
    found = [both for member in members if (both := _array_of_both(member, wanted, named)) is not None]
    return UnionType.make_union(found) if found else annotation


def _array_of_both(member: ProperType, wanted: ProperType, named: NamedTypes) -> Type | None:
    """An array that is of both types; None when one is no array, or of another library."""
    like, declared, array = array_instance(member), array_of(wanted), array_of(member)
    if like is None or declared is None or array is None or not isinstance(wanted, Instance) or not isinstance(member, Instance):
        return None
    if wanted.type.has_base(like.type.fullname):
        like = wanted
    elif not like.type.has_base(wanted.type.fullname):
        return None
    if len(like.args) != 2:
        return like  # a user's subclass
    dtype = declared.dtype & array.dtype
    shape = merged(array.shape, declared.shape)
    return array_type(like, Array(shape, dtype if dtype.names else declared.dtype, array.library), named)


# --- what a condition says, as a shape ---------------------------------------------------------------------------


def _said(form: list[str], value: Value) -> Shape | None:
    """The shape that a true comparison with the value says; None when it says nothing we can use."""
    match form, value:
        case ["rank"], Dim(constant=int() as rank) if rank >= 0:
            return unknown_of_rank(rank)
        case ["shape"], tuple() as items:
            return Shape(_sizes(items))
        case ["axis", axis], Dim() as size:
            return _axis(int(axis), size)
        case ["slice", start, stop], tuple() as items if items:
            return _slice(_bound(start), _bound(stop), _sizes(items))
        case _:
            return None


def _sizes(items: tuple[Value, ...]) -> tuple[Dim, ...]:
    return tuple(item if isinstance(item, Dim) else UNKNOWN_DIM for item in items)


def _bound(text: str) -> int | None:
    return None if text == "None" else int(text)


def _axis(axis: int, size: Dim) -> Shape:
    if axis >= 0:
        return Shape((*_unknown(axis), size), ANY_RUN)
    return Shape((), ANY_RUN, (size, *_unknown(-axis - 1)))


def _unknown(count: int) -> tuple[Dim, ...]:
    return (UNKNOWN_DIM,) * count


def _slice(start: int | None, stop: int | None, sizes: tuple[Dim, ...]) -> Shape | None:
    """`x.shape[start:stop] == sizes`. A slice that is shorter than it asks for tells of a short shape: not used."""
    first = start or 0
    if first >= 0 and stop is None:
        return Shape((*_unknown(first), *sizes))
    if first >= 0 and stop is not None and stop < 0:
        return Shape((*_unknown(first), *sizes, *_unknown(-stop)))
    if first >= 0 and stop is not None and len(sizes) == stop - first:
        return Shape((*_unknown(first), *sizes), ANY_RUN)
    if first < 0 and stop is None and len(sizes) == -first:
        return Shape((), ANY_RUN, sizes)
    return None


def merged(known: Shape, said: Shape) -> Shape:
    """What is known of a shape of which something more is said.

    Where both contradict each other nothing is known. A named run `*b` that turns out to be some two axes is neither `*b`
    for the caller nor two axes for the signature: it becomes `...`.
    """
    if known == ANY_SHAPE:
        return said
    if said.run is None and (known.run is None or known.run == ANY_RUN):
        return _merged_rank(known, said)
    if said.run is None:
        return Shape(_overlay(known.prefix, said.prefix), ANY_RUN, _overlay_right(known.suffix, said.prefix))
    if known.run is None:
        return _merged_ends(known, said)
    prefix = _extended(known.prefix, said.prefix, bool(known.suffix))
    suffix = _extended(known.suffix[::-1], said.suffix[::-1], bool(known.prefix or said.prefix))[::-1]
    longer = len(prefix) > len(known.prefix) or len(suffix) > len(known.suffix)
    return Shape(prefix, ANY_RUN if longer else known.run, suffix)


def _merged_rank(known: Shape, said: Shape) -> Shape:
    """Of a rank that is said: every axis from both."""
    rank = len(said.prefix)
    if rank < known.min_rank or (known.run is None and rank != len(known.prefix)):
        return ANY_SHAPE
    middle = _unknown(rank - known.min_rank)
    return Shape(tuple(map(_merged_size, (*known.prefix, *middle, *known.suffix), said.prefix)))


def _merged_ends(known: Shape, said: Shape) -> Shape:
    """Of a rank that was known: the ends that are said."""
    if said.min_rank > len(known.prefix):
        return ANY_SHAPE
    return Shape(_overlay_right(_overlay(known.prefix, said.prefix), said.suffix))


def _overlay(known: tuple[Dim, ...], said: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """Axes with those said of the first ones."""
    sizes = (*said, *_unknown(len(known)))[: len(known)]
    return tuple(map(_merged_size, known, sizes))


def _overlay_right(known: tuple[Dim, ...], said: tuple[Dim, ...]) -> tuple[Dim, ...]:
    return _overlay(known[::-1], said[::-1])[::-1]


def _extended(known: tuple[Dim, ...], said: tuple[Dim, ...], other_end: bool) -> tuple[Dim, ...]:
    """The axes at one end of a run. More of them are known only when none is at the other end: it could be the same."""
    rest = () if other_end else said[len(known) :]
    return (*_overlay(known, said), *rest)


def _merged_size(known: Dim, said: Dim) -> Dim:
    if known.is_unknown:
        return said
    match compare(known, said):
        case Verdict.DIFFERENT:
            return UNKNOWN_DIM
        case Verdict.UNKNOWN if said.constant is not None and known.constant is None:
            return said
        case _:
            return known
