"""Functions that take a function: what their result's signature is.

Hooks of the checking phase. `jax.jit(f)` and `torch.compile(f)` have `f`'s own type; `jax.vmap(f)` has it with one more axis
in every mapped argument and result, `jax.grad(f)` with the gradient as its result. The answer is a signature with shapes like
any other, which `calls` checks. What we do not understand is `Callable[..., Any]`, never `f`'s own type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.nodes import (
    ARG_OPT,
    ARG_POS,
    ARG_STAR,
    ARG_STAR2,
    CallExpr,
    Context,
    Decorator,
    Expression,
    IntExpr,
    NameExpr,
    RefExpr,
    TupleExpr,
    UnaryExpr,
)
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.plugins.functools import partial_call_callback
from mypy.semanal import refers_to_fullname
from mypy.types import (
    AnyType,
    CallableType,
    ExtraAttrs,
    FunctionLike,
    Instance,
    NoneType,
    ProperType,
    TupleType,
    Type,
    TypeVarType,
    UnionType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin import lenient
from mypy_plugin.annotations import free_variable
from mypy_plugin.binding import bound_variable
from mypy_plugin.encode import ANY, array_instance, array_of, shape_type, tuple_type
from mypy_plugin.layers import signature_of
from mypy_plugin.loosening import loosen_signature
from mypy_plugin.matching import Matching
from mypy_plugin.names import GENERIC_ARRAYS, MODULE, NDARRAY
from mypy_plugin.operations import LIBRARY_MODULES, checker, fail, in_library
from mypy_plugin.values import Reader
from shapecheck.core.shape import ANY_SHAPE

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

IDENTITIES = frozenset([
    "jax._src.api.jit", "jax.jit", "jax._src.ad_checkpoint.checkpoint", "jax.checkpoint", "jax.remat", "torch.compile",
    "equinox._jit.filter_jit", "equinox.filter_jit", "equinox._ad.filter_checkpoint", "torch.jit._script.script",
])  # fmt: skip
"""Transformations whose result is called exactly as their argument is."""

PARTIAL_CALL = "functools.partial.__call__"


def identity(ctx: FunctionContext) -> Type:
    """The type of the function that is transformed."""
    function = _first(ctx)
    if isinstance(function, Instance) and (signature := called(function, ctx)) is not None:
        return function if function.type.has_base(MODULE) else signature
    if not isinstance(function, FunctionLike) or function.is_type_obj():
        return ctx.default_return_type
    return lenient.marked(function, ctx.default_return_type)


def _first(ctx: FunctionContext | MethodContext) -> ProperType | None:
    return get_proper_type(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None


# --- functions with their own derivative ---------------------------------------------------------------------------

CUSTOM = frozenset(["jax._src.custom_derivatives.custom_vjp", "jax._src.custom_derivatives.custom_jvp"])
"""Classes whose instances are called as the function they were made from."""
_FUNCTION = "__shapecheck_function"


def custom(ctx: FunctionContext) -> Type:
    """The type of `jax.custom_vjp(f)`, which remembers `f`'s own."""
    return _with_function(ctx.default_return_type, _first(ctx))


def _with_function(made: Type, function: ProperType | None) -> Type:
    instance = get_proper_type(made)
    if not isinstance(instance, Instance) or not isinstance(function, CallableType):
        return made
    remembering = instance.copy_modified()
    remembering.extra_attrs = ExtraAttrs({_FUNCTION: function}, set(), None)
    return remembering


def custom_signature(ctx: MethodSigContext) -> FunctionLike:
    """The signature of calling it."""
    function = remembered(get_proper_type(ctx.type))
    return lenient.opened(loosen_signature(function, ctx.context)) if function is not None else ctx.default_signature


def remembered(made: ProperType) -> CallableType | None:
    """The function that a `custom_vjp` was made from."""
    extra = made.extra_attrs if isinstance(made, Instance) else None
    function = get_proper_type(extra.attrs[_FUNCTION]) if extra is not None and _FUNCTION in extra.attrs else None
    return function if isinstance(function, CallableType) else None


