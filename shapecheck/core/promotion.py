"""The dtype of a result: promotion as torch, jax and numpy do it, over sets of dtypes.

Sources: `torch.result_type` (three ranks of operands: arrays, 0-dim arrays, Python numbers), JAX's type promotion
lattice (weak types, 64 bits only when an operand already has them), and NumPy's NEP 50. Where several dtypes are
possible the answer is the set of all that can come out; a pair that a library refuses adds nothing. Called by rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

from shapecheck.core.dim import Dim
from shapecheck.core.dtype import ANY_DTYPE, BOOL, CLASSES, DTypes, dtype
from shapecheck.core.shape import SCALAR, Shape
from shapecheck.core.value import Array, Library, Scalar, Value

BOOLEAN, INTEGER, FLOATING, COMPLEX, OPAQUE = range(5)
"""The categories of dtypes, lowest first; `OPAQUE` are keys, strings and whatever promotes by rules of its own."""

UNDECIDED = "?"
"""What a pair of dtypes gives that has rules of its own, or a result outside of jaxtyping's dtypes."""
_KINDS = ((BOOLEAN, BOOL), (INTEGER, CLASSES["Integer"]), (FLOATING, CLASSES["Float"]), (COMPLEX, CLASSES["Complex"]))
CATEGORY: Mapping[str, int] = {
    **dict.fromkeys(ANY_DTYPE.names, OPAQUE),
    **{name: kind for kind, members in _KINDS for name in members.names},
}
_BITS = {"bool": 1, "bfloat16": 16, "complex64": 32, "complex128": 64}  # of a complex dtype: its parts


def bits(name: str) -> int:
    """The width of a dtype; of a complex one, that of each part."""
    if name in _BITS:
        return _BITS[name]
    digits = "".join(c for c in name.removeprefix("u").removeprefix("int").removeprefix("float") if c.isdigit() or c == "_")
    return int(digits.partition("_")[0] or 0)


_DEFAULTS: Mapping[Library, tuple[str, str, str, str]] = {
    Library.TORCH: ("bool", "int64", "float32", "complex64"),
    Library.JAX: ("bool", "int32", "float32", "complex64"),
    Library.NUMPY: ("bool", "int64", "float64", "complex128"),
}


def default(category: int, library: Library) -> DTypes:
    """The dtype that a library gives Python's `bool`, `int`, `float` or `complex` numbers."""
    return dtype(_DEFAULTS[library][category])


# --- operands -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """A dtype as far as it is known, and whether JAX calls it weak."""

    dtypes: DTypes
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """What promotion sees of an argument: dtypes, and how much its rank counts.

    `python` marks Python numbers; `scalar` says whether an array has no axes (None: perhaps).
    """

    dtypes: DTypes
    python: bool = False
    scalar: bool | None = False
    weak: bool = False


_PYTHON = {"bool": BOOLEAN, "int": INTEGER, "float": FLOATING, "complex": COMPLEX}


def operand(value: Value, library: Library) -> Operand:
    """An argument as promotion sees it."""
    match value:
        case Array():
            return Operand(value.dtype, False, _is_scalar(value.shape), value.weak)
        case bool():
            return _number(BOOLEAN, library)
        case Dim():
            return _number(INTEGER, library)
        case Scalar(kind=kind) if kind in _PYTHON:
            return _number(_PYTHON[kind], library)
        case _:
            return Operand(ANY_DTYPE, False, None)


def _number(category: int, library: Library) -> Operand:
    return Operand(default(category, library), True, True, category != BOOLEAN)


def _is_scalar(shape: Shape) -> bool | None:
    if shape.run is None:
        return shape == SCALAR
    return False if shape.min_rank else None


def result_type(values: Iterable[Value], library: Library) -> Typed:
    """The dtype of an operation that promotes its operands to one dtype."""
    return _promoted(library, tuple([operand(value, library) for value in values]))


@lru_cache(maxsize=4096)
def _promoted(library: Library, operands: tuple[Operand, ...]) -> Typed:
    return _RESULT_TYPES[library](operands)


# --- torch --------------------------------------------------------------------------------------------------------

_TORCH_NO_PROMOTION = frozenset({"uint16", "uint32", "uint64"})


