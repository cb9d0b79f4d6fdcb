"""Symbolic axes evaluate to what jaxtyping's two `eval` calls give, without an `eval` of ours."""

import ast
import warnings
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shapecheck.core.expression import Expression, evaluate, evaluate_axis, free_names, parse_expression, substitute

pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning")  # Python's own, about noise such as "\\d"

ARGUMENTS: Mapping[str, object] = {
    "n": 3,
    "zero": 0,
    "neg": -2,
    "s": "a+1",
    "op": "*",
    "flag": True,
    "x": SimpleNamespace(shape=(4, 5, 6), k=2),
    "d": {"k": 7, "default": 1},
    "items": [1, 2, 3],
}
SIZES: Mapping[str, object] = {"a": 2, "b": 3, "c": 5, "max_": 7, "a3": 11, "len": 13}


def jaxtyping_eval(source: str, arguments: Mapping[str, object], sizes: Mapping[str, object]) -> object:
    """The lines of jaxtyping's `_check_dims`, with its variables named as there."""
    cls_dim = SimpleNamespace(elem=source)
    arg_memo, single_memo = dict(arguments), dict(sizes)
    elem = eval(f"f'{cls_dim.elem}'", arg_memo.copy())
    return eval(elem, single_memo.copy())


def outcome(function: Callable[[], object]) -> object:
    """The value with its type, or the type of the exception."""
    with warnings.catch_warnings(action="ignore"):
        try:
            value = function()
        except Exception as error:
            return type(error)
    return type(value), str(value) if "generator" in str(type(value)) else value


def assert_same(source: str) -> None:
    expected = outcome(lambda: jaxtyping_eval(source, ARGUMENTS, SIZES))
    actual = outcome(lambda: evaluate_axis(parse_expression(source), ARGUMENTS, SIZES))
    assert actual == expected, source


literals = st.sampled_from(["a", "b", "c", "a3", "0", "1", "2", "3.0", "True", "None", "q", '"t"'])
numbers = st.sampled_from(["{n}", "{neg}", "{zero}", "{n+1}", "{x.shape[0]}", "{x.k}", "{len(items)}", "{n:d}", "{n:02d}"])
pasted = st.sampled_from(["{s}", "2{n}", "{q}", "{d['k']}", '{d["k"]}', "{n!r}", "{x.shape}"])
atoms = literals | numbers | pasted

BINARY = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>", "@", "<", "<=", "==", "!=", ">=", ">", ","]
PATTERNS = [  # one of every construct that can be written without a space
    *["({})", "-{}", "+{}", "~{}", "not({})", "({})if({})else({})", "({})and({})", "({})or({})"],
    *["({})<({})<=({})", "({})in({},{})", "({})is(None)", "({})not(in)", "{}.real", "{}.nope", "a{}", "''{}"],
    *["[{},{}][0]", "({},{})[{}]", "(a,b,c)[{}:{}]", "({})[::-1]", "[*({},),{}]", "{{{{{}}}}}"],
    *["abs({})", "int({})", "round({})", "len({})", "min({},{})", "max({},{},3)", "divmod({},{})[0]"],
    *["max(*({},{}))", "max({},{},default=1,key=int)", "sorted([{},{}],key=abs,reverse=True)[0]", "range({})[{}]"],
    *["all([{}])", "sum([{},{}])", "sum((i*{})for(i)in({},{}))"],
]


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def fill(pattern: str) -> st.SearchStrategy[str]:
        holes = pattern.count("{}")
        return st.lists(inner, min_size=holes, max_size=holes).map(lambda parts: pattern.format(*parts))

    operations = st.tuples(inner, st.sampled_from(BINARY), inner).map("".join)
    return operations | st.sampled_from(PATTERNS).flatmap(fill)


def is_small(source: str) -> bool:
    """Towers of powers, or a tuple repeated a billion times, would hang jaxtyping just the same."""
    powers = source.count("**") + source.count("<<")
    return powers == 0 or (powers == 1 and not set(source) & set('",['))


expressions = st.recursive(atoms, compound, max_leaves=5).filter(is_small)


@settings(max_examples=500, deadline=None)
@given(expressions)
@example("{s}*2")
@example("a{op}b")
@example("2{n}")
@example("a'+'b")
@example("a\\x2b1")
@example("a<b<c<1")
@example("c<b<{q}")
@example("len+1")
@example("pow(a,b)")
def test_same_value_or_same_exception_as_jaxtyping(source: str) -> None:
    assert_same(source)


