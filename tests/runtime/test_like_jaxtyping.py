"""`checked` accepts exactly what `jaxtyped(typechecker=beartype)` accepts.

Functions are generated from the whole grammar of annotations, called with generated arrays, and decorated both ways. The
reference alone must agree too, so that neither the compiled code nor the interpreter can hide behind the other.
Containers hold at most one item, since beartype looks at one item only.
"""

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from types import UnionType
from typing import Any, Union, get_args, get_origin

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
import torch
from beartype import beartype
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import AbstractArray, Bool, Float, Float32, Int, PyTree, Shaped, jaxtyped

from shapecheck import checked
from shapecheck.core.expression import evaluate_axis
from shapecheck.core.grammar import Axis, Name, Size, parse_shape
from shapecheck.runtime.call import Checker
from shapecheck.runtime.signature import read_signature

NAMES = st.sampled_from(["a", "b", "n"])
AXES = st.one_of(
    NAMES,
    NAMES,
    NAMES.map("#{}".format),
    st.sampled_from(["1", "2", "3", "_", "#2", "label=2", "label=a", "?a", "_x"]),
    st.sampled_from(["a+1", "2*n", "n-1", "a//b", "a*b", "min(a,b)", "#a+1", "a/b", "a==b", "sum((a,b))"]),
    st.sampled_from(["{k}", "{k}+a", "2*{k}", "{k-2}", "{x.shape[0]}", "{k}{k}", "{missing}"]),
)
RUNS = st.sampled_from(["...", "*s", "*#s", "*t", "*?s"])


@st.composite
def shapes(draw: st.DrawFn) -> str:
    axes = draw(st.lists(AXES, max_size=3))
    if draw(st.integers(0, 3)) == 0:
        axes.insert(draw(st.integers(0, len(axes))), draw(RUNS))
    return " ".join(axes)


CLASSES = st.sampled_from([np.ndarray, np.ndarray, torch.Tensor, jax.Array, Any, np.ndarray | torch.Tensor])
DTYPES = st.sampled_from([Float, Float, Float32, Int, Shaped, Bool])


@st.composite
def array_hints(draw: st.DrawFn) -> Any:
    return draw(DTYPES)[draw(CLASSES), draw(shapes())]


@st.composite
def hints(draw: st.DrawFn) -> Any:
    array = draw(array_hints())
    match draw(st.integers(0, 11)):
        case 0:
            return array | None
        case 1:
            return array | draw(array_hints())
        case 2:
            return list[array]
        case 3:
            return tuple[array, draw(array_hints())]
        case 4:
            return dict[str, array] | None
        case 5:
            return PyTree[array]
        case 6:
            return PyTree[array, draw(st.sampled_from(["T", "S", "T S", "T ...", "... T"]))]
        case 7:
            return int | array | draw(array_hints())
        case _:
            return array


MAKERS: dict[Any, Callable[[tuple[int, ...], str], Any]] = {
    np.ndarray: lambda shape, dtype: np.zeros(shape, dtype),
    torch.Tensor: lambda shape, dtype: torch.zeros(shape, dtype=getattr(torch, dtype)),
    jax.Array: lambda shape, dtype: jnp.zeros(shape, dtype),
}
KINDS = {Float: "float32", Float32: "float32", Int: "int32", Bool: "bool", Shaped: "float32"}
TRUTH = {"a": 2, "b": 3, "n": 2, "k": 2}  # the sizes most arrays are made with
ANY_SIZE = st.sampled_from([1, 2, 2, 3, 4])
SIZES = st.lists(ANY_SIZE, max_size=4).map(tuple)


def size_for(draw: st.DrawFn, axis: Axis) -> int:
    if (axis.broadcast and draw(st.booleans())) or draw(st.integers(0, 25)) == 0:
        return draw(st.sampled_from([1, 1, 2, 3]))
    match axis.term:
        case Size(size):
            return size
        case Name(name):
            return TRUTH.get(name) or draw(ANY_SIZE)
        case expression:
            try:
                value = evaluate_axis(expression, {**TRUTH, "x": np.zeros((2, 3))}, TRUTH)
            except NameError:
                return 2
            return max(int(value), 0) if isinstance(value, int | float) else 2


