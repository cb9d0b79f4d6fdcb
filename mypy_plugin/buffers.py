"""Buffers of modules: `self.register_buffer("mask", x)` is read as `self.mask = x`.

To mypy `self.mask` is whatever `nn.Module.__getattr__` declares, a tensor or a module. Before a module is analysed its
registrations are turned into assignments, so that a buffer is an attribute with a type. A name that is computed, one that a method
declares (`self.mask: Tensor`) or assigns, and a buffer that is `None` stay as they are.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from mypy.nodes import (
    AssignmentStmt,
    Block,
    CallExpr,
    ClassDef,
    Decorator,
    Expression,
    ExpressionStmt,
    FuncDef,
    MemberExpr,
    MypyFile,
    NameExpr,
    Statement,
    StrExpr,
    TupleExpr,
)

from mypy_plugin.blocks import all_blocks_of, every_statement

_REGISTRATIONS = {"register_buffer": "tensor", "register_parameter": "param"}
"""Methods that make an attribute, each with what it calls the value."""
_registered: dict[int, AssignmentStmt] = {}


def declare(module: MypyFile) -> bool:
    """Turns the registrations in a freshly parsed module into assignments; whether there were any."""
    classes = [statement for statement in every_statement(module.defs) if isinstance(statement, ClassDef)]
    turned = [_turn(definition) for definition in classes if not _defines(definition)]
    return any(turned)


def _turn(definition: ClassDef) -> bool:
    """Turns the registrations in a class into assignments."""
    blocks = list(_blocks(definition.defs))
    declared = {name for block in blocks for statement in block.body for name in _declared(statement)}
    assigned = [_assign(block, declared) for block in blocks]
    return any(assigned)


def _declared(statement: Statement) -> Iterator[str]:
    """The attributes that a statement declares or assigns: `self.mask: Tensor`, `self.mask = None`, `self.mean, self.std = f()`."""
    match statement:
        case AssignmentStmt(lvalues=[MemberExpr(name=name)]):
            yield name
        case AssignmentStmt(lvalues=[TupleExpr(items=targets)]):
            yield from (target.name for target in targets if isinstance(target, MemberExpr))


def is_registration(statement: Statement) -> bool:
    """Whether a statement was a registration before it became an assignment."""
    return _registered.get(id(statement)) is statement


def _assign(block: Block, declared: Container[str]) -> bool:
    """Turns the registrations among the statements of a block into assignments."""
    assignments = [_assignment(statement, declared) for statement in block.body]
    block.body[:] = [new or old for new, old in zip(assignments, block.body, strict=True)]
    return any(assignments)


def _defines(definition: ClassDef) -> bool:
    """Whether a class has such a method of its own."""
    return any(_name(statement) in _REGISTRATIONS for statement in definition.defs.body)


def _name(statement: Statement) -> str | None:
    return statement.name if isinstance(statement, FuncDef | Decorator) else None


def _blocks(block: Block) -> Iterator[Block]:
    """A block and those inside it, not those of classes."""
    yield block
    for statement in block.body:
        if not isinstance(statement, ClassDef):
            for inner in all_blocks_of(statement):
                yield from _blocks(inner)


def _assignment(statement: Statement, declared: Container[str]) -> AssignmentStmt | None:
    """The assignment that a registration is; None for other statements."""
    match statement:
        case ExpressionStmt(expr=CallExpr(callee=MemberExpr(expr=NameExpr(name="self") as this, name=method)) as call):
            arguments = _arguments(call, _REGISTRATIONS[method]) if method in _REGISTRATIONS else None
        case _:
            return None
    match arguments:
        case StrExpr(value=name), value if name.isidentifier() and name not in declared and not _is_none(value):
            target = MemberExpr(this, name)
            target.set_line(call)
            assignment = AssignmentStmt([target], value)
            assignment.set_line(statement)
            _registered[id(assignment)] = assignment
            return assignment
        case _:
            return None


def _arguments(call: CallExpr, keyword: str) -> tuple[Expression, Expression] | None:
    """The name and the value that are registered; None when one is not written."""
    given: dict[str, Expression] = {}
    for index, (name, value) in enumerate(zip(call.arg_names, call.args, strict=True)):
        given[name or ("name", keyword, "persistent")[min(index, 2)]] = value
    return (given["name"], given[keyword]) if {"name", keyword} <= given.keys() else None


def _is_none(value: Expression) -> bool:
    return isinstance(value, NameExpr) and value.name == "None"
