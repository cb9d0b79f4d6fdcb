"""Reads the arguments of a call as the core's values, and writes results back as mypy types.

A value comes from the expression where that says more than its type does (`torch.float32`, a list of tensors, a slice),
else from the type. Called by `operations`, `layers` and `calls` while bodies are checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    ARG_STAR,
    ArgKind,
    EllipsisExpr,
    Expression,
    FloatExpr,
    ListComprehension,
    ListExpr,
    MemberExpr,
    RefExpr,
    SliceExpr,
    StarExpr,
    StrExpr,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
)
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    TupleType,
    Type,
    UnionType,
    UnpackType,
    get_proper_type,
)

from mypy_plugin.encode import (
    ANY,
    array_instance,
    array_of,
    array_type,
    dim_of,
    int_type,
    literal,
    shape_of,
    tuple_type,
)
from mypy_plugin.integers import integer_of, is_int
from mypy_plugin.lookup import instance_of
from mypy_plugin.names import FIELD, JAX_ARRAY, NDARRAY, SHAPED_CLASSES, TENSOR, layer_rule
from mypy_plugin.results import tuple_among
from shapecheck.core.dim import Dim
from shapecheck.core.dtype import ANY_DTYPE, DTypes, dtype
from shapecheck.core.shape import SCALAR, shape
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Library, Many, Result, Scalar, Slice, Unknown, Value
from shapecheck.rules import layer

if TYPE_CHECKING:
    from mypy.checker import TypeChecker

_TORCH_DTYPES = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
                 "cfloat": "complex64", "cdouble": "complex128"}  # fmt: skip
_PYTHON_DTYPES = {"builtins.float": "float64", "builtins.int": "int64", "builtins.bool": "bool", "builtins.complex": "complex128"}
_DTYPE_MODULES = ("torch.", "jax.numpy.", "numpy.", "jax._src.numpy.")
TORCH_SIZE = "torch._C.Size"
_TEMPLATES = {Library.TORCH: TENSOR, Library.JAX: JAX_ARRAY, Library.NUMPY: NDARRAY}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values in one checker."""

    chk: TypeChecker

    def named(self, fullname: str, args: list[Type]) -> Instance:
        """The type of a class by full name."""
        return instance_of(fullname, args, self.chk)

    def type_of(self, expression: Expression) -> Type | None:
        """The type mypy gave the expression, None when it gave none."""
        return self.chk.lookup_type(expression) if self.chk.has_type(expression) else None

    def value(self, expression: Expression | None, typ: Type | None = None) -> Value:
        """The value of an argument."""
        if expression is None:
            return None
        if isinstance(expression, TupleExpr | ListExpr):
            return self.sequence(expression.items)
        if isinstance(expression, ListComprehension):
            return Many(self.value(expression.generator.left_expr))
        if isinstance(expression, SliceExpr):
            return self.slice(expression)
        if isinstance(expression, EllipsisExpr):
            return ...
        if isinstance(expression, StrExpr):
            return expression.value
        if isinstance(expression, FloatExpr):
            return Scalar("float", expression.value)
        known = typ if typ is not None else self.type_of(expression)
        if isinstance(expression, RefExpr) and (named := self.dtype(expression)) is not None:
            return named
        if is_int(known) or isinstance(expression, UnaryExpr):
            size = integer_of(expression, self.chk)
            if not size.is_unknown or is_int(known):
                return size
        return self.from_type(known) if known is not None else UNKNOWN

    def sequence(self, items: Sequence[Expression]) -> Value:
        """The values of a tuple's or list's items; `*parts` adds its own, and an unknown number makes all unknown."""
        values: list[Value] = []
        for item in items:
            if not isinstance(item, StarExpr):
                values.append(self.value(item))
            elif isinstance(parts := self.value(item.expr), tuple):
                values.extend(parts)
            else:
                return UNKNOWN
        return tuple(values)

    def index(self, expression: Expression, typ: Type | None = None) -> Value:
        """The value of an index: a list is one array of indices there, not several indices."""
        match expression:
            case TupleExpr(items=items) if any(isinstance(item, StarExpr) for item in items):
                return self.sequence(items) if not any(isinstance(item, ListExpr) for item in items) else UNKNOWN
            case TupleExpr(items=items):
                return tuple(map(self.index, items))
            case ListExpr(items=items) if any(isinstance(item, StarExpr) for item in items):
                return UNKNOWN
            case ListExpr(items=items):
                values = [self.value(item) for item in items]
                if all(isinstance(value, bool) for value in values):
                    return Array(shape(len(values)), dtype("bool"))
                return Array(shape(len(values)), dtype("int64")) if all(isinstance(value, Dim) for value in values) else UNKNOWN
            case _:
                return self.value(expression, typ)

    def slice(self, expression: SliceExpr) -> Slice:
        """`start:stop:step` of an index."""
        parts = (expression.begin_index, expression.end_index, expression.stride)
        return Slice(*(self._bound(part) for part in parts))

    def _bound(self, part: Expression | None) -> Dim | Array | Unknown | None:
        value = self.value(part)
        return value if isinstance(value, Dim | Array) or value is None else UNKNOWN

    def dtype(self, expression: RefExpr) -> DTypes | None:
        """The dtype that a name such as `torch.float32`, `jnp.int32`, `float` or `x.dtype` stands for."""
        fullname = expression.fullname or ""
        if fullname.startswith(_DTYPE_MODULES):
            name = fullname.rpartition(".")[2]
            found = dtype(_TORCH_DTYPES.get(name, name) if fullname.startswith("torch.") else name)
            return found if found != ANY_DTYPE else None
        if (python := _PYTHON_DTYPES.get(fullname)) is not None and isinstance(expression.node, TypeInfo):
            return dtype(python)
        if isinstance(expression, MemberExpr) and expression.name == "dtype":
            owner = self.type_of(expression.expr)
            array = array_of(owner) if owner is not None else None
            return array.dtype if array is not None else None
        return None

    def from_type(self, typ: Type) -> Value:
        """The value that a type describes."""
        proper = get_proper_type(typ)
        if (array := array_of(proper)) is not None:
            return array
        match proper:
            case NoneType():
                return None
            case LiteralType(value=bool() | str() as value):
                return value
            case LiteralType(value=int()):
                return dim_of(proper)
            case TupleType(items=items) if _is_plain(proper) and not any(isinstance(item, UnpackType) for item in items):
                return tuple(map(self.from_type, items))
            case Instance():
                return self.from_instance(proper)
            case UnionType(items=items):
                return self._from_union(items)
            case _:
                return UNKNOWN

    def _from_union(self, items: Sequence[Type]) -> Value:
        """A union says what its members agree on."""
        values = [self.from_type(item) for item in items]
        return values[0] if all(value == values[0] for value in values) else UNKNOWN

    def from_instance(self, instance: Instance) -> Value:
        """The value of an instance: ints, strings, sequences of arrays, layers."""
        known = instance.last_known_value
        if known is not None and isinstance(known.value, bool | str):
            return known.value
        fullname = instance.type.fullname
        if is_int(instance):
            return dim_of(instance)
        if fullname in ("builtins.float", "builtins.complex", "builtins.bool"):
            return Scalar(fullname.rpartition(".")[2])
        if fullname in ("builtins.list", "builtins.tuple", "typing.Sequence", "collections.abc.Sequence") and instance.args:
            return Many(self.from_type(instance.args[0]))
        if fullname == TORCH_SIZE:
            return UNKNOWN
        if layer_rule(fullname) is not None:
            return self.layer(instance)
        return UNKNOWN

    def layer(self, instance: Instance) -> Value:
        """The layer that an instance of a layer class is, with its sizes."""
        name = layer_rule(instance.type.fullname)
        row = layer(name) if name is not None else None
        if row is None or len(instance.args) != len(row.fields):
            return UNKNOWN
        values = {field: self.field(arg) for field, arg in zip(row.fields, instance.args, strict=True)}
        return LayerValue(row.name, values)

    def field(self, typ: Type) -> Value:
        """What a layer's type parameter says: `object` is unknown."""
        proper = get_proper_type(typ)
        if isinstance(proper, Instance) and proper.type.fullname == FIELD and proper.args:
            text = get_proper_type(proper.args[0])
            return Scalar(str(text.value)) if isinstance(text, LiteralType) else UNKNOWN
        if isinstance(proper, Instance) and proper.type.fullname == "builtins.int":
            size = dim_of(proper)
            return UNKNOWN if size.is_unknown else size
        if not isinstance(proper, Instance | TupleType | LiteralType | NoneType):
            size = dim_of(proper)
            return UNKNOWN if size.is_unknown else size
        return self.from_type(proper)

    # --- writing

    def field_type(self, value: Value) -> Type:
        """The type parameter that remembers a layer's constructor argument."""
        match value:
            case bool() | str():
                return LiteralType(value, self.named("builtins.bool" if isinstance(value, bool) else "builtins.str", []))
            case None:
                return NoneType()
            case Dim() if value.constant is not None:
                return literal(value.constant, self.named)
            case Dim() if not value.is_unknown:
                return int_type(value, self.named)
            case DTypes():
                return self.named("builtins.object", [])
            case tuple():
                return tuple_type([self.field_type(item) for item in value], self.named)
            case _:
                return self.named("builtins.object", [])

    def write(self, result: Result, default: Type, like: Instance | None) -> Type:
        """The type of a result; `default` where nothing better is known, `like` is an array of the call."""
        proper = get_proper_type(default)
        match result:
            case Array(library=Library.NUMPY, shape=known) if known == SCALAR:
                return self._write_numpy_scalar(result, default, proper)
            case Array():
                return array_type(self.template(result, proper, like), result, self.named)
            case Dim() if not result.is_unknown:
                return int_type(result, self.named)
            case Dim() | Scalar() if isinstance(proper, UnionType):  # `x.item()`: a number of some kind to torch's stubs
                return self.named(f"builtins.{result.kind if isinstance(result, Scalar) else 'int'}", [])
            case tuple():
                return self._write_tuple(result, tuple_among(proper, len(result)), like)
            case Many() if isinstance(proper, Instance) and proper.type.fullname not in ("builtins.tuple", "builtins.list"):
                return default  # `torch.Size` and the like know more than a tuple of unknown length
            case Many(item):
                written = self.write(item, ANY, like)
                if isinstance(proper, AnyType) and written is ANY:
                    return default
                if isinstance(proper, Instance) and proper.type.fullname == "builtins.list":
                    return proper.copy_modified(args=[written])
                return self.named("builtins.tuple", [written])
            case _:
                return default

    def _write_numpy_scalar(self, result: Array, default: Type, proper: ProperType) -> Type:
        """numpy gives a scalar, not an array, where nothing is left of the axes: its own stubs know which."""
        declared = array_instance(proper)
        if declared is None or not declared.args:
            return ANY if _is_of_some_width(proper) else default
        known = shape_of(declared.args[0]) == SCALAR  # `np.zeros(())` is an array to numpy's stubs, too
        return array_type(declared, result if known else Array(library=Library.NUMPY), self.named)

    def _write_tuple(self, items: tuple[Value, ...], default: ProperType, like: Instance | None) -> Type:
        inner: Sequence[Type] = (
            default.items if isinstance(default, TupleType) and len(default.items) == len(items) else [ANY] * len(items)
        )
        written = [self.write(item, old, like) for item, old in zip(items, inner, strict=True)]
        if isinstance(default, TupleType):
            return default.copy_modified(items=written)
        if isinstance(default, Instance) and default.type.fullname == TORCH_SIZE:
            return TupleType(written, default)
        if isinstance(default, Instance) and default.type.fullname == "builtins.list":
            return default.copy_modified(args=[_join(written)])
        return tuple_type(written, self.named)

    def template(self, array: Array, default: ProperType, like: Instance | None) -> Instance:
        """An array type to copy: the operation's declared one, else the argument's, else the library's class."""
        if (declared := array_instance(default)) is not None and declared.type.fullname in SHAPED_CLASSES:
            return self._plain(declared)
        if like is not None and like.type.fullname in SHAPED_CLASSES:
            return self._plain(like)
        return self.named(_TEMPLATES[array.library], [ANY, ANY])

    def _plain(self, instance: Instance) -> Instance:
        """A parameter's results are plain tensors."""
        return instance if instance.type.fullname in _TEMPLATES.values() else self.named(TENSOR, [ANY, ANY])


