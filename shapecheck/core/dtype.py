"""Dtypes as sets: what jaxtyping's dtype classes contain, and what is known of an actual array's dtype.

A known dtype is a set of one, an unknown one is the set of all; `Float` is a set like any other. Names are those that
jaxtyping compares (`float32`, `bool`, `bfloat16`, `prng_key`), section 1.4 of its reference. Used by every phase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from shapecheck.core.dim import Verdict

_UNSIGNED = ("uint2", "uint4", "uint8", "uint16", "uint32", "uint64")
_SIGNED = ("int2", "int4", "int8", "int16", "int32", "int64")
_FLOAT8 = ("float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz")
_FLOATS = ("float4_e2m1fn", *_FLOAT8, "bfloat16", "float16", "float32", "float64")
_COMPLEX = ("complex64", "complex128")
# What no class but Shaped contains: numpy's strings, dates, objects and extended precision.
_OTHER = ("other",)


@dataclass(frozen=True, slots=True)
class DTypes:
    """The dtypes an array may have, by jaxtyping's names."""

    names: frozenset[str]

    def __or__(self, other: DTypes) -> DTypes:
        return DTypes(self.names | other.names)

    def __and__(self, other: DTypes) -> DTypes:
        return DTypes(self.names & other.names)

    @property
    def exact(self) -> str | None:
        """The one dtype it is, when that is known."""
        return next(iter(self.names)) if len(self.names) == 1 else None

    def __str__(self) -> str:
        return class_name(self)


def _set(*names: str) -> DTypes:
    return DTypes(frozenset(names))


def _exact(names: Iterable[str]) -> dict[str, DTypes]:
    return {_class_of(name): _set(name) for name in names}


def _class_of(name: str) -> str:
    """The jaxtyping class of one dtype: `float8_e4m3fn` is `Float8e4m3fn`, `uint8` is `UInt8`."""
    special = {"bfloat16": "BFloat16", "bool": "Bool", "prng_key": "Key"}
    if name in special:
        return special[name]
    bare = name.replace("_", "")
    return f"UInt{bare[4:]}" if bare.startswith("uint") else bare.capitalize()


BOOL = _set("bool")
KEY = _set("prng_key")
_UINT, _INT, _FLOAT, _CPLX = (_set(*group) for group in (_UNSIGNED, _SIGNED, _FLOATS, _COMPLEX))
ANY_DTYPE = _set(*_UNSIGNED, *_SIGNED, *_FLOATS, *_COMPLEX, *_OTHER) | BOOL | KEY

CLASSES: Mapping[str, DTypes] = MappingProxyType(
    {
        **_exact([*_UNSIGNED, *_SIGNED, *_FLOATS, *_COMPLEX]),
        "Bool": BOOL,
        "Key": KEY,
        "UInt": _UINT,
        "Int": _INT,
        "Integer": _UINT | _INT,
        "Float": _FLOAT,
        "Complex": _CPLX,
        "Inexact": _FLOAT | _CPLX,
        "Real": _FLOAT | _UINT | _INT,
        "Num": _FLOAT | _UINT | _INT | _CPLX,
        "Shaped": ANY_DTYPE,
    }
)
"""Every dtype class of jaxtyping with its dtypes."""

_BY_SIZE = sorted(CLASSES.items(), key=lambda item: (len(item[1].names), item[0]))
_BY_SET = {dtypes.names: name for name, dtypes in reversed(_BY_SIZE)}


@lru_cache(maxsize=256)
def dtype(name: str) -> DTypes:
    """The set of one dtype, named as the libraries do (`float32`, `bool`, `torch.int64`, `long` is not resolved)."""
    bare = name.rsplit(".", 1)[-1]
    bare = "bool" if bare == "bool_" else bare
    return _set(bare) if bare in ANY_DTYPE.names else ANY_DTYPE


def class_name(dtypes: DTypes) -> str:
    """The smallest jaxtyping class that contains the dtypes."""
    exact = _BY_SET.get(dtypes.names)
    return exact or next(name for name, members in _BY_SIZE if dtypes.names <= members.names)


def accepts(expected: DTypes, actual: DTypes) -> Verdict:
    """Whether an array with one of the `actual` dtypes passes an annotation of `expected` ones."""
    if actual.names <= expected.names:
        return Verdict.EQUAL
    return Verdict.UNKNOWN if actual.names & expected.names else Verdict.DIFFERENT
