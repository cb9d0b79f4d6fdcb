"""Fourier transforms: the shape stays but for `n=`/`s=` and the halved last axis of the real ones; the dtype is complex."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from shapecheck.core.axes import places
from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import (
    BOOLEAN,
    CATEGORY,
    COMPLEX,
    FLOATING,
    INTEGER,
    Typed,
    bits,
    mapped,
    quotient,
    real_part,
    result_type,
)
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, from_items
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import flag, integers, replaced, size, size_at, sizes
from shapecheck.rules.families import (
    NO_SCALARS,
    TORCH,
    DTypeRule,
    gufunc,
    kept,
    made_of,
    only,
    refused_dtype,
    spelled,
    typed_result,
)
from shapecheck.rules.table import Compute, Rule, rule
from shapecheck.rules.windows import last_axes, with_last_axes

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
    if axes is None and isinstance(lengths, tuple):
        axes = tuple(dim(axis) for axis in range(-len(lengths), 0))
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


def lax_fft(a: Arguments) -> Result:
    """`jax.lax.fft`: over as many of the last axes as there are lengths, which say how long these axes are."""
    array, lengths, kind = a.array("x"), sizes(a["fft_lengths"]), a["fft_type"]
    if array is None or not isinstance(kind, str):
        return UNKNOWN
    if (word := kind.lower()) not in ("fft", "ifft", "rfft", "irfft"):
        return Mismatch("shape-op", f"fft_type={kind!r} is none of fft, ifft, rfft, irfft", None, "", kind)
    if isinstance(refused := only(kept, BOOLEAN, INTEGER, FLOATING)((array,), a.library), Mismatch) and word == "rfft":
        return refused
    if word == "rfft" and lengths and array.dtype.names <= {"float16", "bfloat16"}:
        return refused_dtype(array, "float32 or float64")
    found = _lax_shape(array.shape, lengths, word)
    if lengths == () and word != "fft" and word != "ifft":
        return typed_result(found, Typed(ANY_DTYPE), a.library)
    typed = complexes((array,), a.library).dtypes
    return typed_result(found, Typed(real_part(typed) if word == "irfft" else typed), a.library)


def _lax_shape(shape: Shape, lengths: Sequence[Dim] | None, word: str) -> Shape | Mismatch:
    count = 0 if lengths is None else len(lengths)
    if shape.rank is not None and shape.rank < count:
        return Mismatch("shape-rank", f"{count} lengths for ({shape})", None, f"at least {count} axes", str(shape))
    compared = lengths[:-1] if lengths and word == "irfft" else lengths or ()
    for axis, (n, length) in enumerate(
        zip(last_axes(shape, count)[: len(compared)] if count else (), compared, strict=True), -count
    ):
        if compare(n, length) is Verdict.DIFFERENT:
            return Mismatch("shape-op", f"axis {axis} is {n}, fft_lengths says {length}", axis, str(length), str(n))
    if word in ("fft", "ifft") or lengths == ():
        return shape
    last = UNKNOWN_DIM if lengths is None else lengths[-1] if word == "irfft" else lengths[-1] // 2 + 1
    return with_last_axes(shape, 1, [last]) if shape.rank is not None or shape.suffix else ANY_SHAPE


# --- spectra over time --------------------------------------------------------------------------------------------


def spectrogram(a: Arguments) -> Result:
    """`torch.stft`: a spectrum for every window; reals as pairs when complex numbers are not wanted."""
    array, n_fft, as_complex = a.array("input"), a["n_fft"], flag(a["return_complex"])
    if array is None or not isinstance(n_fft, Dim) or a["align_to_window"] is not None:
        return UNKNOWN
    halved = _is_halved(a, (array, a["window"]))
    if halved and a["return_complex"] is None:
        return Mismatch("shape-op", "return_complex= must be given for real arrays")
    known = not halved if a["return_complex"] is None else as_complex
    if halved is None or known is None:
        return UNKNOWN
    found = _windows(a, array.shape, n_fft, n_fft // 2 + 1 if halved else n_fft)
    typed = complexes((array,), a.library).dtypes
    if known or isinstance(found, Mismatch):
        return typed_result(found, Typed(typed), a.library)
    return Array(from_items((*found.items, dim(2))), real_part(typed), a.library)


def _is_halved(a: Arguments, values: Sequence[Value]) -> bool | None:
    """Whether half of the spectrum is left out, as it is of real signals unless `onesided` says otherwise."""
    if a["onesided"] is not None:
        return flag(a["onesided"])
    kinds = {CATEGORY[name] == COMPLEX for value in values if isinstance(value, Array) for name in value.dtype.names}
    return not kinds.pop() if len(kinds) == 1 else None


def _windows(a: Arguments, shape: Shape, n_fft: Dim, bins: Dim) -> Shape | Mismatch:
    """As many windows as fit in the signal, which is padded by half a window on both sides when centered."""
    hop, centered = _hop(a, n_fft), flag(a["center"])
    padded = UNKNOWN_DIM if centered is None else n_fft // 2 * 2 if centered else ZERO
    found = signature("b? t -> b? bins t").apply((shape,), a.facts, {"bins": bins})
    if isinstance(found, Mismatch | tuple) or not found.suffix + found.prefix:
        return found if isinstance(found, Mismatch) else ANY_SHAPE
    return from_items((*found.items[:-1], (size_at(found, len(found.items) - 1) + padded - n_fft) // hop + 1))


def _hop(a: Arguments, n_fft: Dim) -> Dim:
    return n_fft // 4 if a["hop_length"] is None else size(a["hop_length"])


def signal(a: Arguments) -> Result:
    """`torch.istft`: the signal of a spectrogram, as long as its windows are unless a length is given."""
    array, n_fft, centered, is_complex = a.array("input"), a["n_fft"], flag(a["center"]), flag(a["return_complex"])
    if array is None or not isinstance(n_fft, Dim) or is_complex is None:
        return UNKNOWN
    if isinstance(refused := only(kept, COMPLEX)((array,), a.library), Mismatch):
        return refused
    found = signature("b? bins t -> b? t").apply((array.shape,), a.facts)
    dtypes = array.dtype if is_complex else real_part(array.dtype)
    if isinstance(found, Mismatch | tuple) or not found.suffix + found.prefix:
        return found if isinstance(found, Mismatch) else Array(ANY_SHAPE, dtypes, a.library)
    cut = UNKNOWN_DIM if centered is None else n_fft // 2 * 2 if centered else ZERO
    whole = (size_at(found, len(found.items) - 1) - 1) * _hop(a, n_fft) + n_fft - cut
    return Array(from_items((*found.items[:-1], whole if a["length"] is None else size(a["length"]))), dtypes, a.library)


MODULES = ("torch.fft.{}", "jnp.fft.{}", "np.fft.{}")


WHOLE, HALF, FULL = "*s m@dim -> *s n|m@dim", "*s m@dim -> *s (n|m)//2+1@dim", "*s m@dim -> *s n|2*(m-1)@dim"
ALL = "*s *m@dim -> *s *n|*m@dim"
ONE_AXIS = "input|a, n=None, dim|axis=-1, norm=None"
TWO_AXES = "input|a, n|s=None, dim|axes=(-2,-1), norm=None"
AXES = "input|a, n|s=None, dim|axes=None, norm=None"


def one_axis(text: str, typed: DTypeRule, words: str) -> Rule:
    """A transform over one axis; jax takes None for the last one."""
    row = gufunc(text, ONE_AXIS, typed, *spelled(words, *MODULES), scalars=NO_SCALARS)

    def compute(a: Arguments) -> Result:
        return row.compute(a if a["dim"] is not None else replace(a, values={**a.values, "dim": dim(-1)}))

    return replace(row, compute=compute)


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
    rule(
        spectrogram,
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', normalized=False, "
        "onesided=None, return_complex=None, align_to_window=None",
        *spelled("stft", *TORCH),
    ),
    rule(
        signal,
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None, "
        "return_complex=False",
        *spelled("istft", *TORCH),
    ),
    rule(lax_fft, "x, fft_type, fft_lengths", "jax.lax.fft"),
    gufunc("*s -> *s", "input|x, **", kept, *spelled("fftshift ifftshift", *MODULES)),
    gufunc("-> n", "n, d=1.0, **", made_of(FLOATING), *spelled("fftfreq", *MODULES)),
    gufunc("-> n//2+1", "n, d=1.0, **", made_of(FLOATING), *spelled("rfftfreq", *MODULES)),
)
