"""Sizes as text over numbered atoms, as `Size` carries them in mypy's types: `2*a0+(a1)//(2)`.

Written and read by `encode`, which turns the atoms into types that mypy substitutes, and read by `text`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache

from shapecheck.core.dim import (
    UNKNOWN_DIM,
    Atom,
    Broadcastable,
    Dim,
    Extremum,
    Quotient,
    Remainder,
    Symbol,
    Volume,
    broadcastable,
    dim,
    extremum,
)


def build_form(form: str, atoms: list[Dim]) -> Dim:
    """The dim that a `Size`'s form describes over its atoms."""
    return _compiled(form)(atoms)


type Build = Callable[[list[Dim]], Dim]


@lru_cache(maxsize=4096)
def _compiled(form: str) -> Build:
    """A function from atoms to the dim that a form such as `2*a0+a1//3` describes."""
    return _build(ast.parse(form, mode="eval").body)


_OPERATORS: Mapping[type[ast.operator], Callable[[Dim, Dim], Dim]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def _build(node: ast.expr) -> Build:
    match node:
        case ast.Constant(value=int() as size):
            return lambda atoms: dim(size)
        case ast.Name(id=name):
            index = int(name[1:])
            return lambda atoms: atoms[index]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _build(operand)
            return lambda atoms: -inner(atoms)
        case ast.BinOp(left=left, op=op, right=right):
            one, other, combine = _build(left), _build(right), _OPERATORS[type(op)]
            return lambda atoms: combine(one(atoms), other(atoms))
        case ast.Call(func=ast.Name(id="sharp"), args=[arg]):
            sharp = _build(arg)
            return lambda atoms: broadcastable(sharp(atoms))
        case ast.Call(func=ast.Name(id=function), args=args):
            parts = [_build(arg) for arg in args]
            return lambda atoms: extremum(function, [part(atoms) for part in parts])
        case _:
            return lambda atoms: UNKNOWN_DIM


def write_form(size: Dim, atoms: list[Atom]) -> str:
    """The dim as text over `a0`, `a1`, ...; new atoms are added to the list."""
    parts = []
    for monomial, factor in size.terms:
        parts.append("*".join([f"({factor})" if factor < 0 else str(factor), *(_atom_form(atom, atoms) for atom in monomial)]))
    return "+".join(parts) or "0"


def _atom_form(atom: Atom, atoms: list[Atom]) -> str:
    match atom:
        case Symbol() | Volume():
            if atom not in atoms:
                atoms.append(atom)
            return f"a{atoms.index(atom)}"
        case Quotient(a, b):
            return f"(({write_form(a, atoms)})//({write_form(b, atoms)}))"
        case Remainder(a, b):
            return f"(({write_form(a, atoms)})%({write_form(b, atoms)}))"
        case Extremum(function, items):
            return f"{function}({','.join(write_form(item, atoms) for item in items)})"
        case Broadcastable(inner):
            return f"sharp({write_form(inner, atoms)})"
