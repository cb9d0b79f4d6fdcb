"""Results of programs that change their library's default dtypes: what may depend on the default is not stated.

`torch.set_default_dtype` and jax's `jax_enable_x64` change what is made of Python numbers, of ints and out of nothing. When
they run nobody can tell, so such a result has any of the dtypes that can come out. Called by the rules' tables; the plugin
says which libraries are unsettled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shapecheck.core.dtype import DTypes
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import Array, Library, Many, Result, Value

UNSETTLED: set[Library] = set()
"""The libraries whose default dtypes the program changes."""

_TORCH_FLOATS = frozenset({"bfloat16", "float16", "float32", "float64"})
_ALTERNATIVES: Mapping[Library, Mapping[str, frozenset[str]]] = {
    Library.TORCH: {"float32": _TORCH_FLOATS, "complex64": frozenset({"complex64", "complex128", "other"})},
    Library.JAX: {
        "int32": frozenset({"int32", "int64"}),
        "uint32": frozenset({"uint32", "uint64"}),
        "float32": frozenset({"float32", "float64"}),
        "complex64": frozenset({"complex64", "complex128"}),
    },
    Library.NUMPY: {},
}
"""What may come out where a rule states the dtype of the library's defaults."""


def widened(name: str, result: Result, values: Iterable[Value], library: Library) -> Result:
    """The result of an operation with every dtype open that may depend on the default."""
    if library not in UNSETTLED or isinstance(result, Mismatch):
        return result
    given = list(values)
    if library is Library.TORCH and any(isinstance(value, DTypes) for value in given):
        return result  # torch keeps a dtype that is asked for, jax may not
    inexact = not name.startswith("jax.random.") and any(map(_is_inexact, _arrays(given)))
    return _opened(result, _ALTERNATIVES[library], inexact)


def _is_inexact(array: Array) -> bool:
    """Whether an array brings a floating-point dtype of its own, which the results then have."""
    return not array.weak and all(CATEGORY[name] in (FLOATING, COMPLEX) for name in array.dtype.names)


def _arrays(values: Iterable[Value]) -> Iterable[Array]:
    for value in values:
        match value:
            case Array():
                yield value
            case tuple():
                yield from _arrays(value)
            case Many(item):
                yield from _arrays((item,))
            case _:
                pass


def _opened(value: Value, alternatives: Mapping[str, frozenset[str]], inexact: bool) -> Value:
    match value:
        case Array(dtype=dtypes):
            kept = {name for name in dtypes.names if inexact and CATEGORY[name] in (FLOATING, COMPLEX)}
            found = (alternatives.get(name, frozenset({name})) for name in dtypes.names - kept)
            return value.with_dtype(DTypes(frozenset(kept).union(*found)))
        case tuple():
            return tuple(_opened(item, alternatives, inexact) for item in value)
        case Many(item):
            return Many(_opened(item, alternatives, inexact))
        case _:
            return value
