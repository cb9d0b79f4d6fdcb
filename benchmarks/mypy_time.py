"""What the plugin costs mypy: `python -m benchmarks.mypy_time examples`.

Prints the CPU time of mypy with the plugin as a ratio to mypy without it, on the same files, options and skipped library
modules: cold (no cache), warm (nothing changed), after an edit of the largest file, and in the daemon (the same edit; its
configuration skips nothing, see `shapecheck.internals`). The two take turns, so that a busy machine slows both. Then the share of mypy's time that passes inside our hooks, on the
largest file alone and cold, and what an operation rule takes.
"""

from __future__ import annotations

import argparse
import compileall
import io
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from shapecheck import mypy_config
from shapecheck.internals import SKIPPED

_HOOKS = (
    "get_additional_deps", "get_customize_class_mro_hook", "get_type_analyze_hook", "get_function_signature_hook",
    "get_method_signature_hook", "get_function_hook", "get_method_hook", "get_attribute_hook", "report_config_data",
)  # fmt: skip
_DAEMON = "--in-daemon"


# --- whole runs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """mypy with or without the plugin: its configuration and cache, in a folder that holds a copy of the program."""

    folder: Path
    plugin: bool

    @property
    def config(self) -> Path:
        return self.folder / "mypy.toml"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def source(self) -> Path:
        return self.folder / "program"

    @property
    def largest(self) -> Path:
        return max(self.source.rglob("*.py"), key=lambda path: path.stat().st_size)

    def prepare(self, program: Path) -> None:
        """Writes the configuration and the copy."""
        self.source.mkdir(parents=True)
        for path in [program] if program.is_file() else sorted(program.glob("*.py")):
            shutil.copy(path, self.source)
        self.configure(SKIPPED)

    def configure(self, skipped: Sequence[str]) -> None:
        """Writes the configuration alone."""
        options = {"cache_dir": str(self.cache)}
        complete = mypy_config.completed(mypy_config.Config(options=options), skipped)
        if not self.plugin:
            kept = {key: value for key, value in complete.options.items() if key != "plugins"}
            complete = replace(complete, options=kept)
        self.config.write_text(mypy_config.to_toml(complete), encoding="utf-8")

    def edit(self, number: int) -> None:
        """Changes the largest file a little: the daemon wants another size."""
        with self.largest.open("a", encoding="utf-8") as file:
            file.write(f"# edit{' ' * number}\n")

    def run(self) -> float:
        """The CPU seconds of one mypy run."""
        return _cpu([sys.executable, "-m", "mypy", "--config-file", str(self.config), str(self.source)])

    def daemon(self, edits: int) -> float:
        """The CPU seconds of a daemon's check after an edit, the median of several."""
        self.configure(())
        command = [sys.executable, "-m", "benchmarks.mypy_time", _DAEMON, str(self.folder), str(edits)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])


