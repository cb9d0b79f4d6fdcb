"""The parameters that rules list, and those that `places` adds, stand in the order of the libraries' own signatures."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import pytest

from shapecheck.rules import registry
from shapecheck.rules.places import FURTHER
from shapecheck.rules.table import Parameters
from tests.rules.harness import resolve
from tests.rules.variations import Taken, signatures

SPREAD = {"ndarray.choose"}
"""Which takes any number of arguments by place, whatever its signature says."""
RULES = [name for name in sorted(registry().rules) if not name.endswith("__")]
LAYERS = [*sorted(registry().layers), *(f"{name}.__call__" for name in sorted(registry().layers))]
RENAMED = {"nn.Hardtanh"}
"""Whose last parameters are old names of the first."""
ALIKE = {f"jax.lax.{name}" for name in ("igamma", "igamma_grad_a", "igammac", "polygamma")} | {
    f"jax.scipy.special.{name}" for name in ("gammainc", "gammaincc")
}
"""Whose second operand has a name that others give the first: to shapes and dtypes both are alike."""


@pytest.mark.parametrize("library", sorted({name.partition(".")[0] for name in RULES}))
def test_operations_take_by_place_what_their_library_takes(library: str) -> None:
    wrong = [why for name in RULES if name.partition(".")[0] == library for why in _differences(name)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted({name.partition(".")[0] for name in LAYERS}))
def test_layers_take_by_place_what_their_library_takes(library: str) -> None:
    wrong = [why for name in LAYERS if name.partition(".")[0] == library for why in _differences_of_layer(name)]
    assert not wrong, "\n".join(wrong)


def _differences(name: str) -> list[str]:
    return [] if name in ALIKE | SPREAD else _compared(name, registry().rules[name].parameters, signatures(name))


def _differences_of_layer(name: str) -> list[str]:
    layer = registry().layers[name.removesuffix(".__call__")]
    module = resolve(layer.name)
    if not name.endswith(".__call__"):
        return [] if name in RENAMED else _compared(name, layer.constructor, [_without_self(module.__init__)])
    call = getattr(module, "forward", None) or module.__call__
    return _compared(name, layer.call, [_without_self(call)])


def _without_self(function: object) -> Taken:
    found = list(inspect.signature(function).parameters.values())[1:]  # type: ignore[arg-type]  # a method
    return Taken(
        tuple(each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)), frozenset()
    )


def _compared(name: str, parameters: Parameters, taken: Sequence[Taken]) -> list[str]:
    """What differs from each of the library's signatures; nothing where one of them agrees, or none can be read."""
    listed = [parameter.spellings for parameter in parameters.listed if not parameter.keyword_only]
    if not taken or any(parameter.variadic for parameter in parameters.listed):
        return []
    fitting = [each.places for each in taken if _in_order(listed, each.places)]
    if not fitting:
        return [f"{name} lists {listed}, the library takes {[each.places for each in taken]}"]
    behind = max((places[len(listed) :] for places in fitting), key=len)
    return [] if FURTHER.get(name, ()) == behind else [f"{name} takes {behind} behind what its rule lists"]


def _in_order(listed: Sequence[tuple[str, ...]], places: Sequence[str]) -> bool:
    """Whether no parameter that both know by name stands elsewhere."""
    known = {spelling: index for index, spellings in enumerate(listed) for spelling in spellings}
    return all(known.get(place, index) == index for index, place in enumerate(places))
