"""Which axis of a shape is which of an operand: `*b m? k` beside `*batch n d`.

Called by `signature`, which binds the sizes that are paired here; a pure function of ranks, no size matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.notation import Axis, Operand
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape


@dataclass(frozen=True, slots=True)
class Taken:
    """The axes of an operand with the sizes that a shape has there, and what its run stands for.

    Attributes:
        sizes: each axis, its actual size and its index in the shape.
        between: the run's part of the shape; None for an operand without one.
        dropped: the optional axes that the shape lacks.
        undecided: whether it is not known which optional axes the shape has.
    """

    sizes: tuple[tuple[Axis, Dim, int], ...]
    between: Shape | None
    dropped: tuple[str, ...] = ()
    undecided: bool = False


def take(operand: Operand, actual: Shape, absorb: bool, name: str = "") -> Taken | Mismatch:
    """Pairs the axes of an operand with an actual shape's; a mismatch when it has too few or too many.

    `absorb`: an optional axis that may or may not be there counts as the end of the run before it. `name`: what a mismatch calls
    the operand.
    """
    if not operand.left and not operand.right and operand.run is not None:
        return Taken((), actual)
    if fits_rank(operand, actual) is False:
        return rank_mismatch((operand,), actual, name)
    rank = actual.rank
    if rank is None and actual.min_rank < len(operand.axes) and operand.required < len(operand.axes):
        if not absorb:
            return Taken(_right_sizes(operand, actual), None, undecided=True)
        right = tuple(axis for axis in operand.right if not axis.optional)
        folded = Operand(operand.text, operand.left, operand.run, right)
        return _split(folded, actual, _optional_names(operand.axes))
    missing = max(0, len(operand.axes) - rank) if rank is not None else 0
    return _without(operand, missing, actual)


def _optional_names(axes: Iterable[Axis]) -> tuple[str, ...]:
    return tuple(axis.name for axis in axes if axis.optional)


def _without(operand: Operand, missing: int, actual: Shape) -> Taken:
    """Drops as many optional axes as the operand is short of, the first ones first."""
    if not missing:
        return _split(operand, actual, ())
    optional = [axis for axis in operand.axes if axis.optional][:missing]
    left = tuple(axis for axis in operand.left if axis not in optional)
    right = tuple(axis for axis in operand.right if axis not in optional)
    return _split(Operand(operand.text, left, operand.run, right), actual, _optional_names(optional))


def fits_rank(operand: Operand, actual: Shape) -> bool | None:
    """Whether an operand has as many axes as a shape; None when that is not known."""
    least, most = operand.required, None if operand.run is not None else len(operand.axes)
    rank = actual.rank
    if (rank is not None and rank < least) or (most is not None and actual.min_rank > most):
        return False
    return True if rank is not None or (most is None and actual.min_rank >= least) else None


def rank_mismatch(operands: Sequence[Operand], actual: Shape, name: str = "") -> Mismatch:
    """The mismatch of a shape with more or fewer axes than all these operands have; `name` is what the operand is called."""
    *others, last = _ranks(operands)
    wanted = f"{', '.join(others)} or {last}" if others else last
    plural = "axis" if wanted.removeprefix("at least ") == "1" else "axes"
    words = "" if name else _words(operands[-1])
    found = f'{actual.min_rank} ("{actual}")' if words and actual.min_rank else _count(actual)
    reason = f"expected {wanted} {plural}{f' in {name}' if name else words}, found {found}"
    return Mismatch("shape-rank", reason, None, " or ".join(dict.fromkeys(map(str, operands))), str(actual))


def _words(operand: Operand) -> str:
    """The axes of an operand whose names say what they are: `(batch, channels, length)`."""
    if len(operand.axes) < 2 or not all(is_word(axis.name) for axis in operand.axes):
        return ""
    left, right = ([axis.name for axis in axes] for axes in (operand.left, operand.right))
    return f" ({', '.join([*left, *(['...'] if operand.run is not None else []), *right])})"


def is_word(name: str) -> bool:
    """Whether a name says what it is; single letters do not."""
    return len(name) > 2


def _ranks(operands: Sequence[Operand]) -> list[str]:
    """How many axes operands have, in words: `0`, `at least 2`."""
    open_ends = [each.required for each in operands if each.run is not None]
    exact = {rank for each in operands if each.run is None for rank in range(each.required, len(each.axes) + 1)}
    least = min(open_ends, default=None)
    while least is not None and least - 1 in exact:
        least -= 1
    return [str(rank) for rank in sorted(exact) if least is None or rank < least] + (
        [] if least is None else [f"at least {least}"]
    )


def _count(actual: Shape) -> str:
    at_least = "at least " if actual.rank is None else ""
    return f"{at_least}{actual.min_rank} ({actual})" if actual.min_rank else "a scalar"


def _right_sizes(operand: Operand, actual: Shape) -> tuple[tuple[Axis, Dim, int], ...]:
    """The axes that are certain whatever the rank is: the required ones at the right end."""
    found: list[tuple[Axis, Dim, int]] = []
    for distance, axis in enumerate(reversed(operand.right)):
        if axis.optional or distance >= len(actual.suffix):
            break
        found.append((axis, actual.suffix[-1 - distance], -1 - distance))
    return tuple(found)


def _split(operand: Operand, actual: Shape, dropped: tuple[str, ...]) -> Taken:
    left, right = len(operand.left), len(operand.right)
    if actual.run is None:
        return _split_known(operand, actual.prefix, dropped)
    if operand.run is None:
        hidden = left + right - actual.min_rank
        return _split_known(operand, (*actual.prefix, *[UNKNOWN_DIM] * hidden, *actual.suffix), dropped)
    head = (*actual.prefix[:left], *[UNKNOWN_DIM] * (left - len(actual.prefix)))
    tail = (*[UNKNOWN_DIM] * (right - len(actual.suffix)), *actual.suffix[max(0, len(actual.suffix) - right) :])
    tail = tail if right else ()
    borrowed = left > len(actual.prefix) or right > len(actual.suffix)
    rest = actual.suffix[: len(actual.suffix) - right] if not borrowed else ()
    between = ANY_SHAPE if borrowed else Shape(actual.prefix[left:], actual.run, rest)
    return Taken(_paired(operand, head, tail), between, dropped)


def _split_known(operand: Operand, sizes: tuple[Dim, ...], dropped: tuple[str, ...]) -> Taken:
    left, stop = len(operand.left), len(sizes) - len(operand.right)
    between = Shape(sizes[left:stop]) if operand.run is not None else None
    return Taken(_paired(operand, sizes[:left], sizes[stop:]), between, dropped)


def _paired(operand: Operand, head: Sequence[Dim], tail: Sequence[Dim]) -> tuple[tuple[Axis, Dim, int], ...]:
    before = [(axis, size, index) for index, (axis, size) in enumerate(zip(operand.left, head, strict=True))]
    first = -len(tail) if operand.run is not None else 0
    after = [(axis, size, first + index) for index, (axis, size) in enumerate(zip(operand.right, tail, strict=True))]
    return (*before, *after)
