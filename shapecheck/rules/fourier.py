"""Fourier transforms: the shape stays but for `n=`/`s=` and the halved last axis of the real ones; the dtype is complex."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from shapecheck.core.axes import places
from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.promotion import CATEGORY, COMPLEX, FLOATING, Typed, bits, mapped, quotient, real_part, result_type
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Library, Result, Value
from shapecheck.rules.axes import integers, replaced, size_at, sizes
from shapecheck.rules.families import NO_SCALARS, DTypeRule, gufunc, kept, made_of, spelled, typed_result
from shapecheck.rules.table import Compute, Rule, rule

type Length = Callable[[Dim], Dim]


def complexes(values: Sequence[Value], library: Library) -> Typed:
    """Complex numbers of the precision of the input's floats."""
    found = quotient(result_type(values, library), library).dtypes
    return Typed(
        mapped(lambda name: name if CATEGORY[name] >= COMPLEX else "complex128" if bits(name) == 64 else "complex64", found)
    )


def reals(values: Sequence[Value], library: Library) -> Typed:
    """Floats; whether half precision survives depends on the number of axes and the library's version."""
    own = quotient(result_type(values, library), library).dtypes
    return Typed(real_part(complexes(values, library).dtypes) | real_part(own))


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
        typed = reals if length is full_length else complexes
        found = _transformed_shape(array.shape, a["dim"], a["n"], length)
        return typed_result(found, typed((array,), a.library), a.library)

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


MODULES = ("torch.fft.{}", "jnp.fft.{}", "np.fft.{}")


WHOLE, HALF, FULL = "*s m@dim -> *s n|m@dim", "*s m@dim -> *s (n|m)//2+1@dim", "*s m@dim -> *s n|2*(m-1)@dim"
ALL = "*s *m@dim -> *s *n|*m@dim"
ONE_AXIS = "input|a, n=None, dim|axis=-1, norm=None"
TWO_AXES = "input|a, n|s=None, dim|axes=(-2,-1), norm=None"
AXES = "input|a, n|s=None, dim|axes=None, norm=None"


def one_axis(text: str, typed: DTypeRule, words: str) -> Rule:
    """A transform over one axis."""
    return gufunc(text, ONE_AXIS, typed, *spelled(words, *MODULES), scalars=NO_SCALARS)


def all_axes(params: str, words: str) -> Rule:
    """A transform of complex numbers over several axes; lengths without axes are of the last ones."""
    row = gufunc(ALL, params, complexes, *spelled(words, *MODULES), scalars=NO_SCALARS)
    counted = transform("transform_nd", same_length)

    def compute(a: Arguments) -> Result:
        return counted(a) if a["dim"] is None and a["n"] is not None else row.compute(a)

    return replace(row, compute=compute)


TABLE: tuple[Rule, ...] = (
    one_axis(WHOLE, complexes, "fft ifft"),
    one_axis(HALF, complexes, "rfft ihfft"),
    one_axis(FULL, reals, "irfft hfft"),
    all_axes(TWO_AXES, "fft2 ifft2"),
    all_axes(AXES, "fftn ifftn"),
    rule(transform("transform_2d", half_length), TWO_AXES, *spelled("rfft2", *MODULES)),
    rule(transform("transform_2d", full_length), TWO_AXES, *spelled("irfft2", *MODULES)),
    rule(transform("transform_nd", half_length), AXES, *spelled("rfftn", *MODULES)),
    rule(transform("transform_nd", full_length), AXES, *spelled("irfftn", *MODULES)),
    rule(transform("transform_2d", full_length), "input, n|s=None, dim=(-2,-1), norm=None", "torch.fft.hfft2"),
    rule(transform("transform_2d", half_length), "input, n|s=None, dim=(-2,-1), norm=None", "torch.fft.ihfft2"),
    rule(transform("transform_nd", full_length), "input, n|s=None, dim=None, norm=None", "torch.fft.hfftn"),
    rule(transform("transform_nd", half_length), "input, n|s=None, dim=None, norm=None", "torch.fft.ihfftn"),
    gufunc("*s -> *s", "input|x, **", kept, *spelled("fftshift ifftshift", *MODULES)),
    gufunc("-> n", "n, d=1.0, **", made_of(FLOATING), *spelled("fftfreq", *MODULES)),
    gufunc("-> n//2+1", "n, d=1.0, **", made_of(FLOATING), *spelled("rfftfreq", *MODULES)),
)
