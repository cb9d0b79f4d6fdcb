"""What an operation rule sees and answers: arrays, sizes, dtypes, tuples, and what is not known.

The doors translate their own world (mypy types, live objects) into these values and back. Pure data.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import EllipsisType

from shapecheck.core.dim import Dim, Facts
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, shared


class Library(enum.StrEnum):
    """Whose rules of promotion and whose spelling apply."""

    TORCH = "torch"
    JAX = "jax"
    NUMPY = "numpy"


class Unknown(enum.Enum):
    """A value that nothing is known about, or a result that a rule cannot decide: always silent."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Array:
    """An array: its shape and dtype as far as they are known. `weak` marks JAX's weakly typed results."""

    shape: Shape = ANY_SHAPE
    dtype: DTypes = ANY_DTYPE
    library: Library = Library.TORCH
    weak: bool = False

    def with_shape(self, shape: Shape) -> Array:
        return replace(self, shape=shape)

    def with_dtype(self, dtype: DTypes) -> Array:
        return replace(self, dtype=dtype, weak=False)

    def __str__(self) -> str:
        return f'{self.dtype}["{self.shape}"]'


@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python number: `float`, whose value may be known, `complex`, or a `bool` that is not known. An int is a `Dim`."""

    kind: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` in an index; None where nothing is written."""

    start: Dim | Array | Unknown | None = None
    stop: Dim | Array | Unknown | None = None
    step: Dim | Array | Unknown | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """A tuple or list of unknown length whose items are all like `item`."""

    item: Value


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A layer made by its constructor: the name in the tables, its sizes and options by field, where it was made."""

    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    made_at: str = ""


type Value = (
    Array | Dim | Scalar | bool | str | DTypes | Slice | Many | LayerValue | Unknown | EllipsisType | tuple[Value, ...] | None
)
"""An argument or a result. A list is a tuple here: no operation tells them apart but indexing, where a list is an
index array and arrives as an `Array` of ints or `UNKNOWN`."""

type Result = Value | Mismatch
"""What a rule answers: a value (`UNKNOWN` inside or out where it cannot tell) or why the library would refuse."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call by parameter name, defaults filled in, and what the program has established."""

    values: Mapping[str, Value]
    library: Library
    facts: Facts = frozenset()

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def array(self, name: str) -> Array | None:
        """The argument when it is an array."""
        value = self.values[name]
        return value if isinstance(value, Array) else None


def either(one: Value, other: Value) -> Value:
    """What is true of a value that is one or the other."""
    match one, other:
        case Array(), Array():
            weak = one.weak and other.weak
            return Array(shared(one.shape, other.shape), one.dtype | other.dtype, one.library, weak)
        case tuple(), tuple() if len(one) == len(other):
            return tuple(map(either, one, other))
        case Scalar(), Scalar() if one.kind == other.kind and one != other:
            return Scalar(one.kind)
        case _:
            return one if one == other else UNKNOWN
