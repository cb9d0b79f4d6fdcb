"""Statistics and integrals of torch: covariance, histograms, trapezoids, finite differences.

numpy's and jax's are in `polynomials`; what torch's answer differs from them in is the dtype, which it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.axes import places
from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Verdict, compare
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import COMPLEX, FLOATING, INTEGER, Typed
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, axis_from_right, broadcast, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import at_most, differs, integer, integers, is_one, size, size_at
from shapecheck.rules.families import TORCH, floated, gufunc, kept, only, or_unknown, shape_of, spelled, typed_result
from shapecheck.rules.polynomials import gradient
from shapecheck.rules.table import Rule, rule

numbers = only(floated, INTEGER, FLOATING, COMPLEX)
floats = only(kept, FLOATING)
whole = only(kept, INTEGER)


def summed_up(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Integers become floats where there are any: of an axis without elements torch makes zeros of the array's own dtype."""
    found = numbers(values, library)
    return Typed(found.dtypes | values[0].dtype) if isinstance(found, Typed) and isinstance(values[0], Array) else found


of_both = or_unknown(only(floated, INTEGER, FLOATING, COMPLEX))
inexact = only(kept, FLOATING, COMPLEX)


def variances(a: Arguments) -> Result:
    """`cov`, `corrcoef`: a row and a column for every row; one row has a variance."""
    typed, found = numbers((a["input"],), a.library), shape_of(a["input"])
    if isinstance(typed, Mismatch):
        return typed
    if found.min_rank > 2:
        return Mismatch("shape-rank", f"needs 2 axes at most, found ({found})", None, "2 axes", str(found))
    if (refused := _refused_weights(a, found)) is not None:
        return refused
    typed = typed if a["aweights"] is None else floated((a["input"], a["aweights"]), a.library)
    if found.rank is None or (found.rank == 2 and is_one(found.dims[0]) is None):
        return typed_result(ANY_SHAPE, typed, a.library)
    several = found.rank == 2 and found.dims[0] != ONE
    return typed_result(Shape((found.dims[0],) * 2) if several else SCALAR, typed, a.library)


def _refused_weights(a: Arguments, found: Shape) -> Mismatch | None:
    """The mismatch of weights that are not one for every column."""
    for name, typed in (("fweights", whole), ("aweights", floats)):
        weights = a.array(name)
        if weights is None:
            continue
        if isinstance(refused := typed((weights,), a.library), Mismatch):
            return replace(refused, reason=f"{name} {refused.reason}")
        count = found.dims[-1] if found.rank else UNKNOWN_DIM
        if weights.shape.min_rank > 1 or (weights.shape.rank and differs(weights.shape.dims[0], count, a)):
            reason = f"{name} needs one element for each of the {count} columns, found ({weights.shape})"
            return Mismatch("shape-mismatch", reason, None, str(count), str(weights.shape))
    return None


# --- along an axis ------------------------------------------------------------------------------------------------


def integral(a: Arguments) -> Result:
    """`trapezoid`: the axis goes."""
    return _integrated(a, "*s n@dim -> *s")


def integrals(a: Arguments) -> Result:
    """`cumulative_trapezoid`: up to each point but the first."""
    return _integrated(a, "*s n@dim -> *s max(n-1,0)@dim")


def _integrated(a: Arguments, text: str) -> Result:
    """Points along the axis, or one for every value, change no shape; others may broadcast the values."""
    values, points = shape_of(a["y"]), shape_of(a["x"])
    found = signature(text).apply((values,), a.facts, call=a.values)
    if values.rank is None or ZERO in values.dims:
        return typed_result(found, Typed(ANY_DTYPE), a.library)  # of no values torch keeps integers
    if a["x"] is None or isinstance(found, Mismatch):
        return typed_result(found, summed_up((a["y"],), a.library), a.library)
    fits = points.rank == 1 or same(points, values, a.facts) is Verdict.EQUAL
    found = found if fits else _broadcast(values, points, text, a)
    return typed_result(found, of_both((a["y"], a["x"]), a.library), a.library)


def _broadcast(values: Shape, points: Shape, text: str, a: Arguments) -> Shape | tuple[Shape, ...] | Mismatch:
    """Of points with several axes whose axis is as long as that of the values."""
    both, axis = broadcast(values, points, a.facts), integer(a["dim"])
    if isinstance(both, Mismatch) or both.rank is None or axis is None or None in (values.rank, points.rank):
        return ANY_SHAPE
    from_right = axis - both.rank if axis >= 0 else axis
    one, other = axis_from_right(values, -from_right - 1), axis_from_right(points, -from_right - 1)
    alike = one is not None and other is not None and compare(one, other, a.facts) is Verdict.EQUAL
    return signature(text).apply((both,), a.facts, call=a.values) if alike and values.rank == both.rank else ANY_SHAPE


