"""A hint checked by the reference in the middle of a compiled wrapper, over the wrapper's own variables.

Made by the compiler for what has no straight-line form: `?` axes, mixed unions, nested PyTrees, odd expressions.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shapecheck.runtime.hints import Hint
from shapecheck.runtime.names import Key
from shapecheck.runtime.reference import match
from shapecheck.runtime.scope import Place, Run, Scope

__all__ = ["Interpreter", "interpreter"]

type LeafNames = dict[Key, Any]
type Interpreter = Callable[[Any, Mapping[str, object], tuple[Any, ...], LeafNames | None], tuple[Any, ...] | None]


def interpreter(hint: Hint, keys: tuple[Key, ...], growing: frozenset[str]) -> Interpreter:
    """A function from a value, the arguments, the values of the names and of the `?` names, to all of them after the check.

    Args:
        hint: what to check.
        keys: the names, in the order in which their values come and go; None is unbound.
        growing: the variadic names whose value is a `Run`, since they may broadcast; that of others is a shape.
    """

    def run(
        value: Any, arguments: Mapping[str, object], values: tuple[Any, ...], leaf_names: LeafNames | None
    ) -> tuple[Any, ...] | None:
        scope = Scope(arguments)
        known = zip(keys, values, strict=True)
        for (namespace, name), value_of_name in (*known, *(leaf_names or {}).items()):
            if value_of_name is not None:
                _fill(scope, namespace, name, value_of_name)
        try:
            failure = match(hint, value, scope, Place(""))
        except Exception:  # the slow path raises it again, with its place
            return None
        if failure is not None:
            return None
        return *(_take(scope, namespace, name, name in growing) for namespace, name in keys), _leaf_names(scope, keys)

    return run


def _fill(scope: Scope, namespace: str, name: str, value: Any) -> None:
    match namespace:
        case "n":
            scope.sizes[name] = value
            scope.origins["", name] = ("", None)
        case "r":
            scope.runs[name] = value if isinstance(value, Run) else Run(False, tuple(value))
            scope.origins["*", name] = ("", None)
        case "v":
            scope.classes[name] = value
            scope.origins["V", name] = ("", None)
        case _:
            scope.trees[name] = value
            scope.origins["T", name] = ("", None)


def _take(scope: Scope, namespace: str, name: str, growing: bool) -> Any:
    match namespace:
        case "n":
            return scope.sizes.get(name)
        case "r":
            run = scope.runs.get(name)
            return run if run is None or growing else run.shape
        case "v":
            return scope.classes.get(name)
        case _:
            return scope.trees.get(name)


def _leaf_names(scope: Scope, keys: tuple[Key, ...]) -> LeafNames:
    """The names that `?` made up, one per leaf."""
    sizes: LeafNames = {("n", name): size for name, size in scope.sizes.items()}
    runs: LeafNames = {("r", name): run for name, run in scope.runs.items()}
    return {key: value for key, value in (sizes | runs).items() if key not in keys}
