"""Arrays of positions: the indices of a triangle, a diagonal or a grid, and where something is found."""

from __future__ import annotations

from collections.abc import Callable

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, BOOL
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast_all, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Many, Result, Value
from shapecheck.rules.axes import integer, shape_argument, size
from shapecheck.rules.families import integers, requested, shape_of, spelled, typed_result
from shapecheck.rules.table import Compute, Rule, rule

NUMPY = ("np.{}", "jnp.{}")


def _positions(shape: Shape, a: Arguments) -> Array:
    found = typed_result(shape, integers((), a.library), a.library)
    assert isinstance(found, Array)
    return found


# --- triangles and diagonals --------------------------------------------------------------------------------------


def _triangle(rows: Dim, columns: Dim, offset: Value, lower: bool) -> Dim:
    """How many elements a triangle has; known for numbers."""
    n, m, k = rows.constant, columns.constant, integer(offset)
    if n is None or m is None or k is None:
        return UNKNOWN_DIM
    kept = (max(0, min(m, row + k + 1)) if lower else m - max(0, min(m, row + k)) for row in range(n))
    return dim(sum(kept))


def triangle(lower: bool) -> Compute:
    """`tril_indices(n, k, m)`: rows and columns, a vector each; torch stacks the two."""

    def triangle_indices(a: Arguments) -> Result:
        rows = size(a["n"])
        count = _triangle(rows, rows if a["m"] is None else size(a["m"]), a["k"], lower)
        return (_positions(Shape((count,)), a),) * 2

    return triangle_indices


def torch_triangle(lower: bool) -> Compute:
    """`torch.tril_indices(row, col, offset)`."""

    def stacked_indices(a: Arguments) -> Result:
        count = _triangle(size(a["row"]), size(a["col"]), a["offset"], lower)
        return typed_result(Shape((dim(2), count)), requested(a, integers((), a.library)), a.library)

    return stacked_indices


def triangle_of(lower: bool) -> Compute:
    """As `triangle`, of a matrix."""

    def triangle_indices_of(a: Arguments) -> Result:
        found = shape_of(a["arr"])
        if found.rank is None:
            return (_positions(Shape((UNKNOWN_DIM,)), a),) * 2
        if found.rank != 2:
            return Mismatch("shape-rank", f"needs a matrix, found ({found})", None, "2 axes", str(found))
        rows, columns = found.dims
        return (_positions(Shape((_triangle(rows, columns, a["k"], lower),)), a),) * 2

    return triangle_indices_of


def diagonal_indices(a: Arguments) -> Result:
    """A vector of positions for every axis."""
    axes = integer(a["ndim"])
    one = _positions(Shape((size(a["n"]),)), a)
    return Many(one) if axes is None else (one,) * axes


def diagonal_of(a: Arguments) -> Result:
    """As `diag_indices`, of an array with equal axes."""
    found = shape_of(a["arr"])
    if found.rank is None:
        return UNKNOWN
    if found.rank < 2 or any(
        n.constant not in (None, found.dims[0].constant) for n in found.dims if found.dims[0].constant is not None
    ):
        return Mismatch("shape-op", f"needs equal axes, at least two, found ({found})", None, "equal axes", str(found))
    return (_positions(Shape(found.dims[:1]), a),) * found.rank


# --- grids --------------------------------------------------------------------------------------------------------


def grid_indices(a: Arguments) -> Result:
    """`indices(dimensions)`: the positions along every axis, stacked, or `sparse` as a tuple."""
    whole = shape_argument(a["dimensions"])
    if isinstance(whole, Mismatch) or whole.rank is None or a["sparse"] is UNKNOWN:
        return whole if isinstance(whole, Mismatch) else UNKNOWN
    typed = requested(a, integers((), a.library))
    if a["sparse"] is False:
        return typed_result(Shape((dim(whole.rank), *whole.dims)), typed, a.library)
    parts = [Shape(tuple(n if i == axis else ONE for i, n in enumerate(whole.dims))) for axis in range(whole.rank)]
    results = [typed_result(each, typed, a.library) for each in parts]
    return tuple(each for each in results if not isinstance(each, Mismatch))


