"""Applies the operation rules: functions of torch, jax and numpy, methods, operators and attributes of arrays.

Hooks of the checking phase. The rule sees the arguments' values; its answer replaces the result's type, its mismatch
becomes an error. mypy may look an operator up under its reflected name first, and may try a call several times; a rule
answers the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeIs

from mypy.nodes import ARG_STAR, ARG_STAR2, CallExpr, Context, IndexExpr, MemberExpr, OpExpr
from mypy.plugin import AttributeContext, FunctionContext, MethodContext
from mypy.types import AnyType, CallableType, Instance, TupleType, Type, UnionType, UnpackType, get_proper_type

from mypy_plugin import codes, faults, rows
from mypy_plugin.encode import ANY, array_instance, array_of, array_type
from mypy_plugin.names import GENERIC_ARRAYS, function_rule, method_rule
from mypy_plugin.results import declared
from mypy_plugin.values import Reader, split_arguments
from shapecheck.core.shape import ANY_SHAPE, Mismatch
from shapecheck.core.value import UNKNOWN, Array, Library, Many, Result, Value
from shapecheck.rules import lookup
from shapecheck.rules.table import Rule

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
    return _is_in_library(checker(api).tree.fullname)


@lru_cache(maxsize=4096)
def _is_in_library(module: str) -> bool:
    return f"{module}.".startswith(LIBRARY_MODULES)


@cache
def function(fullname: str) -> Callable[[FunctionContext | MethodContext], Type] | None:
    """The hook for calls of a library function, or of a method of what makes arrays (`np.random.default_rng()`); None without a rule."""
    name = function_rule(fullname)
    if name is None:
        return None

    def hook(ctx: FunctionContext | MethodContext) -> Type:
        return apply_call(name, [], ctx.context, ctx) if isinstance(ctx.context, CallExpr) else ctx.default_return_type

    return hook


def apply_call(name: str, before: list[Value], call: CallExpr, ctx: FunctionContext | MethodContext) -> Type:
    """The type of a call; `before` are arguments that are not in its parentheses (the receiver)."""
    reader = Reader(checker(ctx.api))
    arguments = split_arguments(call.args, call.arg_kinds, call.arg_names, reader)
    if arguments is None:
        return _unknown(ctx.default_return_type, reader)
    positional, keywords = arguments
    return apply(name, [*before, *positional], keywords, ctx, reader)


def method(ctx: MethodContext, name: str) -> Type:
    """The type of a call of an array's method or operator."""
    array = array_of(ctx.type)
    if name == "__iter__" and array is not None:
        return rows.iteration(ctx, array, Reader(checker(ctx.api)))
    rule = method_rule(array.library, name) if array is not None else None
    if array is None or rule is None:
        return ctx.default_return_type
    if is_written(ctx.context, name):
        return apply_call(rule, [array], ctx.context, ctx)
    reader = Reader(checker(ctx.api))
    read = reader.index if name in ("__getitem__", "__setitem__") else reader.value
    operands = [
        read(expression, typ)
        for expressions, types in zip(ctx.args, ctx.arg_types, strict=True)
        for expression, typ in zip(expressions, types, strict=True)
    ]
    given = [array, *operands]
    forward = method_rule(array.library, f"__{name[3:]}") if is_reflected(name) else None
    if forward is not None and isinstance(operands[0], Array):
        rule, given = forward, [operands[0], array]  # as it is written: the receiver stands on the right
    result = lookup_rule(rule).apply(rule, given)
    if name == "__getitem__" and rows.may_be_item(result):
        return ctx.default_return_type
    typ = conclude(result, display(rule), given, ctx, reader)
    return ctx.type if is_in_place(name) else typ


def is_in_place(name: str) -> bool:
    """Whether the method is `__iadd__` or the like: it answers its receiver, whatever the rule finds wrong."""
    return name.startswith("__i") and f"__{name[3:]}" in _SYMBOLS


PROTOCOLS = {"builtins.abs": "__abs__"}
"""Functions of Python's own that call a method of their argument; mypy goes by what the method's stub says."""


def protocol(ctx: FunctionContext, name: str) -> Type:
    """The type of `abs(x)` of an array; of anything else it is mypy's."""
    typ = ctx.arg_types[0][0] if ctx.arg_types[0] else None
    array = array_of(typ) if typ is not None else None
    rule = method_rule(array.library, name) if array is not None else None
    if array is None or rule is None:
        return ctx.default_return_type
    return conclude(lookup_rule(rule).apply(rule, [array]), display(rule), [array], ctx, Reader(checker(ctx.api)))


def is_reflected(name: str) -> bool:
    """Whether the method is `__radd__` or the like: its receiver stands on the right."""
    return name.startswith("__r") and f"__{name[3:]}" in _SYMBOLS


def lookup_rule(name: str) -> Rule:
    """The rule of a name that has one."""
    rule = lookup(name)
    assert rule is not None
    return rule


