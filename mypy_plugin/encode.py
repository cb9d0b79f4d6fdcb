"""Translation between mypy's types and the core's values: dims, shapes, dtypes, arrays.

A dim is a `Literal` int, a type variable, `int` when unknown, or `Size[form, atoms]`, whose atoms mypy substitutes by
itself when it solves type variables. Called by every hook; knows nothing of rules or of annotations' text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    TypeOfAny,
    TypeVarTupleType,
    TypeVarType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin.forms import build_form, write_form
from mypy_plugin.names import GENERIC_ARRAYS, NDARRAY, SHAPED_CLASSES, SHARP, SIZE, STATIC, SYM, WIDE
from mypy_plugin.symbols import run_of, run_variable, symbol_of, variable_of
from shapecheck.core.dim import (
    UNKNOWN_DIM,
    Atom,
    Dim,
    Kind,
    Symbol,
    Volume,
    broadcastable,
    dim,
)
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, class_name
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Run, Shape, from_items
from shapecheck.core.value import Array, Library

ANY = AnyType(TypeOfAny.special_form)


class NamedTypes(Protocol):
    """What mypy's semantic analyser and checker share: types by full name."""

    def __call__(self, fullname: str, args: list[Type]) -> Instance: ...


# --- reading -----------------------------------------------------------------------------------------------------


def dim_of(typ: Type) -> Dim:
    """The size that a type in a shape, or the type of an int expression, stands for; unknown for a plain `int`."""
    match get_proper_type(typ):
        case LiteralType(value=bool()):
            return UNKNOWN_DIM
        case LiteralType(value=int() as size):
            return dim(size)
        case TypeVarType() as variable:
            return dim(symbol_of(variable))
        case Instance(type=info, args=args) as instance:
            if info.fullname == SIZE:
                return _size_of(args)
            if info.fullname == SHARP and args:
                return broadcastable(dim_of(args[0]))
            known = instance.last_known_value
            return dim_of(known) if known is not None and isinstance(known.value, int) else UNKNOWN_DIM
        case _:
            return UNKNOWN_DIM


def _size_of(args: tuple[Type, ...]) -> Dim:
    form, atoms = (get_proper_type(arg) for arg in args)
    if not isinstance(form, LiteralType) or not isinstance(form.value, str) or not isinstance(atoms, TupleType):
        return UNKNOWN_DIM
    return build_form(form.value, [_atom_of(item) for item in atoms.items])


def _atom_of(typ: Type) -> Dim:
    match get_proper_type(typ):
        case Instance(type=info, args=args) if info.fullname == SYM:
            name, scope, kind = (_text(arg) for arg in args)
            return dim(Symbol(name, scope, Kind(kind)))
        case TupleType() as volume:
            return shape_of(volume).size
        case other:
            return dim_of(other)


def _text(typ: Type) -> str:
    proper = get_proper_type(typ)
    return proper.value if isinstance(proper, LiteralType) and isinstance(proper.value, str) else ""


def shape_of(typ: Type) -> Shape:
    """The shape that the type of a shape parameter describes."""
    items = items_of(typ)
    return from_items(map(_item_of, items)) if items is not None else ANY_SHAPE


def items_of(shape: Type) -> Sequence[Type] | None:
    """The axes and runs in the type of a shape parameter; None where nothing is known of them."""
    match get_proper_type(shape):
        case TupleType(items=items):
            return items
        case Instance(args=[_]) as run if _sharp_run_of(run) != ANY_RUN:
            return [UnpackType(run)]  # mypy takes a tuple with nothing but `*#name` in it for that run itself
        case _:
            return None


def _item_of(typ: Type) -> Item:
    proper = get_proper_type(typ)
    return run_in(proper) if isinstance(proper, UnpackType) else dim_of(proper)


def run_in(item: UnpackType) -> Run:
    """The variadic part that an unpacked item of a shape stands for."""
    inner = get_proper_type(item.type)
    if isinstance(inner, TypeVarTupleType):
        return run_of(inner)
    return _sharp_run_of(inner) if isinstance(inner, Instance) and inner.args else ANY_RUN


def _sharp_run_of(run: Instance) -> Run:
    """The run `*#name`, written `*tuple[Sharp[tuple[*name]], ...]`; any other homogeneous run is unknown."""
    item = get_proper_type(run.args[0])
    if not isinstance(item, Instance) or item.type.fullname != SHARP or not item.args:
        return ANY_RUN
    shape = shape_of(item.args[0])
    return Run(shape.run.name, shape.run.scope, broadcast=True) if shape.run is not None else ANY_RUN


