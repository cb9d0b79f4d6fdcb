"""The recorder: what it sees, what it writes, and that the file can be merged."""

import asyncio
import json
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import shapecheck
from shapecheck.core.recording import MAX_CALLS, BadRecording, Recording, Seen, load

HERE = Path(__file__).resolve()


def plain(x, scale=2, *rest, mask=None, **named):  # type: ignore[no-untyped-def]
    x = x[:1]
    return x, {"mask": mask}


def items(x):  # type: ignore[no-untyped-def]
    yield x
    yield x[0]


async def later(x):  # type: ignore[no-untyped-def]
    await asyncio.sleep(0)
    return x


def fails(x):  # type: ignore[no-untyped-def]
    raise ValueError


class Model(torch.nn.Module):
    def forward(self, x):  # type: ignore[no-untyped-def]
        return x.sum(0)


def recorded(recording: Recording, function: str) -> list[tuple[int, dict[str, tuple[str, tuple[int, ...], str]]]]:
    calls = recording.functions.get((HERE.name, function), {})
    return [(n, {name: (seen.dtype, seen.shape, seen.array) for name, seen in call}) for call, n in calls.items()]


@pytest.fixture
def seen() -> Iterator[Recording]:
    with shapecheck.record(folder=HERE.parent) as recorder:
        for size in (2, 3, 3):
            plain(np.zeros((size, 4)), 2, np.zeros(1, int), mask=np.zeros(2, bool), k=[jnp.zeros(5)])
        list(items(torch.zeros(2, 3, dtype=torch.bfloat16)))
        asyncio.run(later(np.zeros(3)))
        with pytest.raises(ValueError):  # noqa: PT011 - raised right here
            fails(np.zeros(3))
        Model()(torch.zeros(2, 3))
        jax.jit(jax.vmap(items_of))(jnp.zeros((2, 3)))
        yield recorder.recording
    plain(np.zeros(99))
    assert len(recorded(recorder.recording, "plain")) == 2


def items_of(x: Any) -> Any:
    return x + 1


def test_arguments_and_results(seen: Recording) -> None:
    (count, first), (again, second) = recorded(seen, "plain")
    assert (count, again) == (1, 2)
    assert first == {
        "x": ("float64", (2, 4), "numpy.ndarray"),
        "rest[0]": ("int64", (1,), "numpy.ndarray"),
        "mask": ("bool", (2,), "numpy.ndarray"),
        "named['k'][0]": ("float32", (5,), "jax.Array"),
        "return[0]": ("float64", (1, 4), "numpy.ndarray"),
        "return[1]['mask']": ("bool", (2,), "numpy.ndarray"),
    }
    assert second["x"][1] == (3, 4)


def test_every_kind_of_function(seen: Recording) -> None:
    yields = [arrays.get("yield") for _, arrays in recorded(seen, "items")]
    assert yields == [("bfloat16", (2, 3), "torch.Tensor"), ("bfloat16", (3,), "torch.Tensor"), None]
    assert recorded(seen, "later") == [(1, dict.fromkeys(["x", "return"], ("float64", (3,), "numpy.ndarray")))]
    assert recorded(seen, "fails") == []
    assert [arrays["return"][1] for _, arrays in recorded(seen, "Model.forward")] == [(3,)]
    assert all(arrays["x"][1] == (3,) for _, arrays in recorded(seen, "items_of"))
    assert {file for file, _ in seen.functions} == {HERE.name}


def test_the_file_is_merged_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "shapes.json"
    for size in (2, 3):
        with shapecheck.record(path, folder=HERE.parent):
            plain(np.zeros(size))
    assert [arrays["x"][1] for _, arrays in recorded(load(path), "plain")] == [(2,), (3,)]
    assert load(path).data() == json.loads(path.read_text())
    assert list(tmp_path.iterdir()) == [path]
    many = Recording()
    for size in range(2 * MAX_CALLS):
        many.add("a.py", "f", (("x", Seen("float32", (size,), "torch.Tensor")),))
    assert len(many.functions["a.py", "f"]) == MAX_CALLS


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "functions": [3]}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shapes.json"
    path.write_text(text)
    with pytest.raises(BadRecording):
        load(path)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def f(x):\n    return x\n")
    (tmp_path / "program.py").write_text(
        "import sys, numpy, helper\n"
        "helper.f(numpy.zeros(int(sys.argv[1])))\n"
        "print(__name__, sys.argv[2:])\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    command = [sys.executable, "-m", "shapecheck", "run", "--record", "shapes.json", "program.py"]
    for size in ("3", "4"):
        run = subprocess.run([*command, size, "--record", "x"], cwd=tmp_path, capture_output=True, text=True)
        assert (run.returncode, run.stdout) == (int(size), "__main__ ['--record', 'x']\n"), run.stderr
    shapes = [call[0][1].shape for call in load(tmp_path / "shapes.json").functions["helper.py", "f"]]
    assert shapes == [(3,), (4,)]
    missing = subprocess.run([*command[:-1], "nothing.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (missing.returncode, missing.stderr.strip()) == (
        2, "shapecheck: nothing.py does not exist: name a Python program",
    )  # fmt: skip


MONITORING = sys.monitoring


def test_a_second_recorder_of_another_folder(tmp_path: Path) -> None:
    with shapecheck.record(folder=tmp_path) as elsewhere:
        plain(np.zeros((2, 4)))
    with shapecheck.record(folder=HERE.parent) as recorder, shapecheck.record(folder=tmp_path):
        plain(np.zeros((2, 4)))
    assert not elsewhere.recording.functions
    assert len(recorded(recorder.recording, "plain")) == 1


def test_beside_a_debugger_and_a_coverage_tool() -> None:
    seen: dict[int, int] = {}
    tools = (MONITORING.DEBUGGER_ID, MONITORING.COVERAGE_ID, MONITORING.PROFILER_ID)
    free = [tool for tool in tools if MONITORING.get_tool(tool) is None]
    for tool in free:
        MONITORING.use_tool_id(tool, "another tool")

        def started(code: types.CodeType, _: int, tool: int = tool) -> None:
            seen[tool] = seen.get(tool, 0) + (code is plain.__code__)

        MONITORING.register_callback(tool, MONITORING.events.PY_START, started)
        MONITORING.set_events(tool, MONITORING.events.PY_START | MONITORING.events.LINE)
    try:
        with shapecheck.record(folder=HERE.parent) as recorder:
            plain(np.zeros((2, 4)))
        plain(np.zeros((3, 4)))
    finally:
        for tool in free:
            MONITORING.set_events(tool, 0)
            MONITORING.register_callback(tool, MONITORING.events.PY_START, None)
            MONITORING.free_tool_id(tool)
    assert len(recorded(recorder.recording, "plain")) == 1
    assert seen == dict.fromkeys(free, 2)
    assert free


def test_without_a_free_place_it_says_so() -> None:
    free = [tool for tool in range(6) if MONITORING.get_tool(tool) is None]
    for tool in free:
        MONITORING.use_tool_id(tool, "another tool")
    try:
        with pytest.raises(RuntimeError, match="other tools use all of Python's monitoring"):
            shapecheck.record().start()
    finally:
        for tool in free:
            MONITORING.free_tool_id(tool)
