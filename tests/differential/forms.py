"""What can be called: a function, and what looks like one from the outside. Used by programs of the kind `calls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.differential.modules import function, indented

type Made = tuple[str, str]
"""The text of a definition, and its call."""
type Form = Callable[[str, Sequence[str], str], Made]
"""Makes a definition from its name, its parameters and the arguments of its call, parentheses included."""


def _plain(name: str, texts: Sequence[str], arguments: str) -> Made:
    return function(name, texts, ["..."]), f"{name}{arguments}"


def _dataclass(name: str, texts: Sequence[str], arguments: str) -> Made:
    return f"@dataclass\nclass {name}:\n{indented(chr(10).join(texts))}\n", f"{name}{arguments}"


def _async(name: str, texts: Sequence[str], arguments: str) -> Made:
    """jaxtyping's import hook leaves these alone, and its decorator takes the coroutine for the result."""
    text = f"@jaxtyped(typechecker=beartype)\nasync def {name}({', '.join(texts)}):\n    ...\n"
    return text, f"asyncio.run({name}{arguments})"


def _generator(name: str, texts: Sequence[str], arguments: str) -> Made:
    return function(name, texts, ["yield 1"], "Iterator[int]"), f"next({name}{arguments})"


def _nested(name: str, texts: Sequence[str], arguments: str) -> Made:
    return function(f"outer_{name}", (), [function(name, texts, ["..."]), f"{name}{arguments}"]), f"outer_{name}()"


def _method(decorator: str, first: Sequence[str], made: str, base: str = "", called: str = "") -> Form:
    """A method: its decorator, its own first parameter, what its class needs to be called on, the class's base, its own name."""

    def form(name: str, texts: Sequence[str], arguments: str) -> Made:
        method = indented(decorator + function(called or name, [*first, *texts], ["..."]))
        reached = "" if called else f".{name}"
        return f"class C{name}{base}:\n{method}", f"C{name}{made}{reached}{arguments}"

    return form


def _constructor(name: str, texts: Sequence[str], arguments: str) -> Made:
    method = indented(function("__init__", ["self", *texts], ["..."]))
    return f"class C{name}:\n{method}", f"C{name}{arguments}"


def _inherited(name: str, texts: Sequence[str], arguments: str) -> Made:
    text, _ = _method("", ("self",), "()")(name, texts, arguments)
    return f"{text}\n\nclass D{name}(C{name}):\n    pass\n", f"D{name}().{name}{arguments}"


def _by_super(name: str, texts: Sequence[str], arguments: str) -> Made:
    text, _ = _method("", ("self",), "()")(name, texts, arguments)
    again = indented(function("again", ["self"], [f"super().{name}{arguments}"]))
    return f"{text}\n\nclass D{name}(C{name}):\n{again}", f"D{name}().again()"


def _protocol(name: str, texts: Sequence[str], arguments: str) -> Made:
    method = indented(function(name, ["self", *texts], ["..."]))
    use = function(f"use_{name}", [f"it: P{name}"], [f"it.{name}{arguments}"])
    text = f"@runtime_checkable\nclass P{name}(Protocol):\n{method}\n\nclass C{name}:\n{method}\n\n{use}"
    return text, f"use_{name}(C{name}())"


def _overload(name: str, texts: Sequence[str], arguments: str) -> Made:
    """The first overload is the one that is called; the implementation takes both."""
    last = [text for text in texts if text.startswith("**")]
    rest = [text for text in texts if not text.startswith("**")]
    star = [] if any(text.startswith("*") for text in rest) else ["*"]
    both = [*rest, *star, "flag: bool = False", *last]
    other = [*rest, *star, "flag: bool", *last]
    return (
        f"@overload\n{function(name, texts, ['...'])}\n@overload\n{function(name, other, ['...'])}\n{function(name, both, ['...'])}",
        f"{name}{arguments}",
    )


def _decorated(decorator: str) -> Form:
    def form(name: str, texts: Sequence[str], arguments: str) -> Made:
        return f"{decorator}\n{function(name, texts, ['...'])}", f"{name}{arguments}"

    return form


def _reached(pattern: str) -> Form:
    """A function that is called in another way; `{f}` is its name, `{a}` the arguments and `{i}` what is inside their parentheses."""

    def form(name: str, texts: Sequence[str], arguments: str) -> Made:
        called = pattern.replace("{f}", name).replace("{a}", arguments).replace("{i}", arguments[1:-1])
        return function(name, texts, ["..."]), called

    return form


@dataclass(frozen=True)
class Shape:
    """A form with its weight, the library it needs if any, and whether int parameters stay ints inside it."""

    weight: int
    form: Form
    library: str = ""
    ints: bool = True


_METHOD = ("self",)
FORMS: Mapping[str, Shape] = {
    "function": Shape(55, _plain),
    "dataclass": Shape(8, _dataclass),
    "method": Shape(4, _method("", _METHOD, "()")),
    "static method": Shape(3, _method("@staticmethod\n", (), "")),
    "class method": Shape(3, _method("@classmethod\n", ("cls",), "")),
    "async": Shape(3, _async),
    "generator": Shape(3, _generator),
    "nested function": Shape(3, _nested),
    "__call__": Shape(2, _method("", _METHOD, "()", called="__call__")),
    "__init__": Shape(2, _constructor),
    "inherited method": Shape(2, _inherited),
    "super": Shape(2, _by_super),
    "protocol": Shape(4, _protocol),
    "overload": Shape(4, _overload),
    "module": Shape(4, _method("", _METHOD, "()", "(torch.nn.Module)", "forward"), "torch"),
    "equinox module": Shape(30, _method("", _METHOD, "()", "(eqx.Module)", "__call__"), "jax"),
    "no_grad": Shape(3, _decorated("@torch.no_grad()"), "torch"),
    "wraps": Shape(3, _decorated("@wrapping")),
    "jit": Shape(30, _decorated("@jax.jit"), "jax", ints=False),
    "filter_jit": Shape(20, _decorated("@eqx.filter_jit"), "jax", ints=False),
    "checkpoint": Shape(10, _reached("jax.checkpoint({f}){a}"), "jax", ints=False),
    "partial": Shape(4, _reached("partial({f}, {i})()")),
    "lambda": Shape(2, _reached("(lambda: {f}{a})()")),
    "conditional": Shape(1, _reached("{f}{a} if len('ab') else None")),
    "loop": Shape(1, _reached("for _ in range(2): {f}{a}")),
    "with": Shape(1, _reached("with torch.no_grad(): {f}{a}")),
    "try": Shape(1, _reached("try: {f}{a}\nfinally: pass")),
    "item of a dict": Shape(1, _reached("{'f': {f}}['f']{a}")),
}


def forms(library: str, ints: bool) -> list[tuple[int, str]]:
    """The forms that a library has, by weight; for parameters with ints or without."""
    return [(each.weight, name) for name, each in FORMS.items() if each.library in ("", library) and (each.ints or not ints)]
