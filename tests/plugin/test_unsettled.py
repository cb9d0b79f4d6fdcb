"""Programs that change dtypes from afar: what may depend on the default is not stated, also of modules in mypy's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from mypy_plugin import unsettling
from shapecheck.rules.unsettled import UNSETTLED, Cause
from tests.plugin.test_modes import make

MODEL = """
    import torch
    from jaxtyping import Float32, Float64
    from torch import Tensor


    def double(x: Float64[Tensor, "n d"]) -> Float64[Tensor, "n d"]:
        return x


    def single(x: Float32[Tensor, "n d"], ids: Tensor) -> None:
        double(torch.zeros(2, 3))
        double(ids.long().exp())
        double(x.exp())
        double(torch.zeros(2, 3, dtype=torch.float32))
"""
USE = """
    import torch

    import shapes

    torch.set_default_dtype(torch.float64)
    shapes.double(torch.zeros(2, 3))
"""


def test_a_call_in_any_module_is_seen(tmp_path: Path) -> None:
    project = make(tmp_path, MODEL, USE)
    expected = ["shapes.py:13: error [shape-dtype]", "shapes.py:14: error [shape-dtype]"]
    assert project.mypy() == expected
    project.write("shapes.py", MODEL + "\n    print(1)\n")  # the module with the call now comes from the cache
    assert project.mypy() == expected


CAST = """
    import torch
    from jaxtyping import Float, Float16, Float32
    from torch import Tensor


    @torch.autocast("cpu")
    def product(x: Float16[Tensor, "b d"], w: Float32[Tensor, "d e"]) -> Float16[Tensor, "b e"]:
        return x @ w


    def half(x: Float32[Tensor, "b d"], w: Float32[Tensor, "d e"]) -> Float16[Tensor, "b e"]:
        return x @ w


    product(torch.zeros(3, dtype=torch.float16), torch.zeros(3, 4))
    product(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(3, 4))
"""


def test_autocast_lets_floats_meet(tmp_path: Path) -> None:
    project = make(tmp_path, CAST, "import shapes\n")
    untyped, *errors = project.mypy()
    assert untyped == "shapes.py:6: error [untyped-decorator]"  # mypy's own, of torch's decorator
    assert errors == ["shapes.py:15: error [shape-rank]", "shapes.py:16: error [shape-dtype]"]


@pytest.fixture(autouse=True)
def _nothing_is_unsettled() -> None:
    unsettling.begin(())


@pytest.mark.parametrize(("text", "found"), [
    ("torch.set_default_dtype(torch.float64)", {Cause.TORCH_DEFAULT}),
    ("torch.set_default_tensor_type('torch.DoubleTensor')", {Cause.TORCH_DEFAULT}),
    ("torch.set_default_device('cuda')", set[Cause]()),
    ("jax.config.update('jax_enable_x64', True)", {Cause.JAX_DEFAULT}),
    ("os.environ['JAX_ENABLE_X64'] = '1'", {Cause.JAX_DEFAULT}),
    ("with torch.autocast('cuda'): ...", {Cause.AUTOCAST}),
    ("Trainer(precision='bf16-mixed')", {Cause.AUTOCAST}),
    ("x = torch.zeros(3)", set[Cause]()),
])  # fmt: skip
def test_a_module_is_read(tmp_path: Path, text: str, found: set[Cause]) -> None:
    (tmp_path / "module.py").write_text(text)
    unsettling.read(str(tmp_path / "module.py"))
    assert found == UNSETTLED


def test_installed_packages_are_not_read(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "module.py"
    installed.parent.mkdir()
    installed.write_text("torch.set_default_dtype(torch.float64)")
    unsettling.read(str(installed))
    assert not UNSETTLED


def test_a_setting_names_libraries() -> None:
    unsettling.begin(["torch"])
    assert {Cause.TORCH_DEFAULT} == UNSETTLED
    with pytest.raises(SystemExit, match='takes "torch", "jax", "autocast", not "tensorflow"'):
        unsettling.begin(["tensorflow"])
