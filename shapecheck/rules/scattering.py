"""Putting an array where a view would read: `select_scatter`, `slice_scatter`, `diagonal_scatter`.

The source must have exactly the shape of what the view reads.
"""

from __future__ import annotations

from collections.abc import Callable

from shapecheck.core.axes import place
from shapecheck.core.dim import Dim, Verdict
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Slice, Unknown, Value
from shapecheck.rules.axes import integer, replaced, shape_argument, size, size_at
from shapecheck.rules.families import TORCH, Check, gufunc, kept, shape_of, spelled
from shapecheck.rules.indexing import sliced
from shapecheck.rules.permute import DIAGONAL
from shapecheck.rules.table import Rule

type View = Callable[[Arguments], Shape | Mismatch]


def selected(a: Arguments) -> Shape | Mismatch:
    """One slice, without its axis."""
    found = signature("*s n@dim -> *s").apply((shape_of(a["input"]),), a.facts, call=a.values)
    return ANY_SHAPE if isinstance(found, tuple) else found


def cut(a: Arguments) -> Shape | Mismatch:
    """The slices from `start` to `end`."""
    shape, axis = shape_of(a["input"]), integer(a["dim"])
    at = None if axis is None else place(axis, shape)
    if not isinstance(at, int):
        return at or ANY_SHAPE
    found = sliced(size_at(shape, at), Slice(*(_end(a[name]) for name in ("start", "end", "step"))))
    return found if isinstance(found, Mismatch) else replaced(shape, at, found)


def _end(value: Value) -> Dim | Unknown | None:
    return value if isinstance(value, Dim) or value is None else UNKNOWN


def on_diagonal(a: Arguments) -> Shape | Mismatch:
    """The diagonal of two axes."""
    found = signature(DIAGONAL).apply((shape_of(a["input"]),), a.facts, {"offset": size(a["offset"])}, a.values)
    return ANY_SHAPE if isinstance(found, tuple) else found


def strided(a: Arguments) -> Shape | Mismatch:
    """Whatever shape the call names."""
    return shape_argument(a["size"])


def filling(view: View) -> Check:
    """Refuses a source of another shape than what `view` reads."""

    def refused(a: Arguments) -> Mismatch | None:
        wanted, found = view(a), shape_of(a["src"])
        if isinstance(wanted, Mismatch) or same(wanted, found, a.facts) is not Verdict.DIFFERENT:
            return wanted if isinstance(wanted, Mismatch) else None
        return Mismatch("shape-mismatch", f"the source should be ({wanted}), found ({found})", None, str(wanted), str(found))

    return refused


def scatter(name: str, params: str, view: View) -> Rule:
    """A row: the array keeps its shape."""
    return gufunc("*s -> *s", f"input, src, {params}", kept, *spelled(name, *TORCH), check=filling(view))


TABLE: tuple[Rule, ...] = (
    scatter("select_scatter", "dim, index", selected),
    scatter("slice_scatter", "dim=0, start=None, end=None, step=1", cut),
    scatter("diagonal_scatter", "offset=0, dim1=0, dim2=1", on_diagonal),
    scatter("as_strided_scatter", "size, stride, storage_offset=None", strided),
)
