"""What two types of a message differ in, when that is shapes, dtypes and int sizes alone.

Pure functions on the types that `text` reads; `gate` calls them to decide on mypy's messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mypy.errorcodes import ErrorCode

from mypy_plugin import codes
from mypy_plugin.names import layer_classes
from mypy_plugin.symbols import FREE_MARK
from mypy_plugin.text import NAMED_TUPLES, ArrayText, Node, array_in, dim_in, is_int
from shapecheck.core.dim import Dim, Kind, Verdict, compare
from shapecheck.core.dtype import accepts
from shapecheck.core.shape import ANY_RUN, Item, Shape, conjunction, differing_axes, same
from shapecheck.core.unify import Bindings, Expected, Pattern, bind, counted, settle


class Finding(NamedTuple):
    """What a comparison of two types says: a verdict, and for a difference its code and reason."""

    verdict: Verdict
    code: ErrorCode = codes.MISMATCH
    reason: str = ""


_EQUAL = Finding(Verdict.EQUAL)


_UNKNOWN = Finding(Verdict.UNKNOWN)


def difference(expected: Node, found: Node) -> Finding | None:
    """Compares two types part by part; None when they differ in more than shapes, dtypes and sizes."""
    wanted, actual = array_in(expected), array_in(found)
    if wanted is not None and actual is not None:
        return compare_arrays(wanted, actual)
    if is_int(expected) and is_int(found):
        return Finding(Verdict.UNKNOWN) if compare(dim_in(expected), dim_in(found)) is not Verdict.EQUAL else _EQUAL
    if "Any" in (expected.last, found.last):
        return _UNKNOWN
    if "|" in (expected.name, found.name):
        return _difference_of_unions(expected, found)
    if expected == found:
        return _EQUAL
    if found.last == "partial" and expected.last == "Callable" and len(expected.args) == 2:
        return _UNKNOWN if difference(expected.args[1], found.args[0]) is not None else None  # nobody looks at what it returns
    if found.last in _NUMBERS and expected.last in _NUMBERS[found.last]:
        return _EQUAL
    if expected.last == found.last and expected.args and expected.last in layer_classes():
        return _UNKNOWN
    if expected.last == found.last == "Literal" and set(found.args) <= set(expected.args):
        return _EQUAL
    alike = _is_of_any_length(expected) is _is_of_any_length(found)
    if expected.last != found.last or len(expected.args) != len(found.args) or not expected.args or not alike:
        return _tuple_to_sequence(expected, found)
    return _all(difference(a, b) for a, b in zip(expected.args, found.args, strict=True))


_SUPERTYPES = {
    "list": ("Sequence", "Iterable", "Collection"),
    "tuple": ("Sequence", "Iterable", "Collection"),
    "dict": ("Mapping", "SupportsKeysAndGetItem"),
}


_NUMBERS = {
    "bool": ("int", "float", "complex"), "int": ("float", "complex"), "float": ("complex",),
    "signedinteger": ("int", "float", "complex"), "unsignedinteger": ("int", "float", "complex"), "floating": ("float", "complex"),
}  # fmt: skip
"""Numbers that do for others. Of numpy's own, plain mypy seldom knows that they are no Python numbers."""


def _is_of_any_length(node: Node) -> bool:
    """Whether a type is `tuple[item, ...]`."""
    return node.last == "tuple" and len(node.args) == 2 and node.args[1].name == "..."


