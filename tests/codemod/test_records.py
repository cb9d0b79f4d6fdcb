"""Recorded runs as evidence for annotations."""

from pathlib import Path

from shapecheck.codemod import Options
from shapecheck.core.recording import Recording, Seen
from tests.codemod.blocks import TORCH, run, silent

TENSOR = "torch.Tensor"


def recording(**calls: list[dict[str, tuple[int, ...]]]) -> Recording:
    """Calls of functions of `module.py`; arguments whose name starts with `i` are integers."""
    found = Recording()
    for function, several in calls.items():
        for call in several:
            arrays = tuple((n, Seen("int64" if n.startswith("i") else "float32", shape, TENSOR)) for n, shape in call.items())
            found.add("package/module.py" if function == "elsewhere" else "module.py", function, arrays)
    return found


def annotated(code: str, seen: Recording) -> list[str]:
    [report] = run(("module.py", TORCH + code), options=Options(inference=silent, recording=seen)).files
    return [f"{each.slot.name}: {each.annotation} {each.confidence}" for each in report.annotated]


def test_sizes_that_vary_together_have_one_name() -> None:
    seen = recording(f=[{"x": (2, 5, 7), "y": (2, 3)}, {"x": (4, 5, 8), "y": (4, 3)}])
    assert annotated("def f(x, y):\n    pass\n", seen) == [
        'x: Float[Tensor, "d0 _ d1"] stated',
        'y: Float[Tensor, "d0 _"] stated',
    ]


def test_names_in_the_code_are_better() -> None:
    seen = recording(f=[{"x": (2, 5), "index": (2,)}, {"x": (4, 5), "index": (4,)}])
    found = annotated("def f(x, index):\n    B, C = x.shape\n", seen)
    assert found == ['x: Float[Tensor, "B C"] proved', 'index: Int[Tensor, " B"] stated']


def test_one_size_or_several_ranks_say_nothing_of_sizes() -> None:
    one = recording(f=[{"x": (2, 5)}])
    assert annotated("def f(x):\n    pass\n", one) in ([], ['x: Float[Tensor, "_ _"] stated'])
    several = recording(f=[{"x": (2, 5)}, {"x": (3,)}])
    assert annotated("def f(x):\n    pass\n", several) == []


def test_a_recording_of_another_file_is_not_meant() -> None:
    seen = recording(elsewhere=[{"x": (2, 5)}, {"x": (3, 5)}])
    assert annotated("def elsewhere(x):\n    pass\n", seen) == []


def test_the_evidence_is_named(tmp_path: Path) -> None:
    seen = recording(f=[{"x": (2,)}, {"x": (4,)}])
    [report] = run(("module.py", TORCH + "def f(x):\n    pass\n"), options=Options(inference=silent, recording=seen)).files
    assert list(map(str, report.annotated[0].evidence)) == ["recorded run at line 4: x in 2 different calls"]
