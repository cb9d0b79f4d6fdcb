"""The one-line language of rules: what a signature makes of shapes, and when it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapecheck.core.dim import UNKNOWN_DIM, dim
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Run, Shape, shape
from shapecheck.core.signature import signature

MATMUL = signature("*b m? k, *b k n? -> *b m? n?")
BATCH = Run("batch")


def applied(text: str, *shapes: Shape) -> str:
    return str(signature(text).apply(shapes))


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (shape("b", "t", "d"), shape("d", 5), "b t 5"),
        (shape("d"), shape("d"), ""),
        (shape("d"), shape("c", "d", "e"), "c e"),
        (shape("b", "t", "d"), shape("d"), "b t"),
        (shape("b", 1, "t", "d"), shape("h", "d", "t"), "b h t t"),
        (shape(BATCH, "d"), shape("d", "o"), "*batch o"),
        (shape(BATCH, "q", "d"), shape(BATCH, "d", "o"), "*batch q o"),
        (shape(BATCH, "d"), shape(BATCH, "d", "o"), "..."),
        (ANY_SHAPE, shape("d", "o"), "... o"),
    ],
)
def test_matmul(left: Shape, right: Shape, result: str) -> None:
    assert str(MATMUL.apply((left, right))) == result


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (shape("b", "t"), shape("hs", "d"), "inner axes differ: t on the left, hs on the right"),
        (shape(), shape("d"), "expected at least 1 axis, found a scalar"),
        (shape("b", "h", "t", "d"), shape("c", "h", "d", "t"), "the batch axes (b h) and (c h) do not broadcast"),
    ],
)
def test_matmul_refuses(left: Shape, right: Shape, reason: str) -> None:
    refused = MATMUL.apply((left, right))
    assert isinstance(refused, Mismatch)
    assert refused.reason == reason


sizes = st.sampled_from([1, 2, 3])
some_shape = st.lists(sizes, max_size=4).map(tuple)


@given(some_shape, some_shape)
def test_matmul_is_numpys(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    found = MATMUL.apply((shape(*left), shape(*right)))
    try:
        expected = (np.zeros(left) @ np.zeros(right)).shape
    except ValueError:
        assert isinstance(found, Mismatch)
    else:
        assert found == shape(*expected)


def test_fixed_names_are_sizes_of_a_layer() -> None:
    linear = signature("*b i -> *b o")
    fixed = {"i": dim(784), "o": dim(10)}
    assert str(linear.apply((shape("b", 784),), fixed=fixed)) == "b 10"
    refused = linear.apply((shape("b", 512),), fixed=fixed)
    assert isinstance(refused, Mismatch)
    assert refused.reason == "the last axis should be 784, found 512"


def test_an_unknown_fixed_size_binds_nothing() -> None:
    assert str(signature("*b i -> *b o").apply((shape("b", 512),), fixed={"i": UNKNOWN_DIM, "o": dim(3)})) == "b 3"


def test_results_may_compute_and_be_several() -> None:
    assert str(signature("n c *s -> n 2*c *s").apply((shape("b", 3, 7, 7),))) == "b 6 7 7"
    found = signature("*b n n -> *b n, *b n n").apply((shape("b", 3, 3),))
    assert [str(each) for each in found] == ["b 3", "b 3 3"] if isinstance(found, tuple) else False


def test_the_better_known_of_two_equal_axes_wins() -> None:
    assert applied("b n, b n -> b n", Shape((UNKNOWN_DIM, dim(3))), shape("b", 3)) == "b 3"


@pytest.mark.parametrize("text", ["a b", "*a *b -> a", "a-b -> a"])
def test_what_is_no_signature_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any reason
        signature(text)


@pytest.mark.parametrize(
    ("text", "shapes", "result"),
    [
        ("*s -> prod(s)", (shape("b", 3),), "3*b"),
        ("*s -> prod(s)", (shape(BATCH, 3),), "3*prod(*batch)"),
        ("*s, *t -> prod(s)+prod(t)", (shape(2, 3), shape(4)), "10"),
        ("n -> n+abs(offset)", (shape("n"),), "n+2"),
        ("*s -> *~s", (shape(2, "b", 4),), "4 b 2"),
        ("*s -> *~s", (shape(2, BATCH, 4),), "4 ... 2"),
        ("() -> 1", (shape(),), "1"),
        ("#m? #n?, m k, k n -> m n", (shape(4), shape("m", 3), shape(3, 4)), "m 4"),
        ("#m? #n?, m k, k n -> m n", (ANY_SHAPE, shape("m", 3), shape(3, 4)), "m 4"),
        ("m n -> max(min(m,n),0)", (shape(3, 5),), "3"),
    ],
)
def test_results(text: str, shapes: tuple[Shape, ...], result: str) -> None:
    assert str(signature(text).apply(shapes, fixed={"offset": dim(-2)})) == result


def test_what_only_broadcasts_is_refused_when_it_does_not() -> None:
    found = signature("#m? #n?, m k, k n -> m n").apply((shape(5), shape("m", 3), shape(3, 4)), names=("bias", "x", "y"))
    assert isinstance(found, Mismatch)
    assert found.reason == "bias (5) must broadcast to (m 4)"


def test_an_operand_that_is_not_there_binds_nothing() -> None:
    assert str(signature("*b i, i -> *b i").apply((shape("b", 3), None))) == "b 3"