def sharp_run(variable: TypeVarTupleType, named: NamedTypes) -> Instance:
    """How `*#name` stands in a shape."""
    return named("builtins.tuple", [named(SHARP, [tuple_type([UnpackType(variable)], named)])])


_NUMPY_DTYPES: Mapping[str, str] = {
    "bool": "Bool", "bool_": "Bool", "generic": "Shaped", "number": "Num", "inexact": "Inexact", "floating": "Float",
    "integer": "Integer", "signedinteger": "Int", "unsignedinteger": "UInt", "complexfloating": "Complex",
    **{name.lower(): name for name in CLASSES if name[-1].isdigit()},
}  # fmt: skip
_EXTENSIONS = ("bfloat", "float8", "float4", "int2", "int4", "uint2", "uint4")
"""How names of dtypes begin that arrays of numpy may have (`np.zeros(3, dtype=jnp.bfloat16)`), and numpy no class for."""
_TO_NUMPY = {name: numpy for numpy, name in _NUMPY_DTYPES.items() if numpy != "bool_" and not numpy.startswith(_EXTENSIONS)}


def dtypes_of(typ: Type) -> DTypes:
    """The dtypes that the type of a dtype parameter stands for (our own classes or numpy's)."""
    if isinstance(typ, TypeAliasType) and typ.alias is not None and typ.alias.fullname == WIDE:
        return dtypes_of(typ.args[0])
    proper = get_proper_type(typ)
    if not isinstance(proper, Instance):
        return ANY_DTYPE
    module, _, name = proper.type.fullname.rpartition(".")
    if module == STATIC:
        return CLASSES.get(name, ANY_DTYPE)
    if name == "dtype" and proper.args:
        return dtypes_of(proper.args[0])
    return _numpy_dtypes(name, proper.args)


def _numpy_dtypes(name: str, args: tuple[Type, ...]) -> DTypes:
    if args and isinstance(width := get_proper_type(args[0]), Instance) and width.type.name in _BITS:
        return CLASSES.get(sized_class(name, _BITS[width.type.name]), ANY_DTYPE)
    return CLASSES.get(_NUMPY_DTYPES.get(name, "Shaped"), ANY_DTYPE)


_BITS = {"_8Bit": 8, "_16Bit": 16, "_32Bit": 32, "_64Bit": 64}
_SIZED = {
    "floating": ("Float", 1),
    "signedinteger": ("Int", 1),
    "unsignedinteger": ("UInt", 1),
    "complexfloating": ("Complex", 2),
}


def sized_class(numpy_class: str, bits: int) -> str:
    """jaxtyping's name of numpy's `floating[_32Bit]` and the like; a complex number is two of its parts."""
    family, parts = _SIZED.get(numpy_class, ("Shaped", 0))
    return f"{family}{bits * parts}" if parts else family


def array_instance(typ: Type) -> Instance | None:
    """The type as an array's (a subclass's array base), None when it is no array."""
    proper = get_proper_type(typ)
    if isinstance(proper, TypeVarType):
        proper = get_proper_type(proper.upper_bound)
    if not isinstance(proper, Instance):
        return None
    fullname = proper.type.fullname
    if fullname in SHAPED_CLASSES:
        return proper if len(proper.args) == 2 else None
    for base in proper.type.mro[1:-1]:
        if base.fullname in SHAPED_CLASSES:
            return proper
    return None


def array_of(typ: Type) -> Array | None:
    """The array that a type describes; None when it is no array. A user's subclass has an unknown shape."""
    instance = array_instance(typ)
    if instance is None:
        return None
    library = library_of(instance)
    if instance.type.fullname == NDARRAY:
        return Array(shape_of(instance.args[0]), dtypes_of(instance.args[1]), library)
    if instance.type.fullname in GENERIC_ARRAYS:
        return Array(shape_of(instance.args[1]), dtypes_of(instance.args[0]), library)
    return Array(library=library)


def library_of(instance: Instance) -> Library:
    """The library whose array class this is."""
    for base in instance.type.mro:
        if base.fullname in GENERIC_ARRAYS:
            return GENERIC_ARRAYS[base.fullname]
    return Library.NUMPY


# --- writing -----------------------------------------------------------------------------------------------------


