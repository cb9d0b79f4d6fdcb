"""Dims agree with Python's integers: every law is checked against evaluation under random sizes."""

import builtins
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from shapecheck.core.dim import (
    ONE,
    UNKNOWN_DIM,
    ZERO,
    Atom,
    Broadcastable,
    Dim,
    Extremum,
    Kind,
    Quotient,
    Remainder,
    Symbol,
    Verdict,
    Volume,
    bounds,
    broadcastable,
    compare,
    dim,
    divide,
    extremum,
    floordiv,
    product,
    substitute,
    with_facts,
)

a, b, h = dim("a"), dim("b"), dim("h")
RIGID = [Symbol("a"), Symbol("b"), Symbol("h")]
SIZES = [Symbol("s", "f", Kind.SIZE), Symbol("s", "g", Kind.SIZE)]
VALUES = [Symbol("v", "", Kind.VALUE), Symbol("a", "", Kind.VALUE)]
SYMBOLS = [*RIGID, *SIZES, *VALUES]
VOLUME = Volume("batch", "f")

type Sizes = Mapping[Atom, int]
type Grow = Callable[[st.SearchStrategy[Dim]], st.SearchStrategy[Dim]]

constants = st.integers(-6, 9).map(dim)


def evaluate(value: Dim, sizes: Sizes) -> int:
    """The integer a dim stands for; ZeroDivisionError as in Python."""
    total = 0
    for monomial, factor in value.terms:
        for atom in monomial:
            factor *= evaluate_atom(atom, sizes)
        total += factor
    return total


def evaluate_atom(atom: Atom, sizes: Sizes) -> int:
    match atom:
        case Symbol() | Volume():
            return sizes[atom]
        case Quotient(over, under):
            return evaluate(over, sizes) // evaluate(under, sizes)
        case Remainder(over, under):
            return evaluate(over, sizes) % evaluate(under, sizes)
        case Extremum(name, items):
            function: Callable[..., int] = getattr(builtins, name)
            return function(*(evaluate(item, sizes) for item in items), *[evaluate(items[0], sizes)])
        case Broadcastable(inner):
            return evaluate(inner, sizes)


def dims_over(symbols: list[Symbol], constants: st.SearchStrategy[Dim] = constants) -> st.SearchStrategy[Dim]:
    leaves = st.sampled_from([dim(symbol) for symbol in symbols]) | constants
    return st.recursive(leaves, _grow, max_leaves=6)


def _grow(inner: st.SearchStrategy[Dim]) -> st.SearchStrategy[Dim]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        pairs.map(lambda p: _or_one(p[0] // p[1])),
        pairs.map(lambda p: _or_one(p[0] % p[1])),
        pairs.map(lambda p: extremum("min", p)),
        pairs.map(lambda p: extremum("max", p)),
    )


def _or_one(value: Dim) -> Dim:
    return ONE if value.is_unknown else value


dims = dims_over(SYMBOLS)
positive_dims = dims_over([*RIGID, *SIZES])
polynomials = st.lists(st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(SYMBOLS), st.integers(-3, 3)), max_size=4).map(
    lambda rows: sum((dim(x) * dim(y) * factor + factor for x, y, factor in rows), ZERO)
)


@st.composite
def assignments(draw: st.DrawFn) -> Sizes:
    positive: dict[Atom, int] = {atom: draw(st.integers(1, 12)) for atom in [*RIGID, *SIZES, VOLUME]}
    return positive | {atom: draw(st.integers(-9, 9)) for atom in VALUES}


def evaluated(value: Dim, sizes: Sizes) -> int:
    """Like `evaluate`, giving up where the program itself would divide by zero."""
    try:
        return evaluate(value, sizes)
    except ZeroDivisionError:
        assume(False)
        raise


# --- ring laws ---------------------------------------------------------------------------------------------------


@given(dims, dims, dims)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_normal_form_is_a_commutative_ring(x: Dim, y: Dim, z: Dim) -> None:
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x * (y + z) == x * y + x * z
    assert x + 0 == x == x * 1
    assert x - x == ZERO == x * 0
    assert -1 * -x == x
    assert x - y == -(y - x)


@given(polynomials, polynomials)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_division_undoes_multiplication(x: Dim, y: Dim) -> None:
    assume(y != ZERO)
    assert divide(x * y, y) == x
    assert x * y // y == x
    assert x * y % y == ZERO


@given(dims, st.integers(0, 3))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_powers_are_repeated_products(x: Dim, exponent: int) -> None:
    assert x**exponent == product([x] * exponent)


# --- agreement with integers ---------------------------------------------------------------------------------------

