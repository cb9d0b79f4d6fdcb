"""einops: `rearrange(x, "b (h d) n -> (b h) n d", h=8)`, `reduce`, `repeat` and `einsum`; the layers of its PyTorch part.

A pattern is a list of axes; an axis is a list of elementary names whose sizes multiply. The sizes of the left side are
solved symbolically, then the right side is their products.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from shapecheck.core.axes import of_rank
from shapecheck.core.dim import UNKNOWN_DIM, ZERO, Dim, Verdict, compare, dim, mod, product, with_facts
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, accepts
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, Item, Mismatch, Shape, broadcast_dims, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Unknown
from shapecheck.rules.axes import differs, size
from shapecheck.rules.einsum import DOTS, Equation, contracted
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule

type Axis = tuple[str, ...]

_TOKEN = re.compile(r"\(([^()]*)\)|(\.\.\.|…)|([^\s()]+)|(\S)")
_PARAMETERS = frozenset({"tensor", "pattern", "reduction", "weight_shape", "bias_shape"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """Both sides of a pattern; an axis is the names whose sizes it multiplies."""

    left: tuple[Axis, ...]
    right: tuple[Axis, ...]

    def names(self, side: Iterable[Axis]) -> set[str]:
        """The elementary names of a side, without numbers."""
        return {name for axis in side for name in axis if not name.isdigit()}


def parse(text: str) -> Pattern | Mismatch:
    """Reads a pattern `left -> right`."""
    left, arrow, right = text.partition("->")
    sides = [_side(part) for part in (left, right)]
    if not arrow or None in sides:
        return Mismatch("shape-op", f'"{text}" is not a pattern: write it as "b c -> c b"', None, "", text)
    known = [side for side in sides if side is not None]
    for side in known:
        names = [name for axis in side for name in axis if not name.isdigit()]
        for name in names:
            if names.count(name) > 1:
                return Mismatch("shape-op", f'"{text}" has the axis {name} twice on one side', None, "", name)
    return Pattern(*known)


def _side(text: str) -> tuple[Axis, ...] | None:
    axes: list[Axis] = []
    for inside, dots, name, stray in _TOKEN.findall(text):
        if stray:
            return None
        axes.append((DOTS,) if dots else (name,) if name else tuple(inside.replace("…", DOTS).split()) or ("1",))
    return tuple(axes) if all(_is_name(name) for axis in axes for name in axis) else None


def _is_name(name: str) -> bool:
    return name == DOTS or name.isidentifier() or name.isdigit()


# --- solving the left side ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Solved:
    """Sizes of elementary names, and the axes that the ellipsis stands for."""

    a: Arguments
    sizes: dict[str, Dim] = field(default_factory=dict)
    dots: Shape = ANY_SHAPE

    def known(self, name: str) -> Dim | None:
        """The size of a name when it is given or solved."""
        return dim(int(name)) if name.isdigit() else self.sizes.get(name)

    def axis(self, axis: Axis, found: Dim) -> Mismatch | None:
        """Takes one axis of the array: all names but one must be known."""
        unknown = [name for name in axis if self.known(name) is None]
        known = product(size for name in axis if (size := self.known(name)) is not None)
        text = " ".join(axis)
        if len(unknown) > 1:
            return Mismatch("shape-op", f"the sizes of {' and '.join(unknown)} in ({text}) are not given", None, text, str(found))
        if not unknown:
            if differs(found, known, self.a):
                return Mismatch(
                    "shape-mismatch",
                    f"the axis ({text}) is {known}, found {found}",
                    None,
                    str(known),
                    str(found),
                    axis[0] if axis else "",
                )
            return None
        count = with_facts(found, self.a.facts)
        if compare(mod(count, known), ZERO) is Verdict.DIFFERENT:
            return Mismatch(
                "shape-op",
                f"the axis ({text}) of size {found} is not a multiple of {known}",
                None,
                f"{known}*{unknown[0]}",
                str(found),
            )
        self.sizes[unknown[0]] = UNKNOWN_DIM if known == ZERO else count // known
        return None


def _solve(a: Arguments, pattern: Pattern, shape: Shape) -> _Solved | Mismatch:
    given = {name: size(value) for name, value in a.values.items() if name not in _PARAMETERS}
    solved = _Solved(a, given)
    axes = _axes(pattern.left, shape)
    if isinstance(axes, Mismatch):
        return axes
    for axis, found in zip(pattern.left, axes, strict=True):
        if isinstance(found, Shape):
            solved.dots = found
        elif (refused := solved.axis(axis, found)) is not None:
            return refused
    return solved


def _axes(left: tuple[Axis, ...], shape: Shape) -> list[Dim | Shape] | Mismatch:
    """What every axis of the left side is in the array: a size, or a shape for the ellipsis."""
    text = " ".join(f"({' '.join(axis)})" if len(axis) != 1 else axis[0] for axis in left)
    if (DOTS,) not in left:
        ranked = of_rank(shape, len(left))
        if ranked is None:
            reason = f'"{text}" has {len(left)} axes, the array {shape.min_rank} ("{shape}")'
            return Mismatch("shape-rank", reason, None, f"{len(left)} axes", str(shape))
        return list(ranked.dims)
    before = left.index((DOTS,))
    after = len(left) - before - 1
    if shape.run is not None:
        return _around_run(shape, before, after)
    if len(shape.prefix) < before + after:
        reason = f'"{text}" needs at least {before + after} axes, the array has {len(shape.prefix)} ("{shape}")'
        return Mismatch("shape-rank", reason, None, f"at least {before + after} axes", str(shape))
    end = len(shape.prefix) - after
    return [*shape.prefix[:before], Shape(shape.prefix[before:end]), *shape.prefix[end:]]


def _around_run(shape: Shape, before: int, after: int) -> list[Dim | Shape]:
    head = [*shape.prefix[:before], *[UNKNOWN_DIM] * (before - len(shape.prefix))]
    start = max(len(shape.suffix) - after, 0)
    tail = [*[UNKNOWN_DIM] * (after - len(shape.suffix)), *shape.suffix[start:]]
    whole = len(shape.prefix) >= before and len(shape.suffix) >= after
    middle = Shape(shape.prefix[before:], shape.run, shape.suffix[:start]) if whole else ANY_SHAPE
    return [*head, middle, *tail]


def _built(right: tuple[Axis, ...], solved: _Solved) -> Shape:
    items: list[Item] = []
    for axis in right:
        if axis == (DOTS,):
            items.extend(solved.dots.items)
        else:
            items.append(product(_size_of(name, solved) for name in axis))
    return from_items(items)


def _size_of(name: str, solved: _Solved) -> Dim:
    if name == DOTS:
        return solved.dots.size
    found = solved.known(name)
    return UNKNOWN_DIM if found is None else found


# --- rules -------------------------------------------------------------------------------------------------------


def operation(left_only: bool, right_only: bool) -> Compute:
    """`rearrange`, `reduce` (names may go: `left_only`) or `repeat` (names may come: `right_only`)."""
    read = reading(left_only, right_only)

    def rearranged(a: Arguments) -> Result:
        found = _arranged(a, read)
        return found.with_dtype(_reduced(a, found)) if left_only and isinstance(found, Array) else found

    return rearranged


type Read = Callable[[Arguments], Pattern | Mismatch | None]
"""Reads the pattern of an operation: None when it is not known, a mismatch when einops refuses it."""


def reading(left_only: bool, right_only: bool) -> Read:
    """How an operation reads its pattern, whatever the array is."""

    def read(a: Arguments) -> Pattern | Mismatch | None:
        text = a["pattern"]
        pattern = parse(text) if isinstance(text, str) else None
        return (_unbalanced(a, pattern, left_only, right_only) or pattern) if isinstance(pattern, Pattern) else pattern

    return read


def _arranged(a: Arguments, read: Read) -> Array | Mismatch | Unknown:
    """The array with its axes as the pattern's right side has them."""
    array, pattern = _stacked(a), read(a)
    if isinstance(pattern, Mismatch):
        return pattern
    if array is None or pattern is None:
        return UNKNOWN
    solved = _solve(a, pattern, array.shape)
    return solved if isinstance(solved, Mismatch) else replace(array, shape=_built(pattern.right, solved))