# --- the options of a transformation -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    """How a transformation was called: its options by name, as they are written."""

    written: dict[str, Expression]
    place: FunctionContext | MethodContext

    @property
    def chk(self) -> TypeChecker:
        return checker(self.place.api)

    def of(self, name: str, default: int | None) -> Axes:
        """An option made of ints, tuples and `None`; `...` when it is anything else."""
        expression = self.written.get(name)
        return _axes(expression) if expression is not None else default

    def flag(self, name: str) -> bool | None:
        """A boolean option; None when it is not a constant."""
        match self.written.get(name):
            case None | NameExpr(fullname="builtins.False"):
                return False
            case NameExpr(fullname="builtins.True"):
                return True
            case _:
                return None


type Axes = int | tuple[Axes, ...] | object | None
_UNREADABLE = object()


def _axes(expression: Expression) -> Axes:
    match expression:
        case IntExpr(value=value):
            return value
        case UnaryExpr(op="-", expr=IntExpr(value=value)):
            return -value
        case NameExpr(fullname="builtins.None"):
            return None
        case TupleExpr(items=items):
            return tuple(map(_axes, items))
        case _:
            return _UNREADABLE


def _is_readable(axes: Axes) -> bool:
    return all(map(_is_readable, axes)) if isinstance(axes, tuple) else axes is None or isinstance(axes, int)


def transform(ctx: FunctionContext, make: Transform) -> Type:
    """The hook of a transformation that is called with the function first."""
    if ctx.callee_arg_names[:1] not in (["fun"], ["f"], ["func"]):
        return ctx.default_return_type  # `filter_vmap(in_axes=...)`, a decorator of its own
    written = {
        name: expressions[0]
        for name, expressions in zip(ctx.callee_arg_names[1:], ctx.args[1:], strict=False)
        if name is not None and len(expressions) == 1
    }
    function = _first(ctx)
    if isinstance(function, Instance) and remembered(function) is None:
        function = signature_of(function, ctx) or function
    return _transformed(function, Options(written, ctx), make, ctx.default_return_type)


type Transform = Callable[[CallableType, Options], Type | None]


def _transformed(function: ProperType | None, options: Options, make: Transform, default: Type) -> Type:
    if function is None or isinstance(function, AnyType):
        return default
    function = remembered(function) or called(function, options.place) or function
    if not isinstance(function, CallableType) or function.is_type_obj() or function.param_spec() is not None:
        return _anything(options.chk)
    made = make(function, options)
    return made if made is not None else _anything(options.chk)


def called(function: ProperType, place: FunctionContext | MethodContext) -> CallableType | None:
    """The signature of calling an object: its `__call__`, or a module's `forward`; None for functions."""
    if not isinstance(function, Instance):
        return None
    name = "forward" if function.type.has_base(MODULE) else "__call__"
    member = function.type.get(name)
    if member is None or member.node is None or member.node.fullname.startswith(LIBRARY_MODULES):
        return None
    found = get_proper_type(checker(place.api).expr_checker.analyze_external_member_access(name, function, place.context))
    return found if isinstance(found, CallableType) else None


def _anything(chk: TypeChecker) -> CallableType:
    """`Callable[..., Any]`."""
    function = chk.named_type("builtins.function")
    return CallableType([ANY, ANY], [ARG_STAR, ARG_STAR2], [None, None], ANY, function, is_ellipsis_args=True)


# --- vmap ----------------------------------------------------------------------------------------------------------


def vmap(function: CallableType, options: Options) -> CallableType | None:
    """`jax.vmap`: mapped arguments and results gain an axis, of one size for all of them."""
    return _over_axes(function, options, options.of("in_axes", 0), options.of("out_axes", 0), by_keyword=0)


def torch_vmap(function: CallableType, options: Options) -> CallableType | None:
    """`torch.vmap`: as jax's, but what is passed by keyword is not mapped."""
    return _over_axes(function, options, options.of("in_dims", 0), options.of("out_dims", 0), by_keyword=None)


def _over_axes(
    function: CallableType, options: Options, inputs: Axes, outputs: Axes, by_keyword: int | None
) -> CallableType | None:
    if not _is_readable(inputs) or not _is_readable(outputs):
        return None
    reader = Reader(options.chk)
    mapped = _mapped_axis(function, reader)
    each = list(_per_argument(function, inputs, by_keyword))
    return function.copy_modified(
        arg_types=[_mapped(typ, axes, mapped, reader) for typ, axes in zip(function.arg_types, each, strict=True)],
        ret_type=_mapped(function.ret_type, outputs, mapped, reader),
        variables=[*function.variables, mapped],
    )


