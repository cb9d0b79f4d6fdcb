"""Several signatures in one line: which of them a call takes, and what is refused when none fits."""

from __future__ import annotations

import pytest

from shapecheck.core.dim import UNKNOWN_DIM, dim
from shapecheck.core.overloads import overloads
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Mismatch, Shape, shape
from shapecheck.core.value import UNKNOWN, Scalar, Value

TRANSPOSED = overloads("() -> (); n -> n; m n -> n m")
WEIGHTED = overloads("n -> n; n, k -> k")
REDUCED = overloads("*s, *s -> *s if reduction=none; -> ()")


@pytest.mark.parametrize(
    ("actual", "numbers"),
    [(shape(), [0]), (shape("n"), [1]), (shape(2, 3), [2]), (ANY_SHAPE, [0, 1, 2]), (shape(ANY_RUN, "n"), [1, 2])],
)
def test_ranks_choose(actual: Shape, numbers: list[int]) -> None:
    assert TRANSPOSED.chosen([actual], {}) == numbers


def refusal(text: str, *shapes: Shape, names: tuple[str, ...] = ()) -> str:
    found = overloads(text).chosen(shapes, {}, names)
    assert isinstance(found, Mismatch)
    return found.reason


def test_where_no_rank_fits_all_of_them_are_named() -> None:
    assert refusal("() -> (); n -> n; m n -> n m", shape(2, 3, 4)) == "expected 0, 1 or 2 axes, found 3 (2 3 4)"
    assert refusal("n -> n n; *s m n -> *s m n", shape()) == "expected at least 1 axis, found a scalar"
    assert (
        refusal("n, n -> n; n, m n -> m", shape(2), shape(), names=("x", "weights"))
        == "expected 1 or 2 axes in weights, found a scalar"
    )


def test_an_operand_that_is_none_is_lacking() -> None:
    assert WEIGHTED.chosen([shape(3), None], {}) == [0]
    assert WEIGHTED.chosen([shape(3), shape(3)], {}) == [1]
    assert WEIGHTED.chosen([ANY_SHAPE, ANY_SHAPE], {}) == [1]


@pytest.mark.parametrize(("reduction", "numbers"), [("none", [0]), ("mean", [1]), (UNKNOWN, [0, 1]), (None, [1]), (dim(2), [1])])
def test_arguments_choose(reduction: Value, numbers: list[int]) -> None:
    assert REDUCED.chosen([shape(3), shape(3)], {"reduction": reduction}) == numbers


def test_operands_whose_ranks_are_not_known_do_not_reopen_a_choice_by_arguments() -> None:
    line = overloads("*b m n -> *b m m if full; -> *b m n")
    assert line.chosen([ANY_SHAPE], {"full": True}) == [0]
    assert line.chosen([ANY_SHAPE], {"full": Scalar("bool")}) == [0, 1]


def test_conditions() -> None:
    line = overloads("*s -> () if axis=None and not keep; -> 1 if axis=0; -> 2 if axis=()")
    assert line.chosen([shape(3)], {"axis": None, "keep": False}) == [0]
    assert line.chosen([shape(3)], {"axis": dim(0), "keep": False}) == [1]
    assert line.chosen([shape(3)], {"axis": UNKNOWN_DIM, "keep": False}) == [1]
    assert line.chosen([shape(3)], {"axis": (), "keep": True}) == [2]
    assert line.chosen([shape(3)], {"axis": None, "keep": True}) == []
    assert line.arguments == {"axis", "keep"}


def test_one_signature_is_a_line_too() -> None:
    assert overloads("*s -> *s").is_single
    assert not REDUCED.is_single
    assert REDUCED.arity == 2
