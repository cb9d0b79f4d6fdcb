"""Writes annotations into source text with libcst: annotations and imports change, every other byte stays.

Edits are keyed by the line of the `def` and the name of the slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor
from libcst.metadata import MetadataWrapper, PositionProvider

from shapecheck.codemod.imports import Needed
from shapecheck.codemod.report import RETURN

type Edits = Mapping[tuple[int, str], str]
"""Annotation texts by the line of the `def` and the slot's name."""


def emit(text: str, edits: Edits, needed: Iterable[Needed]) -> str:
    """The text with the annotations and imports added."""
    if not edits:
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    wrapper = MetadataWrapper(cst.parse_module(text.removeprefix("\ufeff")), unsafe_skip_copy=True)
    annotated = wrapper.visit(_Annotate(edits))
    context = CodemodContext()
    for each in sorted(set(needed), key=lambda each: (each.module, each.name)):
        name, _, alias = each.name.partition(" as ")
        AddImportsVisitor.add_needed_import(context, each.module, name, alias or None)
    return mark + AddImportsVisitor(context).transform_module(annotated).code


class _Annotate(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self.edits = edits
        self.lines: list[int] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.lines.append(self.get_metadata(PositionProvider, node.name).start.line)

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


def _annotation(text: str, before: cst.Annotation | None) -> cst.Annotation:
    expression = cst.parse_expression(text)
    return before.with_changes(annotation=expression) if before is not None else cst.Annotation(expression)