def _mapped_axis(function: CallableType, reader: Reader) -> TypeVarType:
    """The variable of the axis that is mapped over; a second `vmap` has one of its own."""
    taken = {variable.name for variable in function.variables}
    name = next(name for name in ("mapped", *(f"mapped{i}" for i in range(2, 99))) if name not in taken)
    variable = bound_variable(free_variable(name, reader.named), f"{function.name or 'function'}.vmap")
    assert isinstance(variable, TypeVarType)
    return variable


def _per_argument(function: CallableType, axes: Axes, by_keyword: int | None) -> Iterator[Axes]:
    """The axes of each parameter. What can only be passed by keyword has the library's own."""
    for index, kind in enumerate(function.arg_kinds):
        if kind not in (ARG_POS, ARG_OPT, ARG_STAR):
            yield by_keyword
        elif isinstance(axes, tuple):
            yield axes[index] if index < len(axes) and kind != ARG_STAR else _UNREADABLE
        else:
            yield axes


def _mapped(typ: Type, axes: Axes, axis: Type, reader: Reader) -> Type:
    """The type with the mapped axis: of an array, or of every array in a tuple; `Any` for other mapped things."""
    proper = get_proper_type(typ)
    if axes is None or isinstance(proper, NoneType):
        return typ
    match proper, axes:
        case UnionType(items=items), _:
            return UnionType.make_union([_mapped(item, axes, axis, reader) for item in items])
        case TupleType(items=items, partial_fallback=fallback), _ if fallback.type.fullname == "builtins.tuple":
            each = axes if isinstance(axes, tuple) else (axes,) * len(items)
            if len(each) != len(items):
                return ANY
            return proper.copy_modified(items=[_mapped(item, one, axis, reader) for item, one in zip(items, each, strict=True)])
        case Instance(), int() as position if _is_array(proper):
            return with_axis(proper, position, axis, reader)
        case Instance(type=info, args=args), int() if info.fullname in ("builtins.list", "builtins.dict", "builtins.tuple"):
            return proper.copy_modified(args=[*args[:-1], _mapped(args[-1], axes, axis, reader)])
        case _:
            return ANY


def _is_array(instance: Instance) -> bool:
    return instance.type.fullname in GENERIC_ARRAYS or instance.type.fullname == NDARRAY


def with_axis(array: Instance, position: int, axis: Type, reader: Reader) -> Instance:
    """The array type with one more axis at a position; its shape is unknown when that is inside a run or outside."""
    index = 0 if array.type.fullname == NDARRAY else 1
    shape = get_proper_type(array.args[index])
    items = _inserted(shape.items if isinstance(shape, TupleType) else [UnpackType(shape)], position, axis)
    args = list(array.args)
    args[index] = tuple_type(items, reader.named) if items is not None else shape_type(ANY_SHAPE, reader.named)
    return array.copy_modified(args=args)


def _inserted(items: Sequence[Type], position: int, axis: Type) -> list[Type] | None:
    index = position if position >= 0 else len(items) + 1 + position
    if not 0 <= index <= len(items):
        return None
    crossed = items[:index] if position >= 0 else items[index:]
    return None if any(isinstance(item, UnpackType) for item in crossed) else [*items[:index], axis, *items[index:]]


# --- grad ----------------------------------------------------------------------------------------------------------


def grad(function: CallableType, options: Options) -> CallableType | None:
    """`jax.grad`: the gradient has the type of the argument it is for."""
    parts = _gradient(function, options, "grad")
    if parts is None:
        return None
    gradient, _, aux = parts
    return function.copy_modified(ret_type=gradient if aux is None else tuple_type([gradient, aux], Reader(options.chk).named))


def value_and_grad(function: CallableType, options: Options) -> CallableType | None:
    """`jax.value_and_grad`: the function's own result, and the gradient."""
    parts = _gradient(function, options, "value_and_grad")
    if parts is None:
        return None
    named = Reader(options.chk).named
    gradient, value, aux = parts
    whole = value if aux is None else tuple_type([value, aux], named)
    return function.copy_modified(ret_type=tuple_type([whole, gradient], named))


