"""jax's updates of a copy: `x.at[index].set(y)` is an array like `x`, and `y` must fit what the index selects.

The rules take the array, the index and what is written; `Array.at.get` reads as `x[index]` does.
"""

from __future__ import annotations

from dataclasses import replace

from shapecheck.core.dim import Verdict
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.shape import Mismatch, broadcasts_to
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import at_least
from shapecheck.rules.families import spelled
from shapecheck.rules.indexing import indexed
from shapecheck.rules.table import rule


def read(a: Arguments) -> Result:
    """`get`: what the index selects."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    found = indexed(array.shape, a["index"], a.library)
    return found if isinstance(found, Mismatch) else replace(array, shape=found, weak=False)


def updated(a: Arguments) -> Result:
    """The array itself, with its dtype."""
    array = a.array("input")
    return UNKNOWN if array is None else _misfit(a, array) or replace(array, weak=False)


def computed(a: Arguments) -> Result:
    """`divide` and `power`, whose dtype is that of the whole computation."""
    found = updated(a)
    return found.with_dtype(_perhaps_float(found.dtype)) if isinstance(found, Array) else found


def _perhaps_float(found: DTypes) -> DTypes:
    return found if found.names <= {"float32", "float64"} else ANY_DTYPE


def _misfit(a: Arguments, array: Array) -> Mismatch | None:
    """Why the array has no such part, or the values do not fit it; whatever is written to an empty part fits."""
    target = indexed(array.shape, a["index"], a.library)
    if isinstance(target, Mismatch):
        return target
    values: Value = a.values.get("values")
    if not isinstance(values, Array) or target.rank is None or not at_least(target.size, 1):
        return None
    if broadcasts_to(values.shape, target, a.facts) is not Verdict.DIFFERENT:
        return None
    reason = f'values of shape "{values.shape}" do not fit a selection of shape "{target}"'
    return Mismatch("shape-broadcast", reason, None, str(target), str(values.shape))


TABLE = (
    rule(read, "input, index, *, mode=None, fill_value=None, **", "Array.at.get"),
    rule(updated, "input, index, values, **", *spelled("set add subtract mul multiply min max", "Array.at.{}")),
    rule(computed, "input, index, values, **", *spelled("divide power", "Array.at.{}")),
    rule(updated, "input, index, func, **", "Array.at.apply"),
)