def made(read: Read) -> Compute:
    """The constructor of a layer, which refuses a pattern before there is an array."""

    def checked(a: Arguments) -> Result:
        found = read(a)
        return found if isinstance(found, Mismatch) else UNKNOWN

    return checked


_MIX = reading(True, True)


def mixed(a: Arguments) -> Result:
    """`EinMix`, a linear layer: what is only on the left of its pattern goes, what is only on the right comes."""
    array, pattern = a.array("tensor"), _MIX(a)
    if isinstance(pattern, Mismatch) or array is None or pattern is None:
        return pattern if isinstance(pattern, Mismatch) else UNKNOWN
    alone = {axis[0] for axis in pattern.left if len(axis) == 1 and axis[0] in a.values}
    solved = _solve(
        replace(a, values={name: value for name, value in a.values.items() if name not in alone}), pattern, array.shape
    )
    if isinstance(solved, Mismatch):
        return solved
    for name in sorted(alone):  # sizes of 1 fit, as in every einsum
        found, given = solved.sizes[name], size(a[name])
        together = broadcast_dims(found, given, a.facts)
        if together is None:
            return Mismatch("shape-mismatch", f"the axis {name} is {given}, found {found}", None, str(given), str(found), name)
        solved.sizes[name] = together
    return Array(_built(pattern.right, solved), _mixed_dtype(array.dtype), array.library)


