"""Programs of the kinds `bodies` and `gradual`: functions that work on their arguments for every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.differential.annotations import CLASSES, Leaf, Scope
from tests.differential.arrays import Arrays
from tests.differential.choices import Choices
from tests.differential.modules import LOCAL, Writer, fresh_namespace, function, library
from tests.differential.promises import promise
from tests.differential.signatures import Parameter, call, parameter
from tests.differential.sizes import VARIANTS, apart
from tests.differential.statements import statements


def bodies(c: Choices, module: str, gradual: bool = False) -> tuple[Writer, list[tuple[str, ...]]]:
    """Functions that work on their arguments for every size."""
    w = Writer(c, module, library(c))
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
