"""Shapes broadcast as NumPy's and bind as jaxtyping's; what is said of symbols is true for every size."""

from collections.abc import Iterator, Sequence
from functools import cache

import jaxtyping
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Atom, Dim, Kind, Symbol, Verdict, broadcastable, dim, substitute
from shapecheck.core.expression import Expression
from shapecheck.core.grammar import Axis, Name, Size, parse_shape
from shapecheck.core.shape import (
    ANY_RUN,
    ANY_SHAPE,
    SCALAR,
    Item,
    Mismatch,
    Run,
    Shape,
    broadcast,
    broadcast_all,
    broadcasts_to,
    differing_axes,
    from_items,
    same,
    shape,
)
from shapecheck.core.unify import Bindings, Expected, Pattern, bind, expand, settle, solve

type Sizes = tuple[int, ...]

x, y, z = (Symbol(name, "call", Kind.SIZE) for name in "xyz")
FLEXIBLE = frozenset(map(Symbol, ["a", "b", "n"]))

concrete = st.lists(st.sampled_from([1, 1, 2, 3, 0]), max_size=4).map(tuple)
flexible_dims = st.sampled_from([dim(x), dim(y), dim(x) + 1, dim(x) * 2, dim(x) * dim(y), dim(1), dim(2), dim(3), UNKNOWN_DIM])
rigid_dims = st.sampled_from([dim("n"), dim("m"), dim("n") + 1, dim(1), dim(3)])


def shapes(dims: st.SearchStrategy[Dim], runs: Sequence[Run] = (ANY_RUN,)) -> st.SearchStrategy[Shape]:
    sides = st.lists(dims, max_size=3)
    return st.tuples(sides, st.sampled_from([None, None, *runs]), sides).map(
        lambda parts: from_items([*parts[0], *([parts[1]] if parts[1] else []), *parts[2]])
    )


flexible_shapes = shapes(flexible_dims)


@st.composite
def worlds(draw: st.DrawFn) -> dict[Atom, Dim]:
    """Sizes of the symbols."""
    return {symbol: dim(draw(st.integers(1, 4))) for symbol in (x, y, z, Symbol("n"), Symbol("m"))}


def concretize(one: Shape, world: dict[Atom, Dim], draw: st.DataObject) -> Sizes:
    """One of the shapes that the symbolic one stands for."""
    return tuple(size for item in one.items for size in _concrete_item(item, world, draw))


def _concrete_item(item: Item, world: dict[Atom, Dim], draw: st.DataObject) -> Sizes:
    if isinstance(item, Run):
        return draw.draw(st.lists(st.integers(1, 3), max_size=2).map(tuple), label="run")
    size = substitute(item, world).constant
    return (draw.draw(st.integers(1, 4), label="unknown") if size is None else size,)


def stands_for(one: Shape, sizes: Sizes, world: dict[Atom, Dim]) -> bool:
    """Whether the concrete shape is one of those that the symbolic one stands for."""
    if one.run is None:
        return len(one.prefix) == len(sizes) and _fits(one.prefix, sizes, world)
    tail = len(sizes) - len(one.suffix)
    return tail >= len(one.prefix) and _fits(one.prefix, sizes, world) and _fits(one.suffix, sizes[tail:], world)


def _fits(dims: Sequence[Dim], sizes: Sizes, world: dict[Atom, Dim]) -> bool:
    return all(substitute(d, world).constant in (None, size) for d, size in zip(dims, sizes, strict=False))


# --- broadcasting --------------------------------------------------------------------------------------------------


