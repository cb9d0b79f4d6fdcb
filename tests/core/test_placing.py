"""Axes at the places that arguments name: `n@dim` of signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapecheck.core.dim import UNKNOWN_DIM, dim
from shapecheck.core.placing import Scalars
from shapecheck.core.shape import Mismatch, Run, Shape, shape
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Value

X = shape("b", "t", "d")
BATCHED = shape(Run("batch"), "t", "d")
REDUCE, KEEP = "*s *n@dim -> *s", "*s n@dim -> *s n@dim"
SWAP, ORDER, MOVE = "*s m@dim0 n@dim1 -> *s n@dim0 m@dim1", "*n@dims -> *n", "*s *n@source -> *s *n@destination"


def value(given: Any) -> Value:
    match given:
        case bool():
            return given
        case int():
            return dim(given)
        case tuple():
            return tuple(map(value, given))
        case _:
            return given  # type: ignore[no-any-return]


def applied(
    text: str, *shapes: Shape, scalars: Scalars = Scalars.REFUSED, fixed: dict[str, Any] | None = None, **call: Any
) -> str:
    arguments = {name: value(each) for name, each in call.items()}
    return str(signature(text).apply(shapes, fixed=fixed, call=arguments, scalars=scalars))


@pytest.mark.parametrize(("text", "actual", "call", "result"), [
    (REDUCE, X, {"dim": -1}, "b t"),
    (REDUCE, X, {"dim": (0, 2), "keepdim": True}, "1 t 1"),
    (REDUCE, X, {"dim": None}, ""),
    (REDUCE, X, {"dim": None, "keepdims": True}, "1 1 1"),
    (REDUCE, X, {"dim": UNKNOWN_DIM}, "_ _"),
    (REDUCE, X, {"dim": UNKNOWN}, "..."),
    (REDUCE, X, {"dim": 0, "keepdim": UNKNOWN}, "..."),
    (REDUCE, BATCHED, {"dim": -1}, "*batch t"),
    (REDUCE, BATCHED, {"dim": 0}, "..."),
    (REDUCE, BATCHED, {"dim": None}, ""),
    (KEEP, X, {"dim": 1}, "b t d"),
    (KEEP, X, {"dim": None}, "b*d*t"),
    (KEEP, BATCHED, {"dim": 0}, "*batch t d"),
    (KEEP, X, {"dim": UNKNOWN_DIM}, "b t d"),
    ("*s 2*n@dim -> *s n@dim", shape("b", 6), {"dim": -1}, "b 3"),
    ("*s n@dim -> *s n//2+1@dim", X, {"dim": -1}, "b t (d//2)+1"),
    ("*s -> *s 1@dim", X, {"dim": -1}, "b t d 1"),
    ("*s -> *s *1@dim", X, {"dim": (0, 2)}, "1 b 1 t d"),
    ("*s -> *s 1@dim", BATCHED, {"dim": -1}, "*batch t d 1"),
    (SWAP, X, {"dim0": 0, "dim1": -1}, "d t b"),
    (SWAP, X, {"dim0": 1, "dim1": 1}, "b t d"),
    (SWAP, BATCHED, {"dim0": -2, "dim1": -1}, "*batch d t"),
    (ORDER, X, {"dims": (2, 0, 1)}, "d b t"),
    (ORDER, shape(Run(), "d"), {"dims": (2, 0, 1)}, "d _ _"),
    (MOVE, X, {"source": 0, "destination": -1}, "t d b"),
    (MOVE, X, {"source": (0, 1), "destination": (2, 1)}, "d t b"),
])  # fmt: skip
def test_one_operand(text: str, actual: Shape, call: dict[str, Any], result: str) -> None:
    assert applied(text, actual, **call) == result


@pytest.mark.parametrize(("text", "actual", "call", "reason"), [
    (REDUCE, X, {"dim": 3}, 'axis 3 is out of range, the array has 3 axes "b t d"'),
    (REDUCE, X, {"dim": (0, -3)}, "axis -3 is given twice"),
    (REDUCE, shape(), {"dim": 0}, "axis 0 is out of range, the array has no axes"),
    ("*s 2*n@dim -> *s n@dim", shape("b", 5), {"dim": 1}, "axis 1 should be a multiple of 2, found 5"),
    ("*s 3@dim -> *s 3@dim", shape(3, 4), {"dim": -1}, "axis 1 should be 3, found 4"),
    ("*s -> *s 1@dim", X, {"dim": 4}, "a new axis 4 is out of range, the array has 3 axes"),
    (ORDER, X, {"dims": (1, 0)}, "an order of 2 axes for an array of 3 (b t d)"),
    (MOVE, X, {"source": (0, 1), "destination": 0}, "2 axes cannot move to 1 places"),
])  # fmt: skip
def test_refusals(text: str, actual: Shape, call: dict[str, Any], reason: str) -> None:
    assert applied(text, actual, **call) == reason


def test_several_operands() -> None:
    assert applied("*s n@dim, *k -> *s *k@dim", X, shape("p", "q"), dim=1) == "b p q d"
    assert applied("*s n@dim, *s k@dim -> *s k@dim", shape(1, 5, 3), shape(2, 5, 7), dim=2) == "2 5 7"
    assert applied("*s *n@dim, *q -> *q *s", X, shape(3), dim=1, keepdim=True) == "3 b 1 d"


def test_a_scalar_has_one_axis_in_torch() -> None:
    assert applied(REDUCE, shape(), dim=-1, keepdim=True, scalars=Scalars.KEPT) == ""
    assert applied(KEEP, shape(), dim=0, scalars=Scalars.VECTOR) == "1"
    assert applied(REDUCE, shape(), dim=1, scalars=Scalars.KEPT) == "axis 1 is out of range, the array has no axes"


def test_arguments_that_are_sizes() -> None:
    assert applied("-> *size", fixed={"size": shape("b", 3)}) == "b 3"
    assert applied("-> n m|n", fixed={"n": dim(3)}) == "3 3"
    assert applied("*s m@dim -> *s n|m//2@dim", X, dim=-1, fixed={"n": UNKNOWN_DIM}) == "b t _"
    assert applied("*size -> *size", shape(4), fixed={"size": shape(3, 5)}) == "(4) must broadcast to (3 5)"
    assert applied("*b c*r*r h w -> *b c h*r w*r", shape("b", 12, "h", "w"), fixed={"r": dim(2)}) == "b 3 2*h 2*w"


def test_what_broadcasts_to_another_does_not_change_it() -> None:
    assert applied("*s, *#s -> *s", X, shape("d")) == "b t d"
    assert applied("*s, *#s -> *s", shape("d"), X) == "(b t d) must broadcast to (d)"


small = st.lists(st.sampled_from([1, 2, 3]), max_size=4).map(tuple)


@given(small, st.integers(-5, 5), st.booleans())
def test_reductions_are_numpys(sizes: tuple[int, ...], axis: int, keep: bool) -> None:
    found = signature(REDUCE).apply((shape(*sizes),), call={"dim": dim(axis), "keepdim": keep}, scalars=Scalars.KEPT)
    try:
        expected = np.sum(np.zeros(sizes), axis=axis, keepdims=keep).shape
    except ValueError:
        assert isinstance(found, Mismatch)
    else:
        assert found == shape(*expected)


@given(small, st.lists(st.integers(-4, 4), min_size=1, max_size=3).map(tuple))
def test_new_axes_are_numpys(sizes: tuple[int, ...], axes: tuple[int, ...]) -> None:
    found = signature("*s -> *s *1@dim").apply((shape(*sizes),), call={"dim": value(axes)})
    try:
        expected = np.expand_dims(np.zeros(sizes), axes).shape
    except ValueError:
        assert isinstance(found, Mismatch)
    else:
        assert found == shape(*expected)
