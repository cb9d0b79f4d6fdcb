"""What an int expression stands for, as a dim: sizes read from shapes, constants, and ints known by their access path.

`d_model`, `self.n_head` and `config.n_embd` are plain ints to mypy. They become opaque symbols keyed by path and owner,
equal to themselves and their multiples, unknown against everything else. Called when a rule's arguments are read and by
the hooks of `int` arithmetic, whose results remember what they were made of.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mypy.nodes import (
    CallExpr,
    Expression,
    FuncDef,
    Import,
    ImportAll,
    ImportFrom,
    IntExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    OpExpr,
    UnaryExpr,
    Var,
)
from mypy.plugin import MethodContext
from mypy.types import Instance, Type, TypeVarType, get_proper_type

from mypy_plugin.encode import array_of, dim_of, int_type
from mypy_plugin.lookup import instance_of
from mypy_plugin.names import SIZE
from mypy_plugin.origins import METADATA, assigned_names, assignments, loop_names
from shapecheck.core.dim import UNKNOWN_DIM, Dim, Kind, Symbol, dim

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

OPERATORS: Mapping[str, Callable[[Dim, Dim], Dim]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}


def is_int(typ: Type | None) -> bool:
    """Whether a type is an int that may carry a size."""
    proper = get_proper_type(typ) if typ is not None else None
    if isinstance(proper, TypeVarType):
        proper = get_proper_type(proper.upper_bound)
    return isinstance(proper, Instance) and proper.type.fullname in ("builtins.int", SIZE)


def integer_of(expression: Expression, chk: TypeChecker) -> Dim:
    """The dim of an int expression; unknown when it is none or nothing is known of it."""
    match expression:
        case IntExpr(value=value):
            return dim(value)
        case UnaryExpr(op="-", expr=inner):
            return -integer_of(inner, chk)
        case OpExpr(op=op, left=left, right=right) if op in OPERATORS:
            typed = _typed(expression, chk)
            return typed if not typed.is_unknown else OPERATORS[op](integer_of(left, chk), integer_of(right, chk))
        case CallExpr(callee=NameExpr(fullname="builtins.len"), args=[array]):
            return _length(array, chk)
        case NameExpr() | MemberExpr():
            typed = _typed(expression, chk)
            return typed if not typed.is_unknown else _by_path(expression, chk)
        case _:
            return _typed(expression, chk)


def _length(expression: Expression, chk: TypeChecker) -> Dim:
    """`len(x)` of an array: the size of its first axis."""
    array = array_of(chk.lookup_type(expression)) if chk.has_type(expression) else None
    return array.shape.prefix[0] if array is not None and array.shape.prefix else UNKNOWN_DIM


def _typed(expression: Expression, chk: TypeChecker) -> Dim:
    return dim_of(chk.lookup_type(expression)) if chk.has_type(expression) else UNKNOWN_DIM


def _by_path(expression: NameExpr | MemberExpr, chk: TypeChecker) -> Dim:
    if not chk.has_type(expression) or not is_int(chk.lookup_type(expression)):
        return UNKNOWN_DIM
    symbol = path_symbol(expression, chk)
    return dim(symbol) if symbol is not None else UNKNOWN_DIM


def path_symbol(expression: Expression, chk: TypeChecker) -> Symbol | None:
    """The symbol of a name or an attribute chain whose parts are assigned once; None when that is not certain."""
    match expression:
        case NameExpr(name=name, node=Var() as variable):
            owner = _owner(variable, chk)
            return Symbol(name, owner, Kind.VALUE) if owner is not None else None
        case MemberExpr(expr=NameExpr(node=Var(is_self=True)), name=name):
            return attribute_symbol(expression.expr, name, chk)
        case MemberExpr(expr=root, name=name):
            base = path_symbol(root, chk)
            return Symbol(f"{base.name}.{name}", base.scope, Kind.VALUE) if base is not None else None
        case _:
            return None


def attribute_symbol(root: Expression, name: str, chk: TypeChecker) -> Symbol | None:
    """The symbol of `self.name`: what `__init__` assigned it from, when it did so once and nobody else does."""
    typ = get_proper_type(chk.lookup_type(root)) if chk.has_type(root) else None
    if not isinstance(typ, Instance):
        return None
    for info in typ.type.mro:
        sources = info.metadata.get(METADATA, {}).get("attributes", {})
        if name in sources:
            return Symbol(sources[name], info.fullname, Kind.VALUE) if sources[name] else None
        if name in info.names:
            looked_at = METADATA in info.metadata
            return Symbol(f"self.{name}", info.fullname, Kind.VALUE) if looked_at else None
    return None


def _owner(variable: Var, chk: TypeChecker) -> str | None:
    """Who owns a variable that never changes: its function, or the class for `__init__`; None when it changes."""
    function = chk.scope.current_function()
    if not isinstance(function, FuncDef):
        return None
    for parameter in function.arguments:
        if parameter.variable is variable:
            return owner_name(function) if variable.name not in assigned_names(function) else None
    if list(assignments(function)).count(variable.name) == 1 and variable.name not in loop_names(function):
        return owner_name(function)
    return None


def owner_name(function: FuncDef) -> str:
    """The scope of a function's ints: those of `__init__` belong to the class, so that methods can share them."""
    return function.info.fullname if function.name == "__init__" and function.info else function.fullname


_ARRAY_LIBRARIES = frozenset(["torch", "jax", "numpy", "jaxtyping", "einops", "equinox", "flax", "shapecheck"])


def is_array_code(module: MypyFile) -> bool:
    """Whether a module imports an array library: elsewhere ints are ints."""
    for statement in module.imports:
        match statement:
            case ImportFrom(id=name) | ImportAll(id=name):
                names = [name]
            case Import(ids=modules):
                names = [name for name, _ in modules]
            case _:
                names = []
        if any(name.partition(".")[0] in _ARRAY_LIBRARIES for name in names):
            return True
    return False


def arithmetic(ctx: MethodContext) -> Type:
    """The type of `n * m` and the like: an int that remembers what it was made of."""
    if not isinstance(ctx.context, OpExpr):
        return ctx.default_return_type
    chk: TypeChecker = ctx.api  # type: ignore[assignment]  # mypy hands its checker to every hook
    if not is_array_code(chk.tree):
        return ctx.default_return_type
    size = integer_of(ctx.context, chk)
    if size.is_unknown or not is_int(ctx.default_return_type):
        return ctx.default_return_type
    return int_type(size, lambda fullname, args: instance_of(fullname, args, chk))
