"""Layers: what a constructor was given is kept in the layer's type, and read when the layer is called.

Hooks of the checking phase. `nn.Linear(784, 128)` gets the type `Linear[Literal[784], Literal[128], ...]`. A module without
a rule has, when called, the signature of its `forward`, as `nn.Module.__call__` does at run time.
"""

from __future__ import annotations

from mypy.nodes import CallExpr, RefExpr
from mypy.plugin import FunctionContext, MethodContext, MethodSigContext
from mypy.types import CallableType, FunctionLike, Instance, Overloaded, Type, get_proper_type

from mypy_plugin import lenient, provenance, weights
from mypy_plugin.calls import settle_call
from mypy_plugin.encode import array_of, array_type
from mypy_plugin.loosening import loosen_signature
from mypy_plugin.names import MODULE, function_rule, layer_rule
from mypy_plugin.operations import apply_call, arrays_in, checker, conclude_with, display, fail, got
from mypy_plugin.values import Reader, split_arguments
from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import CLASSES, accepts
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Array, LayerValue, Library
from shapecheck.rules import layer


def construct(ctx: FunctionContext) -> Type:
    """The type of a layer's constructor call."""
    made = get_proper_type(ctx.default_return_type)
    if not isinstance(made, Instance) or not isinstance(ctx.context, CallExpr):
        return ctx.default_return_type
    name = layer_rule(made.type.fullname)
    row = layer(name) if name is not None else None
    reader = Reader(checker(ctx.api))
    call = ctx.context
    arguments = split_arguments(call.args, call.arg_kinds, call.arg_names, reader)
    if row is None or arguments is None or len(made.args) != len(row.fields):
        return ctx.default_return_type
    built = row.construct(*arguments)
    if isinstance(built, Mismatch):
        fail(f"{display(row.name)}: {built.reason}", built.code, ctx.context, reader.chk)
    if not isinstance(built, LayerValue):
        return ctx.default_return_type
    return made.copy_modified(args=[reader.field_type(built.fields[field]) for field in row.fields])


def parameter(ctx: FunctionContext) -> Type:
    """The type of `nn.Parameter(data)` or `nn.Buffer(data)`: the shape of the data.

    Modules are moved to another floating-point dtype as a whole (`.half()`), so which one it is does not stay known.
    """
    made = get_proper_type(ctx.default_return_type)
    array = array_of(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None
    if array is None or not isinstance(made, Instance) or len(made.args) != 2:
        return ctx.default_return_type
    if accepts(CLASSES["Float"], array.dtype) is Verdict.EQUAL:
        array = array.with_dtype(CLASSES["Float"])
    return array_type(made, array, Reader(checker(ctx.api)).named)


def signature(ctx: MethodSigContext) -> FunctionLike:
    """The signature of calling a module: its `forward`'s, shapes taken out."""
    instance = get_proper_type(ctx.type)
    if not isinstance(instance, Instance) or not is_module(instance) or layer_of(instance) is not None:
        return loosen_signature(ctx.default_signature, ctx.context)
    forward = forward_of(instance, ctx)
    if forward is None:
        return loosen_signature(ctx.default_signature, ctx.context)
    return lenient.opened(loosen_signature(forward, ctx.context), ctx.context)


def forward_of(instance: Instance, ctx: MethodSigContext | MethodContext) -> CallableType | None:
    """The bound `forward` of a module, None when it is overloaded or not typed, or a `__call__` of the user's calls it."""
    method, called = instance.type.get("forward"), instance.type.get("__call__")
    if method is None or method.node is None or method.node.fullname.startswith("torch."):
        return None
    if called is not None and called.node is not None and not called.node.fullname.startswith("torch."):
        return None
    chk = checker(ctx.api)
    found = get_proper_type(chk.expr_checker.analyze_external_member_access("forward", instance, ctx.context))
    return found if isinstance(found, CallableType) and not found.implicit else None


def call(ctx: MethodContext) -> Type:
    """The type of calling a module, a layer, or a library's function object such as `np.matmul`."""
    instance = get_proper_type(ctx.type)
    if isinstance(ctx.context, CallExpr) and isinstance(ctx.context.callee, RefExpr):
        name = function_rule(ctx.context.callee.fullname or "")
        if name is not None:
            return apply_call(name, [], ctx.context, ctx)
    if not isinstance(instance, Instance) or not isinstance(ctx.context, CallExpr):
        return ctx.default_return_type
    value = layer_of(instance)
    if value is None:
        return lenient.certain(settle_call(ctx)) if is_module(instance) else settle_call(ctx)
    reader = Reader(checker(ctx.api))
    arguments = split_arguments(ctx.context.args, ctx.context.arg_kinds, ctx.context.arg_names, reader)
    row = layer(value.name)
    if row is None or arguments is None:
        return ctx.default_return_type
    positional, keywords = arguments
    given = [*positional, *keywords.values()]
    place = ctx.context

    def words(mismatch: Mismatch) -> str:
        made = provenance.named(place.callee, display(row.name), reader.chk)
        source = provenance.producer(place.args[0], mismatch.axis, mismatch.found, reader.chk) if place.args else ""
        return provenance.refusal(made, mismatch, arrays_in(given), got(given), source)

    first = next(iter(arrays_in(given)), None)
    refused = weights.refused(row.name, first, place.callee, reader.chk)
    return conclude_with(refused or row.apply(value, positional, keywords), words, ctx, reader)


def signature_of(instance: Instance, ctx: FunctionContext | MethodContext) -> CallableType | None:
    """What an object is called with and answers, None when it is no callable: a layer answers what its sizes say."""
    chk = checker(ctx.api)
    if "__call__" not in {name for base in instance.type.mro for name in base.names}:
        return None
    found = get_proper_type(chk.expr_checker.analyze_external_member_access("__call__", instance, ctx.context))
    value = layer_of(instance)
    row = layer(value.name) if value is not None else None
    if isinstance(found, Overloaded) and value is not None:
        found = found.items[0]  # equinox's norms: without their old state
    if not isinstance(found, CallableType) or value is None or row is None:
        return found if isinstance(found, CallableType) else None
    reader = Reader(chk)
    unknown = [Array(library=Library.JAX) for each in row.call.listed if each.required]
    result = row.apply(value, unknown)
    return found if isinstance(result, Mismatch) else found.copy_modified(ret_type=reader.write(result, found.ret_type, None))


def layer_of(instance: Instance) -> LayerValue | None:
    """The layer that an instance is: of a class in the tables, or of a subclass that keeps its `forward`."""
    for base in instance.type.mro:
        if not _CALLS.isdisjoint(base.names) and layer_rule(base.fullname) is None:
            return None
        if layer_rule(base.fullname) is not None:
            if base is not instance.type:
                return None
            value = Reader.layer(_STATELESS, instance)
            return value if isinstance(value, LayerValue) else None
    return None


_CALLS = frozenset(["forward", "__call__"])
"""The methods that say what calling a layer does."""

_STATELESS = Reader(None)  # type: ignore[arg-type]  # reading a layer's own parameters asks no checker


def is_module(instance: Instance) -> bool:
    """Whether the object is an `nn.Module`."""
    return instance.type.has_base(MODULE)
