"""What a declared type asks of shapes: as the core's pattern, beside the type that is there, and in jaxtyping's words.

Pure functions on mypy's types, called by `unifier`, `matching` and `calls`.
"""

from __future__ import annotations

from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    Type,
    TypeAliasType,
    UnionType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin.carriers import is_carrier, opened
from mypy_plugin.encode import (
    ANY,
    array_instance,
    array_of,
    dim_of,
    dtypes_of,
    items_of,
    run_in,
    shape_of,
)
from mypy_plugin.loosening import size_positions
from mypy_plugin.names import PYTREE, SHARP
from mypy_plugin.operations import describe
from mypy_plugin.text import pretty
from shapecheck.core.dim import ONE, Broadcastable, Verdict
from shapecheck.core.dtype import accepts
from shapecheck.core.shape import ANY_RUN, Run
from shapecheck.core.unify import Expected, Pattern


def is_doubtful(declared: Type, actual: Type) -> bool:
    """Whether an array of unknown dtype or sizes goes where they are declared."""
    wanted, found = array_of(declared), array_of(actual)
    if wanted is None or found is None:
        return False
    sizes = [size for size in (*wanted.shape.prefix, *wanted.shape.suffix) if not size.is_unknown]
    unsure = found.shape.run == ANY_RUN or any(size.is_unknown for size in (*found.shape.prefix, *found.shape.suffix))
    return accepts(wanted.dtype, found.dtype) is Verdict.UNKNOWN or (bool(sizes) and unsure)


def same_kind(wanted: Type, found: ProperType) -> bool:
    """Whether a union member is the one this argument is meant for, shapes apart."""
    if isinstance(wanted, TypeAliasType):
        return True
    if isinstance(wanted, NoneType) or isinstance(found, NoneType):
        return isinstance(wanted, NoneType) and isinstance(found, NoneType)
    one, other = array_instance(wanted), array_instance(found)
    if one is not None or other is not None:
        return one is not None and other is not None and other.type.has_base(one.type.fullname)
    return True


def takes_arrays(wanted: Type, found: ProperType) -> bool:
    """Whether a union member that is no array takes an array all the same: `object`, `Iterable[...]`, a protocol.

    At run time nobody looks at what an `Iterable` holds.
    """
    proper = get_proper_type(opened(wanted))
    if isinstance(proper, AnyType):
        return not is_carrier(opened(wanted))
    if not isinstance(proper, Instance) or not isinstance(found, Instance) or array_instance(proper) is not None:
        return False
    bare = proper.copy_modified(args=[ANY] * len(proper.args))
    return is_subtype(found, bare)


def is_certain(wanted: Type, found: ProperType) -> bool:
    """Whether an array fits a union member for certain: its dtype and all its sizes are known."""
    declared, actual = array_of(wanted), array_of(found)
    return (
        declared is not None
        and actual is not None
        and accepts(declared.dtype, actual.dtype) is Verdict.EQUAL
        and actual.shape.is_known
    )


def pattern_of(shape: Type) -> Pattern | None:
    """The pattern that a declared shape asks for; None when it asks for nothing."""
    items = items_of(shape)
    return Pattern(tuple(map(_expected, items))) if items is not None else None


def _expected(item: Type) -> Expected:
    proper = get_proper_type(item)
    if isinstance(proper, UnpackType):
        run = run_in(proper)
        return Expected(run=Run(run.name, run.scope), broadcast=run.broadcast, text=str(run))
    size = dim_of(proper)
    match size.atom:
        case Broadcastable(inner):
            return Expected(inner, broadcast=True, text=str(size))
        case _ if isinstance(proper, Instance) and proper.type.fullname == SHARP:
            return Expected(size if size != ONE else ONE, broadcast=True)
        case _:
            return Expected(size, text=str(size))


def shown(typ: Type) -> str:
    """A type in jaxtyping's words."""
    if isinstance(carried := opened(typ), TypeAliasType):
        return _shown_carrier(carried)
    proper = get_proper_type(typ)
    array = array_of(proper)
    if array is not None:
        return describe(array)
    if isinstance(proper, UnionType):
        return " | ".join(shown(item) for item in proper.items)
    if isinstance(proper, Instance) and (sizes := size_positions(proper)):
        args = [str(dim_of(arg)) if index in sizes else shown(arg) for index, arg in enumerate(proper.args)]
        return f"{proper.type.name}[{', '.join(args)}]"
    return "None" if isinstance(proper, NoneType) else pretty(str(proper))


def _shown_carrier(typ: TypeAliasType) -> str:
    if typ.alias is not None and typ.alias.fullname == PYTREE:
        name = get_proper_type(typ.args[1])
        structure = f', "{name.value}"' if isinstance(name, LiteralType) else ""
        return f"PyTree[{shown(typ.args[0])}{structure}]"
    *variable, dtype, shape = typ.args
    like = get_proper_type(variable[0]) if variable else None
    if isinstance(like, Instance):
        return f'{dtypes_of(dtype)}[{like.type.name}, "{shape_of(shape)}"]'
    return f'{dtypes_of(dtype)}[{str(variable[0]).partition("`")[0] if variable else "Any"}, "{shape_of(shape)}"]'
