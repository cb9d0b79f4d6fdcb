"""Programs of the kind `scopes`: which names hold where. Nested and recursive functions, methods that override others,
functions that are passed on, overloads and tests of what an array is. All sizes are known where `main` calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.differential.choices import Choices
from tests.differential.modules import Writer, function, indented, library
from tests.differential.steps import STEPS, annotation, renamed, slip, step, zeros

_A, _B = 5, 7


def scopes(c: Choices, name: str) -> Writer:
    """Functions that know of one another, and a call."""
    w = Writer(c, name, library(c))
    form = c.one_of(tuple(_FORMS))
    w.constructs |= {form, w.library}
    _FORMS[form](w)
    return w


def _result(w: Writer, text: str) -> None:
    w.main += [f"r = {text}", "reveal_type(r)"]


def _square(w: Writer) -> str:
    return zeros(w, slip(w.c, _A), slip(w.c, _B))


def _names_reused(w: Writer) -> None:
    """A nested function has names of its own; those of the outer one mean nothing in it."""
    c = w.c
    p, q = c.one_of((("b", "a"), ("a", "b"), ("n", "m")))
    given = c.one_of((("x", "a", "b"), ("x.T", "b", "a")))
    inner = step(w, "y", p, q)
    promised = renamed(inner.promised, **{p: given[1], q: given[2], "new": "other"})
    outer = c.one_of(STEPS)[1].format(p="a", q="b") if c.chance(15) else promised
    lines = [function("inner", [f"y: {annotation(w, f'{p} {q}')}"], [f"return {inner.text}"], annotation(w, inner.promised))]
    w.functions.append(function("f", [f"x: {annotation(w, 'a b')}"], [*lines, f"return inner({given[0]})"], annotation(w, outer)))
    _result(w, f"f({_square(w)})")


def _closure(w: Writer) -> None:
    """A nested function sees an array of the outer one, whose axes are not its own."""
    c = w.c
    seen = c.one_of(("x @ y", "x[0] + y", "x.T[:, 0] + y"))
    row = zeros(w, slip(c, _B))
    inner = function("inner", [f"y: {annotation(w, c.one_of(('b', 'a', 'n')))}"], [f"return {seen}"], annotation(w, "a"))
    result = annotation(w, c.one_of(("a", "b", "new")))
    parameters = [f"x: {annotation(w, 'a b')}", f"v: {annotation(w, 'b')}"]
    w.functions.append(function("f", parameters, [inner, "return inner(v)"], result))
    w.partial = True  # the result of `inner` has a size of its own
    _result(w, f"f({_square(w)}, {row})")


def _recursion(w: Writer) -> None:
    c = w.c
    base = step(w, "x", "n", "d")
    again = c.one_of(("x", "x.T", "x * 2.0", "x.T.T", "x[1:]"))
    w.functions.append(
        function(
            "f",
            [f"x: {annotation(w, 'n d')}", "k: int"],
            ["if k == 0:", f"    return {base.text}", f"return f({again}, k - 1)"],
            annotation(w, base.promised),
        )
    )
    w.partial = "new" in base.promised
    _result(w, f"f({_square(w)}, 1)")


def _override(w: Writer) -> None:
    """A method that renames the axes of the one that it overrides, called through the base."""
    c = w.c
    right = step(w, "x", "n", "d", wrong=0, new=False)
    promised = c.one_of(STEPS)[1].format(p="rows", q="cols") if c.chance(12) else renamed(right.axes, n="rows", d="cols")
    base, sub = (
        indented(function("f", ["self", f"x: {annotation(w, axes)}"], [f"return {right.text}"], annotation(w, result)))
        for axes, result in (("n d", right.axes), ("rows cols", promised))
    )
    w.functions.append(f"class Base:\n{base}\n\nclass Sub(Base):\n{sub}")
    seen = c.one_of(STEPS)[1].format(p="a", q="b") if c.chance(12) else renamed(right.axes, n="a", d="b")
    use = function("use", ["it: Base", f"x: {annotation(w, 'a b')}"], ["return it.f(x)"], annotation(w, seen))
    w.functions.append(use)
    _result(w, f"use(Sub(), {_square(w)})")


def _passed_on(w: Writer) -> None:
    """A function that takes a function, which may be another one than it wants. Nobody knows what becomes of its result."""
    c = w.c
    wanted = c.one_of((("n", "n"), ("n", "n+1"), ("n", "2*n"), ("n", "m"), ("n", "3")))
    given = c.one_of((*[wanted] * 3, ("n", "n"), ("n", "2*n"), ("5", "5"), ("4", "4"), ("n n", "n")))
    bodies = {"n": "y", "n+1": f"{_joined(w, 'y', 'y[:1]')}", "2*n": f"{_joined(w, 'y', 'y')}", "m": "y[2:]", "3": zeros(w, 3)}
    body = bodies.get(given[1], "y") if given[0] != "n n" else "y[0]"
    w.functions.append(function("g", [f"y: {annotation(w, given[0])}"], [f"return {body}"], annotation(w, given[1])))
    result = c.one_of(("n", "2*n", "3")) if c.chance(12) else wanted[1]
    callback = f"Callable[[{annotation(w, wanted[0])}], {annotation(w, wanted[1])}]"
    lines = c.one_of((["return g(x)"], ["y = g(x)", "return y"]))
    w.functions.append(function("f", [f"g: {callback}", f"x: {annotation(w, 'n')}"], lines, annotation(w, result)))
    w.partial = True
    passed = c.one_of(("g", "g", "lambda y: g(y)", f"lambda y: {body}", "partial(g)"))
    _result(w, f"f({passed}, {zeros(w, 5)})")


def _joined(w: Writer, *parts: str) -> str:
    name = {"torch": "torch.cat", "numpy": "np.concatenate", "jax": "jnp.concatenate"}[w.library]
    return f"{name}([{', '.join(parts)}])"


def _property(w: Writer) -> None:
    """Properties, cached ones too, of an array with fixed sizes."""
    c = w.c
    found = step(w, "self.x", str(_A), str(_B))
    kind = c.one_of(("property", "cached_property"))
    made = function("__init__", ["self", f"x: {annotation(w, f'{_A} {_B}')}"], ["self.x = x"])
    read = f"@{kind}\n" + function("p", ["self"], [f"return {found.text}"], annotation(w, found.promised))
    w.functions.append(f"class C:\n{indented(made + chr(10) + read)}")
    w.main += [f"it = C({_square(w)})", "r = it.p", "reveal_type(r)"]


def _union(w: Writer) -> None:
    """Which member of a union it is decides what is done. Names in one member of a union promise nothing."""
    c = w.c
    w.partial = True
    test = c.one_of((f"isinstance(x, {annotation(w, 'n d')})", "x.ndim == 2", "len(x.shape) == 2"))
    if_so, if_not = c.one_of(("x[:, 0]", "x.sum(1)", "x[0]", "x")), c.one_of(("x", "x * 2.0", "x[0]"))
    parameter = f"x: Union[{annotation(w, 'n d')}, {annotation(w, 'n')}]"
    lines = [f"if {test}:", f"    return {if_so}", f"return {if_not}"]
    w.functions.append(function("f", [parameter], lines, annotation(w, "n")))
    w.main += [f"r = f({_square(w)})", "reveal_type(r)", f"s = f({zeros(w, _A)})", "reveal_type(s)"]


def _greedy(w: Writer) -> None:
    """Unions take the first member that fits, and what it binds stays bound."""
    c = w.c
    members = [("a b", 2), ("b a", 2), ("a", 1), ("b", 1), ("a a", 2), ("3 b", 2), ("*s b", 0)]
    first, second = c.one_of(members), c.one_of(members)
    parameters = [
        f"x: Union[{annotation(w, first[0])}, {annotation(w, second[0])}]",
        f"y: Union[{annotation(w, c.one_of(members)[0])}, {annotation(w, c.one_of(members)[0])}]",
        f"z: {annotation(w, c.one_of(('a', 'b')))}",
    ]
    w.functions.append(function("f", parameters, ["..."]))
    shapes = [(2, 3), (3, 2), (2,), (3,), (2, 2)]
    w.main.append(f"f({zeros(w, *c.one_of(shapes))}, {zeros(w, *c.one_of(shapes))}, {zeros(w, c.one_of((2, 3)))})")


def _overload(w: Writer) -> None:
    """Overloads that differ in the number of axes; the implementation takes them all."""
    c = w.c
    one, two = annotation(w, "n"), annotation(w, "n d")
    turned = annotation(w, "d n")
    items = [f"@overload\n{function('f', [f'x: {each}'], ['...'], made)}" for each, made in ((one, one), (two, turned))]
    every = function("f", [f"x: Union[{one}, {two}]"], ["return x.T"], f"Union[{one}, {turned}]")
    w.functions.append("\n".join([*(items if c.chance(50) else items[::-1]), every]))
    use = function("use", [f"x: {two}"], ["return f(x)"], annotation(w, c.one_of(("d n", "d n", "n d"))))
    w.functions.append(use)
    w.main += [f"r = f({zeros(w, *c.one_of(((_A,), (_A, _B), (_A, _B), (2, 3, 4))))})"]
    _result(w, f"use({_square(w)})")


def _alternating(w: Writer) -> None:
    """Two functions that call one another."""
    c = w.c
    first, second = c.one_of((("x.T", "d n"), ("x", "n d"))), c.one_of((("x.T", "d n"), ("x", "n d")))
    for name, other, (given, axes) in (("f", "g", first), ("g", "f", second)):
        lines = ["if k == 0:", f"    return {given}", f"return {other}({c.one_of(('x', 'x.T'))}, k - 1)"]
        w.functions.append(function(name, [f"x: {annotation(w, 'n d')}", "k: int"], lines, annotation(w, axes)))
    _result(w, f"f({_square(w)}, 2)")


_FORMS: Mapping[str, Callable[[Writer], None]] = {
    "names reused": _names_reused,
    "closure": _closure,
    "recursion": _recursion,
    "override": _override,
    "function as argument": _passed_on,
    "property, wrong": _property,
    "union, tested": _union,
    "union, greedy": _greedy,
    "overload by rank": _overload,
    "two functions": _alternating,
}
