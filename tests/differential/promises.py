"""Generated return annotations: what a value is, written in the names of its function; sometimes a wrong promise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.differential.annotations import CLASSES, SETS, Scope
from tests.differential.arrays import Arrays
from tests.differential.choices import Choices
from tests.differential.modules import Writer


def promise(w: Writer, arrays: Arrays, name: str, scope: Scope) -> str:
    """A return annotation: what the value is for these sizes, written in the function's names; sometimes a wrong one."""
    c = w.c
    value = arrays.values[name]
    dtype = str(value.dtype).removeprefix("torch.")
    tokens = list(_tokens(c, value.shape, scope))
    if c.chance(12) and tokens:
        tokens[c.below(len(tokens))] = c.one_of((*dict.fromkeys(scope.bound), "3", "7", "new"))
    if c.chance(6):
        tokens.insert(c.below(len(tokens) + 1), c.one_of(("1", "new", *dict.fromkeys(scope.bound))))
    if c.chance(8) and not any(token[0] in "*." for token in tokens):
        tokens[: c.below(len(tokens) + 1)] = ["..."]
    declared = c.one_of(SETS.get(dtype, ("Shaped",)))
    if c.chance(6):
        declared = c.one_of(("Float", "Int64", "Bool", "Float32", "Int"))
    w.constructs.add("return")
    w.constructs |= {"return-only name"} if "new" in tokens else set()
    return f'{declared}[{CLASSES[w.library]}, "{" ".join(tokens)}"]'


def _tokens(c: Choices, shape: Sequence[int], scope: Scope) -> Iterator[str]:
    """The axes of a result in names that are bound; a run, or what is left of it, can be written once."""
    left = tuple(shape)
    written = False
    while left:
        run = next((name for name in ("*s", "*t") if (sizes := scope.sizes[name]) and left[: len(sizes)] == sizes), None)
        of_run = left[0] in (*scope.sizes["*s"], *scope.sizes["*t"])
        if (run or of_run) and written:
            yield "_"
        elif run or of_run:
            written = True
            yield run or "..."
        else:
            yield _spelled(c, left[0], scope)
        left = left[len(scope.sizes[run]) if run else 1 :]


def _spelled(c: Choices, size: int, scope: Scope) -> str:
    """A size in names that are bound."""
    if size <= 4:
        return str(size)
    names = list(dict.fromkeys(scope.bound))
    plain = {name: scope.sizes[name] for name in names} | {f"{{{name}}}": scope.sizes[name] for name in scope.ints}
    spelled: dict[Any, str] = {}
    for name, number in plain.items():
        assert isinstance(number, int)
        forms = {
            name: number,
            f"{name}+1": number + 1,
            f"{name}-1": number - 1,
            f"2*{name}": 2 * number,
            f"3*{name}": 3 * number,
            f"{name}//2": number // 2,
            f"({name}+1)//2": (number + 1) // 2,
        }
        for text, value in forms.items():
            spelled.setdefault(value, text)
    for one, first in plain.items():
        for two, second in plain.items():
            assert isinstance(first, int)
            assert isinstance(second, int)
            spelled.setdefault(first * second, f"{one}*{two}")
            spelled.setdefault(first + second, f"{one}+{two}")
    return spelled.get(size) or c.one_of(("_", "new", "other"))
