"""The text of errors, word for word, and the same as data."""

import pickle
from collections.abc import Callable
from typing import Any, Literal

import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import torch
from jaxtyping import Array, Float, Int, PyTree
from torch import Tensor

from shapecheck import AnnotationError, ShapeError, checked
from shapecheck.runtime.errors import Binding, Report


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape)


@checked
def attend(
    q: Float[Tensor, "b t d"], k: Float[Tensor, "b s d"], mask: Int[Tensor, "*#m t s"] | None = None, scale: float = 1.0
) -> Float[Tensor, "b t s"]:
    return q @ k.mT if scale else q


@checked
def several(
    xs: list[Float[np.ndarray, "n"]] | tuple[()] = (),
    tree: PyTree[Float[Array, "m"], "T"] = None,
    *more: Float[np.ndarray, "2*n 3"],
) -> dict[str, Float[np.ndarray, "n"]]:
    return {"out": np.zeros(7)}


TEXTS: list[tuple[Callable[[], object], str]] = [
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 5, 6)),
        """\
attend: argument `k` does not fit its annotation
  expected  Float[Tensor, "b s d"]
  found     Float32[Tensor, "2 5 6"]
  because   axis 2 (`d`) is 6, but 4 in `q` axis 2
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2), s = 5 (`k` axis 1)""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 4, 5)),
        """\
attend: argument `k` does not fit its annotation
  expected  Float[Tensor, "b s d"]
  found     Float32[Tensor, "2 4 5"]
  because   axis 2 (`d`) is 5, but 4 in `q` axis 2
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2), s = 4 (`k` axis 1)
  hint      axes 1 and 2 are swapped""",
    ),
    (
        lambda: attend(zeros(3, 4), zeros(2, 5, 6)),
        """\
attend: argument `q` does not fit its annotation
  expected  Float[Tensor, "b t d"]
  found     Float32[Tensor, "3 4"]
  because   it has 2 axes, not 3""",
    ),
    (
        lambda: attend(zeros(1, 3, 4), zeros(5, 4)),
        """\
attend: argument `k` does not fit its annotation
  expected  Float[Tensor, "b s d"]
  found     Float32[Tensor, "5 4"]
  because   it has 2 axes, not 3
  bound     b = 1 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2)
  hint      an axis of size 1 is missing in front""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 1, 5, 4)),
        """\
attend: argument `k` does not fit its annotation
  expected  Float[Tensor, "b s d"]
  found     Float32[Tensor, "2 1 5 4"]
  because   it has 4 axes, not 3
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2)
  hint      axis 1, of size 1, is too many""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 5, 4), zeros(3, 5)),
        """\
attend: argument `mask` does not fit its annotation
  expected  Int[Tensor, "*#m t s"] | None
  found     Float32[Tensor, "3 5"]
  because   its dtype is float32, which is not in Int
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2), s = 5 (`k` axis 1)""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), np.zeros((2, 5, 4))),  # type: ignore[arg-type]
        """\
attend: argument `k` does not fit its annotation
  expected  Float[Tensor, "b s d"]
  found     Float64[ndarray, "2 5 4"]
  because   its type is ndarray, not Tensor
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2)""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 5, 4), scale="big"),  # type: ignore[arg-type]
        """\
attend: argument `scale` does not fit its annotation
  expected  float
  found     str 'big'
  because   its type is str
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2), s = 5 (`k` axis 1)""",
    ),
    (
        lambda: attend(zeros(2, 3, 4), zeros(2, 5, 4), scale=0.0),
        """\
attend: the return value does not fit its annotation
  expected  Float[Tensor, "b t s"]
  found     Float32[Tensor, "2 3 4"]
  because   axis 2 (`s`) is 4, but 5 in `k` axis 1
  bound     b = 2 (`q` axis 0), t = 3 (`q` axis 1), d = 4 (`q` axis 2), s = 5 (`k` axis 1)""",
    ),
    (
        lambda: several([np.zeros(2), np.zeros(3)]),
        """\
several: argument `xs[1]` does not fit its annotation
  expected  Float[ndarray, "n"]
  found     Float64[ndarray, "3"]
  because   axis 0 (`n`) is 3, but 2 in `xs[0]` axis 0
  bound     n = 2 (`xs[0]` axis 0)""",
    ),
    (
        lambda: several([np.zeros(2)], {"a": jnp.zeros(1), "b": jnp.zeros(2)}),
        """\
several: argument `tree['b']` does not fit its annotation
  expected  Float[Array, "m"]
  found     Float32[Array, "2"]
  because   axis 0 (`m`) is 2, but 1 in `tree['a']` axis 0
  bound     n = 2 (`xs[0]` axis 0), T = PyTreeDef({'a': *, 'b': *}) (`tree`), m = 1 (`tree['a']` axis 0)""",
    ),
    (
        lambda: several([np.zeros(2)], None, np.zeros((4, 3)), np.zeros((5, 3))),
        """\
several: argument `more[1]` does not fit its annotation
  expected  Float[ndarray, "2*n 3"]
  found     Float64[ndarray, "5 3"]
  because   axis 0 is 5, but `2*n` is 4
  bound     n = 2 (`xs[0]` axis 0)""",
    ),
    (
        lambda: several([np.zeros(2)]),
        """\
