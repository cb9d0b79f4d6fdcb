"""What programs ask an array about itself: `.shape`, `size(dim)`, `len`, `.ndim`, `numel()`. The answers are dims."""

from __future__ import annotations

from shapecheck.core.axes import place
from shapecheck.core.dim import UNKNOWN_DIM, dim
from shapecheck.core.dtype import CLASSES
from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Array, Many, Result, Value
from shapecheck.rules.axes import integer, size_at
from shapecheck.rules.table import Compute, rule


def of_array(answer: Compute) -> Compute:
    """A computation that is asked of an array only."""

    def compute(a: Arguments) -> Result:
        return UNKNOWN if a.array("input") is None else answer(a)

    compute.__name__ = answer.__name__
    return compute


def _array(a: Arguments) -> Array:
    array = a.array("input")
    assert array is not None, "`of_array` lets nothing else through"
    return array


def shape(a: Arguments) -> Result:
    found = _array(a).shape
    return found.dims if found.rank is not None else Many(UNKNOWN_DIM)


def size(a: Arguments) -> Result:
    """torch's `size()` and `size(dim)`."""
    return shape(a) if a["dim"] is None else _size_of(a["dim"], a)


def _size_of(axis: Value, a: Arguments) -> Result:
    found, known = _array(a).shape, integer(axis)
    at = None if known is None else place(known, found)
    if isinstance(at, Mismatch):
        return at
    return UNKNOWN_DIM if at is None else size_at(found, at)


def length(a: Arguments) -> Result:
    """`len(x)`: the first axis."""
    if _array(a).shape.rank == 0:
        return Mismatch("shape-rank", "an array without axes has no len()", None, "1 axis", "")
    return _size_of(dim(0), a)


def rank(a: Arguments) -> Result:
    found = _array(a).shape.rank
    return UNKNOWN_DIM if found is None else dim(found)


def numel(a: Arguments) -> Result:
    return _array(a).shape.size


def numpy_size(a: Arguments) -> Result:
    """`np.size(x, axis=None)`"""
    return numel(a) if a["axis"] is None else _size_of(a["axis"], a)


def dtype(a: Arguments) -> Result:
    return _array(a).dtype


def is_floating_point(a: Arguments) -> Result:
    names = _array(a).dtype.names
    floats = CLASSES["Float"].names
    return True if names <= floats else UNKNOWN if names & floats else False


TABLE = (
    rule(of_array(shape), "input|a|x", "Tensor.shape", "Array.shape", "ndarray.shape", "jnp.shape", "np.shape"),
    rule(of_array(size), "input, dim=None", "Tensor.size"),
    rule(of_array(length), "input", "Tensor.__len__", "Array.__len__", "ndarray.__len__"),
    rule(of_array(rank), "input|a", "Tensor.ndim", "Tensor.dim", "Tensor.ndimension", "Array.ndim", "ndarray.ndim", "jnp.ndim", "np.ndim"),
    rule(of_array(numel), "input", "Tensor.numel", "Tensor.nelement", "torch.numel", "Array.size", "ndarray.size"),
    rule(of_array(numpy_size), "input|a, axis=None", "jnp.size", "np.size"),
    rule(of_array(dtype), "input", "Tensor.dtype", "Array.dtype", "ndarray.dtype"),
    rule(of_array(is_floating_point), "input", "torch.is_floating_point", "Tensor.is_floating_point"),
)  # fmt: skip
