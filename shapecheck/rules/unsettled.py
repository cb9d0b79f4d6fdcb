"""Results of programs that change their library's dtypes from afar: what may depend on that is not stated.

`torch.set_default_dtype` and jax's `jax_enable_x64` change what is made of Python numbers, of ints and out of nothing, and
`torch.autocast` what many operations make of floats. When they run nobody can tell, so such a result has any of the dtypes that
can come out. Called by the rules' tables; the plugin says what the program does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

from shapecheck.core.dtype import DTypes
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Array, Library, Many, Result, Value


class Cause(enum.Enum):
    """What a program may do to dtypes, by its name in the settings."""

    TORCH_DEFAULT = "torch"
    JAX_DEFAULT = "jax"
    AUTOCAST = "autocast"


UNSETTLED: set[Cause] = set()
"""What the program does."""

_DEFAULTS = {Library.TORCH: Cause.TORCH_DEFAULT, Library.JAX: Cause.JAX_DEFAULT}
_HALVES = frozenset({"bfloat16", "float16"})
_AUTOCAST_FLOATS = _HALVES | {"float32"}
_NOT_CAST = frozenset(
    (
        "T H mT mH view view_as reshape transpose permute swapaxes swapdims movedim moveaxis squeeze unsqueeze flatten unflatten expand "
        "expand_as broadcast_to repeat tile split chunk unbind narrow select __getitem__ contiguous clone detach flip roll "
        "tril triu diagonal data requires_grad_ add sub mul neg relu gelu silu sigmoid tanh dropout clamp masked_fill "
        "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __neg__ ReLU GELU SiLU Sigmoid Tanh Dropout Flatten Identity"
    ).split()
)
"""Operations that autocast leaves alone: they move elements, or compute in the dtype of what they are given."""
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
    """The result of an operation with every dtype open that may depend on what the program does."""
    if not UNSETTLED:
        return result
    given = list(values)
    if library is Library.TORCH and Cause.AUTOCAST in UNSETTLED:
        result = _autocast(name, result, given)
    if _DEFAULTS.get(library) not in UNSETTLED or isinstance(result, Mismatch):
        return result
    if library is Library.TORCH and any(isinstance(value, DTypes) for value in given):
        return result  # torch keeps a dtype that is asked for, jax may not
    inexact = not name.startswith("jax.random.") and any(map(_is_inexact, _arrays(given)))
    return _opened(result, _ALTERNATIVES[library], inexact)


def _autocast(name: str, result: Result, given: Sequence[Value]) -> Result:
    """The result of a torch operation that may run under autocast, which casts floats of 16 and 32 bits into one another."""
    arrays = list(_arrays(given))
    if isinstance(result, Mismatch):
        has_half = any(not array.dtype.names.isdisjoint(_HALVES) for array in arrays)
        return UNKNOWN if has_half and result.code == "shape-dtype" else result
    if not arrays or name.rpartition(".")[2] in _NOT_CAST or any(isinstance(value, DTypes) for value in given):
        return result
    return _opened(result, dict.fromkeys(_AUTOCAST_FLOATS, _AUTOCAST_FLOATS), inexact=False)


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
