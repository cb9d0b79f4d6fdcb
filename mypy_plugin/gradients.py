"""`grad` and its kin: the result is the gradient, which has the type of the argument that it is for.

Pure functions on signatures, called by `transforms`.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import (
    ARG_OPT,
    ARG_POS,
)
from mypy.types import (
    CallableType,
    Instance,
    TupleType,
    Type,
    get_proper_type,
)

from mypy_plugin.encode import ANY, NamedTypes, array_instance, array_of, array_type, dtype_type, tuple_type
from mypy_plugin.names import GENERIC_ARRAYS
from mypy_plugin.operations import fail
from mypy_plugin.options import Axes, Options, is_readable
from mypy_plugin.values import Reader
from shapecheck.core.dtype import CLASSES, DTypes
from shapecheck.core.shape import from_items
from shapecheck.core.value import Array


def grad(function: CallableType, options: Options, only_floats: bool = True) -> CallableType | None:
    """`jax.grad`: the gradient has the type of the argument it is for."""
    return _derived(function, options, "grad", only_floats, lambda gradient, value: [gradient])


def value_and_grad(function: CallableType, options: Options, only_floats: bool = True) -> CallableType | None:
    """`jax.value_and_grad`: the function's own result, and the gradient."""
    return _derived(function, options, "value_and_grad", only_floats, lambda gradient, value: [value, gradient])


def grad_and_value(function: CallableType, options: Options) -> CallableType | None:
    """`torch.func.grad_and_value`: the gradient comes first."""
    return _derived(function, options, "grad_and_value", True, lambda gradient, value: [gradient, value])


def nnx_grad(function: CallableType, options: Options) -> CallableType | None:
    """`nnx.grad`: as jax's, but the gradient of a module is a state."""
    return _derived(function, options, "grad", True, lambda gradient, value: [_state(gradient)])


def nnx_value_and_grad(function: CallableType, options: Options) -> CallableType | None:
    """`nnx.value_and_grad`: as jax's, but the gradient of a module is a state."""
    return _derived(function, options, "value_and_grad", True, lambda gradient, value: [value, _state(gradient)])


def _state(gradient: Type) -> Type:
    """The gradient of an array, or of several; `Any` for everything else."""
    proper = get_proper_type(gradient)
    if isinstance(proper, TupleType):
        return proper.copy_modified(items=[_state(item) for item in proper.items])
    return gradient if array_of(proper) is not None else ANY


def _derived(
    function: CallableType, options: Options, name: str, only_floats: bool, order: Callable[[Type, Type], list[Type]]
) -> CallableType | None:
    """The function with a gradient in its result; None when the options cannot be read.

    `order` puts the gradient and the value in the result. An auxiliary output goes with the value, or with the gradient alone.
    """
    argnums, has_aux = options.of("argnums", 0), options.flag("has_aux")
    if not is_readable(argnums) or has_aux is None:
        return None
    function = _of_floats(function, options) if only_floats else function
    gradient, value, aux = _of_arguments(function, argnums, options), function.ret_type, list[Type]()
    if has_aux:
        pair = get_proper_type(value)
        value, *aux = pair.items if isinstance(pair, TupleType) and len(pair.items) == 2 else (ANY, ANY)
    array = array_of(value)
    if array is not None and array.shape.min_rank:
        text = f'{name}: "{function.name or "the function"}" returns shape "{array.shape}", gradients are of scalars ("")'
        fail(text, "shape-op", options.place.context, options.chk)
        return None
    named = Reader(options.chk).named
    parts = order(gradient, tuple_type([value, *aux], named) if aux else value)
    if len(parts) == 1:
        parts += aux
    return function.copy_modified(ret_type=tuple_type(parts, named) if len(parts) > 1 else parts[0])


def _of_floats(function: CallableType, options: Options) -> CallableType:
    """The function with floats, or complex numbers, for the arguments that gradients are of: there are none of integers."""
    argnums = options.of("argnums", 0)
    at = argnums if isinstance(argnums, tuple) else (argnums,)
    if options.flag("allow_int") is not False:
        return function
    named = Reader(options.chk).named
    return function.copy_modified(
        arg_types=[_inexact(typ, named) if index in at else typ for index, typ in enumerate(function.arg_types)]
    )


def _inexact(typ: Type, named: NamedTypes) -> Type:
    """An array type with the dtypes of it that have gradients; every other type as it is."""
    proper, array = get_proper_type(typ), array_of(typ)
    if not isinstance(proper, Instance) or proper.type.fullname not in GENERIC_ARRAYS or array is None:
        return typ
    dtypes = DTypes(array.dtype.names & CLASSES["Inexact"].names)
    return proper.copy_modified(args=[dtype_type(dtypes if dtypes.names else CLASSES["Inexact"], named), *proper.args[1:]])


def _of_arguments(function: CallableType, argnums: Axes, options: Options) -> Type:
    match argnums:
        case int() if -len(function.arg_types) <= argnums < len(function.arg_types):
            kind = function.arg_kinds[argnums]
            return function.arg_types[argnums] if kind in (ARG_POS, ARG_OPT) else ANY
        case tuple():
            return tuple_type([_of_arguments(function, one, options) for one in argnums], Reader(options.chk).named)
        case _:
            return ANY


def jacobian(function: CallableType, options: Options) -> CallableType | None:
    """`jax.jacfwd`, `jax.jacrev`: the axes of the result, then those of the argument it is for."""
    return function.copy_modified(ret_type=_derivative(function, options, 1))


def hessian(function: CallableType, options: Options) -> CallableType | None:
    """`jax.hessian`: the axes of the result, then twice those of the argument."""
    return function.copy_modified(ret_type=_derivative(function, options, 2))


def _derivative(function: CallableType, options: Options, order: int) -> Type:
    """The type of one array's derivative by one array; `Any` for more of them."""
    argnums = options.of("argnums", 0)
    if not isinstance(argnums, int) or options.flag("has_aux") is not False:
        return ANY
    value, variable = array_of(function.ret_type), array_of(_of_arguments(function, argnums, options))
    like = array_instance(function.ret_type)
    if value is None or variable is None or like is None or None not in (value.shape.run, variable.shape.run):
        return ANY
    axes = from_items([*value.shape.items, *(order * variable.shape.items)])
    return array_type(like, Array(axes, value.dtype, value.library), Reader(options.chk).named)


def unknown_result(function: CallableType, options: Options) -> CallableType | None:
    """`jax.make_jaxpr`: called as the function, for a result that is no array."""
    return function.copy_modified(ret_type=ANY)
