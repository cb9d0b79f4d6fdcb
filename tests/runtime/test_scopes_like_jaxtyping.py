"""Annotated locals and the sizes of a class mean what jaxtyping means by the same names in one scope.

A local is a check in the body of a jaxtyped function. A class whose sizes are known is a function with one argument more,
which binds them. Annotations and values are those of :mod:`tests.runtime.test_like_jaxtyping`.
"""

import ast
from typing import Any

import jaxtyping
import numpy as np
from beartype import beartype
from beartype.door import is_bearable
from hypothesis import HealthCheck, given, settings
from jaxtyping import Float, jaxtyped

from shapecheck import checked
from shapecheck.runtime.hook import GLOBALS, transform
from tests.runtime.test_like_jaxtyping import TRUTH, calls, function, outcome

SETTINGS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def with_locals(names: list[str], line: str) -> ast.Module:
    """A function of `x` that meets each other name in its body."""
    lines = ["def body(x: X, y_=None, z_=None, k: int = 2) -> R:", *(line.format(each, each.upper()) for each in names)]
    return ast.parse("\n    ".join([*lines, "return result"]))


def require(value: object, hint: Any) -> None:
    """What jaxtyping makes of an argument: an expression that fails is a value that does not fit."""
    try:
        fits = is_bearable(value, hint)
    except jaxtyping.AnnotationError:
        raise
    except Exception:
        fits = False
    if not fits:
        raise jaxtyping.TypeCheckError


@SETTINGS
@given(calls())
def test_locals(call: tuple[dict[str, Any], dict[str, Any], Any]) -> None:
    annotations, arguments, result = call
    rest = [name for name in arguments if name != "x"]
    known = {name.upper(): hint for name, hint in annotations.items()} | {"R": annotations["return"], "require": require}
    values = {f"value_{name}": arguments[name] for name in rest} | {"result": result}

    def body(tree: ast.Module) -> Any:
        names: dict[str, Any] = {**GLOBALS, **known, **values, "__name__": __name__}
        exec(compile(tree, "<locals>", "exec"), names)
        return names["body"]

    theirs = jaxtyped(typechecker=beartype)(body(with_locals(rest, "require(value_{0}, {1})")))
    ours = body(transform(with_locals(rest, "{0}: {1} = value_{0}")))
    expected = outcome(lambda: theirs(arguments["x"]))
    for _ in range(2):  # the first call compiles
        assert outcome(lambda: ours(arguments["x"])) == expected


SIZES = {"a": TRUTH["a"], "b": TRUTH["b"]}


@SETTINGS
@given(calls())
def test_sizes_of_a_class(call: tuple[dict[str, Any], dict[str, Any], Any]) -> None:
    annotations, arguments, result = call

    def model(sizes: Any, x: Any, y: Any = None, z: Any = None, k: int = 2) -> Any:
        return result

    class Sized[a: int, b: int]:
        def __init__(self, a: int, b: int) -> None: ...

        def method(self, x: Any, y: Any = None, z: Any = None, k: int = 2) -> Any:
            return result

    model.__annotations__ = {"sizes": Float[np.ndarray, "a b"], "k": int, **annotations}
    Sized.method.__annotations__ = function(annotations, None).__annotations__
    theirs, instance = jaxtyped(typechecker=beartype)(model), checked(Sized)(**SIZES)
    expected = outcome(lambda: theirs(np.zeros(tuple(SIZES.values())), **arguments))
    for _ in range(2):
        assert outcome(lambda: instance.method(**arguments)) == expected