def _cpu(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(program: Path, rounds: int, folder: Path) -> None:
    """Prints the ratios of whole runs."""
    sides = [Side(folder / name, plugin) for name, plugin in (("plain", False), ("plugin", True))]
    for side in sides:
        side.prepare(program)
    print(f"{'mypy, CPU seconds':34}{'without':>9}{'with':>9}{'ratio':>8}")
    _row("cold", [_cold(side) for _ in range(rounds) for side in sides])
    _row("warm, nothing changed", [side.run() for _ in range(rounds) for side in sides])
    _row(f"warm, {sides[0].largest.name} edited", [_edited(side, n) for n in range(rounds) for side in sides])
    _row(f"daemon, {sides[0].largest.name} edited", [side.daemon(rounds) for side in sides])


def _cold(side: Side) -> float:
    shutil.rmtree(side.cache, ignore_errors=True)
    return side.run()


def _edited(side: Side, number: int) -> float:
    side.edit(number)
    return side.run()


def _row(name: str, times: Sequence[float]) -> None:
    """One line from the times of both sides, in turns."""
    plain, ours = median(times[::2]), median(times[1::2])
    print(f"{name:34}{plain:9.2f}{ours:9.2f}{ours / plain:7.2f}x", flush=True)


def serve(folder: Path, edits: int) -> None:
    """In a process of its own: a daemon's CPU seconds for a check after an edit."""
    from mypy.dmypy_server import Server, process_start_options

    side = Side(folder, plugin=False)
    options = process_start_options(["--config-file", str(side.config)], allow_sources=False)
    server = Server(options, str(folder / "status"))
    times = []
    for number in range(edits + 1):
        before = time.process_time()
        answer = server.cmd_check([str(side.source)], export_types=False, is_tty=False, terminal_width=80)
        times.append(time.process_time() - before)
        assert answer["status"] in (0, 1), answer
        side.edit(number)
    print(median(times[1:]))


# --- inside one run ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Clock:
    """Adds up the time that passes in our code; what a hook does by calling another one counts once."""

    depth: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    nanoseconds: Counter[str] = field(default_factory=Counter)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed; a hook that it returns is timed too."""

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return function(*args, **kwargs)
            self.depth += 1
            started = time.perf_counter_ns()
            try:
                return function(*args, **kwargs)
            finally:
                self.nanoseconds[name] += time.perf_counter_ns() - started
                self.calls[name] += 1
                self.depth -= 1

        return call

    def look_up(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A hook's lookup, timed with the hook that it answers."""
        timed = self.timed(f"{name} (looking it up)", function)

        def call(*args: Any) -> Any:
            found = timed(*args)
            return self.timed(name, found) if callable(found) else found

        return call


@contextmanager
def clocked(clock: Clock) -> Iterator[None]:
    """Every way into the plugin timed: its hooks, the gate, and the work that it schedules for the end of an analysis."""
    from mypy_plugin import binding, conditions, gate

    plugin: Any = import_module("mypy_plugin.plugin")  # the package's `plugin` is mypy's entry point
    whole = plugin.ShapecheckPlugin
    wrapped = {name: _bound(clock, name, getattr(whole, name)) for name in _HOOKS}
    plugin.ShapecheckPlugin = type("Timed", (whole,), wrapped)
    for module, name in ((binding, "_bind_module"), (conditions, "_rewrite")):
        setattr(module, name, clock.timed(f"{module.__name__.rpartition('.')[2]} after analysis", getattr(module, name)))
    gate.Gate.drops = clock.timed("messages", gate.Gate.drops)  # type: ignore[method-assign]
    yield


def _bound(clock: Clock, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    answers_a_hook = name.endswith("_hook")
    return clock.look_up(name, function) if answers_a_hook else clock.timed(name, function)


def share(program: Path, folder: Path) -> None:
    """Prints how much of mypy's time passes in our hooks, on the largest file of a program."""
    from mypy.main import main as mypy

    side = Side(folder / "share", plugin=True)
    side.prepare(program)
    clock = Clock()
    with clocked(clock), redirect_stdout(io.StringIO()) as output, suppress(SystemExit):
        started = time.perf_counter_ns()
        try:
            mypy(args=["--config-file", str(side.config), str(side.largest)], stdout=output, stderr=output, clean_exit=True)
        finally:
            total = time.perf_counter_ns() - started
    inside = clock.nanoseconds.total()
    assert inside, output.getvalue()
    print(f"\n{side.largest.name}, cold: {inside / total:.1%} of mypy's time is in our hooks")
    for name, spent in clock.nanoseconds.most_common(12):
        print(
            f"  {name:52}{clock.calls[name]:9,} calls{spent / total:8.2%}{spent / max(clock.calls[name], 1) / 1000:9.1f} us each"
        )


# --- rules ---------------------------------------------------------------------------------------------------------


def rules() -> None:
    """Prints what a rule takes to answer."""
    from timeit import Timer

    from shapecheck.core.dim import Symbol, dim
    from shapecheck.core.dtype import dtype
    from shapecheck.core.shape import shape
    from shapecheck.core.value import Array
    from shapecheck.rules import lookup

    b, t, d = (dim(Symbol(name, "f")) for name in "btd")
    x = Array(shape(b, t, d), dtype("float32"))
    y = Array(shape(b, d, t), dtype("float32"))
    print()
    for name, args in (
        ("torch.matmul", [x, y]), ("torch.add", [x, x]), ("Tensor.view", [x, b * t, d]), ("Tensor.transpose", [x, dim(1), dim(2)]),
        ("torch.cat", [(x, x), dim(-1)]), ("torch.einsum", ["btd,bds->bts", x, y]), ("F.softmax", [x, dim(-1)]),
    ):  # fmt: skip
        rule = lookup(name)
        assert rule is not None
        timer = Timer(lambda rule=rule, name=name, args=args: rule.apply(name, args))  # type: ignore[misc]
        print(f"rule {name:20}{min(timer.repeat(5, 2000)) / 2000 * 1e6:8.1f} us")


def compile_ourselves(folder: Path) -> None:
    """Makes the bytecode of our packages, as installers do, where this process and its children find it."""
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    for package in ("shapecheck", "mypy_plugin"):
        compileall.compile_dir(Path(__file__).parents[1] / package, quiet=2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints every figure."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [_DAEMON]:
        serve(Path(given[1]), int(given[2]))
        return
    parser = argparse.ArgumentParser(prog="benchmarks.mypy_time", description=__doc__)
    parser.add_argument("program", type=Path, help="a Python file, or a folder with some")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", action="store_true", help="the share in hooks and the rules alone: one mypy run")
    options = parser.parse_args(given)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with TemporaryDirectory(prefix="mypy-time-") as name:
        compile_ourselves(Path(name) / "bytecode")
        if not options.share:
            compare(options.program, options.rounds, Path(name))
        share(options.program, Path(name))
    rules()


if __name__ == "__main__":
    main()
