"""Calls within the program: whose function is called, and what its parameters' shapes mean for the caller."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shapecheck.codemod.evaluate import Chain, Evaluator, Instance, Local
from shapecheck.codemod.facts import Equalities, merge
from shapecheck.codemod.model import Function, Program
from shapecheck.core.dim import UNKNOWN_DIM, Atom, Dim, Symbol, dim, substitute
from shapecheck.core.shape import ANY_RUN, Run, Shape
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Value

type Callee = Function | LayerValue | Chain


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of a function's parameters and result; sizes are named in the function's own scope."""

    parameters: Mapping[str, Array] = field(default_factory=dict)
    result: Value = UNKNOWN

    def renamed(self, shape: Shape, sizes: dict[Symbol, Dim], here: str, given: Array) -> Shape:
        """A parameter's shape in the caller's sizes: bound by the argument where that is known, fresh names elsewhere."""
        for wanted, actual in merge(shape, given.shape) or []:
            if wanted.symbol is not None and not actual.is_unknown:
                sizes.setdefault(wanted.symbol, actual)
        for symbol in _symbols(shape):
            sizes.setdefault(symbol, dim(Symbol(symbol.name, here, symbol.kind)))
        return in_terms_of(shape, sizes)


@dataclass(slots=True)
class Known:
    """What is known of the whole program in this round."""

    signatures: dict[str, Signature] = field(default_factory=dict)
    attributes: dict[str, dict[str, Local]] = field(default_factory=dict)


def in_terms_of(shape: Shape, sizes: Mapping[Symbol, Dim]) -> Shape:
    """A callee's shape in the caller's sizes; the callee's own runs say nothing there."""
    prefix, suffix = (tuple(_translated(size, sizes) for size in side) for side in (shape.prefix, shape.suffix))
    return Shape(prefix, ANY_RUN if isinstance(shape.run, Run) else None, suffix)


def _translated(size: Dim, sizes: Mapping[Symbol, Dim]) -> Dim:
    return substitute(size, dict[Atom, Dim](sizes.items())) if all(symbol in sizes for symbol in size.symbols()) else UNKNOWN_DIM


def _symbols(shape: Shape) -> list[Symbol]:
    found = {symbol for size in (*shape.prefix, *shape.suffix) for symbol in size.symbols()}
    return sorted(found, key=lambda symbol: symbol.key)


def callee_result(signature: Signature, sizes: Mapping[Symbol, Dim], equal: Equalities) -> Local:
    """The result of a call; sizes that only the callee knows are unknown."""
    match signature.result:
        case Array() as array:
            return array.with_shape(equal.canonical_shape(in_terms_of(array.shape, sizes)))
        case tuple() as items:
            return tuple(
                item.with_shape(equal.canonical_shape(in_terms_of(item.shape, sizes))) if isinstance(item, Array) else UNKNOWN
                for item in items
            )
        case _:
            return UNKNOWN


def called(evaluate: Evaluator, call: ast.Call, caller: Function, program: Program) -> Callee | None:
    """The function or layer of the program that a call calls; None for libraries and what is not known."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=method) if caller.owner is not None:
            found = caller.module.classes.get(caller.owner)
            if found is not None and method in found.methods:
                return found.methods[method]
        case ast.Name(id=name) if name not in evaluate.variables and (function := program.find_function(name, caller.module)):
            return function
        case _:
            pass
    if isinstance(call.func, ast.Name | ast.Attribute | ast.Subscript):
        return callable_of(evaluate(call.func), program) or _method(evaluate, call.func, program)
    return None


def callable_of(value: Local, program: Program) -> Callee | None:
    """What calling a value calls."""
    match value:
        case LayerValue() | Chain():
            return value
        case Instance(scope=scope) if scope in program.classes:
            methods = program.classes[scope].methods
            return methods.get("forward") or methods.get("__call__")
        case _:
            return None


def _method(evaluate: Evaluator, function: ast.expr, program: Program) -> Function | None:
    if isinstance(function, ast.Attribute) and isinstance(owner := evaluate(function.value), Instance):
        found = program.classes.get(owner.scope)
        return found.methods.get(function.attr) if found is not None else None
    return None


def bind_arguments[T](callee: Function, arguments: Sequence[T], keywords: Mapping[str, T]) -> dict[str, T]:
    """Arguments by parameter name."""
    names = [each.arg for each in callee.parameters]
    return dict(zip(names, arguments, strict=False)) | dict(keywords)
