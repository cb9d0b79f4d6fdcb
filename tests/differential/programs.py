"""Generated programs: small modules with annotated functions and a `main` that calls them.

There are four kinds, by what is known before the program runs:

- `calls`: functions without a body, called with arrays of known shapes. Nothing is left to decide: both verdicts agree.
- `operations`: operations on arrays of known shapes, without functions. Both verdicts agree here too.
- `bodies`: functions with a body that must work for every size of their names. Sizes are chosen apart, so that a promise
  that other sizes would keep fails when the program runs; `variants` are other calls of the same functions.
- `gradual`: the same with bare arrays and ints that nobody knows. An error of the checker must be a failure, no more.
"""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch

from tests.differential.annotations import CLASSES, DTYPES, MEMBERS, NAMES, SETS, Leaf, Scope, leaf, shape_of
from tests.differential.choices import Choices, seeded
from tests.differential.operations import Arrays, operation

type Sizes = dict[str, int | tuple[int, ...]]

PRELUDE = f"""\
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

import jax.numpy as jnp
import numpy as np
import torch
from beartype import beartype
from jax import Array
from jaxtyping import {", ".join(sorted([*MEMBERS, "jaxtyped"]))}
from torch import Tensor

"""

APART = (
    (18, 24, 29, 33),
    (19, 25, 30, 34),
    (11, 17, 26, 7),
    (6, 6, 6, 6),
    (2, 2, 2, 2),
    (1, 1, 1, 1),
    (8, 4, 2, 16),
    (3, 9, 27, 3),
)
"""Sizes of `a`, `b`, `c`, `d`: the first are apart from each other, from small numbers, and from each other's sums, multiples
and halves; the last ones coincide, so that a promise that some sizes keep is kept by one of them."""


VARIANTS = (
    (1, 0),
    (1, 1),
    (2, 2),
    (3, 0),
    (3, 3),
    (3, 4),
    (4, 0),
    (4, 5),
    (5, 0),
    (5, 1),
    (6, 0),
    (6, 2),
    (7, 0),
    (7, 3),
    (0, 1),
    (0, 4),
)
"""The variants of a call: the place of its sizes in `APART`, and that of the dtype among those an annotation takes."""


LOCAL = "local"
"""The name of annotated local variables: jaxtyping does not look at them, so a test is added when the program runs."""


class Kind(enum.StrEnum):
    """What is known before a program runs."""

    CALLS = "calls"
    OPERATIONS = "operations"
    BODIES = "bodies"
    GRADUAL = "gradual"


@dataclass(frozen=True)
class Program:
    """A module, and how it came about. `variants` are calls of each function with other sizes and dtypes."""

    name: str
    kind: Kind
    source: str
    constructs: frozenset[str]
    variants: tuple[tuple[str, ...], ...] = ()


@dataclass
class Parameter:
    """A parameter as written, and what a call passes for it with given sizes (nothing when it is left out)."""

    name: str
    annotation: str
    leaves: tuple[Leaf, ...] = ()
    template: str = "{}"
    default: str = ""
    passed: bool = True
    keyword: bool = False
    variadic: str = ""

    @property
    def text(self) -> str:
        default = f" = {self.default}" if self.default else ""
        return f"{self.variadic}{self.name}: {self.annotation}{default}"

    def argument(self, sizes: Mapping[str, int | tuple[int, ...]], dtype: int = 0) -> str:
        value = self.template.format(*[each.value(sizes, _member(each, dtype)) for each in self.leaves])
        return f"{self.name}={value}" if self.keyword else value


def _member(each: Leaf, dtype: int) -> str:
    """The dtype of an argument: any that its annotation takes will do, in the variants of a call."""
    members = [name for name in MEMBERS[each.declared] if name in DTYPES[each.library]]
    return members[dtype % len(members)] if dtype and each.dtype in members else each.dtype


@dataclass
class Writer:
    """The parts of a module while it is made. Aliases carry the module's name: beartype takes unions that read alike for the same."""

    c: Choices
    name: str
    library: str
    constructs: set[str] = field(default_factory=set)
    aliases: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    main: list[str] = field(default_factory=list)

    def module(self, future: bool) -> str:
        first = "from __future__ import annotations\n\n" if future else ""
        aliases = "".join(f"{line}\n" for line in self.aliases) + "\n" * bool(self.aliases)
        functions = "".join(f"\n{text}\n" for text in self.functions)
        return f"{first}{PRELUDE}{aliases}{functions}\n{function('main', (), self.main)}"


