"""What a signature does to shapes that have the same numbers of axes, worked out once: results are picks of the operands' axes.

Many signatures compare no sizes, such as `*s *n@dim -> *s`: which axes their results have depends on the operands' ranks and
on the axes that arguments name, not on sizes. `signature` applies them to `placeholders`, `planned` reads the answer as a
plan, and `filled` puts actual sizes into it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shapecheck.core.dim import Dim, Symbol, dim
from shapecheck.core.notation import Operand, Terms
from shapecheck.core.placing import Call, Scalars, axes_of, kept_axes
from shapecheck.core.shape import ANY_RUN, Mismatch, Run, Shape, negative_size

type Form = tuple[int, bool | None, int]
"""The axes of a shape before and after its run, and whether that has a name; None without a run."""


class Key(NamedTuple):
    """All that the answer of a signature that compares no sizes depends on."""

    forms: tuple[Form, ...]
    axes: tuple[tuple[int | None, ...] | None, ...]
    keep: bool
    scalars: Scalars


@dataclass(frozen=True, slots=True)
class Pick:
    """One result: indices of its axes among those of all operands and the constants, in order; `run` is an operand's.

    `whole` is the operand that the result is, when it is one; a `run` of -1 is any axes.
    """

    prefix: tuple[int, ...]
    run: int | None
    suffix: tuple[int, ...]
    whole: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The results of a signature, with the sizes that no operand has."""

    picks: tuple[Pick, ...]
    constants: tuple[Dim, ...]


def compares_nothing(operands: Sequence[Operand], results: Sequence[Terms]) -> bool:
    """Whether no size matters: every axis of the operands has a name of its own, and results have no arithmetic."""
    axes = [axis for operand in operands for axis in (*operand.axes, *operand.lifted)]
    names = [axis.name for axis in axes if axis.name] + [operand.run for operand in operands if operand.run]
    plain = not any(axis.size is not None or axis.factors or axis.optional or axis.broadcasts for axis in axes)
    simple = all(isinstance(term.tree, ast.Name | ast.Constant | None) for terms in results for term in terms)
    return plain and simple and len(set(names)) == len(names) and not any(operand.broadcasts for operand in operands)


def arguments_of(operands: Sequence[Operand], results: Sequence[Terms]) -> tuple[str, ...]:
    """The arguments that name axes."""
    named = {axis.at for operand in operands for axis in operand.lifted} | {term.at for terms in results for term in terms}
    return tuple(sorted(named - {""}))


def key_of(shapes: Sequence[Shape], arguments: Sequence[str], call: Call, scalars: Scalars) -> Key | None:
    """The key of a call; None when an argument is not known."""
    keep = kept_axes(call) if arguments else False
    if not isinstance(keep, bool):
        return None
    axes: list[tuple[int | None, ...] | None] = []
    for name in arguments:
        found = axes_of(call.get(name), several=True)
        if found is not None and None in found:
            return None
        axes.append(found)
    return Key(tuple([_form(shape) for shape in shapes]), tuple(axes), keep, scalars)


def _form(shape: Shape) -> Form:
    return len(shape.prefix), None if shape.run is None else shape.run != ANY_RUN, len(shape.suffix)


def placeholders(key: Key) -> list[Shape]:
    """Shapes of the same forms, all of whose sizes differ."""
    return [_placeholder(f"operand {index}", form) for index, form in enumerate(key.forms)]


def _placeholder(scope: str, form: Form) -> Shape:
    before, named, after = form
    sizes = [dim(Symbol(str(index), scope)) for index in range(before + after)]
    run = None if named is None else Run("run", scope) if named else ANY_RUN
    return Shape(tuple(sizes[:before]), run, tuple(sizes[before:]))


def call_of(key: Key, arguments: Sequence[str]) -> Call:
    """Arguments that name the axes of a key."""
    axes = {
        name: None if each is None else tuple(dim(axis or 0) for axis in each)
        for name, each in zip(arguments, key.axes, strict=True)
    }
    return {**axes, "keepdim": key.keep}


def planned(shapes: Sequence[Shape], answer: Shape | tuple[Shape, ...] | Mismatch) -> Plan | None:
    """The plan of an answer to placeholders; None when it is refused or has sizes that are computed."""
    if isinstance(answer, Mismatch):
        return None
    results = answer if isinstance(answer, tuple) else (answer,)
    known = [size for shape in shapes for size in (*shape.prefix, *shape.suffix)]
    constants = tuple(dict.fromkeys(size for one in results for size in (*one.prefix, *one.suffix) if size not in known))
    if any(size.constant is None for size in constants):
        return None
    at = {size: index for index, size in enumerate((*known, *constants))}
    return Plan(tuple(_pick(one, shapes, at) for one in results), constants)


def _pick(result: Shape, shapes: Sequence[Shape], at: Mapping[Dim, int]) -> Pick:
    runs = [shape.run for shape in shapes]
    run = None if result.run is None else -1 if result.run == ANY_RUN else runs.index(result.run)
    whole = shapes.index(result) if result in shapes else None
    return Pick(tuple(at[size] for size in result.prefix), run, tuple(at[size] for size in result.suffix), whole)


def filled(plan: Plan, shapes: Sequence[Shape]) -> Shape | tuple[Shape, ...] | Mismatch:
    """The results for actual shapes, one or several; a mismatch where one cannot be."""
    sizes = [size for shape in shapes for size in (*shape.prefix, *shape.suffix)]
    sizes += plan.constants
    found: list[Shape] = []
    for pick in plan.picks:
        one = _filled(pick, sizes, shapes)
        if (refused := negative_size(one)) is not None:
            return refused
        found.append(one)
    return found[0] if len(found) == 1 else tuple(found)


def _filled(pick: Pick, sizes: Sequence[Dim], shapes: Sequence[Shape]) -> Shape:
    if pick.whole is not None:
        return shapes[pick.whole]
    prefix = tuple([sizes[index] for index in pick.prefix])
    if pick.run is None:
        return Shape(prefix)
    run = ANY_RUN if pick.run == -1 else shapes[pick.run].run
    return Shape(prefix, run, tuple([sizes[index] for index in pick.suffix]))