def shape_for(draw: st.DrawFn, text: str) -> tuple[int, ...]:
    shape: list[int] = []
    for axis in parse_shape(text).axes:
        shape += draw(st.sampled_from([(2, 3), (2, 3), (1, 3), (3,), ()])) if axis.variadic else [size_for(draw, axis)]
    return tuple(shape)


def array_for(draw: st.DrawFn, hint: Any) -> Any:
    library = hint.array_type if hint.array_type is not Any else draw(st.sampled_from(list(MAKERS)))
    dtype = KINDS[hint.dtype] if draw(st.integers(0, 20)) else ">f8" if library is np.ndarray else "uint8"
    shape = shape_for(draw, hint.dim_str) if draw(st.integers(0, 20)) else draw(SIZES)
    return MAKERS[library](shape, dtype)


def value_for(draw: st.DrawFn, hint: Any) -> Any:
    """A value that most likely fits, but for the names it shares with others."""
    if draw(st.integers(0, 40)) == 0:
        return draw(st.sampled_from([None, 3, [], "x"]))
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return array_for(draw, hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return value_for(draw, draw(st.sampled_from(arguments)))
    if origin is list:
        return [value_for(draw, arguments[0])][: draw(st.integers(0, 4))]
    if origin is tuple:
        return tuple(value_for(draw, each) for each in arguments)
    if origin is dict:
        return {"w": value_for(draw, arguments[1])}
    if hasattr(hint, "leaftype"):
        leaf = value_for(draw, hint.leaftype)
        return draw(st.sampled_from([{"w": leaf}, {"w": leaf}, [leaf, {"w": value_for(draw, hint.leaftype)}], leaf]))
    return None if hint is type(None) else 3


@st.composite
def calls(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Annotations, arguments and a result."""
    annotations = {name: draw(hints()) for name in ("x", "y", "z")[: draw(st.integers(1, 3))]}
    annotations["return"] = draw(st.one_of(st.just(Any), hints()))
    arguments = {name: value_for(draw, hint) for name, hint in annotations.items() if name != "return"}
    return annotations, arguments, value_for(draw, annotations["return"])


def function(annotations: dict[str, Any], result: Any) -> Any:
    def body(x: Any, y: Any = None, z: Any = None, k: int = 2) -> Any:
        return result

    body.__annotations__ = {"k": int, **annotations}
    return body


def outcome(call: Callable[[], Any]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            call()
        except jaxtyping.AnnotationError:
            return "annotation"
        except jaxtyping.TypeCheckError:
            return "rejected"
    return "accepted"


def by_the_reference(body: Any, arguments: dict[str, Any], result: Any) -> None:
    checker = Checker(read_signature(body, {}))
    checker.returned(result, checker.arguments(inspect.signature(body).bind(**arguments).arguments))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(calls())
def test_accepts_what_jaxtyping_accepts(call: tuple[dict[str, Any], dict[str, Any], Any]) -> None:
    annotations, arguments, result = call
    body = function(annotations, result)
    theirs = jaxtyped(typechecker=beartype)(body)
    ours = checked(body)
    expected = outcome(lambda: theirs(**arguments))
    assert outcome(lambda: by_the_reference(body, arguments, result)) == expected
    assert outcome(lambda: ours(**arguments)) == expected
    assert outcome(lambda: ours(**arguments)) == expected


ODD_SHAPES = ["*", "?", "x=", "a -1", "a<=4", "a>=b", "a==b", "+3", "1_000", "if class None", "a+", "a'b", "a/b", ""]


@pytest.mark.parametrize("shape", ODD_SHAPES)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_odd_shapes_mean_the_same(shape: str) -> None:
    try:
        hint = Float[np.ndarray, shape]
    except ValueError:
        pytest.skip("no annotation")
    for sizes in [(), (2,), (3,), (4,), (2, 2), (2, 3), (3, 4), (1, 2, 3), (2, 2, 2)]:
        for second in [sizes, (2, 2), (2,)]:
            body = function({"x": hint, "y": hint}, None)
            arguments = {"x": np.zeros(sizes), "y": np.zeros(second)}
            theirs, ours = jaxtyped(typechecker=beartype)(body), checked(body)
            assert outcome(partial(ours, **arguments)) == outcome(partial(theirs, **arguments))