def function(name: str, parameters: Sequence[str], body: Sequence[str], returns: str = "None") -> str:
    """The text of a function."""
    return f"def {name}({', '.join(parameters)}) -> {returns}:\n{textwrap.indent(chr(10).join(body or ['...']), '    ')}\n"


# --- parameters ----------------------------------------------------------------------------------------------------


def written(w: Writer, each: Leaf) -> str:
    """An annotation, or an alias of it, or a quoted one."""
    w.constructs |= each.constructs | {each.library}
    form = w.c.weighted([(85, "plain"), (5, "alias"), (4, "type alias"), (5, "quoted")])
    if form == "plain":
        return each.annotation
    w.constructs.add(form)
    if form == "quoted":
        return f"'{each.annotation}'"
    name = f"Alias{len(w.aliases)}_{w.name}"
    w.aliases.append(f"{'type ' if form == 'type alias' else ''}{name} = {each.annotation}")
    return name


def parameter(w: Writer, scope: Scope, name: str, plain: bool = False) -> Parameter:
    """A parameter: an array, or a container or union of arrays."""
    c = w.c
    first = leaf(c, scope, w.library)
    text = written(w, first)
    kind = (
        "plain"
        if plain
        else c.weighted(
            [
                (60, "plain"),
                (6, "Optional"),
                (8, "union"),
                (6, "tuple"),
                (4, "tuple, any number"),
                (5, "list"),
                (3, "dict"),
                (4, "default"),
                (4, "array default"),
                (2, "Any"),
            ]
        )
    )
    w.constructs |= {kind} - {"plain"}
    if kind == "plain" and first.sizes and not first.sizes[0].startswith("*"):
        scope.read[f"{{{name}.shape[0]}}"] = first.sizes[0]
    match kind:
        case "Optional":
            form = c.one_of(("{} | None", "Optional[{}]", "None | {}"))
            return (
                Parameter(name, form.format(text), *_optional(c, first))
                if "'" not in text
                else Parameter(name, f"Optional[{text}]", *_optional(c, first))
            )
        case "union":
            other = leaf(c, scope, w.library)
            members = c.one_of(((text, written(w, other)), (written(w, other), text)))
            return Parameter(name, f"Union[{', '.join(members)}]", (first,))
        case "tuple":
            second = leaf(c, scope, w.library)
            return Parameter(name, f"tuple[{text}, {written(w, second)}]", (first, second), "({}, {})")
        case "tuple, any number":
            return Parameter(name, f"tuple[{text}, ...]", (first,), "({},)")
        case "list":
            return Parameter(name, f"list[{text}]", (first,), "[{}]")
        case "dict":
            return Parameter(name, f"dict[str, {text}]", (first,), '{{"key": {}}}')
        case "default":
            return Parameter(name, f"Optional[{text}]", (first,), default="None", passed=c.chance(50))
        case "array default":  # jaxtyping does not look at defaults, so this one fits
            right = leaf(c, replace(scope, wrong=0.0), w.library)
            return Parameter(name, written(w, right), (right,), default=right.value(scope.sizes), passed=c.chance(50))
        case "Any":
            return Parameter(name, text.replace(CLASSES[w.library], "Any"), (first,))
        case _:
            return Parameter(name, text, (first,))


def _optional(c: Choices, each: Leaf) -> tuple[tuple[Leaf, ...], str]:
    return ((), "None") if c.chance(25) else ((each,), "{}")


def signature(w: Writer, scope: Scope, count: int) -> list[Parameter]:
    """Parameters of all kinds, in the order of a signature, which is the order in which names are bound."""
    c = w.c
    found: list[Parameter] = []
    if scope.ints:
        found += [Parameter(name, "int", template=str(scope.sizes[name])) for name in scope.ints]
    found += [parameter(w, scope, f"x{at}") for at in range(count)]
    found.sort(key=lambda each: bool(each.default))
    if c.chance(8) and all(each.passed for each in found):
        w.constructs.add("*args")
        each = leaf(c, scope, w.library)
        found.append(Parameter("xs", written(w, each), (each,), variadic="*"))
    if c.chance(12):
        w.constructs.add("keyword only")
        each = leaf(c, scope, w.library)
        star = "" if found and found[-1].variadic else "*, "
        found.append(Parameter("key", written(w, each), (each,), keyword=True, variadic=star))
    if c.chance(6):
        w.constructs.add("**kwargs")
        each = leaf(c, scope, w.library)
        found.append(Parameter("options", written(w, each), (each,), keyword=True, variadic="**"))
    return found


