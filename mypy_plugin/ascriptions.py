"""Annotated locals: `y: Float[Tensor, "b d"] = f(x)` is checked where it stands, and `y` may change shape later.

A declared type would hold for every later assignment, but rebinding is normal in array code. So `binding` calls
`ascribe`, which declares the variable as a bare array and wraps the assigned value in a call that only mypy sees; when
that call is checked, `check` compares the value with the annotation and gives the variable what is known from both.
"""

from __future__ import annotations

from mypy.nodes import ARG_POS, AssignmentStmt, CallExpr, Expression, TempNode, Var
from mypy.plugin import FunctionContext
from mypy.types import AnyType, CallableType, Instance, NoneType, Type, TypeOfAny, UnionType, get_proper_type

from mypy_plugin.encode import NamedTypes, array_instance, array_of, array_type, library_of
from shapecheck.core.dim import Dim
from shapecheck.core.shape import Shape
from shapecheck.core.value import Array

NAME = "shapecheck.annotated local"
_ascribed: dict[int, tuple[CallExpr, Type]] = {}


def ascribe(statement: AssignmentStmt, variable: Var, annotated: Type, named: NamedTypes) -> None:
    """Declares the variable as a bare array and wraps the value, when the annotation is an array's (or `None`)."""
    bare = bare_array(annotated, named)
    if bare is None:
        variable.type = annotated
        return
    variable.type = bare
    statement.type = None  # so that mypy narrows the variable to what it is given
    value = statement.rvalue
    if isinstance(value, TempNode):
        return  # declared without a value
    call = value if isinstance(value, CallExpr) and _known(value) is not None else _wrapped(value, named)
    statement.rvalue = call
    _ascribed[id(call)] = (call, annotated)


def bare_array(typ: Type, named: NamedTypes) -> Type | None:
    """The type without shapes and dtypes; None when it is no array or optional array."""
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        items = [bare_array(item, named) or item for item in proper.items]
        plain = [item for item in map(get_proper_type, proper.items) if not isinstance(item, NoneType)]
        return UnionType.make_union(items) if all(array_instance(item) is not None for item in plain) else None
    instance = array_instance(proper)
    if instance is None or not instance.args:
        return None
    return array_type(instance, Array(library=library_of(instance)), named)


def _wrapped(value: Expression, named: NamedTypes) -> CallExpr:
    anything = AnyType(TypeOfAny.special_form)
    function = CallableType([anything], [ARG_POS], [None], anything, named("builtins.function", []), name=NAME)
    callee = TempNode(function)
    call = CallExpr(callee, [value], [ARG_POS], [None])
    callee.set_line(value)
    call.set_line(value)
    return call


def _known(value: object) -> Type | None:
    known = _ascribed.get(id(value))
    return known[1] if known is not None and known[0] is value else None


def annotation_of(ctx: FunctionContext) -> Type | None:
    """The annotation that the wrapped value stands under."""
    return _known(ctx.context)


def merged(annotated: Array, actual: Array) -> Array:
    """What is known of a value from its annotation and its own type."""
    names = annotated.dtype & actual.dtype
    return Array(_merged_shape(annotated.shape, actual.shape), names if names.names else actual.dtype, actual.library)


def _merged_shape(annotated: Shape, actual: Shape) -> Shape:
    if actual.run is not None:
        return annotated
    if annotated.run is not None or len(annotated.prefix) != len(actual.prefix):
        return actual
    return Shape(tuple(map(_merged_size, annotated.prefix, actual.prefix)))


def _merged_size(annotated: Dim, actual: Dim) -> Dim:
    return annotated if actual.is_unknown else actual


def array_member(typ: Type) -> Instance | None:
    """The one array in an annotation."""
    proper = get_proper_type(typ)
    items = proper.items if isinstance(proper, UnionType) else [proper]
    arrays = [found for item in items if (found := array_instance(item)) is not None]
    return arrays[0] if len(arrays) == 1 else None


def merged_type(annotated: Type, actual: Type, named: NamedTypes) -> Type:
    """The type of the variable after the assignment."""
    member, value = array_member(annotated), array_of(actual)
    proper = get_proper_type(actual)
    if member is None or isinstance(proper, NoneType):
        return actual
    if value is None:
        return annotated if isinstance(proper, AnyType) else actual
    declared = array_of(member)
    like = array_instance(actual)
    if declared is None or like is None or not like.args:
        return actual
    return array_type(like, merged(declared, value), named)
