"""Every operation and layer with its signature and libraries: what `shapecheck rules` prints and `docs/operations.md` holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shapecheck.rules import lookup, registry
from shapecheck.rules.table import Layer, Rule, library_of

_PAGE = """\
# Operations

What `shapecheck rules` lists: the operations and layers whose shapes are known, and how. Written by
`python -m tests.test_docs`.

A signature has the axes of every operand and of the results, as [rules](rules.md) explains. Where shapes depend on more
than that (a padding, an equation), the row names the computation and the arguments it reads.

{summary}
"""


BAR = r"\|"
"""A bar inside a cell of a Markdown table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its names, what it says, and whether that is a signature alone."""

    kind: str
    names: tuple[str, ...]
    signature: str
    libraries: tuple[str, ...]
    one_line: bool


def rows() -> list[Row]:
    """Every rule once, with all its names, then the layers."""
    found = registry()
    by_rule = {id(rule): rule for rule in found.rules.values()}
    operations = [_row("operation", rule, rule.names, bool(rule.shapes)) for rule in by_rule.values()]
    return operations + [_row("layer", each, (each.name,), _is_one_line(each)) for each in found.layers.values()]


def _row(kind: str, rule: Rule | Layer, names: tuple[str, ...], one_line: bool) -> Row:
    return Row(kind, names, rule.text, tuple(sorted({library_of(name).value for name in names})), one_line)


def _is_one_line(layer: Layer) -> bool:
    """Whether a layer is a signature, or applies a function that is one."""
    function = lookup(layer.text.partition("(")[0])
    return bool(layer.shapes or (function is not None and function.shapes))


def summary(listed: Sequence[Row]) -> str:
    """How many names there are, and for how many a signature says it all."""
    names = sum(len(row.names) for row in listed)
    single = sum(len(row.names) for row in listed if row.one_line)
    return f"{names} operations and layers in {len(listed)} rows; {100 * single // names} % of them are one signature."


def page() -> str:
    """`docs/operations.md`."""
    listed = rows()
    return "\n".join([_PAGE.format(summary=summary(listed)), *_tables(listed)])


def _tables(listed: Sequence[Row]) -> Iterator[str]:
    for kind, title in (("operation", "Operations by name"), ("layer", "Layers")):
        yield f"## {title}\n\n| names | signature or computation | libraries |\n| --- | --- | --- |"
        for row in sorted((row for row in listed if row.kind == kind), key=lambda row: row.names):
            names = ", ".join(f"`{name}`" for name in row.names)
            yield f"| {names} | `{row.signature.replace('|', BAR)}` | {', '.join(row.libraries)} |"
        yield ""