@settings(max_examples=500, deadline=None)
@example("{*1}")
@given(st.text("ab1n+-*/%()[]{},.'\"!:<=\\ ", max_size=8))
def test_noise_fails_as_in_jaxtyping(source: str) -> None:
    assert_same(source)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("2*a+1", 5),
        ("c/a", 2.5),
        ("4/a", 2.0),  # equal to the size 2, as in jaxtyping
        ("min(a,b)", 2),
        ("{n}", 3),
        ("{n}*a", 6),
        ("{s}", 3),
        ("{s}*2", 4),  # text is pasted: a+1*2
        ("2{n}", 23),
        ("a{n}", 11),  # the axis named a3
        ("a{op}b", 6),
        ("{x.shape[-1]}-1", 5),
        ("{d['k']}", 7),
        ("a if b else c", 2),
        ("len+1", 14),  # an axis may be called like a builtin
        ("a==2", True),
        ("{{a:b}}[2]", 3),
        ("{{i:i+1 for i in (a,b)}}[3]", 4),
        ("max(i*i for i in (a,b) if i>2)", 9),
        ("[i+j for i,j in [(a,b)]][0]", 5),
    ],
)
def test_values(source: str, value: object) -> None:
    assert evaluate_axis(parse_expression(source), ARGUMENTS, SIZES) == value
    assert_same(source)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("a+q", NameError),
        ("{q}", NameError),
        ("{a}", NameError),  # sizes are not visible inside the braces
        ("n", NameError),  # nor arguments outside
        ("a//{zero}", ZeroDivisionError),
        ("a+", SyntaxError),
        ("{}", SyntaxError),
        ("a'b", SyntaxError),
        ("a[0]", TypeError),
        ("{x.nope}", AttributeError),
        ("{x.shape[9]}", IndexError),
        ("{d['q']}", KeyError),
        ("(yield)", SyntaxError),
    ],
)
def test_errors_are_pythons_own(source: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        evaluate_axis(parse_expression(source), ARGUMENTS, SIZES)
    assert_same(source)


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(NameError) as caught:
        evaluate(ast.parse("a+q", mode="eval").body, SIZES)
    assert caught.value.name == "q"


def test_what_has_a_scope_of_its_own_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="lambda"):
        evaluate_axis(parse_expression("(lambda:a)()"), {}, SIZES)


@pytest.mark.parametrize(
    ("source", "tree", "interpolations"),
    [
        ("a+1", "a + 1", ()),
        ("{n}", "_interp0", ("n",)),
        ("{n}*{x.shape[0]+1}", "_interp0 * _interp1", ("n", "x.shape[0]+1")),
        ("{d['k']}+é", "_interp0 + é", ("d['k']",)),
        ("{n:02d}+1", "_interp0 + 1", ("n:02d",)),
        ("{n!r}", "_interp0", ("n!r",)),
        ("a+", None, ()),
        ("a'b", None, ()),
        ("{}", None, ()),
        # Pasted text is not one value, so these have no tree before they are filled in.
        ("2{n}", None, ("n",)),
        ("a{n}", None, ("n",)),
        ("{n}{n}", None, ("n", "n")),
        ("x.{attr}", None, ("attr",)),
        ("a{op}b", None, ("op",)),
        ("_interp0+{n}", None, ("n",)),  # nor can a user's name pose as a placeholder
        ("{{a}}", "{a}", ()),
    ],
)
def test_parsed_expressions(source: str, tree: str | None, interpolations: tuple[str, ...]) -> None:
    expression = parse_expression(source)
    assert expression == Expression(source, None, interpolations)  # the tree does not take part in equality
    assert (expression.tree and ast.unparse(expression.tree)) == tree


def test_substitution_gives_the_filled_in_expression() -> None:
    assert ast.unparse(substitute(parse_expression("{s}*{n}-b"), ARGUMENTS)) == "a + 1 * 3 - b"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a+2*b", {"a", "b"}),
        ("min(a,b)", {"a", "b"}),
        ("max+1", {"max"}),  # not called, so it may be an axis
        ("f(a)", {"f", "a"}),
        ("x.shape[i]", {"x", "i"}),
        ("sum(i*a for i in b)", {"a", "b"}),
        ("{n}+a", {"_interp0", "a"}),
        ("3", set()),
    ],
)
def test_free_names(source: str, names: set[str]) -> None:
    tree = parse_expression(source).tree
    assert tree is not None
    assert free_names(tree) == names
