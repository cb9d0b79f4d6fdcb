"""Decorators that the user writes without types, and functions that make them: what they keep of the function they decorate.

To plain mypy what they return is `Any` or `Callable[..., Any]`. Where their source says that the wrapper hands on its
arguments, and maybe its result, calls are checked as those of that function. Called by the plugin for calls of users' functions.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import FuncDef, SymbolNode
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import AnyType, CallableType, ProperType, Type, get_proper_type

from mypy_plugin import calls, lenient, wrappers
from mypy_plugin.encode import ANY
from mypy_plugin.operations import checker
from mypy_plugin.options import anything
from mypy_plugin.transforms import factory, first_of
from mypy_plugin.values import Reader
from mypy_plugin.wrappers import Kept


def settle(ctx: FunctionContext, find: Callable[[], SymbolNode | None]) -> Type:
    """The type of a call of a user's function: of the decorated function, if it is such a decorator; `find` looks it up."""
    made = get_proper_type(ctx.default_return_type)
    if _says_nothing(made) and (node := find()) is not None and isinstance(node, FuncDef):
        decorating = _read(node, ctx)
        function = first_of(ctx)
        if decorating.direct is not None and isinstance(function, CallableType) and not function.is_type_obj():
            return _decorated(function, decorating.direct, ctx)
        if (kept := decorating.factory) is not None:
            options_alone = made if isinstance(made, CallableType) else anything(checker(ctx.api))
            return factory(ctx, options_alone, lambda function, options: _decorated(function, kept, options.place), {})
    return calls.settle_call(ctx)


def _says_nothing(made: ProperType) -> bool:
    """Whether a type is `Any`, `Callable[..., Any]`, or a function that returns such."""
    if not isinstance(made, CallableType) or made.is_ellipsis_args:
        return isinstance(made, AnyType | CallableType)
    return not made.variables and _says_nothing(get_proper_type(made.ret_type))


def _read(node: FuncDef, ctx: FunctionContext) -> wrappers.Decorating:
    module = checker(ctx.api).modules.get(node.fullname.rpartition(".")[0])
    return wrappers.read(module.path, node.name) if module is not None else wrappers.Decorating()


def _decorated(function: CallableType, kept: Kept, ctx: FunctionContext | MethodContext) -> CallableType:
    """The decorated function, as what a decorator without types returns."""
    decorated = lenient.decorated(function, Reader(checker(ctx.api)).named)
    return decorated if kept is Kept.ALL else decorated.copy_modified(ret_type=ANY)