def call(c: Choices, name: str, parameters: Sequence[Parameter], sizes: Sizes, dtype: int = 0, ordered: bool = False) -> str:
    """A call: some arguments by keyword, which may stand in any order."""
    passed = [each for each in parameters if each.passed]
    first_keyword = len(passed)
    if not ordered and c.chance(20) and not any(each.variadic == "*" for each in passed):
        first_keyword = c.below(len(passed) + 1)
    after_gap = [each for each in parameters if not each.passed]
    late = {each.name for each in passed if after_gap and parameters.index(each) > parameters.index(after_gap[0])}
    texts = [
        replace(each, keyword=each.keyword or at >= first_keyword or each.name in late).argument(sizes, dtype)
        for at, each in enumerate(passed)
    ]
    if not ordered and first_keyword < len(texts) and c.chance(50):
        texts[first_keyword:] = texts[first_keyword:][::-1]
    return f"{name}({', '.join(texts)})"


# --- kinds ---------------------------------------------------------------------------------------------------------


def small_sizes(c: Choices) -> Sizes:
    """Sizes as they come, equal ones and ones among them."""
    found: Sizes = {name: c.one_of((2, 3, 4, 5, 1)) for name in (*NAMES, "q", "r", "k")}
    for run in ("s", "t"):
        found[f"*{run}"] = c.one_of(((2,), (), (3, 2), (2, 3), (1,), (1, 4)))
    return found


def calls(c: Choices, name: str) -> Writer:
    """Functions that take arrays and do nothing."""
    w = Writer(c, name, _library(c))
    for at in range(c.weighted([(4, 1), (2, 2)])):
        scope = Scope(small_sizes(c), ints=["k"] if c.chance(25) else [])
        parameters = signature(w, scope, c.weighted([(3, 1), (5, 2), (3, 3)]))
        form = c.weighted(FORMS)
        if form == "dataclass" and any(each.variadic or each.default not in ("", "None") for each in parameters):
            form = "function"
        w.constructs |= {form} - {"function"}
        text, called = _definition(f"f{at}", form, [each.text for each in parameters], call(c, "", parameters, scope.sizes))
        w.functions.append(text)
        w.main.append(called)
    return w


FORMS = (
    (70, "function"),
    (8, "dataclass"),
    (5, "method"),
    (4, "static method"),
    (4, "class method"),
    (3, "async"),
    (3, "generator"),
    (3, "nested function"),
)
"""What can be called, by weight."""


def _definition(name: str, form: str, texts: Sequence[str], arguments: str) -> tuple[str, str]:
    """A function, or what looks like one from the outside; and its call."""
    match form:
        case "function":
            return function(name, texts, ["..."]), f"{name}{arguments}"
        case "dataclass":
            return f"@dataclass\nclass {name}:\n{_indented(chr(10).join(texts))}\n", f"{name}{arguments}"
        case "async":  # jaxtyping's import hook leaves these alone, and its decorator takes the coroutine for the result
            text = f"@jaxtyped(typechecker=beartype)\nasync def {name}({', '.join(texts)}):\n    ...\n"
            return text, f"asyncio.run({name}{arguments})"
        case "generator":
            return function(name, texts, ["yield 1"], "Iterator[int]"), f"next({name}{arguments})"
        case "nested function":
            return function(f"outer_{name}", (), [function(name, texts, ["..."]), f"{name}{arguments}"]), f"outer_{name}()"
        case _:
            decorator, first, made = _METHODS[form]
            method = _indented(decorator + function(name, [*first, *texts], ["..."]))
            return f"class C{name}:\n{method}", f"C{name}{made}.{name}{arguments}"


_METHODS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "method": ("", ("self",), "()"),
    "static method": ("@staticmethod\n", (), ""),
    "class method": ("@classmethod\n", ("cls",), ""),
}
"""How a method is decorated, its own first parameter, and what its class needs to be called on."""


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def operations(c: Choices, name: str) -> Writer:
    """Arrays of known shapes and operations on them."""
    w = Writer(c, name, _library(c))
    scope = Scope(small_sizes(c), wrong=0.0)
    arrays = Arrays(w.library, {}, rigid=False)
    namespace = fresh_namespace()
    for at in range(c.below(3) + 1):
        made = leaf(c, scope, w.library)
        value = made.value(scope.sizes)
        if c.chance(12):
            value = _held(w, f"H{at}", made, value, scope, namespace)
        run(w.main, f"v{at} = {value}", f"v{at}", arrays, namespace)
    statements(w, w.main, arrays, namespace, c.weighted([(2, 1), (3, 2), (2, 3), (1, 4)]))
    w.main += [f"reveal_type({name})" for name in arrays.values]
    return w


