"""One line that says how to repair a failed check, where that is certain.

Called by :mod:`shapecheck.runtime.call` for a value that does not fit. A piece of advice is certain when the repaired
value would fit: shapes are tried on a stand-in, through the reference itself.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from shapecheck.runtime.arrays import dtype_name, is_array, shape_of
from shapecheck.runtime.hints import ArrayHint, Hint, UnionHint, VariableHint
from shapecheck.runtime.reference import match
from shapecheck.runtime.scope import Place, Scope

__all__ = ["advise"]


@dataclass(frozen=True, slots=True)
class _StandIn:
    """An array of another shape, of which only the shape is looked at."""

    shape: tuple[Any, ...]
    dtype: str


def advise(hint: Hint, value: Any, scope: Scope) -> str | None:
    """How to repair the value, if there is one certain way."""
    array = _the_array(hint)
    if array is None or not is_array(value):
        return None
    try:
        shape = tuple(shape_of(value))
        if not isinstance(value, array.array_type) if array.array_type is not Any else False:
            return None
        return _advise_shape(array, shape, dtype_name(value), scope)
    except Exception:  # advice must never hide the error it is about
        return None


def _the_array(hint: Hint) -> ArrayHint | None:
    """The only array in `X` or `X | None`."""
    match hint:
        case ArrayHint():
            return hint
        case VariableHint(_, inner):
            return _the_array(inner)
        case UnionHint(members):
            arrays = [member for member in members if isinstance(member, ArrayHint)]
            return arrays[0] if len(arrays) == 1 else None
        case _:
            return None


def _advise_shape(hint: ArrayHint, shape: tuple[Any, ...], dtype: str, scope: Scope) -> str | None:
    def fits(candidate: tuple[Any, ...]) -> bool:
        stand_in = _StandIn(candidate, dtype)
        trial = Scope(scope.arguments, dict(scope.sizes), dict(scope.runs), dict(scope.trees), dict(scope.origins))
        return match(_any_array(hint), stand_in, trial, Place("")) is None

    rank = len(shape)
    more = len(hint.shape.axes) - rank if hint.shape.variadic_index is None else 0
    swaps = [(one, other) for one, other in combinations(range(rank), 2) if not more and fits(_swap(shape, one, other))]
    missing = [axis for axis in range(rank + 1) if rank and more == 1 and fits((*shape[:axis], 1, *shape[axis:]))]
    spare = [axis for axis in range(rank) if more == -1 and shape[axis] == 1 and fits((*shape[:axis], *shape[axis + 1 :]))]
    match swaps, missing, spare:
        case [(one, other)], [], []:
            return f"axes {one} and {other} are swapped"
        case [], [axis], []:
            return f"an axis of size 1 is missing {_where(axis, rank)}"
        case [], [], [axis]:
            return f"axis {axis}, of size 1, is too many"
        case _:
            return None


def _where(axis: int, rank: int) -> str:
    return "in front" if axis == 0 else "at the end" if axis == rank else f"before axis {axis}"


def _swap(shape: tuple[Any, ...], one: int, other: int) -> tuple[Any, ...]:
    swapped = list(shape)
    swapped[one], swapped[other] = shape[other], shape[one]
    return tuple(swapped)


def _any_array(hint: ArrayHint) -> ArrayHint:
    return ArrayHint(hint.annotation, Any, hint.dtypes, hint.shape)
