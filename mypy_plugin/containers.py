"""Modules that hold modules: `nn.Sequential`, `nn.ModuleList`, `nn.ModuleDict` remember what is in them.

Hooks of the checking phase. A `Sequential`'s type lists its layers, and a call runs a value's type through each of them; a
list's or dict's type has what its items have in common.
"""

from __future__ import annotations

from collections.abc import Sequence

from mypy.join import join_type_list
from mypy.nodes import CallExpr, DictExpr, Expression, ListComprehension, ListExpr, TupleExpr
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import AnyType, Instance, TupleType, Type, get_proper_type

from mypy_plugin import provenance, weights
from mypy_plugin.encode import ANY, array_of, tuple_type
from mypy_plugin.layers import forward_of, is_module, layer_of
from mypy_plugin.matching import Matching
from mypy_plugin.names import MODULE_DICT, MODULE_LIST, SEQUENTIAL
from mypy_plugin.operations import arrays_in, checker, display, fail, got, message
from mypy_plugin.values import Reader
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Array, Value
from shapecheck.rules import layer


def construct(ctx: FunctionContext) -> Type:
    """The type of a container's constructor call."""
    made = get_proper_type(ctx.default_return_type)
    if not isinstance(made, Instance) or not isinstance(ctx.context, CallExpr) or len(made.args) != 1:
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    held = _sequence(ctx.context, reader) if made.type.fullname == SEQUENTIAL else _common(_held(ctx.context, reader))
    return made.copy_modified(args=[held]) if held is not None else made


def _sequence(call: CallExpr, reader: Reader) -> Type | None:
    """The layers of `Sequential(a, b)` or `Sequential(OrderedDict([("name", a), ...]))` as a tuple type."""
    items = _ordered(call) if len(call.args) == 1 and isinstance(call.args[0], CallExpr) else None
    expressions = items if items is not None else call.args
    types = [reader.type_of(expression) for expression in expressions]
    modules = [typ for typ in types if typ is not None and _is_module(typ)]
    complete = len(modules) == len(expressions) and all(kind.is_positional() for kind in call.arg_kinds)
    return tuple_type(modules, reader.named) if complete and modules else None


def _is_module(typ: Type) -> bool:
    proper = get_proper_type(typ)
    return isinstance(proper, Instance) and is_module(proper)


def _ordered(call: CallExpr) -> list[Expression] | None:
    """The values of an `OrderedDict([...])` or `OrderedDict({...})` that is the only argument."""
    inner = call.args[0]
    if not isinstance(inner, CallExpr) or len(inner.args) != 1 or getattr(inner.callee, "name", "") != "OrderedDict":
        return None
    match inner.args[0]:
        case ListExpr(items=pairs):
            values = [pair.items[1] for pair in pairs if isinstance(pair, TupleExpr) and len(pair.items) == 2]
            return values if len(values) == len(pairs) else None
        case DictExpr(items=entries):
            return [value for _, value in entries]
        case _:
            return None


def _held(call: CallExpr, reader: Reader) -> list[Type]:
    """The types of the modules that a list or dict is made of."""
    if len(call.args) != 1:
        return []
    match call.args[0]:
        case ListExpr(items=items):
            return [typ for item in items if (typ := reader.type_of(item)) is not None]
        case DictExpr(items=entries):
            return [typ for _, value in entries if (typ := reader.type_of(value)) is not None]
        case ListComprehension(generator=generator):
            typ = reader.type_of(generator.left_expr)
            return [typ] if typ is not None else []
        case other:
            typ = get_proper_type(reader.type_of(other) or ANY)
            return [typ.args[-1]] if isinstance(typ, Instance) and typ.args else []


def _common(types: Sequence[Type]) -> Type | None:
    """What the items have in common, None when they are no modules."""
    if not types or not all(map(_is_module, types)):
        return None
    return join_type_list(list(types))


