"""The grammar is jaxtyping's: the same strings are accepted, and they mean the same axes.

The expectations come from jaxtyping itself, which parses every generated string beside us.
"""

from itertools import product
from typing import Any

import jaxtyping
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jaxtyping import _array_types as jt

from shapecheck.core.grammar import (
    Axis,
    Name,
    ShapeSpec,
    ShapeSyntaxError,
    Size,
    combine_shapes,
    lint_shape,
    parse_shape,
)

pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning")  # Python's own, about noise such as "\\d"


def meaning(axis: Axis) -> object:
    """An axis of ours in jaxtyping's own words."""
    match axis.term:
        case Name() if axis.anonymous:
            return jt._anonymous_variadic_dim if axis.variadic else jt._anonymous_dim
        case Name(name):
            kind = jt._NamedVariadicDim if axis.variadic else jt._NamedDim
            return kind(name, axis.broadcast, axis.treepath)
        case Size(size):
            return jt._FixedDim(size, axis.broadcast)
        case expression:
            return jt._SymbolicDim(expression.source, axis.broadcast)


def ours(text: str) -> object:
    try:
        return _summary(parse_shape(text))
    except ShapeSyntaxError:
        return "rejected"


def theirs(text: str) -> object:
    try:
        annotation: Any = jaxtyping.Float[np.ndarray, text]
    except ValueError:
        return "rejected"
    return annotation.dims, annotation.index_variadic


def _summary(spec: ShapeSpec) -> object:
    return tuple(map(meaning, spec.axes)), spec.variadic_index


names = st.sampled_from(["a", "b", "batch", "d_model", "if", "None", "été", "\ufb01", "λ", ""])
sizes = st.sampled_from(["0", "3", "-1", "+3", "1_000", "\uff11\uff12", "0x10", "3.0", "1__0", "9" * 5000])
sums = ["a+1", "2*a", "{n}", "{x.shape[0]}-1", "min(a,b)", "a==b", "()", "[a,b]", "(a,b)"]
malformed = ["a+", "(a", "a'b", "a!=b", "a<=4", "f(x=1)", "{", "a,b"]
symbolic = st.sampled_from(sums) | st.sampled_from(malformed)
modifiers = st.sampled_from([*[""] * 9, *"##**_?", "#*", "?*", "__", "#_", "_*"])
labels = st.sampled_from(["", "", "", "rows=", "=", "a<=", "x=y=", "2*k="])
plain_tokens = st.builds("".join, st.tuples(modifiers, labels, modifiers, names | sizes | symbolic))
tokens = plain_tokens | st.sampled_from(["...", "_", "*_", "a", "b", "c", "#a"])
spaces = st.sampled_from([" ", " ", "  ", "\t", "\n", "\x1f", "\u2003"])
noise = st.text("ab1 #*_?=.,(){}'+-<\\\0\ud800é\u00a0", max_size=8)


@st.composite
def shape_strings(draw: st.DrawFn) -> str:
    """Mostly sensible strings, some with a burst of noise somewhere."""
    words = draw(st.lists(tokens, max_size=4))
    text = "".join(draw(spaces) + word for word in words)
    cut = draw(st.integers(0, len(text)))
    return text[:cut] + (draw(noise) if draw(st.integers(0, 3)) == 3 else "") + text[cut:]


@settings(max_examples=800, deadline=None)
@given(shape_strings() | noise)
@example("#rows=#4")
@example("#rows=*#k")
@example("* ?  x=")
@example("*... ")
def test_same_strings_accepted_with_the_same_meaning(text: str) -> None:
    assert ours(text) == theirs(text)


ODDITIES = [
    *["", " ", "a -1", "*a *b", "... *b", "*_a b *c", "a if b else c", "a\0b", "\ud800", "a\x1cb", "a\u200bb"],
    *"... *_ _* _ _foo * ? x= = # a# *#s #*s ?*s #_ _# *... ...a a... x=... .... #?a ?#a ##a **a __a ??a".split(),
    *"rows=4 #rows=4 rows=#4 rows=_ rows=*b rows=##4 #rows=#4 f(x=1) {n}=4 x=y=4 a=b==c a<=4 a>=b a!=b a==b".split(),
    *"1_000 +3 \uff11\uff12 0x10 3.0 1e3 - --1 if class None a,b a, min(a,b) (a, [a,b] a+ a! a'b ' { {}".split(),
    *"*4 _4 ?4 #4 *a+b _a+b ?a+b #a+b".split(),
    "9" * 5000,  # more digits than int() reads: symbolic
]


@pytest.mark.parametrize("text", ODDITIES, ids=lambda text: ascii(text[:20]))
def test_oddities(text: str) -> None:
    assert ours(text) == theirs(text)


def test_every_unicode_space_separates_axes_and_nothing_else_does() -> None:
    spaces = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    assert all(len(parse_shape(f"a{space}b").axes) == 2 for space in spaces)


nested = st.lists(st.sampled_from(["a", "*b", "...", "3", "#c", "n+1", "_"]), max_size=3).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(outer=nested, inner=nested)
def test_nested_annotations_prepend_the_outer_axes(outer: str, inner: str) -> None:
    try:
        annotation: Any = jaxtyping.Float[jaxtyping.Float[np.ndarray, inner], outer]
    except ValueError:
        with pytest.raises(ShapeSyntaxError):
            combine_shapes(parse_shape(outer), parse_shape(inner))
        return
    combined = combine_shapes(parse_shape(outer), parse_shape(inner))
    assert _summary(combined) == (annotation.dims, annotation.index_variadic)
    assert combined == parse_shape(combined.text)


@settings(max_examples=300, deadline=None)
@given(shape_strings())
def test_every_axis_and_every_error_is_located(text: str) -> None:
    for error in lint_shape(text):
        assert text[error.column : error.column + 1].strip()
        assert "\n" not in str(error)
        str(error).encode()
    if ours(text) != "rejected":
        for axis in parse_shape(text).axes:
            assert text[axis.column :].startswith(axis.text)
        assert _summary(parse_shape(str(parse_shape(text)))) == _summary(parse_shape(text))


HOPELESS = ["a+", "a'b", "(a", "{}", "2(a+1)", "-1", "-a", "(a,3)", "[3]", "3.5", "(a b)", "a + b", "... -1", "{n"]


@pytest.mark.parametrize("text", HOPELESS)
def test_what_lint_calls_hopeless_matches_no_array(text: str) -> None:
    """Beside an axis `a` of size 1 to 3, no array of any rank passes: reporting it cannot be a false alarm."""
    assert lint_shape(text)
    annotation: Any = jaxtyping.Float[np.ndarray, f"a {text}"]
    shapes = [shape for rank in range(5) for shape in product((1, 2, 3), repeat=rank)]
    assert not any(_passes(np.empty(shape), annotation) for shape in shapes)


def _passes(array: np.ndarray, annotation: type) -> bool:
    with jaxtyping.jaxtyped("context"):
        try:
            return isinstance(array, annotation)
        except Exception:  # a malformed axis fails when it is evaluated
            return False


def test_sound_strings_are_not_suspected() -> None:
    for text in (
        "b h*w *rest #n {n} {self.k}-1 2{n} a{n} rows=4 _ ?p",
        "...",
        "",
        "*b c-1 -c+d (a+b)//2 0x10 3.0",
        "a=#3",
    ):
        assert lint_shape(text) == ()