@given(st.lists(concrete, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_concrete_shapes_broadcast_as_in_numpy(several: list[Sizes]) -> None:
    result = broadcast_all([shape(*sizes) for sizes in several])
    try:
        expected = np.broadcast_shapes(*several)
    except ValueError:
        assert isinstance(result, Mismatch)
        assert result.code == "shape-broadcast"
    else:
        assert result == shape(*expected)


@given(concrete, concrete)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_broadcast_to_agrees_with_numpy(source: Sizes, target: Sizes) -> None:
    try:
        np.broadcast_to(np.empty(source), target)
    except ValueError:
        expected = Verdict.DIFFERENT
    else:
        expected = Verdict.EQUAL
    assert broadcasts_to(shape(*source), shape(*target)) is expected


@given(flexible_shapes, flexible_shapes, worlds(), st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_symbolic_broadcasting_is_true_for_every_size(
    left: Shape, right: Shape, world: dict[Atom, Dim], data: st.DataObject
) -> None:
    result = broadcast(left, right)
    one, other = concretize(left, world, data), concretize(right, world, data)
    try:
        expected = np.broadcast_shapes(one, other)
    except ValueError:
        return
    assert isinstance(result, Shape), f"{one} and {other} do broadcast"
    assert stands_for(result, expected, world)


@given(shapes(rigid_dims, ()), shapes(rigid_dims, ()), worlds())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_result_over_rigid_names_holds_for_every_size(left: Shape, right: Shape, world: dict[Atom, Dim]) -> None:
    result = broadcast(left, right)
    assume(isinstance(result, Shape))
    one, other = (tuple(substitute(d, world).constant or 0 for d in side.dims) for side in (left, right))
    try:
        expected = np.broadcast_shapes(one, other)
    except ValueError:
        return
    assert isinstance(result, Shape)
    assert stands_for(result, expected, world)


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (shape("b", 1), shape(3), shape("b", 3)),
        (shape("b"), shape("b"), shape("b")),
        (shape(ANY_RUN, "d"), shape("d"), shape(ANY_RUN, "d")),
        (shape(Run("s"), "d"), shape(Run("s"), 1), shape(Run("s"), "d")),
        (ANY_SHAPE, shape(3), ANY_SHAPE),
        (shape("b", "d"), SCALAR, shape("b", "d")),
        (shape(broadcastable(dim("n"))), shape("n"), shape("n")),
        (shape(Run("s", "", True), 2), shape(Run("s", "", True), 2), shape(Run("s", "", True), 2)),
    ],
)
def test_broadcasting_with_names_and_runs(left: Shape, right: Shape, result: Shape) -> None:
    assert broadcast(left, right) == result
    assert broadcast(right, left) == result


def test_two_names_of_one_signature_do_not_broadcast() -> None:
    mismatch = broadcast(shape("b", 3), shape("c", 3))
    assert isinstance(mismatch, Mismatch)
    assert (mismatch.axis, mismatch.expected, mismatch.found) == (-2, "b", "c")


# --- equality ------------------------------------------------------------------------------------------------------


@given(flexible_shapes, flexible_shapes, worlds(), st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_same_is_true_for_every_size(left: Shape, right: Shape, world: dict[Atom, Dim], data: st.DataObject) -> None:
    verdict = same(left, right)
    assert verdict is same(right, left)
    one, other = concretize(left, world, data), concretize(right, world, data)
    assert verdict is Verdict.UNKNOWN or (verdict is Verdict.EQUAL) == (one == other)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (shape("a", "b"), shape("a", "b"), Verdict.EQUAL),
        (shape("a", "b"), shape("b", "a"), Verdict.DIFFERENT),
        (shape("a"), shape("a", "b"), Verdict.DIFFERENT),
        (shape("a", UNKNOWN_DIM), shape("a", 3), Verdict.UNKNOWN),
        (shape(Run("s"), "d"), shape(Run("s"), "d"), Verdict.EQUAL),
        (shape(Run("s"), "d"), shape(Run("t"), "d"), Verdict.DIFFERENT),
        (shape(Run("s"), "d"), shape("b", "d"), Verdict.DIFFERENT),
        (shape(Run("s", "", True), "d"), shape(Run("s", "", True), "d"), Verdict.UNKNOWN),
        (ANY_SHAPE, shape(3), Verdict.UNKNOWN),
        (shape(ANY_RUN, 4), shape(3), Verdict.DIFFERENT),
        (shape(ANY_RUN, 4, 4), shape(4), Verdict.DIFFERENT),
        (shape(Run("s")), SCALAR, Verdict.DIFFERENT),
    ],
)
def test_equality_of_shapes(left: Shape, right: Shape, verdict: Verdict) -> None:
    assert same(left, right) is verdict
    assert same(right, left) is verdict


