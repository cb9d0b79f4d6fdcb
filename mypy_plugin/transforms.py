"""Functions that take a function: what their result's signature is.

Hooks of the checking phase. `jax.jit(f)` and `torch.compile(f)` have `f`'s own type; their stubs say less.
"""

from __future__ import annotations

from mypy.plugin import FunctionContext
from mypy.types import FunctionLike, Type, get_proper_type

IDENTITIES = frozenset([
    "jax._src.api.jit", "jax.jit", "jax._src.ad_checkpoint.checkpoint", "jax.checkpoint", "jax.remat", "torch.compile",
    "equinox._jit.filter_jit", "equinox.filter_jit", "equinox._ad.filter_checkpoint", "torch.jit._script.script",
])  # fmt: skip
"""Transformations whose result is called exactly as their argument is."""


def identity(ctx: FunctionContext) -> Type:
    """The type of the function that is transformed."""
    if not ctx.arg_types or not ctx.arg_types[0]:
        return ctx.default_return_type
    function = get_proper_type(ctx.arg_types[0][0])
    return function if isinstance(function, FunctionLike) and not function.is_type_obj() else ctx.default_return_type
