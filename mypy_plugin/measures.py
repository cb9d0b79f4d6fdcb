"""Expressions about an array's shape: `x.shape`, `x.ndim`, `x.shape[-1]`, `len(x.shape)`, `x.size(0)`, as `conditions` finds them."""

from __future__ import annotations

from dataclasses import dataclass

from mypy.nodes import CallExpr, Expression, IndexExpr, IntExpr, MemberExpr, NameExpr, SliceExpr, UnaryExpr


@dataclass(frozen=True, slots=True)
class Measure:
    """An expression about an array's shape: of which array, and what (`shape`, `rank`, `axis -1`, `slice 1 None`)."""

    subject: Expression
    form: str


def measure(expression: Expression) -> Measure | None:
    """What an expression measures; None when it is about no shape."""
    match expression:
        case MemberExpr(expr=subject, name="shape") | CallExpr(callee=MemberExpr(expr=subject, name="size"), args=[]):
            return Measure(subject, "shape")
        case (
            MemberExpr(expr=subject, name="ndim") | CallExpr(callee=MemberExpr(expr=subject, name="dim" | "ndimension"), args=[])
        ):
            return Measure(subject, "rank")
        case CallExpr(callee=MemberExpr(expr=subject, name="size"), args=[axis]) if (number := _number(axis)) is not None:
            return Measure(subject, f"axis {number}")
        case CallExpr(callee=NameExpr(fullname="builtins.len"), args=[inner]):
            return _of_whole(inner, "rank")
        case CallExpr(callee=NameExpr(fullname="builtins.tuple"), args=[inner]):
            return _of_whole(inner, "shape")
        case IndexExpr(base=base, index=index) if (part := _part(index)) is not None:
            return _of_whole(base, part)
        case _:
            return None


def _of_whole(shape: Expression, form: str) -> Measure | None:
    """A measure taken of a whole shape."""
    whole = measure(shape)
    return Measure(whole.subject, form) if whole is not None and whole.form == "shape" else None


def _part(index: Expression) -> str | None:
    match index:
        case SliceExpr(begin_index=begin, end_index=end, stride=None):
            bounds = ["None" if bound is None else _number(bound) for bound in (begin, end)]
            return f"slice {bounds[0]} {bounds[1]}" if None not in bounds else None
        case SliceExpr():
            return None
        case _:
            number = _number(index)
            return f"axis {number}" if number is not None else None


def _number(expression: Expression) -> int | None:
    match expression:
        case IntExpr(value=value):
            return value
        case UnaryExpr(op="-", expr=IntExpr(value=value)):
            return -value
        case _:
            return None
