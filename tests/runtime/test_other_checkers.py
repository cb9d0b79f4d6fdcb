"""Functions that beartype checks too: its questions to jaxtyping are answered in the scope of our call."""

from typing import Any

import jaxtyping
import numpy as np
import pytest
from beartype import beartype
from jaxtyping import Float

from shapecheck import ShapeError, checked, jaxtyped


@pytest.mark.parametrize("decorate", [checked, jaxtyped])
def test_around_a_function_that_beartype_checks(decorate: Any) -> None:
    @decorate
    @beartype
    def f(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n+1"]) -> Float[np.ndarray, "n-1"]:
        return x[1:]

    assert f(np.zeros(3), np.zeros(4)).shape == (2,)
    with pytest.raises(ShapeError):
        f(np.zeros(3), np.zeros(3))


def test_a_function_in_the_body_that_only_beartype_checks_shares_the_names() -> None:
    @beartype
    def inner(x: Float[np.ndarray, "c b"]) -> None: ...

    @checked
    def outer(x: Float[np.ndarray, "b c"]) -> None:
        inner(x.T)
        inner(x)

    outer(np.zeros((3, 3)))
    with pytest.raises(Exception, match="c b"):
        outer(np.zeros((2, 3)))


def test_jaxtyped_may_be_put_in_the_place_of_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping, "jaxtyped", jaxtyped)
    with jaxtyping.jaxtyped("context"):
        assert isinstance(np.zeros(3), Float[np.ndarray, "n"])  # type: ignore[misc, arg-type]
        assert not isinstance(np.zeros(2), Float[np.ndarray, "n"])  # type: ignore[misc, arg-type]
