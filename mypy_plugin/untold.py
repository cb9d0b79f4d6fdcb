"""What is `Any` to plain mypy and known to us: calls of modules, results of functions without types, and what is made of them.

mypy then says more than it would without us, also about things that are no shapes: `None` as the other operand, an `int | None`
among the arguments of `reshape`. `gate` asks here before such an error is stored, while the function is being checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mypy.errors import ErrorInfo
from mypy.nodes import CallExpr, DictExpr, Expression, MemberExpr
from mypy.types import CallableType, Instance, TupleType, Type, UnionType, get_proper_type

from mypy_plugin import overrides
from mypy_plugin.encode import array_of
from mypy_plugin.lenient import is_marked
from mypy_plugin.scope import Scope, parts, subjects
from mypy_plugin.text import MARKS
from shapecheck.core.value import Array

if TYPE_CHECKING:
    from mypy.checker import TypeChecker


_NAMES_ARRAY = re.compile(rf"{MARKS.pattern}|_SupportsArray\[|TensorBase|\b[A-Z]\w+Tensor\b")
_OF_BASE = re.compile(
    r'^(?:Cannot override writeable attribute|Signature of "\w+" incompatible|Incompatible types in assignment) '
)
_OBJECT = re.compile(r'"object"|\[object\]')
_TO_TENSOR = re.compile(r'^Argument .* to "\w+" of "(?:TensorBase|Tensor)\b')
_INDEX = re.compile(r'^Invalid index type ".*" for "(?:\w*Tensor|Array|ndarray)\b')
_JOINED = re.compile(r"\bAny \| (?=(?:\w+\[)?(?:Tensor|Array|ndarray)\b)|.*\b_SupportsArray\[.*")
_ARGUMENTS = re.compile(
    r"^(?:Argument .* has incompatible type|Unexpected keyword argument|Too (?:many|few) |Missing (?:positional|named) |.* gets multiple values for )"
)


def is_untold(chk: TypeChecker, info: ErrorInfo, told: bool) -> bool:
    """Whether an error is about what is `Any` to plain mypy; `told` says whether the file has such things at all."""
    message, line, column = info.message, info.line, info.column
    if _OF_BASE.match(message) and overrides.is_untold(chk, line):
        return True
    if _OBJECT.search(message) and joins_arrays(chk, line, column):
        return True
    if _ARGUMENTS.match(message) and takes_anything(chk, line, column):
        return True
    if not told and "_SupportsArray[" not in message:
        return False
    names_any = _TO_TENSOR.match(message) or _INDEX.match(message)
    if not names_any and ("Any" in _JOINED.sub("", message) or not _NAMES_ARRAY.search(message)):
        return False  # plain mypy says it too
    return is_about(chk, line, column)


def is_about(chk: TypeChecker, line: int, column: int) -> bool:
    """Whether an error at a place is about an expression that is `Any` to plain mypy."""
    scope = Scope.of(chk)
    return any(scope.is_any(part) for root in scope.roots() for part in _at(root, line, column))


def takes_anything(chk: TypeChecker, line: int, column: int) -> bool:
    """Whether an error at a place is about the arguments of a call that may have any to plain mypy.

    A method of what a container of modules holds, which to plain mypy is a module; what a transformation returned.
    """
    scope = Scope.of(chk)
    found = [part for root in scope.roots() for part in _at(root, line, column)]
    if any(isinstance(part, MemberExpr) and scope.is_held(part.expr) for part in found):
        return True
    made = [get_proper_type(chk.lookup_type_or_none(part)) for part in found]
    return any(isinstance(callee, CallableType) and is_marked(callee) for callee in made)


def joins_arrays(chk: TypeChecker, line: int, column: int) -> bool:
    """Whether an error at a place is about an `object` that is what mypy thinks arrays or lists of several sizes have in common."""
    scope = Scope.of(chk)
    return any(scope.joins(part) for root in scope.roots() for part in _at(root, line, column))


def takes_arrays(chk: TypeChecker, line: int, column: int) -> bool:
    """Whether a call at a place has arrays among its arguments, also inside tuples and lists."""
    found = [part for root in Scope.of(chk).roots() for part in _at(root, line, column) if isinstance(part, CallExpr)]
    return any(_has_array(chk.lookup_type_or_none(argument)) for call in found for argument in call.args)


def _has_array(typ: Type | None) -> bool:
    match get_proper_type(typ):
        case TupleType(items=items) | UnionType(items=items):
            return any(map(_has_array, items))
        case Instance(args=args) as instance:
            array = array_of(instance)
            return (array is not None and array != Array(library=array.library)) or any(map(_has_array, args))
        case _:
            return False


def _at(expression: Expression, line: int, column: int, above: Expression | None = None) -> Iterator[Expression]:
    """What decides of the error at a place: the expressions there, and what they are an argument or an operand of."""
    if (expression.line, expression.column) == (line, column):
        yield expression
        yield from subjects(expression)
        yield from subjects(above) if above is not None else ()
    if isinstance(expression, DictExpr):  # mypy puts what it says of a value at the key
        yield from (value for key, value in expression.items if key is not None and (key.line, key.column) == (line, column))
    for part in parts(expression):
        yield from _at(part, line, column, expression)
