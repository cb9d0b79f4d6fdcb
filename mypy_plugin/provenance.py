"""Where a layer was made and which call gave an axis its size: what messages about layers tell.

Asked once a layer's rule has refused its input; reads mypy's tree and the types it has found so far. Nothing here decides
whether something is an error, and what is not certain is left out of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.nodes import (
    AssignmentStmt,
    CallExpr,
    Expression,
    ForStmt,
    IndexExpr,
    IntExpr,
    MemberExpr,
    NameExpr,
    OpExpr,
    RefExpr,
    Statement,
    StrExpr,
    TupleExpr,
    UnaryExpr,
    Var,
    WhileStmt,
    WithStmt,
)
from mypy.types import Instance, get_proper_type

from mypy_plugin.blocks import blocks_of, statements_in
from mypy_plugin.encode import array_of
from mypy_plugin.origins import assigned_in, attribute_values
from shapecheck.core.shape import Mismatch, axis_from_right
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_SIDES = re.compile(r"expected (?P<wants>.+?)(?: in (?P<where>the last axis|axis -?\d+))?, found (?P<found>.+)$")

_TOLD = re.compile(r' \("[^"]*"\)$')  # the shape, where the arrays follow anyway


@dataclass(frozen=True, slots=True)
class Named:
    """A layer as the program calls it (`fc2`, `features[3]`), and what tells where it was made (` (made at line 12)`)."""

    name: str
    made: str = ""


def refusal(layer: Named, mismatch: Mismatch, arrays: Sequence[Array], got: str, source: str = "") -> str:
    """`fc2 expects 100 features (made at line 12), got 128 from fc1 in the last axis of Float[Tensor, "b 128"]`.

    `got` tells the arrays where the mismatch does not (` (got ...)`), `source` which call gave the size (` from fc1`).
    """
    sides = _SIDES.match(mismatch.reason)
    if sides is None:
        return f"{layer.name}{layer.made}: {mismatch.reason}{got}"
    wants, where, found = sides["wants"], sides["where"], sides["found"]
    array = next((each for each in arrays if size_of(each, mismatch.axis) == mismatch.found), None)
    if where is None or array is None:
        told = _TOLD.sub("", found) if got else found
        return f"{layer.name}{layer.made} expects {wants}{f' in {where}' if where else ''}, found {told}{got}"
    return f"{layer.name} expects {wants}{layer.made}, got {found}{source} in {where} of {_shown(array)}"


def _shown(array: Array) -> str:
    from mypy_plugin.operations import describe

    return describe(array)


def size_of(array: Array | None, axis: int | None) -> str | None:
    """The size of an axis as a message has it; None when it is not known."""
    if array is None or axis is None:
        return None
    if axis < 0:
        size = axis_from_right(array.shape, -1 - axis)
    else:
        size = array.shape.prefix[axis] if axis < len(array.shape.prefix) else None
    return None if size is None or size.is_unknown else str(size)


# --- layers --------------------------------------------------------------------------------------------------------


def name_of(expression: Expression) -> str | None:
    """How the program calls a thing: `self.fc2` is fc2."""
    match expression:
        case NameExpr(name=name) | MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name):
            return name
        case MemberExpr(expr=root, name=name) if (base := name_of(root)) is not None:
            return f"{base}.{name}"
        case IndexExpr(base=root, index=IntExpr(value=key) | StrExpr(value=key)) if (base := name_of(root)) is not None:
            return f"{base}[{f'"{key}"' if isinstance(key, str) else key}]"
        case IndexExpr(base=root, index=NameExpr(name=key)) if (base := name_of(root)) is not None:
            return f"{base}[{key}]"
        case _:
            return None


def named(callee: Expression, otherwise: str, chk: TypeChecker, path: Sequence[int] = ()) -> Named:
    """A called layer, or the one at `path` in a called `nn.Sequential`; `otherwise` is what a layer without a name is called."""
    name = name_of(callee)
    if name is None:
        return Named(otherwise)
    line = _line(_value(callee, chk), path)
    return Named(f"{name}{indices(path)}", f" (made at line {line})" if line is not None else f" ({otherwise})")


def indices(path: Sequence[int]) -> str:
    """How the program would write a place in nested containers: `[1][0]`."""
    return "".join(f"[{index}]" for index in path)


def _line(made: Expression | None, path: Sequence[int]) -> int | None:
    """The line of a constructor call, or of one of its arguments."""
    for index in path:
        written = made.args if isinstance(made, CallExpr) and all(kind.is_positional() for kind in made.arg_kinds) else []
        made = written[index] if index < len(written) and len(written) > 1 else None
    return made.line if isinstance(made, CallExpr) else None


def _value(callee: Expression, chk: TypeChecker) -> Expression | None:
    """The one expression that a name or attribute was assigned from in this module; None when there are several."""
    match callee:
        case MemberExpr(expr=root, name=name):
            owner = get_proper_type(chk.lookup_type(root)) if chk.has_type(root) else None
            classes = owner.type.mro if isinstance(owner, Instance) else []
            values = [
                value for info in classes if info.module_name == chk.tree.fullname for value in attribute_values(info, name)
            ]
        case NameExpr(name=name):
            values = [value for _, value in _assignments(_body(callee, chk), name)]
        case _:
            return None
    return values[0] if len(values) == 1 else None


def _body(name: NameExpr, chk: TypeChecker) -> list[Statement]:
    """The statements that may assign a name: those of its function, or of the module."""
    function = chk.scope.current_function()
    is_global = isinstance(name.node, Var) and name.fullname == f"{chk.tree.fullname}.{name.name}"
    return chk.tree.defs if function is None or is_global else function.body.body


def _assignments(statements: Iterable[Statement], name: str) -> Iterator[tuple[Statement, Expression | None]]:
    for statement in statements_in(statements):
        if name in assigned_in(statement):
            yield statement, _direct(statement, name)


def _direct(statement: Statement, name: str) -> Expression | None:
    match statement:
        case AssignmentStmt(lvalues=[NameExpr(name=target)], rvalue=value) if target == name:
            return value
        case _:
            return None


# --- values --------------------------------------------------------------------------------------------------------


def producer(expression: Expression, axis: int | None, found: str, chk: TypeChecker) -> str:
    """` from fc1`: the call that gave the axis its size, back through what only passes it on; empty when not certain."""
    source = ""
    current: Expression | None = expression
    for _ in range(32):
        if isinstance(current, NameExpr):
            definition = _reaching(current, chk)
            if isinstance(definition, _Unpacked):
                return definition.source
            current, source = definition, "" if definition is None else source
        if current is None or size_of(_array(current, chk), axis) != found:
            return source
        if isinstance(current, CallExpr):
            source = _called(current)
        elif isinstance(current, NameExpr):
            continue
        current = _operand(current, axis, found, chk)
    return ""


def _called(call: CallExpr) -> str:
    name = name_of(call.callee) if isinstance(call.callee, RefExpr | IndexExpr) else None
    if name is None and isinstance(call.callee, MemberExpr):
        name = call.callee.name
    is_function = isinstance(call.callee, MemberExpr) and not _is_own(call.callee)
    return f" from {name.rpartition('.')[2] if is_function else name}" if name is not None else ""


def _is_own(callee: MemberExpr) -> bool:
    return isinstance(callee.expr, NameExpr) and isinstance(callee.expr.node, Var) and callee.expr.node.is_self


def _array(expression: Expression, chk: TypeChecker) -> Array | None:
    return array_of(chk.lookup_type(expression)) if chk.has_type(expression) else None


def _operand(expression: Expression, axis: int | None, found: str, chk: TypeChecker) -> Expression | None:
    """The array that an expression is made from, where it has the size already."""
    match expression:
        case CallExpr(callee=MemberExpr(expr=receiver), args=args):
            candidates = [receiver, *args[:1]]
        case CallExpr(args=args):
            candidates = args[:1]
        case IndexExpr(base=inner) | UnaryExpr(expr=inner) | MemberExpr(expr=inner):
            candidates = [inner]
        case OpExpr(left=left, right=right):
            candidates = [left, right]
        case _:
            return None
    return next((each for each in candidates if size_of(_array(each, chk), axis) == found), None)


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A name that was unpacked from a call's result."""

    source: str


