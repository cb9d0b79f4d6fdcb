"""Aliases of array types: `Image = Float[Tensor, "c h w"]`, `type Image = ...`, and what is built from them.

mypy throws an `Annotated`'s metadata away when it turns an *expression* into a type, but not when it reads a *string*.
So before a module is analysed `preserve` puts the whole annotation, as a string, in place of its array type:
`Float["Float[Tensor, 'c h w']", "c h w"]`. Uses of an alias go through `hook`, which asks for their names to be bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from mypy.fastparse import parse_type_string
from mypy.nodes import (
    AssignmentStmt,
    EllipsisExpr,
    Expression,
    IndexExpr,
    IntExpr,
    LambdaExpr,
    ListExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    OpExpr,
    ReturnStmt,
    Statement,
    StrExpr,
    TupleExpr,
    TypeAlias,
    TypeAliasStmt,
    TypeInfo,
)
from mypy.plugin import AnalyzeTypeContext
from mypy.semanal import SemanticAnalyzer
from mypy.typeanal import TypeAnalyser
from mypy.types import Type, TypeAliasType

from mypy_plugin import binding
from mypy_plugin.annotations import jaxtyping_class
from mypy_plugin.blocks import every_statement
from mypy_plugin.variables import has_free


def preserve(module: MypyFile) -> None:
    """Keeps the annotations that stand in expressions of a freshly parsed module."""
    for statement in every_statement(module.defs):
        for expression in _roots(statement):
            for annotation in _annotations(expression, module):
                _keep(annotation)


def _roots(statement: Statement) -> list[Expression]:
    """The expressions of a statement that may be types."""
    match statement:
        case AssignmentStmt(rvalue=value):
            return [value]
        case TypeAliasStmt(value=LambdaExpr(body=body)):
            return [last.expr for last in body.body if isinstance(last, ReturnStmt) and last.expr is not None]
        case _:
            return []


def _annotations(expression: Expression, module: MypyFile) -> Iterator[IndexExpr]:
    """The outermost jaxtyping annotations in an expression."""
    match expression:
        case IndexExpr(base=base, index=TupleExpr(items=[_, StrExpr()])) if _is_jaxtyping(base, module):
            yield expression
        case IndexExpr(index=TupleExpr(items=items)) | ListExpr(items=items):
            for item in items:
                yield from _annotations(item, module)
        case IndexExpr(index=index):
            yield from _annotations(index, module)
        case OpExpr(op="|", left=left, right=right):
            yield from _annotations(left, module)
            yield from _annotations(right, module)


def _is_jaxtyping(base: Expression, module: MypyFile) -> bool:
    written = source(base)
    return written is not None and jaxtyping_class(written, module) is not None


def _keep(annotation: IndexExpr) -> None:
    index = annotation.index
    text = source(annotation)
    if text is None or not isinstance(index, TupleExpr):
        return
    array = index.items[0]
    kept = StrExpr(text)
    kept.set_line(array)
    index.items[0] = kept


def source(expression: Expression) -> str | None:
    """The source of a type expression, None when it is not one we can write."""
    match expression:
        case NameExpr(name=name):
            return name
        case MemberExpr(expr=root, name=name):
            return _joined("{}." + name, [root])
        case StrExpr(value=value):
            return repr(value)
        case IntExpr(value=number):
            return str(number)
        case EllipsisExpr():
            return "..."
        case OpExpr(op="|", left=left, right=right):
            return _joined("{} | {}", [left, right])
        case TupleExpr(items=items):
            return _joined(", ".join(["{}"] * len(items)), items)
        case ListExpr(items=items):
            return _joined("[" + ", ".join(["{}"] * len(items)) + "]", items)
        case IndexExpr(base=base, index=index):
            return _joined("{}[{}]", [base, index])
        case _:
            return None


def _joined(template: str, parts: list[Expression]) -> str | None:
    texts = [source(part) for part in parts]
    return template.format(*texts) if all(text is not None for text in texts) else None


# --- parallel workers ----------------------------------------------------------------------------------------------

_reading: list[bool] = []
"""Not empty while an alias's text is being read: the array type inside it means itself."""


def array_in_alias(ctx: AnalyzeTypeContext, info: TypeInfo) -> Type:
    """An array class where `preserve` could not run: a worker of `mypy -n` gets its trees from another process.

    When the class stands for a whole annotation in an alias's definition, the annotation is read from the statement.
    """
    analyser = ctx.api
    assert isinstance(analyser, TypeAnalyser)
    text = None if _reading else _written_around(ctx, analyser)
    if text is None:
        return analyser.analyze_type_with_type_info(info, ctx.type.args, ctx.type, False)
    _reading.append(True)
    try:
        return analyser.anal_type(parse_type_string(text, "builtins.str", ctx.type.line, ctx.type.column))
    finally:
        _reading.pop()


def _written_around(ctx: AnalyzeTypeContext, analyser: TypeAnalyser) -> str | None:
    """The annotation whose array type is at this place of the statement that is being analysed."""
    api = analyser.api
    statement = api.statement if isinstance(api, SemanticAnalyzer) else None
    if statement is None or not isinstance(api, SemanticAnalyzer):
        return None
    for root in _roots(statement):
        for annotation in _annotations(root, api.cur_mod_node):
            index = annotation.index
            if isinstance(index, TupleExpr) and (index.items[0].line, index.items[0].column) == (ctx.type.line, ctx.type.column):
                return source(annotation)
    return None


def is_shape_alias(node: object) -> bool:
    """Whether a symbol is an alias whose target has shape names to bind."""
    return isinstance(node, TypeAlias) and not node.alias_tvars and has_free(node.target)


def hook(ctx: AnalyzeTypeContext, node: TypeAlias) -> Type:
    """The type of an alias's use; its names are bound with the signature it stands in."""
    analyser = getattr(ctx.api, "api", None)
    if isinstance(analyser, SemanticAnalyzer):
        binding.schedule(analyser)
    node.no_args = False  # mypy took the alias for one of the bare class, whose parameters each use may fill in
    return TypeAliasType(node, [], ctx.type.line, ctx.type.column)