def differences(a: Arguments) -> Result:
    """`gradient`: an array for every axis, a tuple also of one."""
    found, spacing, order = gradient(a), a["spacing"], integer(a["edge_order"])
    if order is not None and order not in (1, 2):
        return Mismatch("shape-op", f"edge_order is 1 or 2, found {order}", None, "1 or 2", str(order))
    found = (found,) if isinstance(found, Array) else found
    if order is not None and (refused := _too_few(found, a, order)) is not None:
        return refused
    if isinstance(found, tuple) and isinstance(spacing, tuple) and len(spacing) != len(found):
        reason = f"{len(spacing)} spacings for {len(found)} axes"
        return Mismatch("shape-op", reason, None, str(len(found)), str(len(spacing)))
    return found


def _too_few(found: Result, a: Arguments, order: int) -> Mismatch | None:
    """The mismatch of an axis with fewer elements than a difference of this order needs."""
    shape, axes = shape_of(a["f"]), integers(a["axis"]) if a["axis"] is not None else range(shape_of(a["f"]).min_rank)
    at = places(list(axes), shape) if axes is not None and shape.rank else None
    for place in at if isinstance(at, list) and isinstance(found, tuple) else ():
        size_ = size_at(shape, place)
        if at_most(size_, order):
            return Mismatch(
                "shape-op",
                f"axis {place} needs at least {order + 1} elements, found {size_}",
                place,
                f">={order + 1}",
                str(size_),
            )
    return None


# --- bins ---------------------------------------------------------------------------------------------------------


def histogram(a: Arguments) -> Result:
    """Counts and the edges of the bins."""
    bins = _bins(a["bins"])
    return typed_result((Shape((bins,)), Shape((bins + 1,))), floats((a["input"],), a.library), a.library)


def histogramdd(a: Arguments) -> Result:
    """Counts in as many dimensions as the last axis has elements, and the edges of each."""
    typed, columns = floats((a["input"],), a.library), axis_from_right(shape_of(a["input"]), 0)
    count = columns.constant if columns is not None else None
    if isinstance(typed, Mismatch) or count is None:
        return typed if isinstance(typed, Mismatch) else UNKNOWN
    given = a["bins"]
    bins = list(map(_bins, given)) if isinstance(given, tuple) else [size(given)] * count
    if len(bins) != count:
        return Mismatch("shape-op", f"bins for {len(bins)} columns, there are {count}", None, str(count), str(len(bins)))
    edges = typed_result(tuple(Shape((each + 1,)) for each in bins), typed, a.library)
    return typed_result(Shape(tuple(bins)), typed, a.library), edges  # type: ignore[return-value]  # refused above


def _bins(value: Value) -> Dim:
    """The number of bins, given as it is or by their edges."""
    return value.shape.size - 1 if isinstance(value, Array) else size(value)


# --- vectors ------------------------------------------------------------------------------------------------------


def not_a_vector(a: Arguments) -> Mismatch | None:
    """Refuses renormalizing a vector."""
    found = shape_of(a["input"])
    if found.rank is None or found.rank > 1:
        return None
    return Mismatch("shape-rank", f"needs at least 2 axes, found {found.rank} ({found})", None, "2 axes", str(found))


TABLE: tuple[Rule, ...] = (
    rule(variances, "input, *, correction=1, fweights=None, aweights=None", *spelled("cov corrcoef", *TORCH)),
    rule(integral, "y, x=None, *, dx=1.0, dim=-1", *spelled("trapezoid trapz", "torch.{}")),
    rule(integrals, "y, x=None, *, dx=1.0, dim=-1", "torch.cumulative_trapezoid"),
    rule(differences, "f|input, *, spacing=1, axis|dim=None, edge_order=1", "torch.gradient"),
    rule(histogram, "input, bins, **", *spelled("histogram", *TORCH)),
    rule(histogramdd, "input, bins, **", "torch.histogramdd"),
    gufunc("n d -> n*(n-1)//2", "input, p=2.0", floats, "F.pdist"),
    gufunc(
        "*s n@dim -> *s n@dim", "input, p, dim, maxnorm", inexact, *spelled("renorm", *TORCH, "Tensor.{}_"), check=not_a_vector
    ),
)
