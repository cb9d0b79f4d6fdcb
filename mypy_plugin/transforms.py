"""Functions that take a function: what their result's signature is.

Hooks of the checking phase. `jax.jit(f)` and `torch.compile(f)` have `f`'s own type; `jax.vmap(f)` has it with one more axis
in every mapped argument and result, `jax.grad(f)` with the gradient as its result. The answer is a signature with shapes like
any other, which `calls` checks. What we do not understand is `Callable[..., Any]`, never `f`'s own type.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mypy.nodes import (
    Expression,
)
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    ProperType,
    Type,
    TypeVarType,
    get_proper_type,
)

from mypy_plugin import lambdas, lenient
from mypy_plugin.encode import ANY
from mypy_plugin.gradients import (
    grad,
    grad_and_value,
    hessian,
    jacobian,
    nnx_grad,
    nnx_value_and_grad,
    unknown_result,
    value_and_grad,
)
from mypy_plugin.layers import signature_of
from mypy_plugin.names import MODULE
from mypy_plugin.operations import LIBRARY_MODULES, checker
from mypy_plugin.options import Options, Transform, anything
from mypy_plugin.values import Reader
from mypy_plugin.vmaps import torch_unmapped, torch_vmap, unmapped, vmap
from mypy_plugin.waiting import Waiting

IDENTITIES = frozenset([
    "jax._src.api.jit", "jax.jit", "jax._src.ad_checkpoint.checkpoint", "jax.checkpoint", "jax._src.ad_checkpoint.remat", "jax.remat",
    "jax._src.api.named_call", "equinox._jit.filter_jit", "equinox.filter_jit", "equinox._ad.filter_checkpoint",
    "torch.compile", "torch.jit._script.script", "torch.compiler.disable", "torch._jit_internal.ignore", "torch._jit_internal.unused",
    "torch._jit_internal.export", "torch.amp.autocast_mode.autocast.__call__",
    "flax.nnx.transforms.compilation.jit", "flax.nnx.transforms.autodiff.remat",
])  # fmt: skip
"""Transformations whose result is called exactly as their argument is."""


def identity(ctx: FunctionContext | MethodContext) -> Type:
    """The type of the function that is transformed."""
    if (made := _made_by_options(ctx)) is not None:
        result = made.ret_type
        return factory(ctx, made, lambda function, options: lenient.marked(function, result, Reader(options.chk).named), {})
    function = first_of(ctx)
    if isinstance(function, Instance) and (signature := called(function, ctx)) is not None:
        return function if function.type.has_base(MODULE) else signature
    if not isinstance(function, FunctionLike) or function.is_type_obj():
        return ctx.default_return_type
    marked = lenient.marked(function, ctx.default_return_type, Reader(checker(ctx.api)).named)
    return lambdas.keep(marked, ctx, lambda f, _: f, {}, as_given) if isinstance(marked, CallableType) else marked


def as_given(arguments: Sequence[Type], options: Options) -> list[Type] | None:
    """The arguments of a function that gets what the transformed one is called with."""
    return list(arguments)


def _made_by_options(ctx: FunctionContext | MethodContext) -> CallableType | None:
    """What `nnx.jit(static_argnames="k")` and `lru_cache(maxsize=None)` return, called with options alone."""
    made = get_proper_type(ctx.default_return_type)
    if not isinstance(made, CallableType) or not isinstance(get_proper_type(made.ret_type), Instance):
        return None
    return made if not ctx.args[0] or ctx.callee_arg_names[0] not in (None, *_FIRST) else None


def first_of(ctx: FunctionContext | MethodContext) -> ProperType | None:
    """The function that is transformed."""
    return get_proper_type(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None


OPAQUE = frozenset([
    "jax._src.shard_map.shard_map", "flax.nnx.transforms.compilation.shard_map", "flax.nnx.transforms.iteration.scan",
    "flax.linen.transforms.vmap", "flax.linen.transforms.scan", "flax.linen.transforms.remat_scan",
])  # fmt: skip
"""Transformations that are typed as if the result were called as the argument is, and whose shapes we do not follow."""


def opaque(ctx: FunctionContext) -> Type:
    """`Any`, or what makes it of a function."""
    made = get_proper_type(ctx.default_return_type)
    if isinstance(made, CallableType) and isinstance(get_proper_type(made.ret_type), TypeVarType):  # options alone
        return made.copy_modified(ret_type=ANY)
    return ANY


# --- objects that are called as a function ------------------------------------------------------------------------

CUSTOM = frozenset(["jax._src.custom_derivatives.custom_vjp", "jax._src.custom_derivatives.custom_jvp"])
"""Classes whose instances are called as the function they were made from."""
CACHES = frozenset(["functools.cache", "functools.lru_cache"])
"""Those of Python, likewise."""


# --- transformations with options ----------------------------------------------------------------------------------

FACTORY = "shapecheck.transformation "
_factories = Waiting[tuple[Transform, dict[str, Expression]]](FACTORY)


def factory(ctx: FunctionContext | MethodContext, made: Type, make: Transform, written: dict[str, Expression]) -> Type:
    """The type of `filter_vmap(in_axes=1)`, which is called with the function: its name says where the options wait.

    `made` is what mypy takes it for.
    """
    made = get_proper_type(made)
    if not isinstance(made, CallableType):
        return made
    return made.copy_modified(name=_factories.leave(ctx.context, (make, written)))


def produce(ctx: FunctionContext, name: str) -> Type:
    """The type of calling what `factory` made."""
    known = _factories.get(name)
    if known is None:
        return ctx.default_return_type
    make, written = known
    return transformed(first_of(ctx), Options(written, ctx), make, ctx.default_return_type)


def transform(ctx: FunctionContext, make: Transform) -> Type:
    """The hook of a transformation that is called with the function first, or with options alone."""
    written = {
        name: expressions[0]
        for name, expressions in zip(ctx.callee_arg_names, ctx.args, strict=False)
        if name is not None and len(expressions) == 1
    }
    if not _FIRST & written.keys():
        return factory(ctx, ctx.default_return_type, make, written)
    if ctx.callee_arg_names[0] not in _FIRST:
        return ctx.default_return_type
    function = first_of(ctx)
    if isinstance(function, Instance):
        function = signature_of(function, ctx) or function
    made = transformed(function, Options(written, ctx), make, ctx.default_return_type)
    return lambdas.keep(made, ctx, make, written, UNMAPPED.get(make, as_given)) if isinstance(made, CallableType) else made


_FIRST = frozenset(["fun", "f", "func"])
"""What libraries call the function that they transform."""


def transformed(function: ProperType | None, options: Options, make: Transform, default: Type) -> Type:
    """The type of a transformed function; `Callable[..., Any]` when the transformation cannot be followed."""
    if function is None or isinstance(function, AnyType):
        return default
    function = called(function, options.place) or function
    if not isinstance(function, CallableType) or function.is_type_obj() or function.param_spec() is not None:
        return anything(options.chk)
    made = make(function, options)
    if made is None:
        return anything(options.chk)
    if isinstance(made, CallableType) and _takes_anything(default):
        return lenient.decorated(made, Reader(options.chk).named)
    return made


def _takes_anything(made: Type) -> bool:
    """Whether plain mypy lets what a transformation returned be called with anything."""
    proper = get_proper_type(made)
    return isinstance(proper, AnyType) or (isinstance(proper, CallableType) and proper.is_ellipsis_args)


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


UNMAPPED: dict[Transform, lambdas.Unmap] = {vmap: unmapped, torch_vmap: torch_unmapped}
"""What the function gets of the arguments, for those transformations that change them."""
TRANSFORMS: dict[str, Transform] = {
    "jax._src.api.vmap": vmap,
    "jax._src.api.grad": grad,
    "jax._src.api.value_and_grad": value_and_grad,
    "jax._src.api.jacfwd": jacobian,
    "jax._src.api.jacrev": jacobian,
    "jax._src.api.hessian": hessian,
    "jax._src.api.make_jaxpr": unknown_result,
    "jax._src.pmap.pmap": vmap,
    "flax.nnx.transforms.iteration.vmap": vmap,
    "flax.nnx.transforms.iteration.pmap": vmap,
    "flax.nnx.transforms.autodiff.grad": nnx_grad,
    "flax.nnx.transforms.autodiff.value_and_grad": nnx_value_and_grad,
    "torch._functorch.apis.vmap": torch_vmap,
    "torch._functorch.apis.grad": grad,
    "torch._functorch.apis.grad_and_value": grad_and_value,
    "torch._functorch.eager_transforms.jacrev": jacobian,
    "torch._functorch.eager_transforms.jacfwd": jacobian,
    "torch._functorch.eager_transforms.hessian": hessian,
    "equinox._vmap_pmap.filter_vmap": vmap,
    "equinox._ad.filter_grad": partial(grad, only_floats=False),
    "equinox._ad.filter_value_and_grad": partial(value_and_grad, only_floats=False),
}
