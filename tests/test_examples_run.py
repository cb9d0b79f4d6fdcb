"""The examples are real programs: they run, they learn, and their annotations are true.

`gpt_bugs.py` promises five bugs. Here each of them fails when it is executed, at the marked line,
so a checker that reports them is right and one that stays silent misses something real.
"""

import ast
import importlib
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from jaxtyping import TypeCheckError, install_import_hook

EXAMPLES = Path(__file__).parents[1] / "examples"
BUGGY = EXAMPLES / "gpt_bugs.py"
ENFORCED = "beartype.beartype"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small gain nothing from threads, which only starve each other on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Import an example by name; with a type checker, jaxtyping enforces its annotations."""
    loaded: list[str] = []
    monkeypatch.syspath_prepend(EXAMPLES)

    def load_example(name: str, typechecker: str | None = None) -> ModuleType:
        assert name not in sys.modules
        loaded.append(name)
        if typechecker is None:
            return importlib.import_module(name)
        with install_import_hook(name, typechecker):
            return importlib.import_module(name)

    yield load_example
    for name in loaded:
        sys.modules.pop(name, None)


def numbers(label: str, output: str) -> list[float]:
    """Every number printed after `label`."""
    return [float(found) for found in re.findall(rf"\b{label} (-?[\d.]+)", output)]


def learns(output: str, min_accuracy: float) -> None:
    losses = numbers("loss", output)
    assert len(losses) >= 3
    assert losses[-1] < 0.6 * losses[0]
    [accuracy] = numbers("accuracy", output)
    assert min_accuracy < accuracy <= 1


def gpt_learns_and_continues(output: str) -> None:
    learns(output, min_accuracy=0.4)
    rows = [line.split() for line in output.splitlines()[-3:]]
    assert [len(row) for row in rows] == [6 + 8] * 3
    assert all(0 <= int(token) < 23 for row in rows for token in row)


def smoothing_beats_filtering_beats_measuring(output: str) -> None:
    [measured], [filtered], [smoothed] = (numbers(f"{kind} rmse", output) for kind in ("measured", "filtered", "smoothed"))
    assert 0 < smoothed < filtered < measured


def training_stops_at_the_first_bug(output: str) -> None:
    assert "training stopped: The size of tensor a (48) must match" in output


PROMISES: dict[str, Callable[[str], None]] = {
    "gpt": gpt_learns_and_continues,
    "gpt_bugs": training_stops_at_the_first_bug,
    "cnn": lambda output: learns(output, min_accuracy=0.4),
    "jax_mlp": lambda output: learns(output, min_accuracy=0.9),
    "numpy_kalman": smoothing_beats_filtering_beats_measuring,
    "unannotated": lambda output: learns(output, min_accuracy=0.6),
}


def test_every_example_has_a_promise() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_example_runs_as_a_script(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    PROMISES[name](capsys.readouterr().out)


@pytest.mark.parametrize("name", ["gpt", "cnn", "jax_mlp", "numpy_kalman"])
def test_annotations_hold_under_jaxtyping(name: str, load: Callable[..., ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    load(name, ENFORCED).main()
    PROMISES[name](capsys.readouterr().out)


@pytest.mark.parametrize("name", PROMISES)
def test_readme_lists_example(name: str) -> None:
    assert f"[`{name}.py`]({name}.py)" in (EXAMPLES / "README.md").read_text()


def test_unannotated_has_no_annotations() -> None:
    nodes = list(ast.walk(ast.parse((EXAMPLES / "unannotated.py").read_text())))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert len(functions) > 10
    assert not [node.name for node in functions if node.returns]
    assert not [node.arg for node in nodes if isinstance(node, ast.arg) and node.annotation]
    assert not [node for node in nodes if isinstance(node, ast.AnnAssign)]


MARKER = re.compile(r"# bug (\d+): (shape-[a-z]+): \S.*$")


def markers() -> dict[int, tuple[int, str]]:
    """Bug number to the line and the code of its marker."""
    lines = enumerate(BUGGY.read_text().splitlines(), start=1)
    found = [(match, line) for line, text in lines if (match := MARKER.search(text))]
    assert len(found) == BUGGY.read_text().count("# bug ")
    return {int(match[1]): (line, match[2]) for match, line in found}


def test_exactly_five_bugs_one_for_each_code() -> None:
    assert {number: code for number, (_, code) in markers().items()} == {
        1: "shape-broadcast",
        2: "shape-op",
        3: "shape-mismatch",
        4: "shape-rank",
        5: "shape-dtype",
    }


def normalise(m: ModuleType) -> Any:
    return m.RMSNorm(12)(torch.randn(2, 5, 12))


def attend(m: ModuleType) -> Any:
    q, k, v = torch.randn(3, 2, 4, 5, 12).unbind()
    return m.CausalSelfAttention(m.GPTConfig()).attend(q, k, v)


def unembed(m: ModuleType) -> Any:
    return m.unembed(torch.randn(2, 5, 12), torch.randn(23, 12))


def pick_greedily(m: ModuleType) -> Any:
    return m.pick(torch.randn(2, 23), temperature=0.0)


def measure_accuracy(m: ModuleType) -> Any:
    return m.accuracy(m.GPT(m.GPTConfig()), torch.randint(23, (2, 6)).float())


TRIGGERS = {1: normalise, 2: attend, 3: unembed, 4: pick_greedily, 5: measure_accuracy}
SILENT_IN_TORCH = {3, 4}


def lines_reached(info: pytest.ExceptionInfo[BaseException]) -> set[int]:
    """Lines of the buggy example that were being executed when the error was raised."""
    return {entry.lineno + 1 for entry in info.traceback if Path(entry.path) == BUGGY}


def returning_lines(function_name: str) -> set[int]:
    functions = [
        node
        for node in ast.walk(ast.parse(BUGGY.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == function_name
    ]
    [function] = functions
    return {node.lineno for node in ast.walk(function) if isinstance(node, ast.Return)}


@pytest.mark.parametrize("number", sorted(TRIGGERS))
def test_bug_fails_when_annotations_are_enforced(number: int, load: Callable[..., ModuleType]) -> None:
    buggy = load("gpt_bugs", ENFORCED)
    with pytest.raises((TypeCheckError, RuntimeError)) as info:
        TRIGGERS[number](buggy)
    line, _ = markers()[number]
    if number in SILENT_IN_TORCH:
        function = {3: "unembed", 4: "pick"}[number]
        assert line in returning_lines(function)
        assert f"gpt_bugs.{function}" in str(info.value)
        assert "return value" in str(info.value)
    else:
        assert line in lines_reached(info)


@pytest.mark.parametrize("number", sorted(set(TRIGGERS) - SILENT_IN_TORCH))
def test_bug_fails_in_torch_at_the_marked_line(number: int, load: Callable[..., ModuleType]) -> None:
    buggy = load("gpt_bugs")
    with pytest.raises(RuntimeError) as info:
        TRIGGERS[number](buggy)
    line, _ = markers()[number]
    assert line in lines_reached(info)


def test_two_bugs_are_silent_until_their_result_is_used(load: Callable[..., ModuleType]) -> None:
    buggy = load("gpt_bugs")
    assert unembed(buggy).shape == (2, 5, 12)  # the vocabulary has 23 tokens
    token = pick_greedily(buggy)
    with pytest.raises(RuntimeError, match="same number of dimensions"):
        torch.cat((torch.zeros(2, 5, dtype=torch.long), token), dim=1)


@pytest.mark.parametrize("number", sorted(set(TRIGGERS) - {5}))
def test_the_same_call_succeeds_without_the_bug(number: int, load: Callable[..., ModuleType]) -> None:
    TRIGGERS[number](load("gpt", ENFORCED))