def is_written(context: Context, name: str) -> TypeIs[CallExpr]:
    """Whether the method is called by its name; operators, loops and unpackings call it without."""
    return isinstance(context, CallExpr) and isinstance(context.callee, MemberExpr) and context.callee.name == name


def is_array(instance: Instance) -> bool:
    """Whether an object is an array of a library we know."""
    return array_instance(instance) is not None


@cache
def is_array_method(name: str) -> bool:
    """Whether some array class has a rule for a method or attribute of this name."""
    return name in ("__iter__", "grad") or any(method_rule(library, name) is not None for library in Library)


_ARRAY_MAKERS = frozenset(["np.zeros", "np.ones", "np.empty", "np.full", "np.array", "np.asarray"])
"""Functions of numpy that give an array without axes where others give a scalar."""


def apply(
    name: str, args: Sequence[Value], keywords: dict[str, Value], ctx: FunctionContext | MethodContext, reader: Reader
) -> Type:
    """Applies the rule and turns its answer into a type or an error."""
    result = lookup_rule(name).apply(name, args, keywords)
    if name in _ARRAY_MAKERS and isinstance(result, Array):
        return array_type(reader.template(result, get_proper_type(ctx.default_return_type), None), result, reader.named)
    typed = ctx._replace(default_return_type=declared(name, ctx.default_return_type, reader.chk))
    return conclude(result, display(name), [*args, *keywords.values()], typed, reader)


def conclude(result: Result, shown: str, args: Sequence[Value], ctx: FunctionContext | MethodContext, reader: Reader) -> Type:
    """The type of a result; a mismatch is reported and leaves the type unknown."""
    if _may_be_number(result, args):
        return ctx.default_return_type
    return conclude_with(result, lambda mismatch: message(shown, mismatch, args), ctx, reader)


def _may_be_number(result: Result, args: Sequence[Value]) -> bool:
    """Whether numpy may answer a number: no argument is known to be an array. To its stubs the result is `Any`, or depends on
    which overload mypy tries; it makes `Any` of several answers."""
    unknown = isinstance(result, Array) and result.library is Library.NUMPY and result.shape == ANY_SHAPE
    return unknown and not arrays_in(args)


def conclude_with(result: Result, words: Callable[[Mismatch], str], ctx: FunctionContext | MethodContext, reader: Reader) -> Type:
    """The same with a message of its own."""
    if isinstance(result, Mismatch):
        if not is_uncertain(ctx.context, reader):
            fail(words(result), result.code, ctx.context, reader.chk)
        return _unknown(ctx.default_return_type, reader)
    if result is UNKNOWN:
        return _unknown(ctx.default_return_type, reader)
    return reader.write(result, ctx.default_return_type, _like(ctx))


def _unknown(default: Type, reader: Reader) -> Type:
    """The type of a result that no rule knows: einops declares what it returns as the type of what it takes."""
    proper = get_proper_type(default)
    match proper:
        case UnionType(items=items):
            return UnionType.make_union([_unknown(item, reader) for item in items])
        case TupleType(items=items):
            return proper.copy_modified(items=[_unknown(item, reader) for item in items])
        case Instance() if proper.args and proper.type.fullname in GENERIC_ARRAYS:
            return array_type(proper, Array(library=GENERIC_ARRAYS[proper.type.fullname]), reader.named)
        case Instance(type=info, args=[item]) if info.fullname == "builtins.list":
            return proper.copy_modified(args=[_unknown(item, reader)])
        case _:
            return default


FOLDS = frozenset(["functools.reduce", "_functools.reduce"])
"""Functions whose result mypy takes for one of the items that they are given."""


def forget(ctx: FunctionContext | MethodContext) -> Type:
    """The type of a result that is declared as the type of an operand: of einops without a rule, of a fold, of variables of Flax."""
    return _unknown(ctx.default_return_type, Reader(checker(ctx.api)))


def is_uncertain(context: Context, reader: Reader) -> bool:
    """Whether the receiver is one of several types: mypy tries each, and a mismatch of one is no certain error."""
    match context:
        case CallExpr(callee=MemberExpr(expr=receiver)) | MemberExpr(expr=receiver) | IndexExpr(base=receiver):
            receivers = [receiver]
        case OpExpr(left=left, right=right):
            receivers = [left, right]
        case _:
            return False
    return any(isinstance(get_proper_type(reader.type_of(receiver) or ANY), UnionType) for receiver in receivers)


def _like(ctx: FunctionContext | MethodContext) -> Instance | None:
    if isinstance(ctx, MethodContext) and (receiver := array_instance(ctx.type)) is not None:
        return receiver
    types = [typ for types in ctx.arg_types for typ in types]
    return next((found for typ in types if (found := array_instance(typ)) is not None), None)