def item(ctx: MethodContext) -> Type:
    """What indexing or iterating a list or dict of modules gives."""
    owner, default = get_proper_type(ctx.type), get_proper_type(ctx.default_return_type)
    if not isinstance(owner, Instance) or owner.type.fullname not in (MODULE_LIST, MODULE_DICT) or len(owner.args) != 1:
        return ctx.default_return_type
    held = owner.args[0]
    if not _is_module(held) or not isinstance(default, Instance):
        return ctx.default_return_type
    if is_module(default) and default.type.fullname not in (MODULE_LIST, MODULE_DICT):
        return held
    if default.args and _is_module(default.args[-1]):
        return default.copy_modified(args=[*default.args[:-1], held])
    return ctx.default_return_type


def run(ctx: MethodContext, owner: Instance) -> Type:
    """The type of calling a `Sequential`: its argument's type run through the layers."""
    layers = get_proper_type(owner.args[0]) if owner.args else None
    if not isinstance(layers, TupleType) or len(ctx.arg_types) == 0 or not ctx.arg_types[0]:
        return ctx.default_return_type
    return _chain(layers, ctx.arg_types[0][0], (), ctx)


def _chain(layers: TupleType, value: Type, path: tuple[int, ...], ctx: MethodContext) -> Type:
    """The type that layers give one after the other; `path` are the places of the containers that they are in."""
    values = [value]
    for index, module in enumerate(layers.items):
        values.append(_through(get_proper_type(module), values, (*path, index), ctx))
    return values[-1]


def _through(module: Type, values: list[Type], path: tuple[int, ...], ctx: MethodContext) -> Type:
    """The type that a module gives for the last of the values, which the modules before it gave; Any once it is not known."""
    value = values[-1]
    if not isinstance(module, Instance) or isinstance(get_proper_type(value), AnyType):
        return ANY
    reader = Reader(checker(ctx.api))
    if module.type.fullname == SEQUENTIAL:
        inner = get_proper_type(module.args[0]) if module.args else None
        return _chain(inner, value, path, ctx) if isinstance(inner, TupleType) else ANY
    made = layer_of(module)
    if made is not None and (row := layer(made.name)) is not None:
        given = reader.from_type(value)
        result = _misfit(row.name, given, ctx) or row.apply(made, [given])
        if isinstance(result, Mismatch):
            fail(_refusal(display(row.name), result, values, path, ctx), result.code, ctx.context, reader.chk)
            return ANY
        return reader.write(result, ANY, None) if result is not UNKNOWN else ANY
    return _forward(module, value, ctx)


def _misfit(name: str, given: Value, ctx: MethodContext) -> Mismatch | None:
    """Why weights do not take an array's dtype."""
    if not isinstance(ctx.context, CallExpr) or not isinstance(given, Array):
        return None
    return weights.refused(name, given, ctx.context.callee, checker(ctx.api))


def _refusal(shown: str, mismatch: Mismatch, values: Sequence[Type], path: tuple[int, ...], ctx: MethodContext) -> str:
    """The message about a layer, at `path` in its container, that refuses the last of the values."""
    arrays = [array_of(value) for value in values]
    given = arrays_in(arrays[-1:])
    if not isinstance(ctx.context, CallExpr):
        return message(f"{shown} in nn.Sequential", mismatch, given)
    callee, chk = ctx.context.callee, checker(ctx.api)
    made = provenance.named(callee, f"{shown} in nn.Sequential", chk, path)
    passing = [provenance.size_of(array, mismatch.axis) == mismatch.found for array in arrays]
    changed = next((index for index in reversed(range(len(passing))) if not passing[index]), -1)
    name = provenance.name_of(callee)
    source = ""
    if 0 <= changed < len(arrays) - 1 and name is not None:
        source = f" from {name}{provenance.indices((*path[:-1], changed))}"
    elif changed < 0 and len(path) == 1 and ctx.context.args:
        source = provenance.producer(ctx.context.args[0], mismatch.axis, mismatch.found, chk)
    return provenance.refusal(made, mismatch, given, got(given), source)


def _forward(module: Instance, value: Type, ctx: MethodContext) -> Type:
    """The type that a user's module gives, by the signature of its `forward`."""
    forward = forward_of(module, ctx)
    if forward is None or not forward.arg_types:
        return ANY
    matching = Matching(checker(ctx.api), forward)
    matching.value_type(forward.arg_names[0] or "x", forward.arg_types[0], value, ctx.context)
    for fault in matching.faults:
        fail(fault.text, fault.code, fault.place, matching.chk)
    return matching.result(forward.ret_type)
