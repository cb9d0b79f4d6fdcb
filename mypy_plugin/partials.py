"""`functools.partial`: the call of one is a call of its function, and jax decorates its own functions with it.

Hooks of the checking phase.
"""

from __future__ import annotations

from collections.abc import Iterator

from mypy.nodes import (
    ARG_OPT,
    ARG_POS,
    CallExpr,
    Context,
    Decorator,
    Expression,
    RefExpr,
)
from mypy.plugin import FunctionContext, MethodContext
from mypy.plugins.functools import partial_call_callback, partial_new_callback
from mypy.semanal import refers_to_fullname
from mypy.types import (
    CallableType,
    ExtraAttrs,
    FunctionLike,
    Instance,
    ProperType,
    Type,
    get_proper_type,
)

from mypy_plugin import branches, lenient, scans, transforms
from mypy_plugin.encode import ANY
from mypy_plugin.loosening import has_array, loosen_signature
from mypy_plugin.matching import Matching
from mypy_plugin.operations import checker, fail, in_library
from mypy_plugin.options import Options
from mypy_plugin.values import Reader

PARTIAL = "functools.partial"
PARTIAL_CALL = f"{PARTIAL}.__call__"
_BOUNDARY = frozenset([
    *transforms.TRANSFORMS, scans.SCAN, *branches.HOOKS, "jax._src.ad_checkpoint.checkpoint", "jax._src.ad_checkpoint.remat",
    *(f"{name}.__call__" for name in transforms.CUSTOM),
])  # fmt: skip
"""Functions of jax that keep their own type under `partial(api_boundary, ...)`."""


def construct(ctx: FunctionContext) -> Type:
    """`partial(f, x, scale=s)`: what it binds is checked here, for no call can mend it."""
    function = transforms.first_of(ctx) if not in_library(ctx.api) else None
    if isinstance(function, CallableType) and any(map(has_array, function.arg_types)) and len(ctx.args) == 3:
        matching = Matching(checker(ctx.api), function)
        for index, expression, actual in _bound(function, ctx):
            name, declared = function.arg_names[index] or str(index + 1), function.arg_types[index]
            matching.argument(name, declared, actual, expression, matching.flexible, Reader(matching.chk))
        for fault in matching.faults[:1]:
            fail(fault.text, fault.code, fault.place, matching.chk)
    return partial_new_callback(ctx)


def _bound(function: CallableType, ctx: FunctionContext) -> Iterator[tuple[int, Expression, Type]]:
    """The parameters that a partial binds, in the order of the signature; nothing after a `*args`."""
    given: dict[int, tuple[Expression, Type]] = {}
    positions = [index for index, kind in enumerate(function.arg_kinds) if kind in (ARG_POS, ARG_OPT)]
    for index, expression, actual, kind in zip(positions, ctx.args[1], ctx.arg_types[1], ctx.arg_kinds[1], strict=False):
        if kind.is_star():
            break
        given[index] = (expression, actual)
    for name, expression, actual in zip(ctx.arg_names[2], ctx.args[2], ctx.arg_types[2], strict=True):
        if name is not None and name in function.arg_names:
            given[function.arg_names.index(name)] = (expression, actual)
    return ((index, *given[index]) for index in sorted(given))


def call_partial(ctx: MethodContext) -> Type:
    """A call of a `functools.partial`: mypy's own, with the shapes of the function that is called.

    jax decorates its functions with `partial(api_boundary, ...)`, after which mypy knows nothing of them: the ones that we
    understand keep their own type.
    """
    function = transforms.first_of(ctx)
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
            if fullname in transforms.IDENTITIES and isinstance(function, FunctionLike):
                return lenient.marked(function, ctx.default_return_type, Reader(checker(ctx.api)).named)
            if fullname in transforms.CUSTOM and isinstance(function, FunctionLike):
                made = get_proper_type(partial_call_callback(ctx))  # has the class's own hook called
                return made if isinstance(made, FunctionLike) else lenient.marked(function, made, Reader(checker(ctx.api)).named)
            if fullname in transforms.OPAQUE:
                return ANY
            if fullname in transforms.TRANSFORMS:
                return transforms.transformed(
                    function, Options(written, ctx), transforms.TRANSFORMS[fullname], ctx.default_return_type
                )
    result = get_proper_type(ctx.default_return_type)
    is_jitted = isinstance(result, Instance) and result.type.fullname == "jax._src.pjit.JitWrapped"
    return (
        lenient.marked(function, result, Reader(checker(ctx.api)).named)
        if is_jitted and isinstance(function, FunctionLike)
        else None
    )


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