def fail(text: str, code: str, place: Context, chk: TypeChecker, call: Context | None = None) -> None:
    """Reports one line under one of our codes. `call` is the whole call when `place` is one of its arguments."""
    line = text.replace("\n", " ")
    faults.note(chk.path, (call or place).line, line, code)
    if not _is_told(line, place, chk):
        chk.fail(line, place, code=codes.BY_NAME[code])


def _is_told(text: str, place: Context, chk: TypeChecker) -> bool:
    """Whether the fault was reported already: mypy checks the body of a loop again with what it knows then."""
    head = text.partition(" (got ")[0]
    return any(
        (info.line, info.column) == (place.line, place.column) and info.message.partition(" (got ")[0] == head
        for info in chk.errors.error_info_map.get(chk.errors.file, ())
    )


def message(shown: str, mismatch: Mismatch, args: Sequence[Value]) -> str:
    """`@: inner axes differ ... (got Float32[Tensor, "b t"] and Float32[Tensor, "d e"])`."""
    return f"{shown}: {mismatch.reason}{got(args)}"


def got(args: Sequence[Value]) -> str:
    """The arrays of a call for the end of a message."""
    arrays = [describe(array) for array in arrays_in(args)]
    return f" (got {' and '.join(arrays[:4])})" if arrays else ""


def arrays_in(args: Sequence[Value]) -> list[Array]:
    """The arrays among the arguments of a call, also inside tuples."""
    return [array for value in args for array in _arrays(value)]


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
        return _SYMBOLS.get(last) or _variant(last) or last
    return f"torch.nn.functional.{last}" if owner == "F" else f"torch.{name}" if owner == "nn" else name


def _variant(name: str) -> str | None:
    """The symbol of `__radd__` or `__iadd__`; None for other names."""
    symbol = _SYMBOLS.get(f"__{name[3:]}")
    return f"{symbol}=" if is_in_place(name) else symbol


ATTRIBUTES = frozenset([
    "shape", "T", "mT", "H", "mH", "dtype", "ndim", "size", "data", "grad", "real", "imag", "itemsize", "nbytes", "flat",
])  # fmt: skip
"""What is read, not called. (`size` is called in torch, where it is a method to mypy and never comes here.)"""


def _callable(ctx: AttributeContext) -> Type:
    """A method that the library defines as an attribute without a type: callable, so that its rule is asked."""
    if not isinstance(get_proper_type(ctx.default_attr_type), AnyType):
        return ctx.default_attr_type
    function = checker(ctx.api).named_type("builtins.function")
    return CallableType([ANY, ANY], [ARG_STAR, ARG_STAR2], [None, None], ctx.type, function)


def _gradient(ctx: AttributeContext, array: Array) -> Type:
    """`x.grad`: of the shape and dtype of `x`, or `None`."""
    declared = get_proper_type(ctx.default_attr_type)
    if not isinstance(declared, UnionType):
        return ctx.default_attr_type
    reader = Reader(checker(ctx.api))
    return UnionType([item if array_of(item) is None else reader.write(array, item, None) for item in declared.items])


def _of_some_item(declared: Type, chk: TypeChecker) -> Type:
    """The type of an attribute of one of several arrays: mypy asks for each, and does not tell for which.

    numpy's stubs give `x.T` the type of `x`, and `x.shape` the items that the type has.
    """
    typ = get_proper_type(declared)
    if isinstance(typ, TupleType) and any(isinstance(item, UnpackType) for item in typ.items):
        return chk.named_generic_type("builtins.tuple", [chk.named_type("builtins.int")])
    array, instance = array_of(typ), array_instance(typ)
    if array is None or instance is None:
        return declared
    return array_type(instance, Array(library=array.library), Reader(chk).named)


def attribute(ctx: AttributeContext) -> Type:
    """An attribute of an array that has a rule: `x.shape`, `x.T`."""
    array = array_of(ctx.type)
    name = getattr(ctx.context, "name", None)
    if isinstance(get_proper_type(ctx.type), UnionType):
        return ctx.default_attr_type if ctx.is_lvalue else _of_some_item(ctx.default_attr_type, checker(ctx.api))
    if array is None or ctx.is_lvalue or not isinstance(name, str):
        return ctx.default_attr_type
    if name == "grad":
        return _gradient(ctx, array)
    rule_name = method_rule(array.library, name)
    rule = lookup(rule_name) if rule_name is not None else None
    if rule is None or rule_name is None:
        return ctx.default_attr_type
    if name not in ATTRIBUTES:
        return _callable(ctx)
    reader = Reader(checker(ctx.api))
    result = rule.apply(rule_name, [array])
    if isinstance(result, Mismatch):
        if not is_uncertain(ctx.context, reader):
            fail(message(name, result, [array]), result.code, ctx.context, reader.chk)
        return ctx.default_attr_type
    return reader.write(result, ctx.default_attr_type, array_instance(ctx.type))