def _held(w: Writer, name: str, made: Leaf, value: str, scope: Scope, namespace: dict[str, Any]) -> str:
    """A class that declares an array, and the text that makes one and reads the array back."""
    shape = " ".join(map(str, shape_of(made.sizes, scope.sizes)))
    annotation = f'{SETS[made.dtype][0]}[{CLASSES[w.library]}, "{shape}"]'
    form = w.c.one_of(tuple(_HOLDERS))
    w.constructs |= {form, w.library}
    text, read = _HOLDERS[form]
    w.functions.append(text.format(name=name, annotation=annotation, value=value))
    exec(w.functions[-1], namespace)
    return read.format(name=name, value=value)


_HOLDERS: Mapping[str, tuple[str, str]] = {
    "dataclass field": ("@dataclass\nclass {name}:\n    w: {annotation}\n", "{name}({value}).w"),
    "NamedTuple field": ("class {name}(NamedTuple):\n    w: {annotation}\n", "{name}({value})[0]"),
    "property": ("class {name}:\n    @property\n    def w(self) -> {annotation}:\n        return {value}\n", "{name}().w"),
    "class attribute": ("class {name}:\n    w: {annotation} = {value}\n", "{name}.w"),
    "instance attribute": (
        "class {name}:\n    def __init__(self, w: {annotation}) -> None:\n        self.w = w\n",
        "{name}({value}).w",
    ),
}
"""Classes that hold an array, and how it is read."""


def bodies(c: Choices, module: str, gradual: bool = False) -> tuple[Writer, list[tuple[str, ...]]]:
    """Functions that work on their arguments for every size."""
    w = Writer(c, module, _library(c))
    namespace = fresh_namespace()
    variants: list[tuple[str, ...]] = []
    helpers: list[tuple[str, int]] = []
    for at in range(c.weighted([(3, 1), (2, 2)])):
        name = f"f{at}"
        scope = Scope(apart(0), wrong=0.0, ints=["k"] if c.chance(15) else [], computed=c.chance(50))
        parameters = [Parameter(each, "int", template="{}") for each in scope.ints]
        parameters += [parameter(w, scope, f"x{i}", plain=True) for i in range(c.weighted([(4, 1), (5, 2), (1, 3)]))]
        w.functions.append(_with_body(w, name, parameters, scope, namespace, helpers, gradual))
        helpers.append((name, len(parameters)) if not scope.ints else ("", 0))
        exec(w.functions[-1], namespace)
        w.main.append(f"r{at} = {_call_of_body(c, name, parameters, 0, 0)}")
        variants.append(tuple(_call_of_body(c, name, parameters, sizes, dtype) for sizes, dtype in VARIANTS))
    if not gradual:
        w.main += [f"reveal_type(r{at})" for at in range(len(w.main))]
    return w, variants


def _call_of_body(c: Choices, name: str, parameters: Sequence[Parameter], variant: int, dtype: int) -> str:
    sizes = apart(variant)
    given = [replace(each, template=str(sizes["k"])) if each.annotation == "int" else each for each in parameters]
    return call(c, name, given, sizes, dtype, ordered=True)


def apart(variant: int) -> Sizes:
    """The sizes of a variant; axes and runs that nobody names vary with it."""
    one, two = ((7, 10), (7, 12), (9, 5), (6, 6), (2, 2), (1, 1), (4, 3), (3, 9))[variant]
    found: Sizes = {
        **dict(zip(NAMES, APART[variant], strict=True)),
        "q": one,
        "r": two,
        "k": (43, 44, 15, 6, 2, 1, 4, 3)[variant],
    }
    found["*s"] = ((5, 8), (4,), (), (6, 6), (2,), (1, 1), (8, 4), ())[variant]
    found["*t"] = ((11, 21), (), (25, 3), (6,), (2, 2), (1,), (2,), (9,))[variant]
    return found