def _torch_pair(a: str, b: str) -> str | None:
    """`torch.promote_types`; None where it raises."""
    kinds = CATEGORY[a], CATEGORY[b]
    if OPAQUE in kinds:
        return UNDECIDED
    if a == b:
        return a
    if any(CATEGORY[name] == FLOATING and bits(name) < 16 for name in (a, b)):
        return None
    low, high = (a, b) if kinds[0] < kinds[1] else (b, a)
    if low in _TORCH_NO_PROMOTION or (high in _TORCH_NO_PROMOTION):
        return high if CATEGORY[high] == FLOATING else None
    if kinds[0] == kinds[1]:
        return _joined(a, b)
    return _complex_of(low) if CATEGORY[high] == COMPLEX and CATEGORY[low] == FLOATING and bits(low) > bits(high) else high


def _joined(a: str, b: str) -> str | None:
    """Two dtypes of one category."""
    small, large = sorted((a, b), key=bits)
    if CATEGORY[a] == INTEGER and small.startswith("u") != large.startswith("u"):
        return _signed_over(a, b)
    if bits(small) == bits(large):
        return "float32" if CATEGORY[a] == FLOATING else None
    return large


def _signed_over(a: str, b: str) -> str | None:
    """The signed integer that holds a signed and an unsigned one; None when 64 bits are not enough."""
    unsigned, signed = (a, b) if a.startswith("u") else (b, a)
    width = max(bits(signed), 2 * bits(unsigned))
    return f"int{width}" if width <= 64 else None


def _complex_of(name: str) -> str:
    return "complex128" if bits(name) > 32 else "complex64"


def _torch_combined(higher: str, lower: str) -> str | None:
    """A dtype of an operand that counts and one of an operand that matters by its category alone."""
    high, low = CATEGORY[higher], CATEGORY[lower]
    if OPAQUE in (high, low):
        return UNDECIDED
    if high == COMPLEX:
        return higher
    if high == FLOATING:
        return (
            (UNDECIDED if bits(higher) < 32 else _complex_of(higher)) if low == COMPLEX else higher
        )  # half complex is no dtype here
    return _torch_pair(higher, lower) if high == BOOLEAN or low >= FLOATING else higher


def _torch_result(operands: Sequence[Operand]) -> Typed:
    """`torch.result_type`; an array that may have no axes is tried as both."""
    unsure = next((index for index, each in enumerate(operands) if each.scalar is None), None)
    if unsure is not None and len(operands) <= 4:
        sides = [_torch_result(_settled(operands, unsure, scalar)) for scalar in (False, True)]
        return Typed(sides[0].dtypes | sides[1].dtypes)
    ranks = [_fold(_torch_pair, [o.dtypes for o in operands if _torch_rank(o) == rank]) for rank in range(3)]
    return Typed(_torch_ranks([names for names in ranks if names is not None]))


def _torch_ranks(ranks: Sequence[DTypes]) -> DTypes:
    lowest_first = list(reversed(ranks))
    return reduce(lambda lower, higher: _pairs(_torch_combined, higher, lower), lowest_first) if ranks else ANY_DTYPE


def _torch_rank(each: Operand) -> int:
    return 2 if each.python else int(bool(each.scalar))


def _settled(operands: Sequence[Operand], index: int, scalar: bool) -> list[Operand]:
    found = list(operands)
    found[index] = Operand(found[index].dtypes, False, scalar)
    return found


# --- jax ----------------------------------------------------------------------------------------------------------


def _jax_pair(a: str, b: str) -> str | None:
    """The join of two strong dtypes in JAX's lattice; without 64-bit operands the result has none either."""
    kinds = CATEGORY[a], CATEGORY[b]
    if OPAQUE in kinds:
        return UNDECIDED
    if a == b:
        return a
    low, high = (a, b) if kinds[0] < kinds[1] else (b, a)
    if kinds[0] != kinds[1]:
        over = CATEGORY[high] == COMPLEX and CATEGORY[low] == FLOATING
        if over and bits(low) < 16:
            return None
        return _complex_of(low) if over and bits(low) > bits(high) else high
    if any(CATEGORY[name] == FLOATING and bits(name) < 16 for name in (a, b)):
        return None
    found = _joined(a, b) or "float64"
    return found if 64 in (bits(a), bits(b)) else without_x64(found)


_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def without_x64(name: str) -> str:
    """What a dtype is called while 64-bit dtypes are off."""
    return _NARROW.get(name, name)


