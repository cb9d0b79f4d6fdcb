"""Walks the statements of mypy's tree by hand: its compiled visitors cannot be subclassed from Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mypy.nodes import (
    Block,
    ClassDef,
    Decorator,
    ForStmt,
    FuncDef,
    IfStmt,
    MatchStmt,
    Node,
    OverloadedFuncDef,
    Statement,
    TryStmt,
    WhileStmt,
    WithStmt,
)


def blocks_of(statement: Node) -> Iterator[Block]:
    """The blocks inside a compound statement."""
    candidates: list[Block | None] = []
    match statement:
        case Block():
            candidates = [statement]
        case IfStmt(body=bodies, else_body=last):
            candidates = [*bodies, last]
        case ForStmt(body=body, else_body=last) | WhileStmt(body=body, else_body=last):
            candidates = [body, last]
        case WithStmt(body=body):
            candidates = [body]
        case TryStmt(body=body, handlers=handlers, else_body=last, finally_body=end):
            candidates = [body, *handlers, last, end]
        case MatchStmt(bodies=bodies):
            candidates = [*bodies]
    yield from filter(None, candidates)


def all_blocks_of(statement: Node) -> Iterator[Block]:
    """The blocks inside a statement, those of definitions too."""
    match statement:
        case FuncDef(body=body) | Decorator(func=FuncDef(body=body)) | ClassDef(defs=body):
            yield body
        case OverloadedFuncDef(items=items):
            for item in items:
                yield from all_blocks_of(item)
        case _:
            yield from blocks_of(statement)


def statements_in(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Every statement of a body in order, also inside `if`, loops and the like, but not in nested definitions."""
    for statement in statements:
        yield statement
        if not isinstance(statement, FuncDef | ClassDef | Decorator | OverloadedFuncDef):
            for block in blocks_of(statement):
                yield from statements_in(block.body)


def statement_at[S: Statement](statements: Sequence[Node], line: int, kind: type[S]) -> S | None:
    """The statement of a kind that holds a line, also in nested definitions."""
    for statement in statements:
        if statement.line <= line <= (statement.end_line or statement.line):
            if isinstance(statement, kind):
                return statement
            for block in all_blocks_of(statement):
                if (found := statement_at(block.body, line, kind)) is not None:
                    return found
    return None