def literal(value: int | str, named: NamedTypes) -> LiteralType:
    """`Literal[value]`."""
    return LiteralType(value, named("builtins.int" if isinstance(value, int) else "builtins.str", []))


def dim_type(size: Dim, named: NamedTypes) -> ProperType:
    """The type of a size inside a shape."""
    if size.is_unknown:
        return named("builtins.int", [])
    if size.constant is not None:
        return literal(size.constant, named)
    if size.symbol is not None and (variable := variable_of(size.symbol)) is not None:
        return variable
    return size_type(size, named)


def int_type(size: Dim, named: NamedTypes) -> ProperType:
    """The type of an int expression whose value is the size; a variable keeps it, as it would not keep a literal."""
    return named("builtins.int", []) if size.is_unknown else size_type(size, named)


def size_type(size: Dim, named: NamedTypes) -> Instance:
    """`Size[form, atoms]`: an int that remembers what it is."""
    atoms: list[Atom] = []
    form = write_form(size, atoms)
    items = [_atom_type(atom, named) for atom in atoms]
    return named(SIZE, [literal(form, named), tuple_type(items, named)])


def tuple_type(items: Iterable[Type], named: NamedTypes) -> TupleType:
    """`tuple[items]`."""
    return TupleType(list(items), named("builtins.tuple", [ANY]))


def _atom_type(atom: Atom, named: NamedTypes) -> Type:
    match atom:
        case Volume(name=name, scope=scope) if (run := run_variable(name, scope)) is not None:
            return tuple_type([UnpackType(run)], named)
        case Symbol() if (variable := variable_of(atom)) is not None:
            return variable
        case Symbol(name=name, scope=scope, kind=kind):
            return named(SYM, [literal(name, named), literal(scope, named), literal(kind.value, named)])
        case _:
            return named("builtins.int", [])


def shape_type(shape: Shape, named: NamedTypes) -> ProperType:
    """The type of a shape parameter; `tuple[int, ...]` when nothing is known."""
    if shape == ANY_SHAPE:
        return named("builtins.tuple", [named("builtins.int", [])])
    return tuple_type([_item_type(item, named) for item in shape.items], named)


def _item_type(item: Item, named: NamedTypes) -> Type:
    if isinstance(item, Dim):
        return dim_type(item, named)
    variable = run_variable(item.name, item.scope)
    if variable is not None:
        return UnpackType(sharp_run(variable, named) if item.broadcast else variable)
    return UnpackType(named("builtins.tuple", [named("builtins.int", [])]))


def dtype_type(dtypes: DTypes, named: NamedTypes) -> Instance:
    """Our class of a dtype set."""
    return named(f"{STATIC}.{class_name(dtypes)}", [])


def numpy_dtype_type(dtypes: DTypes, named: NamedTypes) -> Instance:
    """`numpy.dtype[...]` of a dtype set; `Any` where numpy's stubs have no class they accept as an operand."""
    name = _TO_NUMPY.get(class_name(dtypes))
    return named("numpy.dtype", [ANY if is_wide(dtypes) or name is None else numpy_scalar(name, named)])


def is_wide(dtypes: DTypes) -> bool:
    """Whether numpy's stubs have no class of these dtypes that they accept as an operand."""
    name = class_name(dtypes)
    return name not in _TO_NUMPY or name in ("Shaped", "Num", "Real", "Inexact")


def numpy_scalar(name: str, named: NamedTypes) -> Instance:
    """A numpy scalar class. Most sized ones are aliases: `int64` is `signedinteger[_64Bit]`."""
    for family, (prefix, parts) in _SIZED.items():
        for width, bits in _BITS.items():
            if name == f"{prefix}{bits * parts}".lower() and name not in ("float64", "complex128"):
                return named(f"numpy.{family}", [named(f"numpy._typing._nbit_base.{width}", [])] * parts)
    bare = named(f"numpy.{name}", [])
    return bare.copy_modified(args=[ANY for _ in bare.type.type_vars])


def array_type(like: Instance, array: Array, named: NamedTypes) -> Instance:
    """An array type of `like`'s class with this shape and dtype."""
    shape = shape_type(array.shape, named)
    if like.type.fullname == NDARRAY:
        return like.copy_modified(args=[shape, numpy_dtype_type(array.dtype, named)])
    return like.copy_modified(args=[dtype_type(array.dtype, named), shape])
