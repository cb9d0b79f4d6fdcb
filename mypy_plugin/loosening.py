"""Takes the shapes out of a signature before mypy checks a call of it, and remembers the original.

Inference and overloads then never see a shape; `calls` checks the call against the original afterwards. Hooks of the
checking phase call `loosen`, those of modules and transformations `loosen_signature`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mypy.nodes import Context
from mypy.plugin import FunctionSigContext, MethodSigContext
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    TupleType,
    Type,
    TypeAliasType,
    TypeVarId,
    TypeVarLikeType,
    TypeVarTupleType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from mypy_plugin import callees, lenient
from mypy_plugin.binding import bind_constructor
from mypy_plugin.carriers import is_carrier, opened
from mypy_plugin.encode import ANY, array_of, dim_of
from mypy_plugin.integers import is_int
from mypy_plugin.names import SHAPED_CLASSES
from mypy_plugin.symbols import is_dim
from mypy_plugin.variables import variables_in
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.shape import ANY_RUN

CONTAINERS = frozenset([
    "builtins.list", "builtins.tuple", "builtins.dict", "typing.Sequence", "typing.Iterable", "typing.Mapping",
    "collections.abc.Sequence", "collections.abc.Iterable", "collections.abc.Mapping",
])  # fmt: skip
"""Generic classes whose items are looked into."""


@dataclass(slots=True)
class Remembered:
    """The original signatures of the call that is being checked."""

    context: Context
    signatures: list[tuple[CallableType, CallableType]] = field(default_factory=list)


_signatures: dict[int, Remembered] = {}
_KEPT = 2048
"""How many calls are remembered. A call is settled after those among its arguments: it must not be forgotten by then."""


def _forget_oldest() -> None:
    for key in list(_signatures)[: _KEPT // 2]:
        del _signatures[key]


def loosen(ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    """The signature without its shapes; the original is kept for `settle_call`."""
    return loosen_signature(ctx.default_signature, ctx.context)


def loosen_signature(signature: CallableType, context: Context) -> CallableType:
    """Takes shapes out of the parameters of a signature that has some."""
    loosened = _without_shapes(signature, context)
    return lenient.opened(loosened, context) if lenient.is_marked(signature) else loosened


def _without_shapes(signature: CallableType, context: Context) -> CallableType:
    if signature.is_type_obj() and not signature.from_type_type:
        signature = bind_constructor(signature)
    sizes = {variable.id for variable in size_variables(signature)}
    if signature.is_type_obj():  # in its own methods, `cls(n)` has parameters of the class's sizes
        sizes |= {
            typ.id for typ in map(get_proper_type, signature.arg_types) if isinstance(typ, TypeVarType) and is_int_variable(typ)
        }
    if not any(has_array(typ) or _is_size(typ, sizes) for typ in signature.arg_types):
        if has_array(signature.ret_type) or any(map(callees.is_marked, signature.arg_types)):
            _remember(context, signature, signature)
        return signature
    parameters = [_loosened(typ, sizes) for typ in signature.arg_types]
    still_used = {variable.id for typ in parameters for variable in variables_in(typ)}
    variables = [v for v in signature.variables if v.id not in sizes or v.id in still_used]
    loosened = signature.copy_modified(arg_types=parameters, variables=variables)
    _remember(context, signature, loosened)
    return loosened


def size_variables(signature: CallableType) -> list[TypeVarLikeType]:
    """The type variables that stand for sizes: names of shape strings, and `int` type parameters used as such."""
    if not signature.variables:
        return []
    in_shapes = {v.id for typ in signature.arg_types if has_array(typ) for v in variables_in(typ)}
    return [v for v in signature.variables if is_dim(v) or (_may_be_size(v) and (signature.is_type_obj() or v.id in in_shapes))]


def _may_be_size(variable: TypeVarLikeType) -> bool:
    return isinstance(variable, TypeVarTupleType) or is_int_variable(variable)


def is_int_variable(variable: Type) -> bool:
    """Whether a type variable is bounded by `int`."""
    return isinstance(variable, TypeVarType) and is_int(variable.upper_bound)


def _is_size(typ: Type, sizes: set[TypeVarId]) -> bool:
    proper = get_proper_type(typ)
    return isinstance(proper, TypeVarType) and proper.id in sizes


def _remember(context: Context, signature: CallableType, loosened: CallableType) -> None:
    known = _signatures.get(id(context))
    if known is None or known.context is not context:
        if len(_signatures) >= _KEPT:
            _forget_oldest()
        known = _signatures[id(context)] = Remembered(context)
    known.signatures = [*[pair for pair in known.signatures if pair[0] is not signature][-15:], (signature, loosened)]


def has_array(typ: Type) -> bool:
    """Whether there is an array with a shape or dtype where we look: in unions, tuples and containers."""
    if isinstance(typ, TypeAliasType) and typ.is_recursive:
        return False
    if is_carrier(opened(typ)):
        return True
    match get_proper_type(typ):
        case Instance(type=info, args=args) as instance:
            if info.fullname in SHAPED_CLASSES:
                array = array_of(instance)
                return array is not None and (
                    array.shape.run != ANY_RUN or bool(array.shape.min_rank) or array.dtype != ANY_DTYPE
                )
            if info.fullname in CONTAINERS:
                return any(map(has_array, args))
            return any(not dim_of(args[index]).is_unknown for index in size_positions(instance))
        case UnionType(items=items) | TupleType(items=items):
            return any(map(has_array, items))
        case _:
            return False


def size_positions(instance: Instance) -> list[int]:
    """The type arguments of a user's class that are sizes: `class MLP[d_in: int](...)`."""
    variables = instance.type.defn.type_vars
    return [index for index, v in enumerate(variables) if is_int_variable(v)] if len(variables) == len(instance.args) else []


def _loosened(typ: Type, sizes: set[TypeVarId]) -> Type:
    def inside(items: Iterable[Type]) -> list[Type]:
        return [_loosened(item, sizes) for item in items]

    if not has_array(typ) and not _is_size(typ, sizes):
        return typ
    if is_carrier(opened(typ)):
        return get_proper_type(typ)
    match get_proper_type(typ):
        case TypeVarType() as variable if variable.id in sizes:
            return variable.upper_bound
        case Instance(type=info, args=args) as instance:
            if info.fullname in SHAPED_CLASSES:
                return instance.copy_modified(args=[ANY] * len(args))
            if info.fullname in CONTAINERS:
                return instance.copy_modified(args=inside(args))
            sized = size_positions(instance)
            return instance.copy_modified(args=[ANY if index in sized else arg for index, arg in enumerate(args)])
        case UnionType(items=items):
            return UnionType.make_union(inside(items))
        case TupleType(items=items) as whole:
            return whole.copy_modified(items=inside(items))
        case _:
            return typ


def remembered(context: Context) -> Remembered | None:
    """The original signatures of a call, None when it had no shapes."""
    known = _signatures.get(id(context))
    return known if known is not None and known.context is context else None
