"""Applies the operation rules: functions of torch, jax and numpy, methods, operators and attributes of arrays.

Hooks of the checking phase. The rule sees the arguments' values; its answer replaces the result's type, its mismatch
becomes an error. mypy may look an operator up under its reflected name first, and may try a call several times; a rule
answers the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mypy.nodes import CallExpr, Context
from mypy.plugin import AttributeContext, FunctionContext, MethodContext
from mypy.types import Instance, Type

from mypy_plugin import codes
from mypy_plugin.encode import array_instance, array_of
from mypy_plugin.names import function_rule, method_rule
from mypy_plugin.values import Reader, split_arguments
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Array, Library, Many, Result, Value
from shapecheck.rules import lookup

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_SYMBOLS = {
    "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__mod__": "%", "__pow__": "**",
    "__matmul__": "@", "__eq__": "==", "__ne__": "!=", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">=",
    "__and__": "&", "__or__": "|", "__xor__": "^", "__getitem__": "[]", "__setitem__": "[]=",
}  # fmt: skip


def checker(api: object) -> TypeChecker:
    """The plugin interface is the type checker itself."""
    return api  # type: ignore[return-value]  # mypy hands its checker to every hook


LIBRARY_MODULES = ("torch.", "jax.", "jaxlib.", "numpy.", "einops.")


def in_library(api: object) -> bool:
    """Whether the body that is being checked is the library's own: mypy checks it, but nobody reads the outcome."""
    return f"{checker(api).tree.fullname}.".startswith(LIBRARY_MODULES)


@cache
def function(fullname: str) -> Callable[[FunctionContext], Type] | None:
    """The hook for calls of a library function, None when it has no rule."""
    name = function_rule(fullname)
    if name is None:
        return None

    def hook(ctx: FunctionContext) -> Type:
        return apply_call(name, [], ctx.context, ctx) if isinstance(ctx.context, CallExpr) else ctx.default_return_type

    return hook


def apply_call(name: str, before: list[Value], call: CallExpr, ctx: FunctionContext | MethodContext) -> Type:
    """The type of a call; `before` are arguments that are not in its parentheses (the receiver)."""
    reader = Reader(checker(ctx.api))
    arguments = split_arguments(call.args, call.arg_kinds, call.arg_names, reader)
    if arguments is None:
        return ctx.default_return_type
    positional, keywords = arguments
    return apply(name, [*before, *positional], keywords, ctx, reader)


def method(ctx: MethodContext, name: str) -> Type:
    """The type of a call of an array's method or operator."""
    array = array_of(ctx.type)
    rule = method_rule(array.library, name) if array is not None else None
    if array is None or rule is None:
        return ctx.default_return_type
    if isinstance(ctx.context, CallExpr):
        return apply_call(rule, [array], ctx.context, ctx)
    reader = Reader(checker(ctx.api))
    operands = [
        reader.value(expression, typ)
        for expressions, types in zip(ctx.args, ctx.arg_types, strict=True)
        for expression, typ in zip(expressions, types, strict=True)
    ]
    return apply(rule, [array, *operands], {}, ctx, reader)


def is_array(instance: Instance) -> bool:
    """Whether an object is an array of a library we know."""
    return array_instance(instance) is not None


@cache
def is_array_method(name: str) -> bool:
    """Whether some array class has a rule for a method or attribute of this name."""
    return any(method_rule(library, name) is not None for library in Library)


def apply(
    name: str, args: Sequence[Value], keywords: dict[str, Value], ctx: FunctionContext | MethodContext, reader: Reader
) -> Type:
    """Applies the rule and turns its answer into a type or an error."""
    rule = lookup(name)
    assert rule is not None
    result = rule.apply(name, args, keywords)
    return conclude(result, display(name), [*args, *keywords.values()], ctx, reader)


def conclude(
    result: Result, shown: str, args: Sequence[Value], ctx: FunctionContext | MethodContext, reader: Reader
) -> Type:
    """The type of a result; a mismatch is reported and leaves the type unknown."""
    if isinstance(result, Mismatch):
        fail(message(shown, result, args), result.code, ctx.context, reader.chk)
        return ctx.default_return_type
    if result is UNKNOWN:
        return ctx.default_return_type
    return reader.write(result, ctx.default_return_type, _like(ctx))


def _like(ctx: FunctionContext | MethodContext) -> Instance | None:
    if isinstance(ctx, MethodContext) and (receiver := array_instance(ctx.type)) is not None:
        return receiver
    types = [typ for types in ctx.arg_types for typ in types]
    return next((found for typ in types if (found := array_instance(typ)) is not None), None)


def fail(text: str, code: str, place: Context, chk: TypeChecker) -> None:
    """Reports one line under one of our codes."""
    chk.fail(text.replace("\n", " "), place, code=codes.BY_NAME[code])


def message(shown: str, mismatch: Mismatch, args: Sequence[Value]) -> str:
    """`@: inner axes differ ... (got Float32[Tensor, "b t"] and Float32[Tensor, "d e"])`."""
    arrays = [describe(array) for value in args for array in _arrays(value)]
    got = f" (got {' and '.join(arrays[:4])})" if arrays else ""
    return f"{shown}: {mismatch.reason}{got}"


def _arrays(value: Value) -> list[Array]:
    match value:
        case Array():
            return [value]
        case tuple():
            return [array for item in value for array in _arrays(item)]
        case Many(item):
            return _arrays(item)
        case _:
            return []


_CLASS = {"torch": "Tensor", "jax": "Array", "numpy": "ndarray"}


def describe(array: Array) -> str:
    """An array in jaxtyping's words."""
    return f'{array.dtype}[{_CLASS[array.library]}, "{array.shape}"]'


def display(name: str) -> str:
    """How a message calls an operation: `@` for an operator, `view` for a method, `torch.cat` for a function."""
    owner, _, last = name.rpartition(".")
    if owner in _CLASS.values():
        reflected = f"__{last[3:]}" if last.startswith("__r") else last
        return _SYMBOLS.get(last) or _SYMBOLS.get(reflected) or last
    return f"torch.nn.functional.{last}" if owner == "F" else f"torch.{name}" if owner == "nn" else name


def attribute(ctx: AttributeContext) -> Type:
    """An attribute of an array that has a rule: `x.shape`, `x.T`."""
    array = array_of(ctx.type)
    name = getattr(ctx.context, "name", None)
    if array is None or ctx.is_lvalue or not isinstance(name, str):
        return ctx.default_attr_type
    rule_name = method_rule(array.library, name)
    rule = lookup(rule_name) if rule_name is not None else None
    if rule is None or rule_name is None:
        return ctx.default_attr_type
    reader = Reader(checker(ctx.api))
    result = rule.apply(rule_name, [array])
    if isinstance(result, Mismatch):
        fail(message(name, result, [array]), result.code, ctx.context, reader.chk)
        return ctx.default_attr_type
    return reader.write(result, ctx.default_attr_type, array_instance(ctx.type))
