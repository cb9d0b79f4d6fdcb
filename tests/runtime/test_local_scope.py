"""Annotated locals in modules loaded by the import hook: checked in the scope of the arguments."""

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import shapecheck
from shapecheck import ShapeError, ShapeWarning, UncheckedWarning, install_import_hook

SOURCE = """\
from __future__ import annotations
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, TYPE_CHECKING
import numpy as np
import torch
from jaxtyping import Float, Int
if TYPE_CHECKING:
    from somewhere import Hidden

Alias = Float[np.ndarray, "n n"]

def same(x: Float[np.ndarray, "b d"], value: Any) -> int:
    "Docs."
    x = None
    y: Float[np.ndarray, "b d"] = value
    return len(y)

def other_names(x: Float[np.ndarray, "b"], first: Any, second: Any) -> Any:
    y: Float[np.ndarray, "b k"] = first
    if second is None:
        z: Float[np.ndarray, "k"]
        z = first
        return z
    z: "Float[np.ndarray, 'k']" = second
    return z

def returned(x: Float[np.ndarray, "b"], value: Any, result: Any) -> Float[np.ndarray, "k"]:
    y: Float[np.ndarray, "b k"] = value
    return result

def containers(x: Float[np.ndarray, "n"], value: Any) -> None:
    y: list[Float[np.ndarray, "n"]] | Int[np.ndarray, ""] | None = value
    number: float = 3
    hidden: Hidden = 3

def local_alias(size: int, value: Any) -> None:
    alias = Float[np.ndarray, f"{size}"]
    y: alias = value
    z: Alias = np.zeros((2, 2))

def unannotated(x, value):
    y: Float[np.ndarray, "{x}"] = value
    return y

def nested(x: Float[np.ndarray, "n"], value: Any) -> int:
    def inner(y: Float[np.ndarray, "m"]) -> int:
        z: Float[np.ndarray, "n+m q"] = value
        return len(z)
    w: Float[np.ndarray, "n"] = x
    return inner(w)

async def coroutine(x: Float[np.ndarray, "n"], value: Any) -> Float[np.ndarray, "n"]:
    import asyncio
    await asyncio.sleep(0)
    y: Float[np.ndarray, "n"] = value
    await asyncio.sleep(0)
    return y

def generator(x: Float[np.ndarray, "n"], values: list) -> Iterator[Float[np.ndarray, "m"]]:
    for value in values:
        y: Float[np.ndarray, "n m"] = value
        yield y[0]

async def async_generator(x: Float[np.ndarray, "n"], values: list) -> AsyncIterator[Float[np.ndarray, "n"]]:
    for value in values:
        y: Float[np.ndarray, "n"] = value
        yield y

class Layer[d: int]:
    def __init__(self, d: int) -> None:
        self.weight: Float[np.ndarray, "d d"] = np.zeros((d, d))

    def __call__(self, x: Float[np.ndarray, "b d"], value: Any, n: int = 2) -> None:
        y: Float[np.ndarray, "b d {n}"] = value

def compiled(x: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
    y: Float[torch.Tensor, "n"] = x + 1
    return y
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("locals")
    (folder / "module_with_locals.py").write_text(SOURCE)
    sys.path.insert(0, str(folder))
    with install_import_hook("module_with_locals"):
        yield importlib.import_module("module_with_locals")
    sys.path.remove(str(folder))
    del sys.modules["module_with_locals"]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def rejected(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    assert text in str(caught.value)


def test_a_local_shares_the_names_of_the_arguments(module: ModuleType) -> None:
    assert module.same(zeros(2, 3), zeros(2, 3)) == 2
    assert module.same.__doc__ == "Docs."
    with pytest.raises(ShapeError) as caught:
        module.same(zeros(2, 3), zeros(2, 4))
    assert str(caught.value).splitlines() == [
        "same: the local `y` does not fit its annotation",
        '  expected  Float[ndarray, "b d"]',
        '  found     Float64[ndarray, "2 4"]',
        "  because   axis 1 (`d`) is 4, but 3 in `x` axis 1",
        "  bound     b = 2 (`x` axis 0), d = 3 (`x` axis 1)",
    ]


def test_locals_and_the_result_share_names_too(module: ModuleType) -> None:
    module.other_names(zeros(2), zeros(2, 3), zeros(3))
    assert module.other_names(zeros(2), zeros(2, 3), None).shape == (2, 3)
    rejected(lambda: module.other_names(zeros(2), zeros(2, 3), zeros(4)), "the local `z`")
    module.returned(zeros(2), zeros(2, 3), zeros(3))
    rejected(lambda: module.returned(zeros(2), zeros(2, 3), zeros(4)), "the return value does not fit")


def test_hints_around_arrays(module: ModuleType) -> None:
    with pytest.warns(UncheckedWarning, match="the local `hidden` is not checked"):
        module.containers(zeros(2), [zeros(2)])
    module.containers(zeros(2), None)
    module.containers(zeros(2), np.zeros((), int))
    rejected(lambda: module.containers(zeros(2), [zeros(2), zeros(3)]), "the local `y[1]`")
    for size in (2, 3):
        module.local_alias(size, zeros(size))
        rejected(lambda size=size: module.local_alias(size, zeros(4)), f"axis 0 is 4, not {size}")
    rejected(lambda: module.unannotated(2, zeros(3)), "unannotated: the local `y`")


def test_functions_in_functions_are_left_alone(module: ModuleType) -> None:
    assert module.nested(zeros(2), zeros(9)) == 9


def test_coroutines_and_generators(module: ModuleType) -> None:
    async def many() -> list[np.ndarray]:
        return await asyncio.gather(*(module.coroutine(zeros(size), zeros(size)) for size in (3, 4, 5)))

    async def collect(values: list[np.ndarray]) -> int:
        return len([x async for x in module.async_generator(zeros(2), values)])

    assert [len(x) for x in asyncio.run(many())] == [3, 4, 5]
    rejected(lambda: asyncio.run(module.coroutine(zeros(2), zeros(3))), "coroutine: the local `y`")
    assert inspect.isgeneratorfunction(module.generator)
    assert len(list(module.generator(zeros(2), [zeros(2, 3), zeros(2, 3)]))) == 2
    rejected(lambda: list(module.generator(zeros(2), [zeros(2, 3), zeros(2, 4)])), "generator: the local `y`")
    assert asyncio.run(collect([zeros(2), zeros(2)])) == 2
    rejected(lambda: asyncio.run(collect([zeros(2), zeros(3)])), "async_generator: the local `y`")


def test_sizes_of_a_class(module: ModuleType) -> None:
    layer = module.Layer(3)
    layer(zeros(2, 3), zeros(2, 3, 2))
    layer(zeros(2, 3), zeros(2, 3, 5), n=5)
    rejected(lambda: layer(zeros(2, 3), zeros(2, 4, 2)), "Layer.__call__: the local `y`")


def test_modes(module: ModuleType) -> None:
    with shapecheck.mode("off"):
        assert module.same(zeros(2, 3), zeros(2, 4)) == 2
    with shapecheck.mode("warn"), pytest.warns(ShapeWarning, match="the local `y`"):
        module.same(zeros(2, 3), zeros(2, 4))


@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")
def test_compiled(module: ModuleType) -> None:
    torch._dynamo.reset()
    function = torch.compile(module.compiled, backend="eager", fullgraph=True)
    assert function(torch.zeros(2)).tolist() == [1, 1]


@pytest.mark.parametrize("axes", ["n", "n n"])
def test_modules_that_look_alike_are_not_confused(axes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name, alias in (("alike_one", axes), ("alike_two", "n n" if axes == "n" else "n")):
        lines = ["import numpy as np; from jaxtyping import Float", f"Alias = Float[np.ndarray, '{alias}']"]
        lines += ["def f(value):", "    y: Alias = value", "    return y"]
        (tmp_path / f"{name}.py").write_text("\n".join(lines))
    with install_import_hook(["alike_one", "alike_two"]):
        one, two = importlib.import_module("alike_one"), importlib.import_module("alike_two")
    fits, misfits = (zeros(2), zeros(2, 2)) if axes == "n" else (zeros(2, 2), zeros(2))
    assert one.f(fits) is fits
    assert two.f(misfits) is misfits
    rejected(lambda: one.f(misfits), "f: the local `y`")
    rejected(lambda: two.f(fits), "f: the local `y`")
    for name in ("alike_one", "alike_two"):
        del sys.modules[name]
