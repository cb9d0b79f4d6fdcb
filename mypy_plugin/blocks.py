"""Walks the statements of mypy's tree by hand: its compiled visitors cannot be subclassed from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

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

_COMPOUND: Mapping[type[Node], Callable[[Any], Iterable[Block | None]]] = MappingProxyType(
    {
        Block: lambda block: [block],
        IfStmt: lambda test: [*test.body, test.else_body],
        ForStmt: lambda loop: [loop.body, loop.else_body],
        WhileStmt: lambda loop: [loop.body, loop.else_body],
        WithStmt: lambda scope: [scope.body],
        TryStmt: lambda attempt: [attempt.body, *attempt.handlers, attempt.else_body, attempt.finally_body],
        MatchStmt: lambda match: match.bodies,
    }
)
_DEFINITIONS: Mapping[type[Node], Callable[[Any], Iterable[Block | None]]] = MappingProxyType(
    {
        FuncDef: lambda function: [function.body],
        Decorator: lambda decorated: [decorated.func.body],
        ClassDef: lambda definition: [definition.defs],
        OverloadedFuncDef: lambda overloaded: [block for item in overloaded.items for block in all_blocks_of(item)],
    }
)


def blocks_of(statement: Node) -> list[Block]:
    """The blocks inside a compound statement."""
    inside = _COMPOUND.get(type(statement))
    return [block for block in inside(statement) if block is not None] if inside is not None else []


def all_blocks_of(statement: Node) -> list[Block]:
    """The blocks inside a statement, those of definitions too."""
    inside = _DEFINITIONS.get(type(statement))
    return [block for block in inside(statement) if block is not None] if inside is not None else blocks_of(statement)


def every_statement(body: Iterable[Statement]) -> Iterator[Statement]:
    """Every statement of a body and of all definitions inside it, in no certain order."""
    pending = list(body)
    while pending:
        statement = pending.pop()
        yield statement
        for block in all_blocks_of(statement):
            pending += block.body


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
