"""Runs a function's statements over values and collects what they, and the comments beside them, say of its slots.

Branches are run one after the other and joined, loops once: nothing is claimed of what they disagree on.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from shapecheck.codemod.calls import Known
from shapecheck.codemod.callsites import answer_call
from shapecheck.codemod.evaluate import Chain, Local, Members, agreed, plain
from shapecheck.codemod.frame import UNPACKED, Frame
from shapecheck.codemod.model import Function, Program
from shapecheck.codemod.records import read_recording
from shapecheck.codemod.stated import above as lines_above
from shapecheck.codemod.stated import after, before, read_docstring, read_signature_comments, refined, trailing
from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.shape import ANY_RUN, Item, Run, Shape, from_items
from shapecheck.core.value import UNKNOWN, Array, Library


def walk(
    function: Function,
    program: Program,
    known: Known,
    library: Library,
    parameters: Mapping[str, Local],
    others: Mapping[str, Local] = MappingProxyType({}),
) -> Frame:
    """Runs a whole function, `others` being variables that are no parameters; facts and callees are in the frame."""
    frame = Frame(function, program, known, library, parameters, answer_call)
    frame.variables.update(others)
    read_signature_comments(frame)
    read_docstring(frame)
    read_recording(frame)
    Walker(frame).block(function.node.body)
    return frame


@dataclass(frozen=True, slots=True)
class Walker:
    """Runs statements on a frame."""

    frame: Frame

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Runs statements; True when they never get to their end."""
        previous = body[0].lineno - 1 if body else 0
        for statement in body:
            above = [] if statement.lineno <= previous else list(lines_above(self.frame, previous, statement.lineno))
            before(self.frame, statement, above)
            if self._statement(statement):
                return True
            after(self.frame, statement, above)
            previous = statement.end_lineno or statement.lineno
        return False

    def _statement(self, statement: ast.stmt) -> bool:
        self.frame.evaluate.seen.clear()
        match statement:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                self.frame.set(name, self.frame.evaluate(ast.BinOp(target, operator, value)))
            case ast.Expr(value=value):
                self.frame.evaluate(value)
            case ast.Assert(test=test):
                self._assert(test)
            case ast.Return(value=value):
                self._return(statement, value)
                return True
            case ast.Raise() | ast.Continue() | ast.Break():
                return True
            case ast.If(test=test, body=body, orelse=orelse):
                self.frame.evaluate(test)
                return self._branches([body, orelse])
            case ast.For(target=target, iter=iterated, body=body, orelse=orelse):
                self._loop_target(target, self.frame.evaluate(iterated))
                self._branches([body, []], loop=True)
                return self.block(orelse)
            case ast.While(test=test, body=body, orelse=orelse):
                self.frame.evaluate(test)
                self._branches([body, []])
                return self.block(orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self.frame.evaluate(item.context_expr)
                return self.block(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                ended = self._branches([[*body, *orelse], *(handler.body for handler in handlers)])
                return self.block(final) or ended
            case _:
                pass
        return False

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], loop: bool = False) -> bool:
        before = dict(self.frame.variables), set(self.frame.untouched), dict(self.frame.origins)
        ends: list[tuple[dict[str, Local], set[str], dict[str, str]]] = []
        conditional = len(bodies) > 1 and not loop
        self.frame.conditions += conditional
        for body in bodies:
            self.frame.evaluate.variables, self.frame.untouched, self.frame.origins = (
                dict(before[0]),
                set(before[1]),
                dict(before[2]),
            )
            if not self.block(body):
                ends.append((self.frame.variables, self.frame.untouched, self.frame.origins))
        self.frame.conditions -= conditional
        if not ends:
            return True
        names = set.intersection(*(set(variables) for variables, _, _ in ends))
        self.frame.evaluate.variables = {name: _all_agree([variables[name] for variables, _, _ in ends]) for name in names}
        self.frame.untouched = set.intersection(*(untouched for _, untouched, _ in ends))
        first = ends[0][2]
        self.frame.origins = {
            name: origin for name, origin in first.items() if all(each.get(name) == origin for _, _, each in ends)
        }
        return False

    def _loop_target(self, target: ast.expr, iterated: Local) -> None:
        item: Local = UNKNOWN
        if isinstance(iterated, Members | Chain) and iterated.items and all(each == iterated.items[0] for each in iterated.items):
            item = iterated.items[0]
        self.frame.bind_target(target, item)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if (array := self._shape_read(value)) is not None and isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, array, value)
        elif isinstance(target, ast.Name) and (read := self._axis_read(value)) is not None:
            self._name_axis(target.id, *read)
        else:
            origin = self.frame.origin_of(value)
            self.frame.bind_target(target, self.frame.evaluate(value))
            if origin is not None and isinstance(target, ast.Name):
                self.frame.origins[target.id] = origin

    def _shape_read(self, value: ast.expr) -> ast.expr | None:
        """The array of `x.shape` or `x.size()`."""
        match value:
            case ast.Attribute(value=array, attr="shape") | ast.Call(func=ast.Attribute(value=array, attr="size"), args=[]):
                return array if isinstance(self.frame.evaluate(array), Array) else None
            case _:
                return None

    def _axis_read(self, value: ast.expr) -> tuple[ast.expr, int] | None:
        """The array and axis of `x.shape[1]` or `x.size(1)`."""
        match value:
            case ast.Subscript(value=read, slice=index) if (array := self._shape_read(read)) is not None:
                return _with_axis(array, index)
            case ast.Call(func=ast.Attribute(value=array, attr="size"), args=[index]) if isinstance(
                self.frame.evaluate(array), Array
            ):
                return _with_axis(array, index)
            case _:
                return None

    def _unpack(self, targets: Sequence[ast.expr], array: ast.expr, value: ast.expr) -> None:
        shape = from_items(self._unpacked(target, array) for target in targets)
        whole = self.frame.learn(array, shape, "unpacking", value, UNPACKED)
        for position, target in enumerate(targets):
            if isinstance(target, ast.Name) and target.id != "_":
                self.frame.set(target.id, _item_at(whole, position, len(targets)))
            elif isinstance(target, ast.Starred):
                self.frame.bind_target(target.value, UNKNOWN)

    def _unpacked(self, target: ast.expr, array: ast.expr) -> Item:
        match target:
            case ast.Name(id="_"):
                return UNKNOWN_DIM
            case ast.Name(id=name):
                return self.frame.size_name(name, array)
            case ast.Starred(value=ast.Name(id=name)) if name.strip("_"):
                return Run(name, self.frame.scope)
            case ast.Starred():
                return ANY_RUN
            case _:
                return UNKNOWN_DIM

    def _name_axis(self, name: str, array: ast.expr, axis: int) -> None:
        size = self.frame.size_name(name, array)
        hidden = [UNKNOWN_DIM] * (axis if axis >= 0 else -1 - axis)
        shape = from_items([*hidden, size, ANY_RUN] if axis >= 0 else [ANY_RUN, size, *hidden])
        self.frame.learn(array, shape, "size read", array, UNPACKED)
        self.frame.set(name, self.frame.facts.sizes.canonical(size))

    def _assert(self, test: ast.expr) -> None:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                for value in values:
                    self._assert(value)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Tuple(elts=sizes)]):
                if (array := self._shape_read(left)) is not None:
                    found = [self.frame.evaluate(size) for size in sizes]
                    shape = Shape(tuple(size if isinstance(size, Dim) else UNKNOWN_DIM for size in found))
                    self.frame.learn(array, shape, "assertion", test, UNPACKED)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=int() as rank)]):
                if (array := _rank_read(left)) is not None and isinstance(self.frame.evaluate(array), Array):
                    self.frame.learn(array, Shape((UNKNOWN_DIM,) * rank), "assertion", test, UNPACKED)
            case _:
                self.frame.evaluate(test)

    def _return(self, statement: ast.stmt, value: ast.expr | None) -> None:
        found: Local = None if value is None else self.frame.evaluate(value)
        for stated in trailing(self.frame, statement):
            if not stated.names and isinstance(found, Array):
                found = refined(self.frame, found, stated)
        self.frame.facts.returned.append((plain(found), self.frame.evidence("returned", statement)))


def _all_agree(values: Sequence[Local]) -> Local:
    answer = values[0]
    for value in values[1:]:
        answer = agreed(answer, value)
    return answer


def _with_axis(array: ast.expr, index: ast.expr) -> tuple[ast.expr, int] | None:
    try:
        axis = ast.literal_eval(index)
    except ValueError:
        return None
    return (array, axis) if isinstance(axis, int) else None


def _rank_read(expression: ast.expr) -> ast.expr | None:
    match expression:
        case ast.Attribute(value=array, attr="ndim") | ast.Call(func=ast.Attribute(value=array, attr="dim"), args=[]):
            return array
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(value=array, attr="shape")]):
            return array
        case _:
            return None


def _item_at(shape: Shape, position: int, count: int) -> Dim:
    if shape.run is None:
        return shape.prefix[position] if len(shape.prefix) == count else UNKNOWN_DIM
    if position < len(shape.prefix):
        return shape.prefix[position]
    from_right = count - position
    return shape.suffix[-from_right] if from_right <= len(shape.suffix) else UNKNOWN_DIM
