"""Where ints and attributes come from: which names a function assigns, and what `self.name` is a copy of.

Pure reading of mypy's tree. `binding` notes the attributes of each class in its metadata, which mypy's cache keeps;
`integers` asks when it gives an int a symbol.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mypy.nodes import (
    AssignmentExpr,
    AssignmentStmt,
    CallExpr,
    ClassDef,
    Decorator,
    DelStmt,
    Expression,
    ForStmt,
    FuncDef,
    FuncItem,
    IntExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    StarExpr,
    Statement,
    TupleExpr,
    TypeInfo,
    WhileStmt,
    WithStmt,
)

from mypy_plugin.blocks import blocks_of, statements_in
from mypy_plugin.buffers import is_registration

METADATA = "shapecheck"


def assigned_names(function: FuncItem) -> frozenset[str]:
    """The names that a function's body assigns."""
    return frozenset(assignments(function))


_assignment_cache: dict[int, tuple[FuncItem, tuple[str, ...]]] = {}


def assignments(function: FuncItem) -> tuple[str, ...]:
    """Every assigned name in a function's body, as often as it is assigned."""
    cached = _assignment_cache.get(id(function))
    if cached is None or cached[0] is not function:
        if len(_assignment_cache) > 512:
            _assignment_cache.clear()
        names = tuple(_assigned(function.body.body))
        cached = _assignment_cache[id(function)] = (function, names)
    return cached[1]


def _assigned(statements: Iterable[Statement]) -> Iterator[str]:
    for statement in statements_in(statements):
        yield from assigned_in(statement)


def assigned_in(statement: Statement) -> Iterator[str]:
    """The names that a statement itself assigns."""
    match statement:
        case AssignmentStmt(lvalues=lvalues):
            yield from (name for lvalue in lvalues for name in _target_names(lvalue))
        case OperatorAssignmentStmt(lvalue=lvalue) | DelStmt(expr=lvalue):
            yield from _target_names(lvalue)
        case ForStmt(index=index):
            yield from list(_target_names(index)) * 2  # a loop's index changes: it counts twice
        case WithStmt(target=targets):
            yield from (name for target in targets if target is not None for name in _target_names(target))


def _target_names(target: Expression) -> Iterator[str]:
    match target:
        case NameExpr(name=name):
            yield name
        case TupleExpr(items=items) | ListExpr(items=items):
            for item in items:
                yield from _target_names(item)
        case StarExpr(expr=inner) | AssignmentExpr(target=inner):
            yield from _target_names(inner)


def loop_names(function: FuncItem) -> frozenset[str]:
    """Names assigned inside a loop: they differ from round to round."""
    return frozenset(_assigned(statement for body in _loops(function.body.body) for statement in body))


def _loops(statements: Iterable[Statement]) -> Iterator[list[Statement]]:
    for statement in statements:
        for block in blocks_of(statement):
            if isinstance(statement, ForStmt | WhileStmt):
                yield block.body
            else:
                yield from _loops(block.body)


def record_attributes(definition: ClassDef) -> None:
    """Notes in the class's metadata, which mypy caches, what each attribute is assigned from ('' when it varies)."""
    sources: dict[str, str] = {}
    for function in _methods(definition):
        for name, value in _attribute_assignments(function):
            known = name in sources
            sources[name] = "" if known else _source(name, value, function)
    notes = definition.info.metadata.setdefault(METADATA, {})
    notes["attributes"], notes["static"] = sources, list(_static_fields(definition))
    notes["defaults"] = dict(_field_defaults(definition))
    notes["registered"] = list(_registered(definition))


def _static_fields(definition: ClassDef) -> Iterator[str]:
    """The fields that are no leaves of an equinox module: `name: str = eqx.field(static=True)`."""
    for statement in definition.defs.body:
        match statement:
            case AssignmentStmt(lvalues=[NameExpr(name=name)], rvalue=CallExpr(arg_names=options)) if "static" in options:
                yield name


def _field_defaults(definition: ClassDef) -> Iterator[tuple[str, int]]:
    """The fields that are ints of their own when nothing is passed: `k: int = 3`."""
    for statement in definition.defs.body:
        match statement:
            case AssignmentStmt(lvalues=[NameExpr(name=name)], rvalue=IntExpr(value=value)):
                yield name, value


def _registered(definition: ClassDef) -> Iterator[str]:
    """The attributes that are buffers or parameters by registration."""
    for function in _methods(definition):
        for statement in filter(is_registration, statements_in(function.body.body)):
            match statement:
                case AssignmentStmt(lvalues=[MemberExpr(name=name)]):
                    yield name


def registered(info: TypeInfo) -> Sequence[str]:
    """The attributes of a class that are buffers or parameters by registration."""
    return info.metadata.get(METADATA, {}).get("registered", ())


def attribute_values(info: TypeInfo, name: str) -> list[Expression | None]:
    """What the methods of a class assign to an attribute; nothing for a class that mypy has read from its cache."""
    return [value for function in _methods(info.defn) for known, value in _attribute_assignments(function) if known == name]


def _methods(definition: ClassDef) -> Iterator[FuncDef]:
    for statement in definition.defs.body:
        match statement:
            case FuncDef():
                yield statement
            case Decorator(func=function):
                yield function


def _attribute_assignments(function: FuncDef) -> Iterator[tuple[str, Expression | None]]:
    """The `self.name = value` of a method; the value is None where it is not a plain assignment."""
    if not function.arguments:
        return
    this = function.arguments[0].variable.name
    for statement in statements_in(function.body.body):
        match statement:
            case AssignmentStmt(lvalues=[MemberExpr(expr=NameExpr(name=root), name=name)], rvalue=value) if root == this:
                yield name, value
            case AssignmentStmt(lvalues=lvalues):
                yield from ((name, None) for target in lvalues for name in _attribute_targets(target, this))
            case OperatorAssignmentStmt(lvalue=target) | ForStmt(index=target):
                yield from ((name, None) for name in _attribute_targets(target, this))


def _attribute_targets(target: Node, this: str) -> Iterator[str]:
    match target:
        case MemberExpr(expr=NameExpr(name=root), name=name) if root == this:
            yield name
        case TupleExpr(items=items) | ListExpr(items=items):
            for item in items:
                yield from _attribute_targets(item, this)


def _source(name: str, value: Expression | None, function: FuncDef) -> str:
    """The path that an attribute is a copy of, seen from the class: `config.n_embd`, or `self.name` itself."""
    if function.name != "__init__":
        return ""
    parameters = {argument.variable.name for argument in function.arguments[1:]} - assigned_names(function)
    path = _path(value)
    return path if path is not None and path.partition(".")[0] in parameters else f"self.{name}"


def _path(value: Expression | None) -> str | None:
    match value:
        case NameExpr(name=name):
            return name
        case MemberExpr(expr=root, name=name) if (base := _path(root)) is not None:
            return f"{base}.{name}"
        case _:
            return None
