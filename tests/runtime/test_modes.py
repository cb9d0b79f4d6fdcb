"""Modes: what is checked, what a failure does, and that they can be changed while the program runs."""

import asyncio
import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float

import shapecheck
from shapecheck import ShapeError, ShapeWarning, checked


def make() -> Any:
    @checked
    def f(x: Float[np.ndarray, "n"], *more: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"] = None) -> int:  # type: ignore[assignment]
        return len(more)

    return f


GOOD, BAD = np.zeros(2), np.zeros((2, 2))


def fails(call: Any) -> bool:
    try:
        call()
    except ShapeError:
        return True
    return False


@pytest.mark.parametrize("warmed", [True, False])
def test_off_and_back(warmed: bool) -> None:
    f = make()
    if warmed:
        f(GOOD)
    with shapecheck.mode("off"):
        assert f(BAD, BAD) == 1
        assert f(BAD, y=GOOD) == 0
    assert fails(lambda: f(BAD))


def test_once() -> None:
    with shapecheck.mode("once"):
        f, g = make(), make()
        assert fails(lambda: f(BAD))
        assert not fails(lambda: f(BAD))
        assert f(GOOD, GOOD) == 1
        assert fails(lambda: g(BAD))


def test_every() -> None:
    with shapecheck.mode("every=3"):
        f = make()
        assert [fails(lambda: f(BAD)) for _ in range(7)] == [True, False, False] * 2 + [True]
        assert f(GOOD, GOOD, y=GOOD) == 1


def test_warn_and_log(caplog: pytest.LogCaptureFixture) -> None:
    f = make()
    with shapecheck.mode("warn"), pytest.warns(ShapeWarning, match="argument `x` does not fit"):
        assert f(BAD) == 0
    with shapecheck.mode("log"), caplog.at_level(logging.WARNING, "shapecheck"):
        assert f(BAD) == 0
    assert "argument `x` does not fit" in caplog.text


def test_one_module_or_package() -> None:
    f = make()
    with shapecheck.mode("off", __name__):
        assert not fails(lambda: f(BAD))
    with shapecheck.mode("off", "elsewhere"):
        assert fails(lambda: f(BAD))


def test_coroutines() -> None:
    @checked
    async def f(x: Float[np.ndarray, "n"]) -> int:
        return len(x)

    for name, expected in (("on", [True] * 3), ("off", [False] * 3), ("once", [True, False, False])):
        with shapecheck.mode(name):
            assert [fails(lambda: asyncio.run(f(BAD))) for _ in range(3)] == expected


@pytest.mark.parametrize("text", ["", "never", "every", "every=0", "every=x", "once=2"])
def test_an_unknown_mode(text: str) -> None:
    with pytest.raises(ValueError, match="unknown mode"):
        shapecheck.set_mode(text)


def test_off_from_the_environment_leaves_functions_alone() -> None:
    code = "import shapecheck\ndef f(x: int): ...\nprint(shapecheck.checked(f) is f)"
    run = subprocess.run([sys.executable, "-c", code], env={"SHAPECHECK": "off"}, capture_output=True, text=True)
    assert run.stdout == "True\n", run.stderr
