"""Sizes as type parameters of a class: one value per object, shared by its methods and attributes."""

import copy
import dataclasses
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jaxtyping import Array, Float
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

from shapecheck import ShapeError, checked


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def rejected(call: Callable[[], object], text: str = "") -> None:
    for _ in range(2):  # the first call compiles
        with pytest.raises(ShapeError) as caught:
            call()
        assert text in str(caught.value)


@checked
class MLP[d_in: int, d_hidden: int, d_out: int = Literal[10]](nn.Module):
    up: Float[Tensor, "d_in d_hidden"]
    down: Float[Tensor, "d_hidden d_out"]
    free: Float[Tensor, "anything"]

    def __init__(self, d_in: int, d_hidden: int, classes: int = 10) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.zeros(d_in, d_hidden))
        self.down = nn.Parameter(torch.zeros(d_hidden, classes))

    def forward(self, x: Float[Tensor, "b d_in"], steps: int = 2) -> Float[Tensor, "b d_out"]:
        return (x @ self.up @ self.down)[:, : 5 * steps]

    def pair(self, x: Float[Tensor, "b 2*d_in"]) -> int:
        return len(x)

    def own[d_in: int](self, x: Float[Tensor, "d_in d_in"]) -> int:
        return len(x)


def test_a_module_gets_its_sizes_from_the_constructor_and_from_the_defaults() -> None:
    mlp, other = MLP(6, 4), MLP(3, 2)
    assert mlp(torch.zeros(2, 6)).shape == (2, 10)
    assert other(torch.zeros(2, 3)).shape == (2, 10)
    assert mlp.pair(torch.zeros(2, 12)) == 2
    assert mlp.own(torch.zeros(5, 5)) == 5
    rejected(lambda: mlp(torch.zeros(2, 3)), "axis 1 (`d_in`) is 3, but 6 in `MLP.__init__(d_in)`")
    rejected(lambda: mlp(torch.zeros(2, 6), steps=1), "axis 1 (`d_out`) is 5, but 10 in `class MLP`")
    rejected(lambda: mlp.pair(torch.zeros(2, 13)), "`2*d_in` is 12")


def test_attributes_are_checked_when_the_constructor_is_done() -> None:
    rejected(lambda: MLP(6, 4, classes=12), "MLP.__init__: attribute `self.down` does not fit its annotation")


def test_arguments_in_brackets() -> None:
    assert MLP[Literal[6], Literal[4], Literal[8]](6, 4, 8)(torch.zeros(2, 6)).shape == (2, 8)
    assert MLP[Any, Any, Any](6, 4, 9)(torch.zeros(2, 6)).shape == (2, 9)
    rejected(lambda: MLP[Literal[5], Literal[4]](6, 4), "argument `d_in`")


def test_bases_hand_sizes_on() -> None:
    class Fixed(MLP[Literal[6], Literal[4]]):
        def __init__(self) -> None:
            super().__init__(6, 4)

    @checked
    class Square[d: int](MLP[d, d, d]):
        def __init__(self, d: int, grow: int = 0) -> None:
            super().__init__(d, d + grow, d)

        def side(self, x: Float[Tensor, "d"]) -> None: ...

    rejected(lambda: Fixed()(torch.zeros(2, 5)), "6 in `class")
    square = Square(6)
    square.side(torch.zeros(6))
    rejected(lambda: square.side(torch.zeros(5)))
    rejected(lambda: Square(6, grow=1), "argument `d_hidden`")