def _with_body(
    w: Writer,
    name: str,
    parameters: Sequence[Parameter],
    scope: Scope,
    namespace: dict[str, Any],
    helpers: Sequence[tuple[str, int]],
    gradual: bool,
) -> str:
    c = w.c
    arrays = Arrays(w.library, {}, rigid=True)
    lines: list[str] = []
    local = dict(namespace)
    texts = [each.text for each in parameters]
    for at, each in enumerate(parameters):
        if not each.leaves:
            local[each.name] = scope.sizes[each.name]
            continue
        arrays.values[each.name] = local[each.name] = eval(each.argument(scope.sizes), local)
        if gradual and c.chance(50):
            texts[at] = f"{each.name}: {CLASSES[w.library]}"
            if c.chance(40):
                lines.append(_narrowed(w, each.name, each.leaves[0], arrays.rank(each.name)))
    statements(w, lines, arrays, local, c.below(4), helpers)
    result = next(reversed(arrays.values)) if c.chance(85) else arrays.pick(c)
    if c.chance(10):
        w.constructs.add("tuple")
        other = arrays.pick(c)
        lines.append(f"return {result}, {other}")
        return function(name, texts, lines, f"tuple[{promise(w, arrays, result, scope)}, {promise(w, arrays, other, scope)}]")
    if c.chance(16):
        return function(name, texts, *_contained(w, arrays, result, scope, lines))
    if c.chance(12):
        w.constructs.add("local annotation")
        lines.append(f"{LOCAL}: {promise(w, arrays, result, scope)} = {result}")
        result, arrays.values[LOCAL] = LOCAL, arrays.values[result]
    lines.append(f"return {result}")
    return function(name, texts, lines, promise(w, arrays, result, scope))


def _narrowed(w: Writer, name: str, each: Leaf, rank: int) -> str:
    """A test that gives a bare array its shape."""
    w.constructs.add("narrowing")
    by_size = [f"assert {name}.shape[0] == {w.c.below(4) + 1}"] if rank else []
    return w.c.one_of((f"assert isinstance({name}, {each.annotation})", f"assert {name}.ndim == {rank}", *by_size))


def _contained(w: Writer, arrays: Arrays, name: str, scope: Scope, lines: list[str]) -> tuple[list[str], str]:
    """A body that returns an array inside something else, and its return annotation."""
    annotation = promise(w, arrays, name, scope)
    form = w.c.one_of(("Optional", "list", "dict", "union"))
    w.constructs.add(f"return {form}")
    match form:
        case "Optional":
            return [*lines, f"return {name}"], f"Optional[{annotation}]"
        case "list":
            return [*lines, f"return [{name}]"], f"list[{annotation}]"
        case "dict":
            return [*lines, f'return {{"key": {name}}}'], f"dict[str, {annotation}]"
        case _:
            return [*lines, f"return {name}"], f"Union[{annotation}, {promise(w, arrays, arrays.pick(w.c), scope)}]"


def promise(w: Writer, arrays: Arrays, name: str, scope: Scope) -> str:
    """A return annotation: what the value is for these sizes, written in the function's names; sometimes a wrong one."""
    c = w.c
    value = arrays.values[name]
    dtype = str(value.dtype).removeprefix("torch.")
    tokens = list(_tokens(c, value.shape, scope))
    if c.chance(12) and tokens:
        tokens[c.below(len(tokens))] = c.one_of((*dict.fromkeys(scope.bound), "3", "7", "new"))
    if c.chance(6):
        tokens.insert(c.below(len(tokens) + 1), c.one_of(("1", "new", *dict.fromkeys(scope.bound))))
    if c.chance(8) and not any(token[0] in "*." for token in tokens):
        tokens[: c.below(len(tokens) + 1)] = ["..."]
    declared = c.one_of(SETS.get(dtype, ("Shaped",)))
    if c.chance(6):
        declared = c.one_of(("Float", "Int64", "Bool", "Float32", "Int"))
    w.constructs.add("return")
    w.constructs |= {"return-only name"} if "new" in tokens else set()
    return f'{declared}[{CLASSES[w.library]}, "{" ".join(tokens)}"]'


def _tokens(c: Choices, shape: Sequence[int], scope: Scope) -> Iterator[str]:
    """The axes of a result in names that are bound; a run, or what is left of it, can be written once."""
    left = tuple(shape)
    written = False
    while left:
        run = next((name for name in ("*s", "*t") if (sizes := scope.sizes[name]) and left[: len(sizes)] == sizes), None)
        of_run = left[0] in (*scope.sizes["*s"], *scope.sizes["*t"])
        if (run or of_run) and written:
            yield "_"
        elif run or of_run:
            written = True
            yield run or "..."
        else:
            yield _spelled(c, left[0], scope)
        left = left[len(scope.sizes[run]) if run else 1 :]