def _jax_result(operands: Sequence[Operand]) -> Typed:
    strong = _fold(_jax_pair, [o.dtypes for o in operands if not o.weak])
    weak = _fold(_jax_pair, [o.dtypes for o in operands if o.weak])
    if strong is None or weak is None:
        return Typed(strong or weak or ANY_DTYPE, weak=strong is None)
    results = {_jax_weak(s, w) for s in strong.names for w in weak.names}
    names = frozenset(name for name, _ in results)
    return Typed(ANY_DTYPE if UNDECIDED in names else DTypes(names), all(is_weak for _, is_weak in results))


def _jax_weak(strong: str, weak: str) -> tuple[str, bool]:
    """A strong and a weak dtype: the weak one matters by its category alone."""
    high, low = CATEGORY[strong], CATEGORY[weak]
    if OPAQUE in (high, low):
        return UNDECIDED, False
    if high >= low:
        return strong, False
    if high == FLOATING:
        return _complex_of(strong), False
    return weak, True


# --- numpy --------------------------------------------------------------------------------------------------------


def _numpy_pair(a: str, b: str) -> frozenset[str]:
    """`numpy.promote_types`, or what operations make of extension dtypes."""
    if OPAQUE in (CATEGORY[a], CATEGORY[b]):
        return frozenset({UNDECIDED})
    if a in EXTENDED:
        return _extended_pair(a, b)
    return _extended_pair(b, a) if b in EXTENDED else frozenset({_numpy_standard(a, b)})


def _numpy_standard(a: str, b: str) -> str:
    """Two of numpy's own dtypes."""
    low, high = (a, b) if CATEGORY[a] < CATEGORY[b] else (b, a)
    if a == b:
        return a
    if CATEGORY[low] == CATEGORY[high]:
        return _joined(a, b) or "float64"
    if CATEGORY[low] == BOOLEAN:
        return high
    width = max(bits(high), _float_width(low) if CATEGORY[low] == INTEGER else bits(low))
    return f"complex{2 * max(width, 32)}" if CATEGORY[high] == COMPLEX else f"float{width}"


EXTENDED = frozenset(
    name for name in ANY_DTYPE.names if CATEGORY[name] == FLOATING and not name.startswith(("float16", "float32", "float64"))
)
EXTENDED |= {"int2", "int4", "uint2", "uint4"}
"""The dtypes of the package `ml_dtypes`. Of two of them the order decides, and the operation: all that may come out is given."""


def _extended_pair(extended: str, other: str) -> frozenset[str]:
    """An extension dtype and any dtype."""
    if CATEGORY[extended] == INTEGER:
        return _narrow_pair(extended, other)
    if other in EXTENDED:
        return frozenset({extended, other} if extended == other else {extended, other, "float32"})
    if CATEGORY[other] == COMPLEX or other in ("float32", "float64"):
        return frozenset({other})
    return frozenset({extended if bits(other) <= 8 else "float32" if bits(other) == 16 else "float64"})


def _narrow_pair(narrow: str, other: str) -> frozenset[str]:
    """An integer dtype of less than a byte and any dtype; some operations work on whole bytes."""
    if CATEGORY[other] == BOOLEAN:
        return frozenset({narrow, "int8"})
    if CATEGORY[other] != INTEGER:
        return frozenset({narrow, other, "float32"} if other in EXTENDED else {other})
    if other in EXTENDED:
        is_mixed = narrow.startswith("u") != other.startswith("u")
        return frozenset({"int8"} if is_mixed else {max(narrow, other, key=bits), "int8"})
    return frozenset({_joined(narrow, other) or "float64"})


def _float_width(integer: str) -> int:
    """The bits of the float that holds an integer dtype."""
    return min(64, 2 * bits(integer))


def _numpy_result(operands: Sequence[Operand]) -> Typed:
    arrays = _fold(_numpy_pair, [o.dtypes for o in operands if not (o.python and o.weak)])
    numbers = _fold(_numpy_pair, [o.dtypes for o in operands if o.python and o.weak])
    if arrays is None or numbers is None:
        return Typed(arrays or numbers or ANY_DTYPE)
    return Typed(_pairs(_numpy_weak, arrays, numbers))


def _numpy_weak(array: str, number: str) -> frozenset[str]:
    """NEP 50: a Python number takes the array's dtype, or its own default one when its category is higher."""
    high, low = CATEGORY[array], CATEGORY[number]
    if high == OPAQUE:
        return frozenset({UNDECIDED})
    if array in EXTENDED and low >= INTEGER:
        return _extended_weak(array, low)
    if high >= low:
        return frozenset({array})
    return frozenset({_complex_of(array) if low == COMPLEX and high == FLOATING else number})