def _reaching(name: NameExpr, chk: TypeChecker) -> Expression | _Unpacked | None:
    """The expression that a name certainly holds where it is read."""
    found = _before(_body(name, chk), name.name, name.line, None)
    match found:
        case AssignmentStmt(lvalues=[TupleExpr()], rvalue=CallExpr() as call):
            return _Unpacked(_called(call))
        case AssignmentStmt():
            return _direct(found, name.name)
        case _:
            return None


def _before(statements: Sequence[Statement], name: str, line: int, known: Statement | None) -> Statement | None:
    """The last statement that assigns the name before the line, None when that depends on the way taken."""
    for statement in statements:
        if statement.line > line:
            break
        if line <= (statement.end_line or statement.line):
            return _inside(statement, name, line, known)
        if isinstance(statement, WithStmt):
            known = _before(statement.body.body, name, line, known)
        elif any(True for _ in _assignments([statement], name)):
            known = statement if isinstance(statement, AssignmentStmt) else None
    return known


def _inside(statement: Statement, name: str, line: int, known: Statement | None) -> Statement | None:
    if isinstance(statement, ForStmt | WhileStmt) and any(True for _ in _assignments([statement], name)):
        known = None
    for block in blocks_of(statement):
        if block.body and block.body[0].line <= line <= (block.body[-1].end_line or line):
            return _before(block.body, name, line, known)
    return known