def _tuple_to_sequence(expected: Node, found: Node) -> Finding | None:
    if found.last in NAMED_TUPLES and expected.last == "tuple":
        return _UNKNOWN
    if (
        expected.last == "Size"
        and not expected.args
        and found.last == "tuple"
        and all(is_int(arg) or arg.name == "..." for arg in found.args)
    ):
        return _EQUAL  # a slice of a shape is a `torch.Size`, to mypy it is a tuple
    if _is_of_any_length(expected) and found.last == "tuple" and not _is_of_any_length(found):
        return _all(difference(expected.args[0], item) for item in found.args if item.name != "()")
    if expected.last == "tuple" and expected.args and _is_of_any_length(found) and not _is_of_any_length(expected):
        item = _all(difference(wanted, found.args[0]) for wanted in expected.args)
        return _UNKNOWN if item is not None else None
    if expected.last in _SUPERTYPES.get(found.last, ()) and found.args and expected.args:
        items = [item for item in found.args if item.name != "..."]
        if found.last == "tuple":
            return _all(difference(expected.args[0], item) for item in items)
        return _all(difference(a, b) for a, b in zip(expected.args, items, strict=False))
    return None


def _difference_of_unions(expected: Node, found: Node) -> Finding | None:
    """A value that may be one of several shapes is wrong for certain only when all of them are.

    mypy gives up on a loop after a few rounds with a union of what it saw, so many shapes at once are no fact at all.
    """
    possible, allowed = members(found), members(expected)
    findings = [_member(item, allowed) for item in possible]
    if any(finding is None for finding in findings):
        return None
    verdicts = {finding.verdict for finding in findings if finding is not None}
    if len(verdicts) == 1 and len(possible) <= _MANY:
        return findings[0]
    return _UNKNOWN


_MANY = 3


def members(node: Node) -> tuple[Node, ...]:
    """The members of a union, or the type alone."""
    return node.args if node.name == "|" else (node,)


def _member(found: Node, expected: tuple[Node, ...]) -> Finding | None:
    findings = [finding for option in expected if (finding := difference(option, found)) is not None]
    for verdict in (Verdict.EQUAL, Verdict.UNKNOWN, Verdict.DIFFERENT):
        for finding in findings:
            if finding.verdict is verdict:
                return finding
    return None


def _all(findings: Iterable[Finding | None]) -> Finding | None:
    kept: list[Finding] = []
    for finding in findings:
        if finding is None:
            return None
        kept.append(finding)
    worst = conjunction(finding.verdict for finding in kept)
    return next((finding for finding in kept if finding.verdict is worst), _EQUAL)


def _satisfies(expected: Shape, found: Shape) -> Verdict:
    """Whether a shape is what is declared; names that no parameter binds (marked free) stand for some size each."""
    free = frozenset(
        symbol for item in expected.items if isinstance(item, Dim) for symbol in item.symbols() if symbol.kind is Kind.SIZE
    )
    run_is_free = expected.run is not None and expected.run.scope == FREE_MARK
    if not free and not run_is_free:
        return same(expected, found)
    axes = tuple(_expected(item) for item in expected.items)
    bindings = Bindings()
    mismatch = bind(Pattern(axes), found, free, bindings) or settle(bindings, free)
    return Verdict.DIFFERENT if mismatch is not None else Verdict.UNKNOWN


def _expected(item: Item) -> Expected:
    if isinstance(item, Dim):
        return Expected(item)
    return Expected(run=ANY_RUN if item.scope == FREE_MARK else item)


def compare_arrays(expected: ArrayText, found: ArrayText) -> Finding:
    """Shape and dtype of two array types."""
    dtype = accepts(expected.dtype, found.dtype)
    if dtype is Verdict.DIFFERENT:
        return Finding(dtype, codes.DTYPE, f"the dtype should be {expected.dtype}, found {found.dtype}")
    shape = _satisfies(expected.shape, found.shape)
    if shape is not Verdict.DIFFERENT:
        return Finding(conjunction((dtype, shape)))
    if expected.shape.rank is not None and found.shape.rank is not None and expected.shape.rank != found.shape.rank:
        return Finding(shape, codes.RANK, f"expected {counted(expected.shape.rank)}, found {counted(found.shape.rank)}")
    axes = differing_axes(expected.shape, found.shape)
    reasons = [f"axis {axis} should be {wanted}, found {actual}" for axis, wanted, actual in axes]
    return Finding(shape, codes.MISMATCH, ", ".join(reasons) or f"the axes are ({found.shape}), not ({expected.shape})")
