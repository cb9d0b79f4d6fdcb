"""Arrays of all combinations: blocks on a diagonal, products and choices of vectors; the shape that shapes broadcast to."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, prod

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, dim
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast_all
from shapecheck.core.value import UNKNOWN, Arguments, Array, Many, Result, Value
from shapecheck.rules.axes import flag, integer, shape_argument
from shapecheck.rules.families import equal_dtypes, kept, typed_result
from shapecheck.rules.joining import raised, sequence
from shapecheck.rules.table import Rule, rule


def block_diagonal(a: Arguments) -> Result:
    """Matrices along the diagonal of one; vectors are rows."""
    arrays = _arrays(a["tensors"])
    if arrays is None:
        return UNKNOWN
    for array in arrays:
        if array.shape.min_rank > 2:
            return Mismatch("shape-rank", f"needs 2 axes at most, found ({array.shape})", None, "2 axes", str(array.shape))
    typed = result_type(arrays, a.library)
    blocks = [raised(array.shape, 2) for array in arrays]
    if any(block.rank is None for block in blocks):
        return typed_result(ANY_SHAPE, typed, a.library)
    return typed_result(Shape(tuple(sum((block.dims[at] for block in blocks), ZERO) for at in (0, 1))), typed, a.library)


def _arrays(value: Value) -> tuple[Array, ...] | None:
    """Several arrays, known one by one."""
    arrays = sequence((value,) if isinstance(value, Array) else value)
    return None if isinstance(value, Many) or not arrays else arrays


def product(a: Arguments) -> Result:
    """`cartesian_prod`: a row for every combination; of one vector the vector."""
    arrays = _arrays(a["tensors"])
    if arrays is None:
        return UNKNOWN
    refused = next(filter(None, map(_not_vector, arrays)), None)
    if refused is not None:
        return refused
    sizes = [array.shape.size for array in arrays]
    found = Shape((sizes[0],)) if len(sizes) == 1 else Shape((prod(sizes, start=ONE), dim(len(sizes))))
    return typed_result(found, equal_dtypes(arrays, a.library), a.library)


def _not_vector(array: Array) -> Mismatch | None:
    if array.shape.rank in (None, 1):
        return None
    return Mismatch("shape-rank", f"needs vectors, found ({array.shape})", None, "1 axis", str(array.shape))


def choices(a: Arguments) -> Result:
    """`combinations`: a row for every choice of `r` elements."""
    array, r, repeats = a.array("input"), integer(a["r"]), flag(a["with_replacement"])
    if array is None:
        return UNKNOWN
    if (refused := _not_vector(array)) is not None:
        return refused
    if r is None:
        return typed_result(ANY_SHAPE, kept((array,), a.library), a.library)
    if r < 0:
        return Mismatch("shape-op", f"cannot choose {r} elements", None, ">=0", str(r))
    found = Shape((_ways(array.shape.size, r, repeats), dim(r))) if r else Shape((ZERO,))
    return typed_result(found, kept((array,), a.library), a.library)


def _ways(count: Dim, r: int, repeats: bool | None) -> Dim:
    """How many choices there are."""
    n = count.constant
    if n is None or repeats is None:
        return UNKNOWN_DIM
    return dim(comb(n + r - 1, r) if repeats and n else comb(n, r))


def common_shape(a: Arguments) -> Result:
    """`broadcast_shapes`: a tuple of sizes. Several ints may be as many shapes or a single one: then nothing is said."""
    given = a["shapes"]
    if not isinstance(given, tuple) or all(isinstance(each, Dim) for each in given):
        return UNKNOWN
    shapes = [shape_argument(each) for each in given]
    return _broadcast([each for each in shapes if isinstance(each, Shape)], shapes, a)


def _broadcast(known: Sequence[Shape], shapes: Sequence[Shape | Mismatch], a: Arguments) -> Result:
    refused = next((each for each in shapes if isinstance(each, Mismatch)), None)
    found = refused or broadcast_all(known, a.facts)
    if isinstance(found, Mismatch) or not known:
        return found if isinstance(found, Mismatch) else UNKNOWN
    return found.dims if found.rank is not None else Many(UNKNOWN_DIM)


TABLE: tuple[Rule, ...] = (
    rule(block_diagonal, "*tensors", "torch.block_diag"),
    rule(product, "*tensors", "torch.cartesian_prod"),
    rule(choices, "input, r=2, with_replacement=False", "torch.combinations"),
    rule(common_shape, "*shapes", "torch.broadcast_shapes", "np.broadcast_shapes", "jnp.broadcast_shapes"),
)
