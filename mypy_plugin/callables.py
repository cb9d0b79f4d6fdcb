"""Functions that are passed as `Callable[[Float[Tensor, "n"]], ...]`: what they will be called with must fit them.

Nothing checks a `Callable` at run time, so a function that does not fit fails when it is called. It is reported where it is passed
to a function that calls the parameter: an array of the declared dtype and shape is no argument for it. Called by `matching`,
when the other arguments have bound their names.
"""

from __future__ import annotations

from mypy.expandtype import expand_type
from mypy.types import CallableType, Type, TypeVarId, TypeVarTupleType, TypeVarType, get_proper_type

from mypy_plugin.encode import dim_type, shape_type
from mypy_plugin.patterns import shown
from mypy_plugin.symbols import is_dim, is_free, run_of, symbol_of
from mypy_plugin.unifier import Unifier
from mypy_plugin.values import Reader
from mypy_plugin.variables import variables_in
from shapecheck.core.shape import Mismatch
from shapecheck.core.unify import settle


def refused(declared: CallableType, passed: Type, outer: Unifier) -> tuple[Mismatch, str] | None:
    """Why the function that is passed cannot be called with what is declared, and which argument of it; None when it can."""
    function = get_proper_type(passed)
    if not isinstance(function, CallableType) or function.is_type_obj() or function.is_ellipsis_args:
        return None
    if function.definition is None:
        return None  # the types of a lambda come from where it is passed
    inner = Unifier(outer.chk, function)
    positional = [index for index, kind in enumerate(function.arg_kinds) if kind.is_positional()]
    for index, given in zip(positional, declared.arg_types, strict=False):
        actual = _with_sizes(given, outer)
        mismatch = inner.match(function.arg_types[index], actual, None, inner.flexible) or settle(inner.bindings, inner.flexible)
        if mismatch is not None:
            name = function.arg_names[index] or str(index + 1)
            return mismatch, f'it is called with {shown(given)}, its "{name}" is {shown(function.arg_types[index])}'
    return None


def _with_sizes(given: Type, outer: Unifier) -> Type:
    """What the parameter is called with: names that the call binds have their sizes, others are unknown."""
    reader = Reader(outer.chk)
    sizes = {symbol.name: size for symbol, size in outer.bindings.sizes.items()}
    runs = {run.name: shape for run, (broadcast, shape) in outer.bindings.runs.items() if not broadcast}
    unknown = reader.named("builtins.int", [])
    replaced: dict[TypeVarId, Type] = {}
    for variable in variables_in(given):
        own = is_free(variable)  # not the name of a protocol's method
        if isinstance(variable, TypeVarType) and is_dim(variable):
            size = sizes.get(symbol_of(variable).name) if own else None
            replaced[variable.id] = dim_type(size, reader.named) if size is not None else unknown
        elif isinstance(variable, TypeVarTupleType) and is_dim(variable):
            shape = runs.get(run_of(variable).name) if own else None
            known = get_proper_type(shape_type(shape, reader.named)) if shape is not None else None
            replaced[variable.id] = known if known is not None else reader.named("builtins.tuple", [unknown])
    return expand_type(given, replaced) if replaced else given
