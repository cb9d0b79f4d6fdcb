"""Reading shape strings: what each notation means, and what each mistake is answered with."""

import pickle
import subprocess
import sys

import pytest

from shapecheck.core.grammar import (
    Axis,
    Expression,
    Name,
    ShapeSyntaxError,
    Size,
    combine_shapes,
    lint_shape,
    parse_shape,
)


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("batch", Axis(Name("batch"), "batch", 0)),
        ("3", Axis(Size(3), "3", 0)),
        ("n+1", Axis(Expression("n+1", None), "n+1", 0)),
        ("{n}", Axis(Expression("{n}", None, ("n",)), "{n}", 0)),
        ("#n", Axis(Name("n"), "#n", 0, broadcast=True)),
        ("*b", Axis(Name("b"), "*b", 0, variadic=True)),
        ("*#b", Axis(Name("b"), "*#b", 0, variadic=True, broadcast=True)),
        ("_", Axis(Name(""), "_", 0, anonymous=True)),
        ("_b", Axis(Name("b"), "_b", 0, anonymous=True)),
        ("...", Axis(Name(""), "...", 0, variadic=True, anonymous=True)),
        ("?p", Axis(Name("p"), "?p", 0, treepath=True)),
        ("rows=4", Axis(Size(4), "rows=4", 0, label="rows")),
        ("#rows=4", Axis(Size(4), "#rows=4", 0, broadcast=True, label="rows")),
        ("rows=#4", Axis(Size(4), "rows=#4", 0, broadcast=True, label="rows")),
        ("if", Axis(Name("if"), "if", 0)),  # keywords are names
        ("\uff11\uff12", Axis(Size(12), "\uff11\uff12", 0)),  # every spelling that int() reads
        ("0x10", Axis(Expression("0x10", None), "0x10", 0)),  # and no other
        ("*", Axis(Name(""), "*", 0, variadic=True)),  # the empty name
    ],
)
def test_one_axis(text: str, axis: Axis) -> None:
    assert parse_shape(text).axes == (axis,)


def test_axes_know_where_they_stand() -> None:
    spec = parse_shape("  b  h*w\n*rest b")
    assert [(axis.text, axis.column) for axis in spec.axes] == [("b", 2), ("h*w", 5), ("*rest", 9), ("b", 15)]
    assert spec.variadic_index == 2
    assert str(spec) == "b h*w *rest b"


def test_the_empty_string_is_a_scalar() -> None:
    assert parse_shape("").axes == ()
    assert parse_shape("").variadic_index is None


def test_parsing_is_cached() -> None:
    assert parse_shape("b c d") is parse_shape("b c d")


def test_nesting_prepends_the_outer_axes() -> None:
    combined = combine_shapes(parse_shape("a *b"), parse_shape("c d"))
    assert str(combined) == "a *b c d"
    assert [axis.column for axis in combined.axes] == [0, 2, 5, 7]


def test_nesting_allows_one_variadic_axis_in_total() -> None:
    with pytest.raises(ShapeSyntaxError) as caught:
        combine_shapes(parse_shape("a *b"), parse_shape("c ..."))
    assert (caught.value.text, caught.value.column) == ("a *b c ...", 7)


REJECTED = [  # text, column, part of the reason, hint
    ("d b,c", 2, "separated by spaces, not commas", 'write "b c"'),
    ("ab, c", 0, "separated by spaces, not commas", "drop the comma"),
    (",", 0, "separated by spaces, not commas", "drop the comma"),
    ("d a#", 2, 'stands before the axis it lets broadcast, not after it as in "a#"', 'write "#a"'),
    ("#", 0, "stands before the axis", 'write "#name", or "1" for an axis that always broadcasts'),
    ("...b", 0, 'stands alone, not inside "...b"', 'write "*b" to name the axes'),
    ("a+...", 0, 'stands alone, not inside "a+..."', 'write "..." between spaces'),
    ("d ##b", 2, '"##b" says "#" twice', 'write "#b"'),
    ("**b", 0, '"**b" says "*" twice', 'write "*b"'),
    ("__b", 0, '"__b" says "_" twice', 'write "_b"'),
    ("??b", 0, '"??b" says "?" twice', 'write "?b"'),
    ("#_", 0, '"#_" is anonymous, so "#" has nothing to say', 'write "_"'),
    ("*4", 0, "a fixed axis cannot stand for several axes", 'write "4"'),
    ("d *4", 2, "a fixed axis cannot stand for several axes", 'write "4", or "d*4" without spaces'),
    ("_4", 0, "a fixed axis cannot be anonymous", 'write "4"'),
    ("?4", 0, "a fixed axis cannot depend on the place in a PyTree", 'write "4"'),
    ("*a+b", 0, "a symbolic axis cannot stand for several axes", 'write "a+b"'),
    ("_a+b", 0, "a symbolic axis cannot be anonymous", 'write "a+b"'),
    ("?a+b", 0, "a symbolic axis cannot depend on the place in a PyTree", 'write "a+b"'),
    ("*a b *c", 5, '"*c" is a second axis of variable length after "*a"', 'spell out the axes of "*a" or of "*c"'),
    ("... ...", 4, "is a second axis of variable length", 'spell out the axes of "..." or of "..."'),
    ("a b\0c", 2, "cannot contain a NUL character", None),
]


