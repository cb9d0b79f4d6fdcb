"""The whole loop on `examples/unannotated.py`: annotated, accepted by mypy with the plugin, true at run time."""

import inspect
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch

import shapecheck
from shapecheck.codemod import FileReport, Options, annotate
from tests.codemod.blocks import silent

EXAMPLE = Path(__file__).parents[2] / "examples" / "unannotated.py"

EXPECTED = {
    "PatchEmbed.forward(x)": 'Float[torch.Tensor, "B C H W"]',
    "PatchEmbed.forward -> return": 'Float[torch.Tensor, "B N D"]',
    "Attention.forward(x)": 'Float[torch.Tensor, "B N C"]',
    "Attention.forward -> return": 'Float[torch.Tensor, "B N C"]',
    "Mlp.forward(x)": 'Float[torch.Tensor, "B N C"]',
    "Mlp.forward -> return": 'Float[torch.Tensor, "B N C"]',
    "Block.forward(x)": 'Float[torch.Tensor, "B N C"]',
    "Block.forward -> return": 'Float[torch.Tensor, "B N C"]',
    "VisionTransformer.forward_features(x)": 'Float[torch.Tensor, "B C H W"]',
    "VisionTransformer.forward_features -> return": 'Float[torch.Tensor, "B D"]',
    "VisionTransformer.forward(images)": 'Float[torch.Tensor, "B C H W"]',
    "VisionTransformer.forward -> return": 'Float[torch.Tensor, "B 4"]',
    "smooth_targets(labels)": 'Int[torch.Tensor, " B"]',
    "smooth_targets -> return": 'Float[torch.Tensor, "B K"]',
    "soft_cross_entropy(logits)": 'Float[torch.Tensor, "B K"]',
    "soft_cross_entropy(targets)": 'Shaped[torch.Tensor, "B K"]',
    "soft_cross_entropy -> return": 'Shaped[torch.Tensor, ""]',
    "topk_accuracy(logits)": 'Shaped[torch.Tensor, "B K"]',
    "topk_accuracy(labels)": 'Shaped[torch.Tensor, " B"]',
    "topk_accuracy -> return": 'Float[torch.Tensor, ""]',
    "make_batch(textures)": 'Shaped[torch.Tensor, "K C H W"]',
    "make_batch -> return": 'tuple[Shaped[torch.Tensor, "B C H W"], Int[torch.Tensor, " B"]]',
}

BOXES = """import torch
from jaxtyping import Float
from torch import Tensor


class Box:
    value: Float[Tensor, "3 4"] = torch.zeros(3, 4)


def inferred(box: Box, x):
    a, b = x.shape
    return box.value


def wrong(box: Box, x):
    a, b = x.shape
    y = box.value  # (a, b)
    return y
"""


def slots(found: FileReport) -> dict[str, str]:
    return {str(each.slot): each.annotation for each in found.annotated}


@pytest.fixture
def unverified() -> FileReport:
    [found] = annotate([EXAMPLE], Options(inference=silent)).files
    return found


def test_every_array_of_the_example_is_annotated(unverified: FileReport) -> None:
    assert slots(unverified) == EXPECTED
    assert unverified.skipped == unverified.findings == ()


@pytest.fixture
def checked_example(unverified: FileReport, tmp_path: Path) -> Iterator[ModuleType]:
    """The annotated example with every annotated function checked at run time."""
    path = tmp_path / "annotated_example.py"
    path.write_text(unverified.after, encoding="utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    for owner in [module, *(each for each in vars(module).values() if inspect.isclass(each))]:
        for name, function in list(vars(owner).items()):
            if inspect.isfunction(function) and function.__module__ == path.stem and function.__annotations__:
                setattr(owner, name, shapecheck.checked(function))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield module
    torch.set_num_threads(before)
    del sys.modules[path.stem]


def test_the_annotations_are_true_at_run_time(checked_example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    checked_example.main()
    assert "accuracy" in capsys.readouterr().out


def test_the_annotations_see_a_mistake(checked_example: ModuleType) -> None:
    with pytest.raises(shapecheck.ShapeError, match="targets"):
        checked_example.soft_cross_entropy(torch.randn(3, 4), torch.randn(3, 5))


def test_mypy_accepts_the_example_infers_what_is_left_and_refuses_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPY_CACHE_DIR", str(EXAMPLE.parents[1] / ".mypy_cache" / "tests"))
    boxes = tmp_path / "boxes.py"
    boxes.write_text(BOXES)
    found = {each.path.name: each for each in annotate([EXAMPLE, boxes]).files}
    assert slots(found["unannotated.py"]) == EXPECTED
    assert slots(found["boxes.py"]) == {
        "inferred(x)": 'Shaped[Tensor, "a b"]',
        "inferred -> return": 'Float[Tensor, "3 4"]',
        "wrong(x)": 'Shaped[Tensor, "a b"]',
    }
    [skipped] = found["boxes.py"].skipped
    assert str(skipped.slot) == "wrong -> return"
    assert "shape-mismatch" in skipped.reason