def _extended_weak(array: str, number: int) -> frozenset[str]:
    """An extension dtype and a Python number of a category."""
    if number == COMPLEX:
        return frozenset({"complex64"})
    if CATEGORY[array] == FLOATING:
        return frozenset({array} if number == INTEGER else {"float32", "float64"})
    return frozenset({"float16"} if number == FLOATING else {"int8", "uint8"} if array.startswith("u") else {"int8"})


# --- sets ---------------------------------------------------------------------------------------------------------


type Pair = Callable[[str, str], str | frozenset[str] | None]
"""What two dtypes give: one, none (refused), or one of several."""


def _fold(pair: Pair, sets: Sequence[DTypes]) -> DTypes | None:
    """The dtypes that come out of promoting one of each set; None for no sets."""
    return reduce(lambda a, b: _pairs(pair, a, b), sets) if sets else None


@lru_cache(maxsize=4096)
def _pairs(pair: Pair, left: DTypes, right: DTypes) -> DTypes:
    """Every possible result; all dtypes when each pair is refused (what is refused is the rules' business)."""
    results = [result for a in left.names for b in right.names if (result := pair(a, b)) is not None]
    found = frozenset().union(*({result} if isinstance(result, str) else result for result in results))
    return DTypes(found) if found and UNDECIDED not in found else ANY_DTYPE


def mapped(change: Callable[[str], str], dtypes: DTypes) -> DTypes:
    """The set with every dtype changed."""
    return DTypes(frozenset(map(change, dtypes.names)))


# --- results that are not the promoted dtype ------------------------------------------------------------------------


def inexact(typed: Typed, library: Library) -> Typed:
    """The dtype of `exp`, `sqrt`, `sigmoid` ...: floating and complex ones stay, integers become the library's float."""
    change = _numpy_inexact if library is Library.NUMPY else _wide_inexact if library is Library.JAX else _float32_inexact
    return Typed(_mapped_sets(change, typed.dtypes), typed.weak)


def quotient(typed: Typed, library: Library) -> Typed:
    """The dtype of true division: as `inexact`, but numpy always divides integers as float64."""
    change = _float64_inexact if library is Library.NUMPY else _wide_inexact if library is Library.JAX else _float32_inexact
    return Typed(_mapped_sets(change, typed.dtypes), typed.weak)


@lru_cache(maxsize=1024)
def _mapped_sets(change: Callable[[str], frozenset[str]], dtypes: DTypes) -> DTypes:
    return DTypes(frozenset().union(*map(change, dtypes.names)))


def _float32_inexact(name: str) -> frozenset[str]:
    return frozenset({name if CATEGORY[name] >= FLOATING else "float32"})


def _float64_inexact(name: str) -> frozenset[str]:
    if CATEGORY[name] >= FLOATING:
        return frozenset({name})
    return frozenset({"float16", "float32", "float64"} if name in EXTENDED else {"float64"})


def _wide_inexact(name: str) -> frozenset[str]:
    """JAX: float32, or float64 when an operand has 64 bits (so they are on)."""
    return frozenset({name if CATEGORY[name] >= FLOATING else "float64" if bits(name) == 64 else "float32"})


def _numpy_inexact(name: str) -> frozenset[str]:
    if CATEGORY[name] >= FLOATING:
        return frozenset({name})
    return frozenset({f"float{max(16, _float_width(name))}"})


def real_part(dtypes: DTypes) -> DTypes:
    """The dtype of `abs`, `real` and norms: that of a complex number's parts."""
    return mapped(lambda name: f"float{bits(name)}" if CATEGORY[name] == COMPLEX else name, dtypes)


def all_in(dtypes: DTypes, *categories: int) -> bool:
    """Whether every possible dtype is of one of the categories."""
    return all(CATEGORY[name] in categories for name in dtypes.names)


def can_hold(into: DTypes, found: DTypes) -> bool:
    """Whether torch and numpy may write some dtype of `found` into an array of some dtype of `into`: one of a category as high."""
    lowest = min(CATEGORY[name] for name in found.names)
    return lowest == OPAQUE or lowest <= max(CATEGORY[name] for name in into.names)


def is_integral(dtypes: DTypes) -> bool:
    """Whether it is certainly an integer or bool dtype."""
    return all_in(dtypes, BOOLEAN, INTEGER)


_RESULT_TYPES: Mapping[Library, Callable[[Sequence[Operand]], Typed]] = {
    Library.TORCH: _torch_result,
    Library.JAX: _jax_result,
    Library.NUMPY: _numpy_result,
}