several: the return value (at `return['out']`) does not fit its annotation
  expected  Float[ndarray, "n"]
  found     Float64[ndarray, "7"]
  because   axis 0 (`n`) is 7, but 2 in `xs[0]` axis 0
  bound     n = 2 (`xs[0]` axis 0)""",
    ),
]


@checked
def pad(x: Float[np.ndarray, "n"], mode: Literal["edge", "wrap"] = "edge", sizes: tuple[int, int] | None = None) -> None: ...


@checked
def either(
    x: Float[np.ndarray, "n"] | Float[np.ndarray, "n 2"] | None,
    named: dict[str, list[Int[np.ndarray, "n"]]] | None = None,
    *batches: Float[np.ndarray, "*#b _"],
) -> None: ...


TEXTS += [
    (
        lambda: pad(np.zeros(2), "reflect"),  # type: ignore[arg-type]
        """\
pad: argument `mode` does not fit its annotation
  expected  Literal['edge', 'wrap']
  found     str 'reflect'
  because   it is not one of 'edge', 'wrap'
  bound     n = 2 (`x` axis 0)""",
    ),
    (
        lambda: pad(np.zeros(2), sizes=(1, "2")),  # type: ignore[arg-type]
        """\
pad: argument `sizes[1]` does not fit its annotation
  expected  int
  found     str '2'
  because   its type is str
  bound     n = 2 (`x` axis 0)""",
    ),
    (
        lambda: pad(np.zeros(2), sizes=(1,)),  # type: ignore[arg-type]
        """\
pad: argument `sizes` does not fit its annotation
  expected  tuple[int, int] | None
  found     tuple (1,)
  because   it has 1 item, not 2
  bound     n = 2 (`x` axis 0)""",
    ),
    (
        lambda: either(np.zeros((2, 3, 4))),
        """\
either: argument `x` does not fit its annotation
  expected  Float[ndarray, "n"] | Float[ndarray, "n 2"] | None
  found     Float64[ndarray, "2 3 4"]
  because   it has 3 axes, not 1; it has 3 axes, not 2""",
    ),
    (
        lambda: either([np.zeros(2)]),  # type: ignore[arg-type]
        """\
either: argument `x` does not fit its annotation
  expected  Float[ndarray, "n"] | Float[ndarray, "n 2"] | None
  found     list [array([0., 0.])]
  because   its type is list""",
    ),
    (
        lambda: either(None, {"a": [np.zeros(2)]}),
        """\
either: argument `named['a'][0]` does not fit its annotation
  expected  Int[ndarray, "n"]
  found     Float64[ndarray, "2"]
  because   its dtype is float64, which is not in Int""",
    ),
    (
        lambda: either(None, None, np.zeros((3, 4, 2)), np.zeros((2, 4, 5))),
        """\
either: argument `batches[1]` does not fit its annotation
  expected  Float[ndarray, "*#b _"]
  found     Float64[ndarray, "2 4 5"]
  because   `*#b` is (2, 4), which does not broadcast with (3, 4) in `batches[0]` axis 0
  bound     *b = (3, 4) (`batches[0]` axis 0)""",
    ),
    (
        lambda: pad(np.zeros((2, 3))),
        """\
pad: argument `x` does not fit its annotation
  expected  Float[ndarray, "n"]
  found     Float64[ndarray, "2 3"]
  because   it has 2 axes, not 1""",
    ),
]


@pytest.mark.parametrize(("call", "text"), TEXTS)
def test_text(call: Callable[[], object], text: str) -> None:
    for _ in range(2):  # the first call compiles
        with pytest.raises(ShapeError) as caught:
            call()
        assert str(caught.value) == text
        assert caught.value.__context__ is None


def an_error() -> Any:
    with pytest.raises(ShapeError) as caught:
        attend(zeros(2, 3, 4), zeros(2, 5, 6))
    return caught.value


def test_the_same_as_data() -> None:
    error = an_error()
    assert error.report == Report(
        code="shape-mismatch",
        function="attend",
        argument="k",
        place="k",
        expected='Float[Tensor, "b s d"]',
        found='Float32[Tensor, "2 5 6"]',
        reason="axis 2 (`d`) is 6, but 4 in `q` axis 2",
        axis=2,
        bindings=(Binding("b", 2, "q", 0), Binding("t", 3, "q", 1), Binding("d", 4, "q", 2), Binding("s", 5, "k", 1)),
    )
    assert (error.function, error.argument, error.axis, error.bindings[2].argument) == ("attend", "k", 2, "q")


def test_it_is_caught_wherever_jaxtypings_own_error_is() -> None:
    error = an_error()
    assert isinstance(error, jaxtyping.TypeCheckError)
    assert isinstance(error, TypeError)
    assert type(error).__name__ == "ShapeError"
    assert type(error).__module__ == "shapecheck"


def test_it_is_pickled() -> None:
    error = an_error()
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.report, type(copy)) == (str(error), error.report, type(error))


def test_an_annotation_that_makes_no_sense() -> None:
    @checked
    def f(x: Float[np.ndarray, "n+1"], y: Float[np.ndarray, "n"]) -> None: ...

    with pytest.raises(AnnotationError, match='f: argument `x` cannot be checked: the axis "n\\+1" cannot be') as caught:
        f(np.zeros(2), np.zeros(3))
    assert isinstance(caught.value, jaxtyping.AnnotationError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_expression_that_fails_says_how() -> None:
    @checked
    def f(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "6//n"]) -> None: ...

    with pytest.raises(ShapeError, match='"6//n" cannot be evaluated: ZeroDivisionError'):
        f(np.zeros(0), np.zeros(3))
