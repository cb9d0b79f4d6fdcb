"""`vmap`: every mapped argument and result gains an axis, and all mapped axes have one size.

Pure functions on signatures, called by `transforms`, and by `scans` for what is stacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mypy.nodes import (
    ARG_OPT,
    ARG_POS,
    ARG_STAR,
)
from mypy.types import (
    CallableType,
    Instance,
    NoneType,
    TupleType,
    Type,
    TypeVarType,
    UnionType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin.annotations import free_variable
from mypy_plugin.binding import bound_variable
from mypy_plugin.encode import ANY, array_instance, array_of, shape_type, tuple_type
from mypy_plugin.names import NDARRAY, SHAPED_CLASSES
from mypy_plugin.operations import fail
from mypy_plugin.options import UNREADABLE, Axes, Options, is_readable
from mypy_plugin.values import Reader
from shapecheck.core.shape import ANY_SHAPE


def vmap(function: CallableType, options: Options) -> CallableType | None:
    """`jax.vmap`: mapped arguments and results gain an axis, of one size for all of them."""
    return _over_axes(function, options, options.of("in_axes", 0), options.of("out_axes", 0), by_keyword=0)


def torch_vmap(function: CallableType, options: Options) -> CallableType | None:
    """`torch.vmap`: as jax's, but what is passed by keyword is not mapped."""
    return _over_axes(function, options, options.of("in_dims", 0), options.of("out_dims", 0), by_keyword=None)


def unmapped(arguments: Sequence[Type], options: Options) -> list[Type] | None:
    """What a function under `jax.vmap` gets of the arguments that the result is called with."""
    return _without_axes(arguments, options.of("in_axes", 0), options)


def torch_unmapped(arguments: Sequence[Type], options: Options) -> list[Type] | None:
    """The same for `torch.vmap`."""
    return _without_axes(arguments, options.of("in_dims", 0), options)


def _without_axes(arguments: Sequence[Type], axes: Axes, options: Options) -> list[Type] | None:
    each = axes if isinstance(axes, tuple) else (axes,) * len(arguments)
    if not is_readable(axes) or len(each) != len(arguments):
        return None
    reader = Reader(options.chk)
    return [_without_axis(typ, axis, reader) for typ, axis in zip(arguments, each, strict=True)]


def _without_axis(typ: Type, axis: Axes, reader: Reader) -> Type:
    if axis is None:
        return typ
    proper = get_proper_type(typ)
    if isinstance(proper, TupleType) and proper.partial_fallback.type.fullname == "builtins.tuple":
        each = axis if isinstance(axis, tuple) else (axis,) * len(proper.items)
        if len(each) != len(proper.items):
            return ANY
        return proper.copy_modified(
            items=[_without_axis(item, one, reader) for item, one in zip(proper.items, each, strict=True)]
        )
    return item_along(typ, axis, reader)[1] if isinstance(axis, int) else ANY


def item_along(typ: Type, position: int, reader: Reader) -> tuple[Type, Type]:
    """The size of an array's axis and the type of what is along it; `int` and `Any` of anything else."""
    unknown = reader.named("builtins.int", [])
    instance = array_instance(typ)
    if instance is None or not is_array(instance):
        return unknown, ANY
    index = 0 if instance.type.fullname == NDARRAY else 1
    args, shape = list(instance.args), get_proper_type(instance.args[index])
    items = shape.items if isinstance(shape, TupleType) else ()
    place = position if position >= 0 else len(items) + position
    crossed = items[: place + 1] if position >= 0 else items[max(place, 0) :]
    if not 0 <= place < len(items) or any(isinstance(item, UnpackType) for item in crossed):
        args[index] = shape_type(ANY_SHAPE, reader.named)
        return unknown, instance.copy_modified(args=args)
    args[index] = tuple_type([*items[:place], *items[place + 1 :]], reader.named)
    return items[place], instance.copy_modified(args=args)


def _over_axes(
    function: CallableType, options: Options, inputs: Axes, outputs: Axes, by_keyword: int | None
) -> CallableType | None:
    if not is_readable(inputs) or not is_readable(outputs):
        return None
    reader = Reader(options.chk)
    axis = _mapped_axis(function, reader)
    each = list(_per_argument(function, inputs, by_keyword))
    if (outside := next(_outside(function, each, outputs), None)) is not None:
        fail(f"vmap: {outside}", "shape-rank", options.place.context, options.chk)
        return None
    return function.copy_modified(
        arg_types=[mapped(typ, axes, axis, reader) for typ, axes in zip(function.arg_types, each, strict=True)],
        ret_type=mapped(function.ret_type, outputs, axis, reader),
        variables=[*function.variables, axis],
    )


def _outside(function: CallableType, inputs: Sequence[Axes], outputs: Axes) -> Iterator[str]:
    """What is wrong with axes that no array of the declared rank has, the mapped axis counted."""
    names = [f'"{name}"' if name else "an argument" for name in function.arg_names]
    for what, typ, axis in zip([*names, "the result"], [*function.arg_types, function.ret_type], [*inputs, outputs], strict=True):
        array = array_of(typ)
        rank = array.shape.rank if array is not None else None
        if isinstance(axis, int) and rank is not None and not -rank - 1 <= axis <= rank:
            yield f"{what} has no axis {axis}: one of {array} has {rank + 1} with the mapped one"


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
            yield axes[index] if index < len(axes) and kind != ARG_STAR else UNREADABLE
        else:
            yield axes


def mapped(typ: Type, axes: Axes, axis: Type, reader: Reader) -> Type:
    """The type with the mapped axis: of an array, or of every array in a tuple; `Any` for other mapped things."""
    proper = get_proper_type(typ)
    if axes is None or isinstance(proper, NoneType):
        return typ
    match proper, axes:
        case UnionType(items=items), _:
            return UnionType.make_union([mapped(item, axes, axis, reader) for item in items])
        case TupleType(items=items, partial_fallback=fallback), _ if fallback.type.fullname == "builtins.tuple":
            each = axes if isinstance(axes, tuple) else (axes,) * len(items)
            if len(each) != len(items):
                return ANY
            return proper.copy_modified(items=[mapped(item, one, axis, reader) for item, one in zip(items, each, strict=True)])
        case Instance(), int() as position if is_array(proper):
            return with_axis(proper, position, axis, reader)
        case Instance(type=info, args=args), int() if info.fullname in ("builtins.list", "builtins.dict", "builtins.tuple"):
            return proper.copy_modified(args=[*args[:-1], mapped(args[-1], axes, axis, reader)])
        case _:
            return ANY


def is_array(instance: Instance) -> bool:
    """Whether an object is of a library's own array class."""
    return instance.type.fullname in SHAPED_CLASSES


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
