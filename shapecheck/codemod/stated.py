"""What comments and docstrings say of a function's arrays, held against what is computed. Called by `walk`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shapecheck.codemod.comments import Stated, docstring_statements, statements
from shapecheck.codemod.evaluate import Chain, Instance, Members
from shapecheck.codemod.facts import ShapeFact, joined, merge, spelled
from shapecheck.codemod.frame import STATED, Frame, is_open
from shapecheck.codemod.report import Evidence
from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.shape import ANY_RUN, Shape, from_items
from shapecheck.core.value import UNKNOWN, Array, LayerValue


def before(frame: Frame, statement: ast.stmt, above: Sequence[Stated]) -> None:
    """Named shapes in a comment above a statement hold before it."""
    for stated in above:
        for name in stated.names:
            _state(frame, name, stated)
        if not stated.names and stated.after is not None and not isinstance(statement, ast.Assign):
            _state_signature(frame, stated)


def after(frame: Frame, statement: ast.stmt, above: Sequence[Stated]) -> None:
    """What a comment above or beside an assignment says holds of its targets after it."""
    targets = _target_names(statement)
    for stated in [*above, *trailing(frame, statement)]:
        for name in stated.names:
            if name in targets:
                _state(frame, name, stated)
        if not stated.names:
            for name in targets:
                _state(frame, name, stated)


def above(frame: Frame, after: int, before: int) -> Iterator[Stated]:
    """What comments on lines of their own say, between two lines."""
    for line in range(after + 1, before):
        comment = frame.function.module.source.comments.get(line)
        if comment is not None and comment.alone:
            yield from statements(comment.text, line, frame.scope)


def trailing(frame: Frame, statement: ast.stmt) -> list[Stated]:
    """What the comment at a statement's end says."""
    line = statement.end_lineno or statement.lineno
    comment = frame.function.module.source.comments.get(line)
    simple = not hasattr(statement, "body")
    return statements(comment.text, line, frame.scope) if simple and comment is not None and not comment.alone else []


def _state(frame: Frame, name: str, stated: Stated) -> None:
    if name not in frame.variables or isinstance(frame.variables[name], Dim | Instance | Members | Chain | LayerValue):
        return
    shape = stated.shape if stated.after is None else stated.after
    value = frame.variables[name]
    if name in frame.untouched:
        frame.facts.sizes.name(shape, STATED)
        frame.add_shape(name, ShapeFact(stated.shape, Evidence("comment", stated.line, stated.text), False))
    base = value if isinstance(value, Array) else Array(Shape(run=ANY_RUN), ANY_DTYPE, frame.library)
    if isinstance(value, Array) or value is UNKNOWN:
        frame.variables[name] = refined(frame, base, _without_numbers(stated) if name in frame.untouched else stated)


def refined(frame: Frame, value: Array, stated: Stated) -> Array:
    """A computed array with the names a comment gives to its axes; the comment is reported where it is wrong."""
    shape = stated.shape if stated.after is None else stated.after
    if is_open(value.shape):
        frame.facts.sizes.name(shape, STATED)
        return value.with_shape(shape)
    pairs = merge(value.shape, shape)
    if pairs is None or any(_contradict(*pair) for pair in pairs):
        _report_stale(frame, stated, value.shape)
        return value
    frame.facts.sizes.name(shape, STATED)
    if not all(frame.facts.sizes.unify(other, one) for one, other in pairs if _is_name(other)):
        _report_stale(frame, stated, value.shape)
        return value
    return value.with_shape(frame.facts.sizes.canonical_shape(joined(value.shape, shape)))


def _report_stale(frame: Frame, stated: Stated, computed: Shape) -> None:
    found = Evidence("comment", stated.line, f"says ({stated.text.strip('()')}), the code computes ({spelled(computed)})")
    if found not in frame.facts.findings:
        frame.facts.findings.append(found)


def read_signature_comments(frame: Frame) -> None:
    """Takes note of the comments between the parameters and beside them."""
    node = frame.function.node
    first = node.body[0].lineno
    for argument in frame.function.parameters:
        comment = frame.function.module.source.comments.get(argument.lineno)
        if comment is None or comment.alone or argument.lineno >= first or argument.lineno == node.lineno:
            continue
        for stated in statements(comment.text, argument.lineno, frame.scope):
            _state(frame, argument.arg, stated)
    for line in range(node.lineno, first):
        comment = frame.function.module.source.comments.get(line)
        for stated in statements(comment.text, line, frame.scope) if comment is not None else []:
            for name in stated.names:
                _state(frame, name, stated)
            if not stated.names and stated.after is not None:
                _state_signature(frame, stated)


def _state_signature(frame: Frame, stated: Stated) -> None:
    """`(B, T) -> (B, T, V)` for a whole function of one array."""
    arrays = [name for name, value in frame.parameters.items() if isinstance(value, Array)]
    if len(arrays) == 1 and stated.after is not None:
        _state(frame, arrays[0], Stated((), stated.shape, None, stated.text, stated.line))
        frame.facts.stated_results.append(ShapeFact(stated.after, Evidence("comment", stated.line, stated.text), False))


def read_docstring(frame: Frame) -> None:
    """Takes note of the shapes that the docstring gives to parameters and results."""
    given, returned = docstring_statements(frame.function.node, frame.scope)
    for stated in given:
        evidence = Evidence("docstring", stated.line, stated.text)
        frame.facts.sizes.name(stated.shape, STATED)
        frame.add_shape(stated.names[0], ShapeFact(stated.shape, evidence, False))
    for stated in returned:
        frame.facts.sizes.name(stated.shape, STATED)
        fact = ShapeFact(stated.shape, Evidence("docstring", stated.line, stated.text), False)
        if fact not in frame.facts.stated_results:
            frame.facts.stated_results.append(fact)


def _without_numbers(stated: Stated) -> Stated:
    """A number that somebody states for a parameter is no constant before the code is seen to need it."""
    items = [UNKNOWN_DIM if isinstance(item, Dim) and item.constant is not None else item for item in stated.shape.items]
    return replace(stated, shape=from_items(items))


def _is_name(size: Dim) -> bool:
    return size.symbol is not None


def _contradict(one: Dim, other: Dim) -> bool:
    return one.constant is not None and other.constant is not None and one != other


def _target_names(statement: ast.stmt) -> list[str]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.AugAssign(target=ast.Name(id=name))
        ):
            return [name]
        case ast.Assign(targets=[ast.Tuple(elts=elements)]):
            return [element.id for element in elements if isinstance(element, ast.Name)]
        case _:
            return []
