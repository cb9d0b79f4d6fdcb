"""Writes annotations into source text with libcst: annotations and imports change, every other byte stays.

Edits are keyed by the line of the `def` and the name of the slot.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import takewhile

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from shapecheck.codemod.imports import Needed
from shapecheck.codemod.report import RETURN

type Edits = Mapping[tuple[int, str], str]
"""Annotation texts by the line of the `def` and the slot's name."""


def emit(text: str, edits: Edits, needed: Iterable[Needed]) -> str:
    """The text with the annotations and imports added."""
    if not edits:
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    plain = text.removeprefix("\ufeff")
    extended = cst.parse_module(plain).visit(_Annotate(edits, _lines(plain)))
    missing = set(needed)
    for module in sorted({each.module for each in missing}):
        extend = _ExtendImport(module, sorted(each.name for each in missing if each.module == module))
        extended = extended.visit(extend)
        missing -= {each for each in missing if extend.done and each.module == module}
    return mark + _with_imports(extended, missing).code


def _lines(text: str) -> list[int]:
    """The line of each `def` of a file, in the order of the text."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return sorted(node.lineno for node in functions)


def _with_imports(module: cst.Module, missing: Iterable[Needed]) -> cst.Module:
    """The module with imports added at its head, which is all that libcst has to look at."""
    context = CodemodContext()
    for each in sorted(missing, key=lambda each: (each.module, each.name)):
        name, _, alias = each.name.partition(" as ")
        AddImportsVisitor.add_needed_import(context, each.module, name, alias or None)
    head = list(takewhile(lambda statement: not isinstance(statement, cst.FunctionDef | cst.ClassDef), module.body))
    extended = AddImportsVisitor(context).transform_module(module.with_changes(body=head))
    return extended.with_changes(body=[*extended.body, *module.body[len(head) :]])


class _Annotate(cst.CSTTransformer):
    """Sets annotations; `lines` are those of the functions, in the order in which libcst comes to them."""

    def __init__(self, edits: Edits, lines: Iterable[int]) -> None:
        super().__init__()
        self.edits = edits
        self.coming = iter(lines)
        self.lines: list[int] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        return False

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> bool:
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.lines.append(next(self.coming))

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        text = self.edits.get((self.lines.pop(), RETURN))
        if text is None:
            return updated_node
        return updated_node.with_changes(returns=_annotation(text, updated_node.returns))

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        text = self.edits.get((self.lines[-1], original_node.name.value)) if self.lines else None
        if text is None:
            return updated_node
        spaced = cst.AssignEqual(cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" "))
        equal = spaced if updated_node.default is not None and updated_node.annotation is None else updated_node.equal
        return updated_node.with_changes(annotation=_annotation(text, updated_node.annotation), equal=equal)


class _ExtendImport(cst.CSTTransformer):
    """Adds names to the file's first `from module import ...` at top level, in order where that is in order."""

    def __init__(self, module: str, names: list[str]) -> None:
        super().__init__()
        self.module = module
        self.names = names
        self.done = False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        module, names = updated_node.module, updated_node.names
        if self.done or isinstance(names, cst.ImportStar) or not isinstance(module, cst.Name) or module.value != self.module:
            return updated_node
        self.done = True
        listed = list(names)
        for name in self.names:
            _insert(listed, name)
        return updated_node.with_changes(names=listed)


def _insert(listed: list[cst.ImportAlias], text: str) -> None:
    name, _, alias = text.partition(" as ")
    words = [each.evaluated_name for each in listed]
    position = next((i for i, word in enumerate(words) if name < word), len(words)) if words == sorted(words) else len(words)
    comma = listed[0].comma if len(listed) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    named = cst.ImportAlias(cst.Name(name), cst.AsName(cst.Name(alias)) if alias else None)
    if position == len(listed):
        named = named.with_changes(comma=listed[-1].comma)
        listed[-1] = listed[-1].with_changes(comma=comma)
    else:
        named = named.with_changes(comma=comma)
    listed.insert(position, named)


def _annotation(text: str, before: cst.Annotation | None) -> cst.Annotation:
    expression = cst.parse_expression(text)
    return before.with_changes(annotation=expression) if before is not None else cst.Annotation(expression)