def open_grid(a: Arguments) -> Result:
    """`ix_`: each vector along its own axis; masks become the positions where they hold."""
    vectors = a["args"]
    if not isinstance(vectors, tuple):
        return UNKNOWN
    found: list[Value] = []
    for axis, each in enumerate(vectors):
        shape = shape_of(each) if not isinstance(each, tuple) else Shape((dim(len(each)),))
        if shape.rank is not None and shape.rank != 1:
            return Mismatch("shape-rank", f"needs vectors, found ({shape})", None, "1 axis", str(shape))
        if not isinstance(each, Array) or shape.rank is None:
            return Many(Array(ANY_SHAPE, ANY_DTYPE, a.library))
        masks = bool(each.dtype.names & BOOL.names)
        length = UNKNOWN_DIM if masks else shape.dims[0]
        sizes = tuple(length if i == axis else ONE for i in range(len(vectors)))
        found.append(Array(Shape(sizes), ANY_DTYPE if masks else each.dtype, a.library))
    return tuple(found)


def unravelled(a: Arguments) -> Result:
    """Positions in a flat array as positions along every axis."""
    indices, whole = shape_of(a["indices"]), a["shape"]
    count = len(whole) if isinstance(whole, tuple) else 1 if isinstance(whole, Dim) else None
    one = _positions(indices, a)
    return Many(one) if count is None else (one,) * count


def raveled(a: Arguments) -> Result:
    """Positions along every axis as positions in the flat array."""
    given = a["multi_index"]
    if not isinstance(given, tuple):
        return UNKNOWN
    found = broadcast_all([shape_of(each) for each in given], a.facts)
    return found if isinstance(found, Mismatch) else _positions(found, a)


# --- finding ------------------------------------------------------------------------------------------------------


def found_rows(a: Arguments) -> Result:
    """`argwhere`: a row of positions for every element that is not zero."""
    rank = shape_of(a["input"]).rank
    columns = UNKNOWN_DIM if not rank else dim(rank)
    return _positions(Shape((_wanted(a), columns)), a)


def found_flat(a: Arguments) -> Result:
    """`flatnonzero`: positions in the flat array."""
    return _positions(Shape((_wanted(a),)), a)


def _wanted(a: Arguments) -> Dim:
    """`size=`, which jax needs under `jit`."""
    return size(a["size"]) if isinstance(a["size"], Dim) else UNKNOWN_DIM


def lexsorted(a: Arguments) -> Result:
    """The order of columns by several keys: an axis less than all keys together."""
    keys = a["keys"]
    shape = shape_of(keys[0]) if isinstance(keys, tuple) and keys else _without_first(shape_of(keys))
    return _positions(shape, a)


def _without_first(shape: Shape) -> Shape:
    return from_items(shape.items[1:]) if shape.prefix else ANY_SHAPE


type Made = Callable[[bool], Compute]


def both(made: Made, params: str, lower: tuple[str, ...], upper: tuple[str, ...]) -> tuple[Rule, Rule]:
    """The rows of the lower and the upper triangle."""
    return rule(made(True), params, *lower), rule(made(False), params, *upper)


TABLE: tuple[Rule, ...] = (
    *both(triangle, "n, k=0, m=None", spelled("tril_indices", *NUMPY), spelled("triu_indices", *NUMPY)),
    *both(triangle_of, "arr, k=0", spelled("tril_indices_from", *NUMPY), spelled("triu_indices_from", *NUMPY)),
    *both(torch_triangle, "row, col, offset=0, *, dtype=None, **", ("torch.tril_indices",), ("torch.triu_indices",)),
    rule(diagonal_indices, "n, ndim=2", *spelled("diag_indices", *NUMPY)),
    rule(diagonal_of, "arr", *spelled("diag_indices_from", *NUMPY)),
    rule(grid_indices, "dimensions, dtype=None, sparse=False", *spelled("indices", *NUMPY)),
    rule(open_grid, "*args", *spelled("ix_", *NUMPY)),
    rule(unravelled, "indices, shape, **", *spelled("unravel_index", *NUMPY, "torch.{}")),
    rule(raveled, "multi_index, dims, **", *spelled("ravel_multi_index", *NUMPY)),
    rule(found_rows, "input|a, *, size=None, **", "jnp.argwhere"),
    rule(found_flat, "input|a, *, size=None, **", *spelled("flatnonzero", *NUMPY)),
    rule(lexsorted, "keys, axis=-1, **", *spelled("lexsort", *NUMPY)),
)
