"""Two things known of one shape, as one shape: what an annotation says, and what a condition adds.

Called where mypy's plugin narrows an array's type.
"""

from __future__ import annotations

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Verdict, compare
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Shape, unknown_sizes


def merged(known: Shape, said: Shape) -> Shape:
    """What is known of a shape of which something more is said.

    Where both contradict each other nothing is known. A named run `*b` that turns out to be some two axes is neither `*b`
    for the caller nor two axes for the signature: it becomes `...`.
    """
    if known == ANY_SHAPE:
        return said
    if said.run is None and (known.run is None or known.run == ANY_RUN):
        return _merged_rank(known, said)
    if said.run is None:
        return Shape(_overlay(known.prefix, said.prefix), ANY_RUN, _overlay_right(known.suffix, said.prefix))
    if known.run is None:
        return _merged_ends(known, said)
    prefix = _extended(known.prefix, said.prefix, bool(known.suffix))
    suffix = _extended(known.suffix[::-1], said.suffix[::-1], bool(known.prefix or said.prefix))[::-1]
    longer = len(prefix) > len(known.prefix) or len(suffix) > len(known.suffix)
    return Shape(prefix, ANY_RUN if longer else known.run, suffix)


def _merged_rank(known: Shape, said: Shape) -> Shape:
    """Of a rank that is said: every axis from both."""
    rank = len(said.prefix)
    if rank < known.min_rank or (known.run is None and rank != len(known.prefix)):
        return ANY_SHAPE
    middle = unknown_sizes(rank - known.min_rank)
    return Shape(tuple(map(_merged_size, (*known.prefix, *middle, *known.suffix), said.prefix)))


def _merged_ends(known: Shape, said: Shape) -> Shape:
    """Of a rank that was known: the ends that are said."""
    if said.min_rank > len(known.prefix):
        return ANY_SHAPE
    return Shape(_overlay_right(_overlay(known.prefix, said.prefix), said.suffix))


def _overlay(known: tuple[Dim, ...], said: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """Axes with those said of the first ones."""
    sizes = (*said, *unknown_sizes(len(known)))[: len(known)]
    return tuple(map(_merged_size, known, sizes))


def _overlay_right(known: tuple[Dim, ...], said: tuple[Dim, ...]) -> tuple[Dim, ...]:
    return _overlay(known[::-1], said[::-1])[::-1]


def _extended(known: tuple[Dim, ...], said: tuple[Dim, ...], other_end: bool) -> tuple[Dim, ...]:
    """The axes at one end of a run. More of them are known only when none is at the other end: it could be the same."""
    rest = () if other_end else said[len(known) :]
    return (*_overlay(known, said), *rest)


def _merged_size(known: Dim, said: Dim) -> Dim:
    if known.is_unknown:
        return said
    match compare(known, said):
        case Verdict.DIFFERENT:
            return UNKNOWN_DIM
        case Verdict.UNKNOWN if said.constant is not None and known.constant is None:
            return said
        case _:
            return known