@pytest.mark.parametrize(("text", "column", "reason", "hint"), REJECTED)
def test_rejected_strings(text: str, column: int, reason: str, hint: str | None) -> None:
    with pytest.raises(ShapeSyntaxError) as caught:
        parse_shape(text)
    error = caught.value
    assert (error.text, error.column, error.hint) == (text, column, hint)
    assert reason in error.reason
    (linted,) = lint_shape(text)
    assert str(linted) == str(error)


ANY_SIZE = 'write "_" for an axis of any size, or "..." for any axes'
EQUALITY = "a shape can only state equality"
WHOLE = 'write the whole expression without spaces, as in "n+1"'
BRACKETS = "close every bracket within its axis, without spaces"

DOUBTED = [  # text, column, part of the reason, hint
    ("d a+", 2, '"a+" is not an expression', WHOLE),
    ("{}", 0, '"{}" is not an expression', WHOLE),
    ("a'b", 0, "is not an expression", "use double quotes inside an axis"),
    ("d (a", 2, "is not an expression", BRACKETS),
    ("f(x=1)", 0, '"1)" is not an expression', BRACKETS),
    ("d (a + b)", 2, 'so "(a + b)" is 3 axes, not one expression', 'write "(a+b)"'),
    ("min(a, b)", 0, "2 axes, not one expression", 'write "min(a,b)"'),
    ("{n + 1}", 0, "3 axes, not one expression", 'write "{n+1}"'),
    ("(a if b else c)", 0, "5 axes, not one expression", "write the expression without spaces"),
    ("(b c)", 0, "a shape is written without brackets", 'write "b c"'),
    ("(b, c)", 0, "a shape is written without brackets", 'write "b c"'),
    ("[b c]", 0, "a shape is written without brackets", 'write "b c"'),
    ("(b,c)", 0, "holds several sizes, and an axis has one", 'write "b c"'),
    ("d a + b", 4, '"+" is not an expression', 'write "a+b" without spaces'),
    ("a+ b", 0, '"a+" is not an expression', 'write "a+b" without spaces'),
    ("a -1", 2, '"-1" is an axis of its own', 'write "a-1" without spaces'),
    ("a +b", 2, '"+b" is an axis of its own', 'write "a+b" without spaces'),
    ("... -1", 4, '"-1" is an axis of its own', ANY_SIZE),
    ("-1 a", 0, 'no axis has the negative size "-1"', ANY_SIZE),
    ("-a", 0, 'no axis has the negative size "-a"', ANY_SIZE),
    ("a * b", 2, '"*" has no name', 'write "a*b" without spaces'),
    ("a = 4", 2, '"=" has no name', 'write "a=4" without spaces'),
    ("*", 0, '"*" has no name', 'write "*name", or "..." for any axes'),
    ("?", 0, '"?" has no name', 'write "?name"'),
    ("x=", 0, '"x=" has no name', 'write "x", or give a size, as in "x=4"'),
    ("=", 0, '"=" has no name', 'write a name before "=" and a size after it, as in "rows=4"'),
    ("a<=4", 0, '"a<=4" is no condition', 'write "a=4"'),
    ("a>=b", 0, '"a>=b" is no condition', 'write "a"'),
    ("2*a<=b", 0, '"2*a<=b" is no condition', EQUALITY),
    ("a==4", 0, "is true or false, never a size", 'write "a=4"'),
    ("a<b", 0, "is true or false, never a size", EQUALITY),
    ("2(a+b)", 0, "a number cannot be called", 'write "2*(a+b)"'),
    ("3.5", 0, '"3.5" is not a whole number', None),
]


@pytest.mark.parametrize(("text", "column", "reason", "hint"), DOUBTED)
def test_accepted_strings_that_cannot_have_been_meant(text: str, column: int, reason: str, hint: str | None) -> None:
    parse_shape(text)
    (error,) = lint_shape(text)
    assert (error.text, error.column, error.hint) == (text, column, hint)
    assert reason in error.reason


def test_every_doubt_is_reported_in_the_order_of_the_text() -> None:
    assert [error.column for error in lint_shape("a<=4 b c+ (d e) ? f")] == [0, 7, 10, 16]


def test_an_error_is_one_line_that_names_the_mistake() -> None:
    assert str(lint_shape("b\n c,d")[0]) == ('in the shape "b c,d", axes are separated by spaces, not commas; write "c d"')


def test_errors_survive_a_worker_process() -> None:
    (error,) = lint_shape("a+")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.column) == (str(error), error.column)


def test_the_grammar_needs_the_standard_library_only() -> None:
    code = (
        "import sys; import shapecheck.core.grammar;"
        "print(*{'numpy', 'mypy', 'torch', 'jax', 'jaxtyping', 'beartype', 'libcst'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
