"""Checks by others during a checked call: `isinstance(y, Float[Tensor, "b c"])` shares the call's names.

jaxtyping answers such an `isinstance` from a stack of its own, one entry per call. A function whose body uses it, or
which beartype or typeguard checks too, or which calls one that only they check, gets an entry, filled with the names its
arguments have bound; names bound in the body are taken over for the return value. Only such functions pay for it. Called
by the compiler (:func:`checks_by_hand`) and by the slow twin of a wrapper.
"""

import importlib
import inspect
import sys
import types
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from shapecheck.runtime.reading import mentions_arrays
from shapecheck.runtime.scope import Run, Scope

__all__ = ["checks_by_hand", "shared"]


def checks_by_hand(function: Callable[..., Any]) -> bool:
    """Whether, while a function runs, jaxtyping may be asked about an annotation.

    Its body mentions both `isinstance` (or `print_bindings`) and an annotation, or another checker's wrapper stands
    around it or around a function that it names.
    """
    body = inspect.unwrap(function)
    if not isinstance(body, types.FunctionType) or "jaxtyping" not in sys.modules:
        return False
    names = set(_names(body.__code__))
    if "print_bindings" in names or _asks_about_arrays(function):
        return True
    values = list(_values(body, names))
    return any(map(_asks_about_arrays, values)) or ("isinstance" in names and any(map(_is_annotation, values)))


def _asks_about_arrays(value: object) -> bool:
    """Whether it is a wrapper made by beartype or typeguard around a function with annotations of arrays."""
    if not isinstance(value, types.FunctionType):
        return False
    by_beartype = value.__code__.co_filename.startswith("<@beartype(")
    by_typeguard = value.__globals__.get("__name__") == "typeguard"
    return (by_beartype or by_typeguard) and any(map(mentions_arrays, value.__annotations__.values()))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _values(function: types.FunctionType, names: set[str]) -> Iterator[object]:
    yield from (function.__globals__[name] for name in names if name in function.__globals__)
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _is_annotation(value: object) -> bool:
    jaxtyping = sys.modules["jaxtyping"]
    if isinstance(value, type) and issubclass(value, jaxtyping.AbstractDtype):
        return True
    return value is jaxtyping or mentions_arrays(value)


@contextmanager
def shared(scope: Scope) -> Generator[None]:
    """An entry on jaxtyping's stack with the names of a scope, which learns the names bound meanwhile."""
    storage = importlib.import_module("jaxtyping._storage")  # no public way in
    sizes, runs, trees, _ = storage.push_shape_memo(dict(scope.arguments))
    sizes.update(scope.sizes)
    runs.update({name: (run.broadcast, run.shape) for name, run in scope.runs.items()})
    trees.update(scope.trees)
    try:
        yield
        _learn(scope, *storage.get_shape_memo()[:3])
    finally:
        storage.pop_shape_memo()


def _learn(scope: Scope, sizes: dict[str, Any], runs: dict[str, tuple[bool, Any]], trees: dict[str, Any]) -> None:
    for kind, names in (("", sizes.keys() - scope.sizes), ("*", runs.keys() - scope.runs), ("T", trees.keys() - scope.trees)):
        scope.origins.update({(kind, name): ("body", None) for name in names})
    scope.sizes |= sizes
    scope.runs |= {name: Run(grows, shape) for name, (grows, shape) in runs.items()}
    scope.trees |= trees