def test_copies_keep_their_sizes_and_nothing_keeps_the_object() -> None:
    mlp = MLP(6, 4)
    for each in (copy.copy(mlp), copy.deepcopy(mlp), pickle.loads(pickle.dumps(mlp))):
        each(torch.zeros(2, 6))
        rejected(lambda each=each: each(torch.zeros(2, 5)))
    assert "__shapecheck_sizes__" not in mlp.state_dict()
    gone = weakref.ref(mlp)
    del mlp, each
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"slots": True, "weakref_slot": True}])
def test_dataclasses(options: dict[str, bool]) -> None:
    @checked
    @dataclasses.dataclass(**options)  # type: ignore[call-overload]
    class Table[n: int, m: int]:
        rows: Float[np.ndarray, "n m"]
        m: int = 3

        def check(self, x: Float[np.ndarray, "m"]) -> None: ...

        @property
        def wrong(self) -> Float[np.ndarray, "m"]:
            return zeros(9)

        @classmethod
        def make(cls, x: Float[np.ndarray, "n m"]) -> Any:
            return cls(x, x.shape[1])

        @staticmethod
        def free(x: Float[np.ndarray, "n"]) -> int:
            return len(x)

    table = Table(zeros(2, 3))
    Table.make(zeros(5, 6)).check(zeros(6))
    assert (table.free(zeros(7)), Table.free(zeros(8))) == (7, 8)
    rejected(lambda: Table(zeros(2, 4)), "argument `m`")
    table.check(zeros(3))
    rejected(lambda: table.check(zeros(4)))  # without `__dict__`, by the field `m`
    rejected(lambda: table.wrong)


def test_equinox_modules() -> None:
    @checked
    class Linear[i: int, o: int](eqx.Module):
        weight: Float[Array, "o i"]

        def __init__(self, i: int, o: int, key: jax.Array) -> None:
            self.weight = jax.random.normal(key, (o, i))

        def __call__(self, x: Float[Array, "i"]) -> Float[Array, "o"]:
            return self.weight @ x

    def loss(layer: Any, x: Array) -> Array:
        return layer(x).sum()

    layer, x = Linear(2, 3, jax.random.key(0)), jnp.ones(2)
    assert layer(x).shape == (3,)
    rejected(lambda: layer(jnp.ones(4)))
    assert jax.vmap(layer)(jnp.ones((5, 2))).shape == (5, 3)
    assert eqx.filter_jit(layer)(x).shape == (3,)
    assert eqx.filter_grad(loss)(layer, x).weight.shape == (3, 2)
    layers = eqx.filter_vmap(lambda key: Linear(2, 3, key))(jax.random.split(jax.random.key(0), 4))
    assert eqx.filter_vmap(loss, in_axes=(0, None))(layers, x).shape == (4,)
    assert jax.tree.structure(layer) == jax.tree.structure(Linear(2, 3, jax.random.key(1)))


def test_the_first_call_that_succeeds_binds_what_nothing_else_has() -> None:
    class Plain[n: int]:
        @checked
        def first(self, x: Float[np.ndarray, "n"], fail: bool = False) -> None:
            if fail:
                raise RuntimeError

        @checked
        def second(self, x: Float[np.ndarray, "n"]) -> Float[np.ndarray, "m"]:
            return x

        @checked
        def items(self, size: int) -> Iterator[Float[np.ndarray, "n"]]:
            yield zeros(size)

    plain = Plain()
    with pytest.raises(RuntimeError):
        plain.first(zeros(7), fail=True)
    plain.first(zeros(3))
    plain.second(zeros(3))
    rejected(
        lambda: plain.second(zeros(4)), "3 in `test_the_first_call_that_succeeds_binds_what_nothing_else_has.Plain.first(x)`"
    )
    assert len(list(plain.items(3))) == 1
    rejected(lambda: list(plain.items(4)))
    Plain().second(zeros(4))


def test_a_default_without_a_constructor() -> None:
    @checked
    class Head[d: int = Literal[10]]:
        def __call__(self, x: Float[np.ndarray, "d"]) -> None: ...

    rejected(lambda: Head()(zeros(4)), "`class")
    Head[Literal[4]]()(zeros(4))


def compiled_frames(model: nn.Module) -> int:
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for batch in range(2, 6):
        compiled(torch.zeros(batch, 6))
    return counter.frame_count


@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")
@pytest.mark.parametrize("warmed", [True, False])
def test_compiled_modules(warmed: bool) -> None:
    class Bare(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1

    class Open[n: int](nn.Module):
        @checked
        def forward(self, x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
            return x + 1

    expected = compiled_frames(Bare())
    for model in (MLP(6, 4), Open()):
        if warmed:
            model(torch.zeros(2, 6))
        assert compiled_frames(model) == expected
        model(torch.zeros(2, 6))
        rejected(lambda model=model: model(torch.zeros(2, 5)))