def _is_plain(typ: TupleType) -> bool:
    """Whether a tuple is nothing more: of a user's named tuple a rule would leave a tuple without names."""
    fullname = typ.partial_fallback.type.fullname
    return fullname in ("builtins.tuple", TORCH_SIZE) or fullname.startswith("torch.")


def _is_of_some_width(typ: ProperType) -> bool:
    """Whether a numpy scalar's class leaves its width open: it may be the one that is a Python number, too."""
    return isinstance(typ, Instance) and typ.type.fullname.startswith("numpy.") and any(map(_is_any, typ.args))


def _is_any(typ: Type) -> bool:
    return isinstance(get_proper_type(typ), AnyType)


def _join(types: Sequence[Type]) -> Type:
    from mypy.join import join_type_list

    return join_type_list(list(types))


def split_arguments(
    args: Sequence[Expression], kinds: Sequence[ArgKind], names: Sequence[str | None], reader: Reader
) -> tuple[list[Value], dict[str, Value]] | None:
    """A call's arguments as rules take them; None when `*args` or `**kwargs` hide how many there are."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    for expression, kind, name in zip(args, kinds, names, strict=True):
        if kind == ARG_POS:
            positional.append(reader.value(expression))
        elif kind == ARG_NAMED and name is not None:
            keywords[name] = reader.value(expression)
        elif kind == ARG_STAR and isinstance(splatted := reader.value(expression), tuple):
            positional.extend(splatted)
        else:
            return None
    return positional, keywords
