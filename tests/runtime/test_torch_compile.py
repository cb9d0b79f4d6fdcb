"""Checked functions inside `torch.compile(fullgraph=True)` and `torch.export`: no graph break, no extra recompilation."""

from typing import Any

import pytest
import torch
from jaxtyping import Float, Int, TypeCheckError
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

import shapecheck
from shapecheck import ShapeError, checked

# Dynamo's own remark about Python 3.13.0; the project's settings would make it an error in the middle of a trace.
pytestmark = pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch._dynamo.reset()


def compiled(function: Any, **options: Any) -> tuple[Any, CompileCounter]:
    counter = CompileCounter()
    return torch.compile(function, backend=counter, fullgraph=True, **options), counter


def matmul() -> Any:
    @checked
    def matmul(x: Float[Tensor, "b c"], y: Float[Tensor, "c d"], scale: float = 1.0) -> Float[Tensor, "b d"]:
        return x @ y * scale

    return matmul


def plain(x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
    return x @ y * scale


@pytest.mark.parametrize("warmed", [True, False])
def test_no_break_and_no_more_recompilations_than_bare(warmed: bool) -> None:
    function = matmul()
    if warmed:
        function(torch.zeros(2, 3), torch.zeros(3, 4))
    checked_one, ours = compiled(function)
    bare_one, bare = compiled(plain)
    for batch in range(2, 10):
        x, y = torch.randn(batch, 3), torch.randn(3, 4)
        torch.testing.assert_close(checked_one(x, y), x @ y)
        bare_one(x, y)
    assert ours.frame_count == bare.frame_count


def test_every_construct_in_one_graph() -> None:
    @checked
    class Block(nn.Module):
        def __init__(self, d: int) -> None:
            super().__init__()
            self.d = d
            self.linear = nn.Linear(d, d)

        def forward(
            self, x: Float[Tensor, "*b t d"], mask: Int[Tensor, "t"] | None = None, *rest: Float[Tensor, "#t d"],
            **named: Float[Tensor, "{self.d}"],
        ) -> tuple[Float[Tensor, "*b t d"], list[Float[Tensor, "t-1"]]]:  # fmt: skip
            return self.linear(x), [x.flatten()[: x.shape[-2] - 1]]

    block = Block(4)
    once, counter = compiled(block)
    out, _ = once(torch.zeros(2, 3, 4), None, torch.zeros(1, 4), torch.zeros(3, 4), bias=torch.zeros(4))
    assert out.shape == (2, 3, 4)
    assert counter.frame_count == 1


def test_a_wrong_shape_is_an_error_in_compiled_code_too() -> None:
    function = matmul()
    relaxed = torch.compile(function, backend="eager")
    relaxed(torch.zeros(2, 3), torch.zeros(3, 4))
    with pytest.raises((ShapeError, TypeCheckError)):
        relaxed(torch.zeros(2, 3), torch.zeros(4, 4))


def test_export() -> None:
    class Model(nn.Module):
        @checked
        def forward(self, x: Float[Tensor, "b c"]) -> Float[Tensor, "b"]:
            return x.sum(1)

    program = torch.export.export(Model(), (torch.zeros(2, 3),))
    assert program.module()(torch.ones(2, 3)).tolist() == [3, 3]


@pytest.mark.parametrize(("mode", "measured"), [("every=2", True), ("on", True), ("once", False)])
def test_modes_and_the_clock_keep_the_graph_whole(mode: str, measured: bool) -> None:
    shapecheck.measure_cost(measured)
    try:
        with shapecheck.mode(mode):
            function, counter = compiled(matmul())
            for batch in range(2, 6):
                x, y = torch.randn(batch, 3), torch.randn(3, 4)
                torch.testing.assert_close(function(x, y), x @ y)
    finally:
        shapecheck.measure_cost(False)
    bare, plain_counter = compiled(plain)
    for batch in range(2, 6):
        bare(torch.randn(batch, 3), torch.randn(3, 4))
    assert counter.frame_count == plain_counter.frame_count
