"""Conditions about an array's shape, with a call beside them that tells mypy what they say.

`isinstance(x, Float[Tensor, "b 3"])`, `x.shape == (b, 3)`, `x.ndim == 2`, `x.shape[-1] == n`, in `if`, `assert`, `while` and
`a if condition else b`. After a module's semantic analysis such conditions are rewritten: `x.ndim == 2` becomes
`x.ndim == 2 and guard(x, "rank", 2)`. `narrowing` settles what the guard says when it is checked.
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
    MemberExpr,
    MypyFile,
    NameExpr,
    OpExpr,
    OverloadedFuncDef,
    RefExpr,
    ReturnStmt,
    Statement,
    StrExpr,
    TempNode,
    TupleExpr,
    TypeAlias,
    UnaryExpr,
    WhileStmt,
)
from mypy.semanal import SemanticAnalyzer
from mypy.types import (
    CallableType,
    Instance,
    Type,
    TypeVarId,
    TypeVarLikeType,
    UnionType,
)

from mypy_plugin import aliases, binding, shield
from mypy_plugin.annotations import jaxtyping_class
from mypy_plugin.blocks import blocks_of
from mypy_plugin.encode import ANY, array_of
from mypy_plugin.measures import measure
from mypy_plugin.symbols import is_dim
from mypy_plugin.variables import free_variables
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.options import Options

GUARD = "shapecheck.narrowing condition"


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
            found = measure(measured)
            if found is not None and literal(found.subject) == LITERAL_TYPE:
                guard = self.guard(condition, [found.subject, StrExpr(found.form), value])
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
        signature = CallableType([ANY] * count, [ARG_POS] * count, [None] * count, boolean, function, name=GUARD)
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