def test_differing_axes_names_each_of_them() -> None:
    assert differing_axes(shape("a", 3, "c"), shape("a", 4, UNKNOWN_DIM)) == [(1, dim(3), dim(4))]
    assert differing_axes(shape("a"), shape("a", 1)) == []


def test_a_second_run_hides_what_is_between() -> None:
    assert from_items([dim("a"), Run("s"), dim("b"), ANY_RUN, dim("c")]) == Shape((dim("a"),), ANY_RUN, (dim("c"),))


def test_size_and_text() -> None:
    assert shape("b", 2, 3).size == dim("b") * 6
    assert SCALAR.size == ONE
    assert ANY_SHAPE.size.is_unknown
    assert str(shape("b", Run("s"), 3, UNKNOWN_DIM, ANY_RUN)) == "b ..."
    assert str(shape("b", Run("s"), 3, UNKNOWN_DIM)) == "b *s 3 _"
    with pytest.raises(ValueError, match="not known"):
        ANY_SHAPE.dims  # noqa: B018


# --- binding, against jaxtyping ------------------------------------------------------------------------------------


def pattern(text: str) -> Pattern:
    return Pattern(tuple(map(expected, parse_shape(text).axes)))


def expected(axis: Axis) -> Expected:
    if axis.variadic:
        name = axis.term.name if isinstance(axis.term, Name) and not axis.anonymous else None
        return Expected(run=Run(name, broadcast=axis.broadcast), broadcast=axis.broadcast, text=axis.text)
    match axis.term:
        case Name(name):
            size = UNKNOWN_DIM if axis.anonymous else dim(name)
        case Size(number):
            size = dim(number)
        case Expression(source):
            size = eval(source, {name: dim(name) for name in "abn"})
    return Expected(size, None, axis.broadcast, axis.text)


tokens = st.sampled_from(["a", "b", "n", "#a", "#n", "_", "2", "3", "#2", "#3", "0"])
expressions = st.sampled_from(["a+1", "2*a", "a*b", "n-1", "a//2", "#a+1"])
run_tokens = st.sampled_from([[], [], ["..."], ["*s"], ["*#s"], ["*t"]])


