"""Type variables as array types: in one call, arrays with one constrained variable are of one class."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from beartype import beartype
from jaxtyping import Array, Float, jaxtyped
from torch import Tensor, nn

from shapecheck import ShapeError, checked
from shapecheck.runtime.decorator import is_checked

A = TypeVar("A", Tensor, Array)
Bounded = TypeVar("Bounded", bound=Tensor | Array)

TORCH, JAX = torch.zeros(2), jnp.zeros(2)


def rejected(call: Callable[[], object], text: str) -> None:
    for _ in range(2):  # the first call compiles
        with pytest.raises(ShapeError) as caught:
            call()
        assert text in str(caught.value)


def test_a_parameter_of_the_function() -> None:
    @checked
    def f[T: (Tensor, Array)](x: Float[T, "n"], y: Float[T, "n"], out: Any = None) -> T:
        return x if out is None else out

    assert f(TORCH, TORCH) is TORCH
    assert f(JAX, JAX) is JAX
    assert f(nn.Parameter(TORCH), TORCH).shape == (2,)  # both are tensors
    rejected(lambda: f(TORCH, JAX), "argument `y`")
    rejected(lambda: f(JAX, TORCH), "because   its type is Tensor, but `T` is Array in `x`")
    rejected(lambda: f(JAX, jnp.zeros(3)), "axis 0 (`n`) is 3, but 2 in `x` axis 0")
    rejected(lambda: f(JAX, JAX, TORCH), "the return value")


@checked
def written_in_many_ways(  # noqa: UP047 - the old way is what is tested
    x: "Float[A, 'n']", y: list[Float[A, "n"]] | None = None, *z: Float[A, "m"], w: A | None = None, out: Any = None
) -> Float[A, "n"] | None:
    return out


def test_containers_unions_texts_and_the_variable_alone() -> None:
    written_in_many_ways(TORCH, [TORCH], TORCH, TORCH, w=TORCH, out=TORCH)
    written_in_many_ways(JAX, None, w=None, out=JAX)
    rejected(lambda: written_in_many_ways(TORCH, [TORCH, JAX]), "argument `y[1]`")
    rejected(lambda: written_in_many_ways(TORCH, None, TORCH, JAX), "argument `z[1]`")
    rejected(lambda: written_in_many_ways(TORCH, w=JAX), "argument `w`")
    rejected(lambda: written_in_many_ways(TORCH, out=JAX), "`A` is Tensor in `x`")


def accepted_as_by_jaxtyping(f: Any, *args: Any) -> None:
    for decorate in (checked, jaxtyped(typechecker=beartype)):
        assert decorate(f)(*args) is None


def test_only_constraints_tie() -> None:
    def bounded(x: Float[Bounded, "n"], y: Float[Bounded, "n"]) -> None: ...

    def free[T](x: Float[T, "n"], y: Float[T, "n"]) -> None: ...

    def union(x: Float[Tensor | Array, "n"], y: Float[Tensor | Array, "n"]) -> None: ...

    for f in (bounded, free, union):
        accepted_as_by_jaxtyping(f, TORCH, JAX)


def test_without_source_nothing_is_tied() -> None:
    names: dict[str, Any] = {"Float": Float, "A": A, "__name__": __name__}
    exec("def f(x: Float[A, 'n'], y: Float[A, 'n']) -> None: ...", names)
    accepted_as_by_jaxtyping(names["f"], TORCH, JAX)


def other(x: Float[A, "n"], y: Float[A, "n"]) -> None: ...  # noqa: UP047


def test_a_name_that_means_something_else_by_now_ties_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "A", TypeVar("A", Tensor, np.ndarray))
    accepted_as_by_jaxtyping(other, TORCH, JAX)


type Image[T] = Float[T, "h w"]
type Labelled[T] = tuple[T, Float[np.ndarray, "h w"]]


def test_generic_aliases_with_arguments() -> None:
    def f(x: Image[np.ndarray], y: Labelled[int] | None = None) -> None: ...

    image = np.zeros((2, 3))
    accepted_as_by_jaxtyping(f, image, (1, image))
    both = checked(f)
    assert is_checked(both)
    rejected(lambda: both(np.zeros(2)), 'expected  Float[Any, "h w"]')
    rejected(lambda: both(image, ("one", image)), "argument `y[0]`")  # type: ignore[arg-type]
    rejected(lambda: both(image, (1, image.T)), "argument `y[1]`")
