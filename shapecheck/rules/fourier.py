"""Fourier transforms: the shape stays but for `n=`/`s=` and the halved last axis of the real ones; the dtype is complex."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.promotion import CATEGORY, COMPLEX, Typed, bits, default, mapped, quotient, real_part, result_type
from shapecheck.core.promotion import FLOATING as FLOATS
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import integers, places, replaced, size_at, sizes
from shapecheck.rules.families import gufunc, kept, spelled, typed_result
from shapecheck.rules.table import Compute, Rule, rule

type Length = Callable[[Dim], Dim]


def complexes(value: Value, library: Library) -> Typed:
    """Complex numbers of the precision of the input's floats."""
    found = quotient(result_type((value,), library), library).dtypes
    return Typed(
        mapped(lambda name: name if CATEGORY[name] >= COMPLEX else "complex128" if bits(name) == 64 else "complex64", found)
    )


def same_length(size: Dim) -> Dim:
    return size


def half_length(size: Dim) -> Dim:
    """A real signal's spectrum."""
    return size // 2 + 1


def full_length(size: Dim) -> Dim:
    """The signal of a half spectrum, when no length is given."""
    return (size - 1) * 2


def transform(name: str, length: Length) -> Compute:
    """A transform whose last transformed axis changes its length."""

    def transformed(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        typed = complexes(array, a.library)
        if length is full_length:
            # Whether half precision survives depends on the number of axes and the library's version.
            own = quotient(result_type((array,), a.library), a.library).dtypes
            typed = Typed(real_part(typed.dtypes) | real_part(own))
        found = _transformed_shape(array.shape, a["dim"], a["n"], length)
        return typed_result(found, typed, a.library)

    transformed.__name__ = name
    return transformed


def _transformed_shape(shape: Shape, axes: Value, lengths: Value, length: Length) -> Shape | Mismatch:
    if axes is None and lengths is None:
        if shape.rank is None or shape.rank == 0:
            return shape if length is same_length else ANY_SHAPE
        axes = tuple(dim(axis) for axis in range(shape.rank))
    listed, given = integers(axes), sizes(lengths) if lengths is not None else None
    at = places(listed, shape) if listed is not None else None
    if isinstance(at, Mismatch):
        return at
    if at is None or not at or (lengths is not None and (given is None or len(given) != len(at))):
        return ANY_SHAPE
    for index, place in enumerate(at):
        size = given[index] if given is not None else size_at(shape, place)
        shape = replaced(shape, place, _new_size(size, length, index == len(at) - 1, given is not None))
    return shape


def _new_size(size: Dim, length: Length, is_last: bool, is_given: bool) -> Dim:
    if not is_last or (is_given and length is full_length):
        return size
    return length(size) if not size.is_unknown else UNKNOWN_DIM


def frequencies(length: Length) -> Compute:
    """`fftfreq(n)`, `rfftfreq(n)`."""

    def frequencies_of(a: Arguments) -> Result:
        n = a["n"]
        size = length(n) if isinstance(n, Dim) else UNKNOWN_DIM
        return Array(Shape((size,)), default(FLOATS, a.library), a.library)

    return frequencies_of


MODULES = ("torch.fft.{}", "jnp.fft.{}", "np.fft.{}")
_LENGTHS: tuple[tuple[str, Length], ...] = (("", same_length), ("r", half_length), ("ir", full_length))


def transforms(prefix: str, length: Length) -> Sequence[Rule]:
    """The transforms over one axis, two and all."""
    stems = (f"{prefix}fft i{prefix}fft" if not prefix else f"{prefix}fft").split()
    one = spelled(" ".join(stems), *MODULES)
    two = spelled(" ".join(f"{stem}2" for stem in stems), *MODULES)
    many = spelled(" ".join(f"{stem}n" for stem in stems), *MODULES)
    return (
        rule(transform("transform", length), "input|a, n=None, dim|axis=-1, norm=None", *one),
        rule(transform("transform_2d", length), "input|a, n|s=None, dim|axes=(-2,-1), norm=None", *two),
        rule(transform("transform_nd", length), "input|a, n|s=None, dim|axes=None, norm=None", *many),
    )


TABLE: tuple[Rule, ...] = (
    *(row for prefix, length in _LENGTHS for row in transforms(prefix, length)),
    rule(transform("transform", full_length), "input|a, n=None, dim|axis=-1, norm=None", *spelled("hfft", *MODULES)),
    rule(transform("transform", half_length), "input|a, n=None, dim|axis=-1, norm=None", *spelled("ihfft", *MODULES)),
    rule(transform("transform_2d", full_length), "input, n|s=None, dim=(-2,-1), norm=None", "torch.fft.hfft2"),
    rule(transform("transform_2d", half_length), "input, n|s=None, dim=(-2,-1), norm=None", "torch.fft.ihfft2"),
    rule(transform("transform_nd", full_length), "input, n|s=None, dim=None, norm=None", "torch.fft.hfftn"),
    rule(transform("transform_nd", half_length), "input, n|s=None, dim=None, norm=None", "torch.fft.ihfftn"),
    gufunc("*s -> *s", "input|x, **", kept, *spelled("fftshift ifftshift", *MODULES)),
    rule(frequencies(same_length), "n, d=1.0, **", *spelled("fftfreq", *MODULES)),
    rule(frequencies(half_length), "n, d=1.0, **", *spelled("rfftfreq", *MODULES)),
)