def texts(axes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    side = st.lists(axes, max_size=2)
    return st.tuples(side, run_tokens, side).map(lambda parts: " ".join([*parts[0], *parts[1], *parts[2]]))


class UseBeforeBind(Exception):
    """jaxtyping refuses to judge."""


@cache
def annotation(text: str) -> type[object]:
    made: type[object] = jaxtyping.Shaped.__getitem__((np.ndarray, text))
    return made


def jaxtyping_accepts(texts: Sequence[str], several: Sequence[Sizes]) -> Iterator[bool]:
    """jaxtyping's answers to one annotation after the other, in one call's scope."""
    with jaxtyping.jaxtyped("context"):
        for text, sizes in zip(texts, several, strict=True):
            try:
                yield isinstance(np.broadcast_to(np.float32(0), sizes), annotation(text))
            except jaxtyping.AnnotationError:
                raise UseBeforeBind from None


def first_rejection(texts: Sequence[str], several: Sequence[Sizes]) -> int | None:
    return next((i for i, accepted in enumerate(jaxtyping_accepts(texts, several)) if not accepted), None)


def ours(texts: Sequence[str], several: Sequence[Shape]) -> tuple[int | None, Bindings]:
    bindings = Bindings()
    for index, (text, actual) in enumerate(zip(texts, several, strict=True)):
        if bind(pattern(text), actual, FLEXIBLE, bindings) is not None:
            return index, bindings
    settled = settle(bindings, FLEXIBLE)
    return (len(texts) if settled is not None else None), bindings


@st.composite
def calls(draw: st.DrawFn, axes: st.SearchStrategy[str]) -> tuple[list[str], list[Sizes]]:
    """Annotations, and shapes that fit each of them half of the time."""
    several = draw(st.lists(texts(axes), min_size=1, max_size=4))
    return several, [draw(fitting(text)) for text in several]


def fitting(text: str) -> st.SearchStrategy[Sizes]:
    """Shapes that an annotation may accept."""
    small = st.integers(1, 3)
    parts = [
        st.lists(small, max_size=2).map(tuple) if axis.variadic else st.tuples(_axis_sizes(axis, small))
        for axis in parse_shape(text).axes
    ]
    return st.tuples(*parts).map(lambda chosen: sum(chosen, ()))


def _axis_sizes(axis: Axis, small: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    return st.sampled_from([axis.term.size] * 3 + [1]) if isinstance(axis.term, Size) else small


@given(calls(tokens))
@example((["#n", "n"], [(1,), (3,)]))
@example((["#n", "n", "#n"], [(3,), (3,), (2,)]))
@example((["*#s", "*s", "*#s"], [(1, 3), (2, 3), (4, 2, 3)]))
@example((["*s", "*#s"], [(2, 3), (1, 3)]))
@example((["*#s", "*#s", "*s"], [(1, 3), (2, 1), (2, 3)]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_binding_accepts_exactly_what_jaxtyping_accepts(call: tuple[list[str], list[Sizes]]) -> None:
    annotations, several = call
    assert ours(annotations, [shape(*sizes) for sizes in several])[0] == first_rejection(annotations, several)


@given(st.lists(st.tuples(texts(tokens), concrete), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_binding_any_shapes_at_all(pairs: list[tuple[str, Sizes]]) -> None:
    annotations, several = [text for text, _ in pairs], [sizes for _, sizes in pairs]
    assert ours(annotations, [shape(*sizes) for sizes in several])[0] == first_rejection(annotations, several)


@given(calls(tokens | expressions))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_expressions_are_judged_as_jaxtyping_judges_them(call: tuple[list[str], list[Sizes]]) -> None:
    annotations, several = call
    mine = ours(annotations, [shape(*sizes) for sizes in several])[0]
    try:
        theirs = first_rejection(annotations, several)
    except UseBeforeBind:
        return
    assert (mine is None) == (theirs is None)


SYMBOLIC_SIZES = {"a+1": 3, "2*a": 4, "a*b": 6, "n-1": 0, "a//2": 1, "#a+1": 3}  # for the sizes below
NAMED_SIZES = {"a": 2, "b": 3, "n": 1, "s": (2, 3), "t": (), "": (1, 2)}


def accepted(text: str) -> st.SearchStrategy[Sizes]:
    """Shapes that an annotation accepts when `a`, `b`, `n`, `*s` and `*t` have the sizes above."""
    parts = [
        st.sampled_from([_sizes_of(axis), (1,)] if axis.broadcast and not axis.variadic else [_sizes_of(axis)])
        for axis in parse_shape(text).axes
    ]
    return st.tuples(*parts).map(lambda chosen: sum(chosen, ()))


def _sizes_of(axis: Axis) -> Sizes:
    match axis.term:
        case Size(number):
            return (number,)
        case Name(name):
            found = NAMED_SIZES["" if axis.anonymous and axis.variadic else name or "b"]
            return found if isinstance(found, tuple) else (found,)
        case _:
            return (SYMBOLIC_SIZES[axis.text],)


@given(st.lists(texts(tokens | expressions), min_size=1, max_size=4), texts(tokens), st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_promised_shape_is_what_jaxtyping_accepts(annotations: list[str], promised: str, data: st.DataObject) -> None:
    several = [data.draw(accepted(text), label=text) for text in annotations]
    result = data.draw(accepted(promised), label="result")
    try:
        assert first_rejection([*annotations, promised], [*several, result]) is None
    except UseBeforeBind:
        return
    _, bindings = ours(annotations, [shape(*sizes) for sizes in several])
    assert same(expand(pattern(promised), bindings, FLEXIBLE), shape(*result)) is not Verdict.DIFFERENT


symbolic_runs = shapes(flexible_dims)


@given(st.lists(st.tuples(texts(tokens | expressions), symbolic_runs), min_size=1, max_size=3), worlds(), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mismatch_of_symbolic_shapes_fails_for_every_size(
    pairs: list[tuple[str, Shape]], world: dict[Atom, Dim], data: st.DataObject
) -> None:
    annotations = [text for text, _ in pairs]
    mine, _ = ours(annotations, [actual for _, actual in pairs])
    several = [concretize(actual, world, data) for _, actual in pairs]
    try:
        assert mine is None or first_rejection(annotations, several) is not None
    except UseBeforeBind:
        return


@pytest.mark.parametrize(
    ("annotations", "actual"),
    [
        (["*t d", "*t"], [shape(3, ANY_RUN), SCALAR]),  # 3 may be `d`
        (["d *t", "*t"], [shape(ANY_RUN, 3), SCALAR]),
        (["*t a b n", "*t"], [shape(ANY_RUN, 3, 4), shape(5, 6)]),  # one of the sizes at the end is hidden
        (["a b n *t", "*t"], [shape(3, 4, ANY_RUN), shape(5, 6)]),
    ],
)
def test_an_end_may_take_axes_that_are_not_seen(annotations: list[str], actual: list[Shape]) -> None:
    assert ours(annotations, actual)[0] is None


def test_an_equation_waits_for_its_name() -> None:
    flexible = frozenset([Symbol("h")])
    bindings = Bindings()
    assert bind(pattern_of(2 * dim("h")), shape(7), flexible, bindings) is None
    assert bind(pattern_of(dim("h")), shape(3), flexible, bindings) is None
    mismatch = settle(bindings, flexible)
    assert mismatch is not None
    assert mismatch.reason == "axis 0 should be 2*h=6, found 7"


def test_settling_solves_for_a_name() -> None:
    flexible = frozenset([Symbol("h")])
    bindings = Bindings()
    assert bind(pattern_of(dim("h") + 1), shape(7), flexible, bindings) is None
    assert settle(bindings, flexible) is None
    assert expand(pattern_of(dim("h")), bindings, flexible) == shape(6)


def pattern_of(*sizes: Dim) -> Pattern:
    return Pattern(tuple(Expected(size) for size in sizes))


@pytest.mark.parametrize(
    ("annotation", "actual", "code", "reason"),
    [
        ("a b", shape(2), "shape-rank", "expected 2 axes, found 1 axis"),
        ("a ... b", shape(2), "shape-rank", "expected at least 2 axes, found 1 axis"),
        ("a", shape(Run("s")), "shape-rank", "expected 1 axis, found any number of them (*s)"),
        ("a", shape(2, ANY_RUN, 3), "shape-rank", "expected 1 axis, found at least 2 axes"),
        ("a a", shape(2, 3), "shape-mismatch", "axis 1 should be a=2, found 3"),
        ("... 3", shape("b", 4), "shape-mismatch", "axis -1 should be 3, found 4"),
    ],
)
def test_reasons(annotation: str, actual: Shape, code: str, reason: str) -> None:
    mismatch = bind(pattern(annotation), actual, FLEXIBLE, Bindings())
    assert mismatch is not None
    assert (mismatch.code, str(mismatch)) == (code, reason)


# --- solving -------------------------------------------------------------------------------------------------------

linear = st.tuples(st.sampled_from([dim(1), dim(2), dim(-3), dim(y), dim(y) + 1]), st.sampled_from([dim(0), dim(5), dim(y) * 2]))


@given(linear, st.sampled_from([dim(3), dim(y), dim(z) + 2, dim(y) * dim(z)]))
def test_solve_finds_the_root_of_a_linear_equation(line: tuple[Dim, Dim], root: Dim) -> None:
    slope, offset = line
    assert solve(slope * dim(x) + offset, x, slope * root + offset) == root


@given(st.sampled_from([dim(x) * 2 + 1, dim(x) * dim(x), dim(x) // 2, dim(x) % 3, dim(y), dim(x) * dim(y)]), st.integers(0, 9))
def test_a_solution_is_one(equation: Dim, value: int) -> None:
    solution = solve(equation, x, dim(value))
    assert solution is None or substitute(equation, {x: solution}) == dim(value)


@pytest.mark.parametrize(("equation", "value"), [(dim(x) * 2, 7), (dim(x) * dim(x), 9), (dim(x) // 2, 3), (dim(y), 3)])
def test_no_unique_solution(equation: Dim, value: int) -> None:
    assert solve(equation, x, dim(value)) is None