def grad_and_value(function: CallableType, options: Options) -> CallableType | None:
    """`torch.func.grad_and_value`: the gradient comes first."""
    parts = _gradient(function, options, "grad_and_value")
    if parts is None:
        return None
    named = Reader(options.chk).named
    gradient, value, aux = parts
    whole = value if aux is None else tuple_type([value, aux], named)
    return function.copy_modified(ret_type=tuple_type([gradient, whole], named))


def _gradient(function: CallableType, options: Options, name: str) -> tuple[Type, Type, Type | None] | None:
    """Gradient, value and auxiliary output; None when the options cannot be read."""
    argnums, has_aux = options.of("argnums", 0), options.flag("has_aux")
    if not _is_readable(argnums) or has_aux is None:
        return None
    gradient = _of_arguments(function, argnums, options)
    value, aux = function.ret_type, None
    if has_aux:
        pair = get_proper_type(value)
        value, aux = pair.items if isinstance(pair, TupleType) and len(pair.items) == 2 else (ANY, ANY)
    array = array_of(value)
    if array is not None and array.shape.min_rank:
        text = f'{name}: "{function.name or "the function"}" returns shape "{array.shape}", gradients are of scalars ("")'
        fail(text, "shape-op", options.place.context, options.chk)
        return None
    return gradient, value, aux


def _of_arguments(function: CallableType, argnums: Axes, options: Options) -> Type:
    match argnums:
        case int() if -len(function.arg_types) <= argnums < len(function.arg_types):
            kind = function.arg_kinds[argnums]
            return function.arg_types[argnums] if kind in (ARG_POS, ARG_OPT) else ANY
        case tuple():
            return tuple_type([_of_arguments(function, one, options) for one in argnums], Reader(options.chk).named)
        case _:
            return ANY


TRANSFORMS: dict[str, Transform] = {
    "jax._src.api.vmap": vmap,
    "jax._src.api.grad": grad,
    "jax._src.api.value_and_grad": value_and_grad,
    "torch._functorch.apis.vmap": torch_vmap,
    "torch._functorch.apis.grad": grad,
    "torch._functorch.apis.grad_and_value": grad_and_value,
    "equinox._vmap_pmap.filter_vmap": vmap,
    "equinox._ad.filter_grad": grad,
    "equinox._ad.filter_value_and_grad": value_and_grad,
}


# --- scan ----------------------------------------------------------------------------------------------------------

SCAN = "jax._src.lax.control_flow.loops.scan"


def accept_scan(ctx: FunctionSigContext) -> FunctionLike:
    """`scan` without its own idea of the carry's type: shapes change between the function's view and the caller's."""
    return ctx.default_signature.copy_modified(
        arg_types=[ANY if i < 3 else typ for i, typ in enumerate(ctx.default_signature.arg_types)],
        ret_type=tuple_type([ANY, ANY], Reader(checker(ctx.api)).named),
        variables=[],
    )


def scan(ctx: FunctionContext) -> Type:
    """`jax.lax.scan(f, init, xs)`: the carry keeps its type, results are stacked along the axis that `xs` loses."""
    function = _first(ctx)
    if not isinstance(function, CallableType) or len(function.arg_types) < 2 or len(ctx.arg_types) < 3 or not ctx.arg_types[1]:
        return ctx.default_return_type
    reader = Reader(checker(ctx.api))
    init, xs = ctx.arg_types[1][0], get_proper_type(ctx.arg_types[2][0]) if ctx.arg_types[2] else NoneType()
    matching = Matching(reader.chk, function)
    length, item = unstacked(xs, reader)
    for name, declared, actual in zip(("carry", "x"), function.arg_types[:2], (init, item), strict=True):
        mismatch = matching.match(declared, actual, None, matching.flexible)
        if mismatch is not None:
            fail(
                f'jax.lax.scan: the {name} does not fit "{function.name or "the function"}": {mismatch.reason}',
                "shape-op",
                ctx.context,
                reader.chk,
            )
            return ctx.default_return_type
    result = get_proper_type(matching.result(function.ret_type))
    if not isinstance(result, TupleType) or len(result.items) != 2:
        return ctx.default_return_type
    carry, output = result.items
    if (mismatch := matching.match(init, carry, None, frozenset())) is not None:
        fail(f"jax.lax.scan: the carry changes its type: {mismatch.reason}", "shape-op", ctx.context, reader.chk)
        return ctx.default_return_type
    stacked = _mapped(output, 0, length, reader)
    return tuple_type([carry, stacked], reader.named)


