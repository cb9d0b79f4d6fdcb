"""Functions that mypy checks once for each value of a type variable (`T = TypeVar("T", int, str)`), on copies of their tree.

The copies' parameters are no parameters to mypy, so that `x = x.squeeze()` would be held against their annotations. So
`binding` has `prepare` put a call that only mypy sees in front of the body; when a copy is checked, `settle` mends it.
"""

from __future__ import annotations

from mypy.nodes import ARG_POS, ARG_STAR, LDEF, CallExpr, ExpressionStmt, FuncDef, NameExpr, TempNode, Var
from mypy.plugin import FunctionContext
from mypy.semanal import is_trivial_body
from mypy.types import CallableType, NoneType, Type, TypeAliasType, TypeVarType

from mypy_plugin import text
from mypy_plugin.carriers import is_like, settled
from mypy_plugin.encode import ANY, NamedTypes
from mypy_plugin.operations import checker
from mypy_plugin.values import Reader

NAME = "shapecheck.parameters"


def prepare(function: FuncDef, named: NamedTypes) -> None:
    """Puts the call in front of the body of a function that mypy copies."""
    if not (_is_copied(function) or _has_like(function)) or not function.arguments:
        return
    if is_trivial_body(function.body):
        return  # an abstract method: mypy asks it for no `return`
    names = [_reference(argument.variable) for argument in function.arguments]
    callee = TempNode(CallableType([ANY], [ARG_STAR], [None], NoneType(), named("builtins.function", []), name=NAME))
    call = CallExpr(callee, list(names), [ARG_POS] * len(names), [None] * len(names))
    statement = ExpressionStmt(call)
    for node in (*names, callee, call, statement):
        node.set_line(function)
    function.body.body.insert(0, statement)


def _has_like(function: FuncDef) -> bool:
    """Whether a parameter is an array of a type variable's class, `Float[T, "n"]`."""
    if not isinstance(function.type, CallableType):
        return False
    found = [typ for typ in function.type.arg_types if isinstance(typ, TypeAliasType) and is_like(typ)]
    text.ARRAY_VARIABLES.update(variable.name for typ in found if isinstance(variable := typ.args[0], TypeVarType))
    return bool(found)


def _is_copied(function: FuncDef) -> bool:
    if not isinstance(function.type, CallableType):
        return False
    owned = function.info.defn.type_vars if function.info else []
    return any(isinstance(variable, TypeVarType) and variable.values for variable in (*function.type.variables, *owned))


def _reference(variable: Var) -> NameExpr:
    name = NameExpr(variable.name)
    name.node, name.kind, name.fullname = variable, LDEF, variable.fullname
    return name


def settle(ctx: FunctionContext) -> Type:
    """Marks the parameters of a copy as parameters, and gives arrays of a type variable the shape that is declared."""
    chk = checker(ctx.api)
    named = Reader(chk).named
    for name in ctx.args[0]:
        if isinstance(name, NameExpr) and isinstance(name.node, Var):
            name.node.is_argument = True
            if name.node.type is not None and is_like(name.node.type):
                name.node.type = settled(name.node.type, named)
                chk.binder.assign_type(name, name.node.type, name.node.type)
    return ctx.default_return_type