def _mixed_dtype(dtypes: DTypes) -> DTypes:
    if dtypes.exact in ("float32", "float64"):
        return dtypes
    return CLASSES["Float"] if accepts(CLASSES["Float"], dtypes) is Verdict.EQUAL else ANY_DTYPE


def _stacked(a: Arguments) -> Array | None:
    """The array; a list of arrays is one with a new first axis."""
    match a["tensor"]:
        case Array() as array:
            return array
        case (Array() as first, *_) as arrays if all(isinstance(each, Array) and each.shape == first.shape for each in arrays):
            return replace(first, shape=from_items([dim(len(arrays)), *first.shape.items]))
        case _:
            return None


def _unbalanced(a: Arguments, pattern: Pattern, left_only: bool, right_only: bool) -> Mismatch | None:
    left, right = pattern.names(pattern.left), pattern.names(pattern.right)
    lengths = set(a.values) - _PARAMETERS
    if lengths - left - (right if right_only else set()):
        name = min(lengths - left)
        return Mismatch("shape-op", f"the size of {name} is given, the pattern does not have it", None, "", name)
    if left - right and not left_only:
        return Mismatch(
            "shape-op", f"{', '.join(sorted(left - right))} is only on the left of the pattern", None, "", min(left - right)
        )
    extra = right - left - (lengths if right_only else set())
    if extra:
        what = "its size is not given" if right_only else "a name must be on the left too"
        return Mismatch(
            "shape-op", f"{', '.join(sorted(extra))} is only on the right of the pattern, {what}", None, "", min(extra)
        )
    return None


def _reduced(a: Arguments, array: Array) -> DTypes:
    if a["reduction"] in ("min", "max") or accepts(CLASSES["Float"], array.dtype) is Verdict.EQUAL:
        return array.dtype
    return ANY_DTYPE


def einsum(a: Arguments) -> Result:
    """`einops.einsum(x, y, "b i, i j -> b j")`: names are words."""
    operands = a["operands"]
    if not isinstance(operands, tuple) or not operands or not isinstance(operands[-1], str):
        return UNKNOWN
    *given, text = operands
    equation = _equation(str(text))
    if isinstance(equation, Mismatch):
        return equation
    shapes = [each.shape if isinstance(each, Array) else ANY_SHAPE for each in given]
    found = contracted(equation, shapes, a.library)
    arrays = [each for each in given if isinstance(each, Array)]
    dtypes = result_type(arrays, a.library).dtypes if len(arrays) == len(given) else ANY_DTYPE
    return found if isinstance(found, Mismatch) else Array(found, dtypes, arrays[0].library if arrays else a.library)


def _equation(text: str) -> Equation | Mismatch:
    left, arrow, right = text.partition("->")
    operands = tuple(tuple(part.replace(DOTS, f" {DOTS} ").split()) for part in left.split(","))
    result = tuple(right.replace(DOTS, f" {DOTS} ").split())
    missing = [name for name in result if all(name not in operand for operand in operands)]
    if not arrow or missing:
        words = f"the result has {missing[0]}, no operand has it" if missing else "there is no ->"
        return Mismatch("shape-op", f'"{text}" is not an equation: {words}', None, "", text)
    return Equation(operands, result)


_LAYERS = "einops.layers.torch"

TABLE: tuple[Rule | Layer, ...] = (
    rule(operation(False, False), "tensor, pattern, **sizes", "einops.rearrange"),
    rule(operation(True, False), "tensor, pattern, reduction, **sizes", "einops.reduce"),
    rule(operation(False, True), "tensor, pattern, **sizes", "einops.repeat"),
    rule(einsum, "*operands", "einops.einsum"),
    layer(f"{_LAYERS}.Rearrange", "pattern, **sizes", "tensor|input", operation(False, False), made(reading(False, False))),
    layer(f"{_LAYERS}.Reduce", "pattern, reduction, **sizes", "tensor|input", operation(True, False), made(reading(True, False))),
    layer(f"{_LAYERS}.EinMix", "pattern, weight_shape, bias_shape=None, **sizes", "tensor|input", mixed, made(_MIX)),
)