OPERATIONS: list[tuple[str, Callable[[Dim, Dim], Dim], Callable[[int, int], int]]] = [
    ("+", lambda x, y: x + y, lambda x, y: x + y),
    ("-", lambda x, y: x - y, lambda x, y: x - y),
    ("*", lambda x, y: x * y, lambda x, y: x * y),
    ("//", lambda x, y: x // y, lambda x, y: x // y),
    ("%", lambda x, y: x % y, lambda x, y: x % y),
    ("min", lambda x, y: extremum("min", [x, y]), min),
    ("max", lambda x, y: extremum("max", [x, y]), max),
]


@pytest.mark.parametrize(("symbolic", "concrete"), [row[1:] for row in OPERATIONS], ids=[row[0] for row in OPERATIONS])
@given(x=dims, y=dims, sizes=assignments())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_arithmetic_agrees_with_integers(
    symbolic: Callable[[Dim, Dim], Dim], concrete: Callable[[int, int], int], x: Dim, y: Dim, sizes: Sizes
) -> None:
    try:
        expected = concrete(evaluate(x, sizes), evaluate(y, sizes))
    except ZeroDivisionError:
        assume(False)
        return
    result = symbolic(x, y)
    assert not result.is_unknown
    assert evaluated(result, sizes) == expected


@given(st.integers(-30, 30), st.integers(-9, 9))
def test_constants_fold(x: int, y: int) -> None:
    assume(y)
    assert (dim(x) // y).constant == x // y
    assert (dim(x) % y).constant == x % y
    assert (x - dim(y)).constant == x - y
    assert extremum("min", [dim(x), dim(y)]).constant == min(x, y)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((4 * a + 6) // 2, 2 * a + 3),
        (a * b // b, a),
        ((a // 2) // 3, a // 6),
        ((2 * a + 1) // 4, a // 2),
        ((a + 8) // 4, a // 4 + 2),
        (a * b // (a * h), b // h),
        ((6 * a + 1) % 3, ONE),
        ((a // 2) * 4 % 4, ZERO),
        (4 * (a // 2) // 4, a // 2),
        (a % a, ZERO),
        (extremum("max", [a, a + 1]), a + 1),
        (extremum("min", [a, a * 1]), a),
        (extremum("max", [extremum("max", [a, b]), h]), extremum("max", [a, extremum("max", [b, h])])),
    ],
)
def test_simplification(left: Dim, right: Dim) -> None:
    assert left == right


def test_division_by_zero_and_unknowns_are_unknown() -> None:
    assert (a // 0).is_unknown
    assert (a % 0).is_unknown
    assert (a + UNKNOWN_DIM).is_unknown
    assert (UNKNOWN_DIM * a).is_unknown
    assert UNKNOWN_DIM * 0 == ZERO
    assert extremum("min", [a, UNKNOWN_DIM]).is_unknown


@given(st.lists(st.sampled_from(SYMBOLS), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_order_of_writing_does_not_matter(symbols: list[Symbol], random: object) -> None:
    shuffled = sorted(symbols, key=lambda _: random.random())  # type: ignore[attr-defined]
    for wrap in (lambda s: dim(s) // 7, lambda s: dim(s) % 7, lambda s: broadcastable(dim(s)), dim):
        assert product(map(wrap, symbols)) == product(map(wrap, shuffled))
        assert extremum("min", map(wrap, symbols)) == extremum("min", map(wrap, shuffled))


# --- comparison ----------------------------------------------------------------------------------------------------


@given(dims, dims, assignments())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_equal_means_equal_for_every_size(x: Dim, y: Dim, sizes: Sizes) -> None:
    if compare(x, y) is Verdict.EQUAL:
        assert evaluated(x, sizes) == evaluated(y, sizes)


flexible_dims = dims_over([*SIZES, *VALUES])


@given(flexible_dims, flexible_dims, assignments())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_different_means_different_for_every_size(x: Dim, y: Dim, sizes: Sizes) -> None:
    """Of `d` and `2*d` alone, and of products of such, a size of 0 does not count."""
    if compare(x, y) is Verdict.DIFFERENT:
        assert evaluated(x, sizes) != evaluated(y, sizes) or _both_nothing(x, y, sizes)


def _both_nothing(x: Dim, y: Dim, sizes: Sizes) -> bool:
    in_ratio = [monomial for monomial, _ in x.terms] == [monomial for monomial, _ in y.terms]
    return in_ratio and len(x.terms) == 1 and any(sizes.get(atom) == 0 for atom in x.atoms())


@given(dims, dims)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_comparison_is_symmetric(x: Dim, y: Dim) -> None:
    assert compare(x, y) is compare(y, x)
    assert compare(x, x) is Verdict.EQUAL


s, t = dim(SIZES[0]), dim(SIZES[1])
v, w = map(dim, VALUES)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (2 * a, a * 2, Verdict.EQUAL),
        (a, b, Verdict.DIFFERENT),  # independent promises of one signature
        (a, a + 1, Verdict.DIFFERENT),
        (a, dim(3), Verdict.DIFFERENT),
        (s, t, Verdict.UNKNOWN),
        (s, a, Verdict.UNKNOWN),
        (s, dim(3), Verdict.UNKNOWN),
        (s, ZERO, Verdict.DIFFERENT),
        (s + t, ONE, Verdict.DIFFERENT),
        (4 * s + 2 * t, dim(7), Verdict.DIFFERENT),
        (a // 2, b, Verdict.UNKNOWN),
        (s % 4, dim(4), Verdict.DIFFERENT),
        (v, ZERO, Verdict.UNKNOWN),
        (v, 2 * v, Verdict.DIFFERENT),  # of nothing on the axis no program is written
        (3 * s * v, 2 * s * v, Verdict.DIFFERENT),
        (s // 2, 2 * (s // 2), Verdict.UNKNOWN),  # s may be 1
        (s % 2, 3 * (s % 2), Verdict.UNKNOWN),
        (v - w, 2 * (v - w), Verdict.UNKNOWN),
        (v * (s // 2), 2 * v * (s // 2), Verdict.UNKNOWN),
        (UNKNOWN_DIM, UNKNOWN_DIM, Verdict.UNKNOWN),
        (dim(VOLUME), ZERO, Verdict.DIFFERENT),
        (broadcastable(a), ONE, Verdict.UNKNOWN),
    ],
)
def test_three_answers(left: Dim, right: Dim, verdict: Verdict) -> None:
    assert compare(left, right) is verdict


def test_a_verdict_is_no_truth_value() -> None:
    with pytest.raises(TypeError, match="three values"):
        bool(compare(a, b))


@given(dims, assignments())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bounds_hold(x: Dim, sizes: Sizes) -> None:
    low, high = bounds(x)
    value = evaluated(x, sizes)
    assert low is None or low <= value
    assert high is None or value <= high


# --- established facts ---------------------------------------------------------------------------------------------


@given(
    dims_over(RIGID),
    st.sampled_from([a, b, a + b, a * 2, a // 2, 3 * a + h]),
    st.sampled_from([h, dim(2), dim(4), 2 * h, b]),
    assignments(),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_facts_never_change_a_value_for_which_they_hold(x: Dim, multiple: Dim, divisor: Dim, sizes: Sizes) -> None:
    assume(evaluate(multiple, sizes) % evaluate(divisor, sizes) == 0)
    facts = frozenset([(divisor, multiple)])
    for value in (x, x * (multiple // divisor) * divisor, multiple % divisor + x, (multiple // divisor) * divisor - x):
        assert evaluated(with_facts(value, facts), sizes) == evaluated(value, sizes)


@pytest.mark.parametrize(
    ("value", "divisor", "multiple", "simple"),
    [
        (a // h * h, h, a, a),
        (a // h * h * b, h, a, a * b),
        (3 * (a // h) * h + 1, h, a, 3 * a + 1),
        (a % h, h, a, ZERO),
        (4 * a % 8, dim(8), 4 * a, ZERO),
        ((a + h) // h * h, h, a + h, a + h),
        (a // 2 * 2, h, a, a // 2 * 2),
    ],
)
def test_divisibility_cancels(value: Dim, divisor: Dim, multiple: Dim, simple: Dim) -> None:
    assert with_facts(value, frozenset([(divisor, multiple)])) == simple


def test_a_fact_about_a_quotient_says_nothing_about_its_numerator() -> None:
    """`2 | a//2` holds for a=5, where `a//4*4` is 4."""
    facts = frozenset([(dim(2), a // 2)])
    assert with_facts(a // 4 * 4, facts) != a


# --- substitution and text -----------------------------------------------------------------------------------------


@given(dims, st.dictionaries(st.sampled_from(SYMBOLS), dims_over([*RIGID, *SIZES]), max_size=3), assignments())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_substitution_commutes_with_evaluation(x: Dim, values: dict[Atom, Dim], sizes: Sizes) -> None:
    inner = dict(sizes) | {atom: evaluated(value, sizes) for atom, value in values.items()}
    result = substitute(x, values)
    expected = evaluated(x, inner)
    assert result.is_unknown or evaluated(result, sizes) == expected


@given(dims, assignments())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_full_substitution_gives_a_constant(x: Dim, sizes: Sizes) -> None:
    expected = evaluated(x, sizes)
    assert substitute(x, {atom: dim(size) for atom, size in sizes.items()}).constant == expected


@given(dims_over(RIGID), assignments())
@example(x=a - (b - h) // 2, sizes=dict.fromkeys(RIGID, 3))
@example(x=a // (b // h), sizes=dict.fromkeys(RIGID, 3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_is_python_and_means_the_same(x: Dim, sizes: Sizes) -> None:
    names = {symbol.name: sizes[symbol] for symbol in RIGID}
    value = evaluated(x, sizes)
    assert eval(str(x), names) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (a - 1, "a-1"),
        (2 * b * a, "2*a*b"),
        (a // 2, "(a//2)"),
        (a + b // 2, "a+(b//2)"),
        (ZERO, "0"),
        (UNKNOWN_DIM, "_"),
        (-a, "-a"),
    ],
)
def test_text(value: Dim, text: str) -> None:
    assert str(value) == text


def test_symbols_are_found_inside_every_atom() -> None:
    value = floordiv(a, h) + a % b + extremum("min", [a, dim("c")]) + broadcastable(dim("d"))
    assert {symbol.name for symbol in value.symbols()} == {"a", "b", "c", "d", "h"}
