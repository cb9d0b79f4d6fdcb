"""Modes: what is checked, what a failure does, and that they can be changed while the program runs."""

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
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


def test_off_runs_the_original_code() -> None:
    size = 2

    def plain(x: Float[np.ndarray, "n"], scale: float = 2.0, *, shift: Float[np.ndarray, "n"] = None) -> float:  # type: ignore[assignment]
        return size * scale * len(x)

    f = checked(plain)
    for _ in range(2):
        with shapecheck.mode("off"):
            assert f(BAD) == 8
            assert (f.__code__.co_code[2:], f.__defaults__) == (plain.__code__.co_code[2:], plain.__defaults__)
            assert f.__kwdefaults__ == plain.__kwdefaults__
        assert fails(lambda: f(BAD))
        assert f(GOOD, shift=GOOD) == 8


def test_once_leaves_the_original_code_behind() -> None:
    def plain(x: Float[np.ndarray, "n"]) -> int:
        return len(x)

    f = checked(plain)
    for _ in range(2):
        with shapecheck.mode("once"):
            assert f(GOOD) == 2
            assert f.__code__.co_code == plain.__code__.co_code
            assert f(BAD) == 2
        assert fails(lambda: f(BAD))


def test_methods_with_cells_of_their_own() -> None:
    class A:
        def f(self, x: Float[np.ndarray, "n"]) -> int:
            return len(x)

    class B(A):
        @checked
        def f(self, x: Float[np.ndarray, "n"]) -> int:
            return super().f(x) + 1

    for _ in range(2):
        assert fails(lambda: B().f(BAD))
        assert B().f(GOOD) == 3
        with shapecheck.mode("off"):
            assert B().f(BAD) == 3


def test_names_of_the_module_do_not_disturb_the_checks() -> None:
    namespace: dict[str, Any] = {"Float": Float, "np": np, "checked": checked, "len": None, "isinstance": None, "__name__": "odd"}
    exec('@checked\ndef f(x: Float[np.ndarray, "a b"]) -> Float[np.ndarray, "b"]: return x[0]', namespace)
    assert namespace["f"](BAD).shape == (2,)
    assert fails(lambda: namespace["f"](GOOD))


@pytest.mark.parametrize(("name", "expected"), [("off", "----"), ("once", "+---"), ("every=2", "+-+-"), ("on", "++++")])
def test_generators(name: str, expected: str) -> None:
    @checked
    def items(x: Float[np.ndarray, "n"]) -> Iterator[int]:
        yield from range(len(x))

    @checked
    async def later(x: Float[np.ndarray, "n"]) -> AsyncIterator[int]:
        for each in range(len(x)):
            yield each

    async def drain() -> list[int]:
        return [each async for each in later(BAD)]

    with shapecheck.mode(name):
        assert "".join("-+"[fails(lambda: list(items(BAD)))] for _ in range(4)) == expected
        assert "".join("-+"[fails(lambda: asyncio.run(drain()))] for _ in range(4)) == expected


def test_switching_while_threads_call() -> None:
    """No call meets half of one mode and half of another: a right one never fails, whatever the moment."""
    f, stop, errors = make(), threading.Event(), list[BaseException]()

    def work() -> None:
        while not stop.is_set():
            try:
                assert f(GOOD, GOOD) == 1
                assert f(GOOD, y=GOOD) == 0
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for name in ["off", "on", "every=2", "once", "warn"] * 40:
            with shapecheck.mode(name):
                f(GOOD)
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors


def test_off_from_the_environment_leaves_functions_alone() -> None:
    code = "import shapecheck\ndef f(x: int): ...\nprint(shapecheck.checked(f) is f)"
    run = subprocess.run([sys.executable, "-c", code], env={"SHAPECHECK": "off"}, capture_output=True, text=True)
    assert run.stdout == "True\n", run.stderr