def _spelled(c: Choices, size: int, scope: Scope) -> str:
    """A size in names that are bound."""
    if size <= 4:
        return str(size)
    names = list(dict.fromkeys(scope.bound))
    plain = {name: scope.sizes[name] for name in names} | {f"{{{name}}}": scope.sizes[name] for name in scope.ints}
    spelled: dict[Any, str] = {}
    for name, number in plain.items():
        assert isinstance(number, int)
        forms = {
            name: number,
            f"{name}+1": number + 1,
            f"{name}-1": number - 1,
            f"2*{name}": 2 * number,
            f"3*{name}": 3 * number,
            f"{name}//2": number // 2,
            f"({name}+1)//2": (number + 1) // 2,
        }
        for text, value in forms.items():
            spelled.setdefault(value, text)
    for one, first in plain.items():
        for two, second in plain.items():
            assert isinstance(first, int)
            assert isinstance(second, int)
            spelled.setdefault(first * second, f"{one}*{two}")
            spelled.setdefault(first + second, f"{one}+{two}")
    return spelled.get(size) or c.one_of(("_", "new", "other"))


# --- statements ----------------------------------------------------------------------------------------------------


def fresh_namespace() -> dict[str, Any]:
    """What a module's functions see."""
    found: dict[str, Any] = {}
    exec(PRELUDE, found)
    return found


def statements(
    w: Writer, lines: list[str], arrays: Arrays, namespace: dict[str, Any], count: int, helpers: Sequence[tuple[str, int]] = ()
) -> None:
    """Operations that run, and in a share of the programs a last one that does not."""
    for _ in range(count):
        failed: Exception | None = None
        for _attempt in range(3):
            target = arrays.pick(w.c) if w.c.chance(10) else f"v{len(arrays.values)}"
            construct, text = _expression(w.c, arrays, helpers)
            probe: list[str] = []
            failed = run(probe, f"{target} = {text}", target, arrays, namespace)
            if failed is None or w.c.chance(12 if arrays.rigid else 35):
                lines += probe
                w.constructs.add(construct)
                break
        if failed is not None:
            return


def _expression(c: Choices, arrays: Arrays, helpers: Sequence[tuple[str, int]]) -> tuple[str, str]:
    named = [each for each in helpers if each[0]]
    if named and c.chance(35):
        name, count = c.one_of(named)
        return "call", f"{name}({', '.join(arrays.pick(c) for _ in range(count))})"
    return operation(c, arrays)


def run(lines: list[str], line: str, target: str, arrays: Arrays, namespace: dict[str, Any]) -> Exception | None:
    """Runs a line as the program will; keeps the array it makes."""
    lines.append(line)
    try:
        exec(line, namespace)
    except Exception as error:  # whatever a library raises
        return error
    value = namespace[target]
    if isinstance(value, (torch.Tensor, np.ndarray, jnp.ndarray)):
        arrays.values.pop(target, None)
        arrays.values[target] = value
        return None
    return None


def _library(c: Choices) -> str:
    return c.weighted([(13, "torch"), (5, "numpy"), (2, "jax")])


def generate(c: Choices, name: str) -> Program:
    """A program from a source of choices."""
    kind = c.weighted([(8, Kind.CALLS), (6, Kind.OPERATIONS), (6, Kind.BODIES), (2, Kind.GRADUAL)])
    variants: list[tuple[str, ...]] = []
    match kind:
        case Kind.CALLS:
            w = calls(c, name)
        case Kind.OPERATIONS:
            w = operations(c, name)
        case _:
            w, variants = bodies(c, name, kind is Kind.GRADUAL)
    future = c.chance(8)
    w.constructs |= {"from __future__"} if future else set()
    return Program(name, kind, w.module(future), frozenset(w.constructs), tuple(variants))


def programs(seed: int, count: int) -> Iterator[Program]:
    """The programs of a seed; each has a seed of its own, so that one is made again without the others."""
    for at in range(count):
        yield next(filter(None, (fitting(seeded(f"{seed}:{at}{'+' * attempt}"), f"p{at:05}") for attempt in range(100))))


def fitting(c: Choices, name: str) -> Program | None:
    """A program, None where an array with the product of many names would not fit in memory."""
    try:
        return generate(c, name)
    except (MemoryError, RuntimeError) as error:
        if "allocate memory" in str(error) or isinstance(error, MemoryError):
            return None
        raise
