"""Functions whose code is exchanged while the program runs: now the checks, now the original.

A stub has the globals and the cells of the function that it stands for, and one cell more, which holds what our code
needs. So the original code can run in the stub as it is, at its own speed, and `off` costs nothing. Between two codes
stands a template that asks at every call which code to run, so that no call ever meets the defaults of one code in
another. Called by :mod:`shapecheck.runtime.decorator` and :mod:`shapecheck.runtime.compiler`.
"""

import ast
import builtins
import dis
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import CellType, CodeType, FunctionType
from typing import Any, Final

__all__ = ["Code", "Turn", "cell_of", "closed", "free_names", "install", "new_stub", "original", "rest"]

_COPY_FREE_VARS: Final = dis.opmap["COPY_FREE_VARS"]


@dataclass(frozen=True, slots=True)
class Code:
    """What of a function can be exchanged, and what the code finds at its place in the cell."""

    code: CodeType
    defaults: tuple[Any, ...] | None
    keyword_defaults: dict[str, Any] | None
    constants: tuple[Any, ...] = ()


class Turn:
    """The first thing in the cell of a stub for ever: what a call at rest does.

    Attributes:
        start: decides what is called now.
        now: what is called.
    """

    start: Callable[[], None]
    now: Callable[..., Any]


def new_stub(function: Callable[..., Any], start: Callable[[], None], *, kind: str) -> FunctionType:
    """A stub at rest: each call runs `start` and then what that puts into the :class:`Turn`.

    Args:
        function: what the stub stands for.
        start: called without arguments.
        kind: `plain`, `coroutine` or `generator`.
    """
    turn = Turn()
    turn.start = start
    if isinstance(function, FunctionType) and original(function) is not None:
        known, cells = function.__globals__, function.__closure__ or ()
    else:
        known, cells = {"__builtins__": builtins, "__name__": getattr(function, "__module__", __name__)}, ()
    return FunctionType(_template(kind, len(cells)), known, "checked", None, (*cells, CellType((turn,))))


_TEMPLATES: Final = {
    "plain": "def stub(*args, **kwargs): {}; return cell[0].now(*args, **kwargs)",
    "coroutine": "async def stub(*args, **kwargs): {}; return await cell[0].now(*args, **kwargs)",
    "generator": "def stub(*args, **kwargs): {}; return (yield from cell[0].now(*args, **kwargs))",
}


@cache
def _template(kind: str, cells: int) -> CodeType:
    names = [*(f"a{index}" for index in range(cells)), "cell"]
    body = _TEMPLATES[kind].format(f"__tracebackhide__ = True; cell[0].start(); [{', '.join(names)}] if 0 else 0")
    namespace: dict[str, Any] = {}
    source = f"def make({', '.join(names)}):\n    {body}\n    return stub"
    exec(compile(source, "<shapecheck>", "exec"), namespace)
    code: CodeType = namespace["make"](*names).__code__
    return code


def free_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the cells that a stub for the function has beside ours."""
    return function.__code__.co_freevars if isinstance(function, FunctionType) and original(function) is not None else ()


def original(function: Callable[..., Any]) -> Code | None:
    """The code of a function with one cell more, which it does not use; None if there is no such code."""
    if not isinstance(function, FunctionType):
        return None
    code = function.__code__
    count, words = len(code.co_freevars), code.co_code
    if count:
        if words[:2] != bytes((_COPY_FREE_VARS, count)) or count > 250:
            return None
        words = bytes((_COPY_FREE_VARS, count + 1)) + words[2:]
    more = code.replace(co_freevars=(*code.co_freevars, _cell_name(code.co_freevars)), co_code=words)
    return Code(more, function.__defaults__, function.__kwdefaults__)


def _cell_name(free: tuple[str, ...]) -> str:
    """A name after all others, since Python sorts the cells of a function by name."""
    return f"{max(free, default='')}_s_cell"


def closed(source: str, free: tuple[str, ...], index: int, namespace: dict[str, Any], title: str) -> tuple[FunctionType, Code]:
    """A function from the source of one `def`, as it is and as code for a stub; what it reads comes from the cell.

    Args:
        source: one `def`; its names are looked up in the namespace and in `builtins`.
        free: names of the cells before ours.
        index: where in the cell the code finds its constants.
        namespace: the constants by name.
        title: for tracebacks.
    """
    definition: Any = ast.parse(source).body[0]
    names = _constants(definition)
    cell = _cell_name(free)
    definition.body[:0] = ast.parse(
        f"if 0: ({', '.join((*free, cell))},)\n{f'{", ".join(names)}, = {cell}[{index}]' if names else ''}"
    ).body
    maker: Any = ast.parse(f"def _s_make({', '.join((*free, cell))}): return {definition.name}")
    maker.body[0].body.insert(0, definition)
    exec(compile(maker, f"<shapecheck {title}>", "exec"), namespace)
    constants = tuple(namespace[name] if name in namespace else getattr(builtins, name) for name in names)
    function: FunctionType = namespace.pop("_s_make")(*free, (None,) * index + (constants,))
    return function, Code(function.__code__, function.__defaults__, function.__kwdefaults__, constants)


def _constants(definition: Any) -> list[str]:
    """The names that a function reads and does not have."""
    nodes = [node for statement in definition.body for node in ast.walk(statement) if isinstance(node, ast.Name)]
    own = {each.arg for each in ast.walk(definition.args) if isinstance(each, ast.arg)}
    own |= {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    return sorted({node.id for node in nodes} - own)


def cell_of(stub: FunctionType) -> CellType:
    """Our cell."""
    assert stub.__closure__ is not None
    return stub.__closure__[-1]


def install(stub: FunctionType, code: Code, name: str) -> None:
    """Let later calls run a code; the stub is at rest."""
    assert len(stub.__code__.co_freevars) == len(code.code.co_freevars)
    stub.__defaults__ = code.defaults
    stub.__kwdefaults__ = code.keyword_defaults
    stub.__code__ = code.code.replace(co_name=name)


def rest(stub: FunctionType, *, kind: str) -> None:
    """Let the next call ask again."""
    assert stub.__closure__ is not None
    stub.__code__ = _template(kind, len(stub.__closure__) - 1)