def unstacked(xs: ProperType, reader: Reader) -> tuple[Type, Type]:
    """The length of the scanned arrays, and the type of one item."""
    unknown = reader.named("builtins.int", [])
    instance = array_instance(xs)
    if instance is None or not _is_array(instance):
        return unknown, NoneType() if isinstance(xs, NoneType) else ANY
    index = 0 if instance.type.fullname == NDARRAY else 1
    shape, args = get_proper_type(instance.args[index]), list(instance.args)
    if not isinstance(shape, TupleType) or not shape.items or isinstance(shape.items[0], UnpackType):
        args[index] = shape_type(ANY_SHAPE, reader.named)
        return unknown, instance.copy_modified(args=args)
    args[index] = tuple_type(shape.items[1:], reader.named)
    return shape.items[0], instance.copy_modified(args=args)


def mapped_result(result: Type, length: Type, reader: Reader) -> Type:
    """Results of one item, stacked along a new first axis."""
    return _mapped(result, 0, length, reader)


# --- partial -------------------------------------------------------------------------------------------------------

_BOUNDARY = frozenset([*TRANSFORMS, SCAN, "jax._src.ad_checkpoint.checkpoint", *(f"{name}.__call__" for name in CUSTOM)])


def call_partial(ctx: MethodContext) -> Type:
    """A call of a `functools.partial`: mypy's own, with the shapes of the function that is called.

    jax decorates its functions with `partial(api_boundary, ...)`, after which mypy knows nothing of them: the ones that we
    understand keep their own type.
    """
    function = _first(ctx)
    if in_library(ctx.api):
        known = (
            isinstance(function, CallableType) and function.definition is not None and function.definition.fullname in _BOUNDARY
        )
        return function if known and function is not None else partial_call_callback(ctx)
    if (made := _decorated(ctx, function)) is not None:
        return made
    return partial_call_callback(_with_shapes(ctx))


def _decorated(ctx: MethodContext, function: ProperType | None) -> Type | None:
    """`@partial(jax.jit, static_argnums=1)`, `@partial(jax.vmap, in_axes=(None, 0))`."""
    match _written_partial(ctx.context):
        case CallExpr(
            callee=RefExpr(fullname="functools.partial"), args=[RefExpr(fullname=fullname), *rest], arg_names=[_, *names]
        ):
            written = {name: expression for name, expression in zip(names, rest, strict=True) if name is not None}
            if fullname in IDENTITIES and isinstance(function, FunctionLike):
                return lenient.marked(function, ctx.default_return_type)
            if fullname in CUSTOM:
                return _with_function(partial_call_callback(ctx), function)
            if fullname in TRANSFORMS:
                return _transformed(function, Options(written, ctx), TRANSFORMS[fullname], ctx.default_return_type)
    result = get_proper_type(ctx.default_return_type)
    is_jitted = isinstance(result, Instance) and result.type.fullname == "jax._src.pjit.JitWrapped"
    return lenient.marked(function, result) if is_jitted and isinstance(function, FunctionLike) else None


def _written_partial(place: Context) -> Context | None:
    """The `partial(...)` that is called, where it is written at the call."""
    match place:
        case CallExpr(callee=CallExpr() as callee):
            return callee
        case Decorator(original_decorators=decorators):
            partials = [
                one for one in decorators if isinstance(one, CallExpr) and refers_to_fullname(one.callee, "functools.partial")
            ]
            return partials[0] if len(partials) == 1 else None
        case _:
            return None


_PARTIAL = "__mypy_partial"


def _with_shapes(ctx: MethodContext) -> MethodContext:
    """The context with the shapes of the partial's signature remembered for the check of this call."""
    partial = get_proper_type(ctx.type)
    extra = partial.extra_attrs if isinstance(partial, Instance) else None
    signature = get_proper_type(extra.attrs[_PARTIAL]) if extra is not None and _PARTIAL in extra.attrs else None
    if not isinstance(partial, Instance) or extra is None or not isinstance(signature, CallableType):
        return ctx
    changed = partial.copy_modified()
    changed.extra_attrs = ExtraAttrs(
        {**extra.attrs, _PARTIAL: loosen_signature(signature, ctx.context)}, extra.immutable, extra.mod_name
    )
    return ctx._replace(type=changed)
