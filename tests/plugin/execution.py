"""Runs blocks of the pages under jaxtyping and beartype: what mypy said must be what happens.

A block that says `run` is imported under jaxtyping's import hook. Then every function of the module that has no
parameters is called, and must

- raise, at the expected line, when one of its lines expects a shape error;
- raise when its `def` line says `# runtime: fails` (mypy reported inside a function that it calls, or cannot know);
- return when its `def` line says `# runtime: passes` (mypy reports what jaxtyping does not look at);
- return otherwise.

Each `reveal_type` with the text of an array type is an assertion about the array that is there: its shape and dtype,
with the sizes that the running function's names are bound to.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import jaxtyping

from tests.plugin import literate
from tests.plugin.literate import Block, expectations

_ARRAY = re.compile(r'(?P<dtype>\w+)\[(?P<cls>Tensor|Parameter|Array|ndarray), "(?P<shape>[^"]*)"\]$')
_RUN_TIME = re.compile(r"#\s*runtime:\s*(?P<verdict>fails|passes)\b")


@dataclass(slots=True)
class Revealed:
    """What `reveal_type` promises, by line, and where the arrays broke a promise."""

    promises: dict[int, str]
    broken: list[str] = field(default_factory=list)

    def __call__(self, value: Any) -> Any:
        line = sys._getframe(1).f_lineno
        promise = self.promises.get(line, "")
        if (match := _ARRAY.match(promise)) is not None and not _is(value, match["dtype"], match["shape"]):
            found = f"{getattr(value, 'dtype', '?')} {tuple(getattr(value, 'shape', '?'))}"
            self.broken.append(f"  line {line} promises {promise}, found {found}")
        return value


def _is(value: Any, dtype: str, shape: str) -> bool:
    """Whether an array has a dtype and shape, in the scope of the function that is running."""
    memo = jaxtyping._storage.get_shape_memo()  # type: ignore[no-untyped-call]  # isinstance would bind names for good
    saved = tuple(dict(part) for part in memo)
    try:
        return isinstance(value, getattr(jaxtyping, dtype)[Any, shape])
    except jaxtyping.AnnotationError:
        return True  # the text has sizes that only mypy has a name for
    finally:
        jaxtyping._storage.set_shape_memo(*saved)


def check(block: Block) -> str:
    """The report on a program: empty when it behaves as its page says."""
    literate.messages()  # the workspace is written
    revealed = Revealed({e.line: e.text for e in expectations(block.code) if e.kind == "revealed"})
    with _reveal(revealed):
        try:
            module = _imported(block)
        except Exception as error:  # whatever a module raises that cannot be imported
            return f"{type(error).__name__}: {str(error)[:500]}"
        verdicts = [_verdict(function, block) for function in _programs(module)]
    assert verdicts, "a block that runs needs a function without parameters"
    return "\n".join(filter(None, [*verdicts, *revealed.broken]))


@contextmanager
def _reveal(revealed: Revealed) -> Iterator[None]:
    builtins.reveal_type = revealed
    try:
        yield
    finally:
        del builtins.reveal_type


def _imported(block: Block) -> ModuleType:
    if str(literate.WORKSPACE) not in sys.path:
        sys.path.append(str(literate.WORKSPACE))
    for name in [name for name in sys.modules if name.partition(".")[0] == block.package]:
        del sys.modules[name]
    importlib.invalidate_caches()
    with jaxtyping.install_import_hook(block.package, "beartype.beartype"):
        return importlib.import_module(block.module)


def _programs(module: ModuleType) -> list[Callable[[], object]]:
    functions = [item for item in vars(module).values() if inspect.isfunction(item) and item.__module__ == module.__name__]
    return [function for function in functions if not inspect.signature(function).parameters]


def _verdict(function: Callable[[], object], block: Block) -> str:
    lines = _lines(function.__name__, block.code)
    errors = {e.line for e in expectations(block.code) if e.kind == "error" and e.code.startswith("shape-") and e.line in lines}
    said = _RUN_TIME.search(block.code.splitlines()[lines.start - 1])
    fails = bool(errors) if said is None else said["verdict"] == "fails"
    try:
        function()
    except Exception as error:  # whatever a wrong program raises
        return _failed(function.__name__, error, fails, errors, block)
    return f"  {function.__name__} should fail, it ran" if fails else ""


def _failed(name: str, error: Exception, fails: bool, errors: set[int], block: Block) -> str:
    reached = {frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(str(block.path))}
    summary = f"{type(error).__name__}: {str(error)[:300]}"
    if not fails:
        return f"  {name} should run, it raised at {sorted(map(str, reached))} {summary}"
    in_return = "the return value of" in str(error)  # raised by the decorator, after the function
    if errors and not errors & reached and not in_return:
        return f"  {name} should fail at {sorted(errors)}, it did at {sorted(map(str, reached))}: {summary}"
    return ""


def _lines(name: str, code: str) -> range:
    """The lines of a top-level function, its `def` line first."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(1, 2)
