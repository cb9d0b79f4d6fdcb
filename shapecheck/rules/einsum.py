"""Einstein summation: `einsum("bqd,bkd->bqk", q, k)` in torch, jax and numpy.

A label is one size wherever it stands; a size of 1 broadcasts. The ellipsis stands for axes that broadcast together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shapecheck.core.dim import ONE, UNKNOWN_DIM, Dim
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, dtype
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Item, Mismatch, Shape, broadcast_all, broadcast_dims, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result
from shapecheck.rules.table import rule

DOTS = "..."
_SUMMED_AS_INT64 = DTypes((CLASSES["Integer"].names | CLASSES["Bool"].names) - dtype("int64").names)


@dataclass(frozen=True, slots=True)
class Equation:
    """A parsed equation: the labels of every operand and of the result, the ellipsis as one label."""

    operands: tuple[tuple[str, ...], ...]
    result: tuple[str, ...]


def parse(text: str) -> Equation | Mismatch:
    """Reads an equation; without `->` the result has the labels that stand once, in alphabetical order."""
    left, arrow, right = text.replace(" ", "").partition("->")
    operands = [_labels(part) for part in left.split(",")]
    result = _labels(right) if arrow else _implicit([label for operand in operands for label in operand or ()])
    if result is None or None in operands:
        return Mismatch("shape-op", f'"{text}" is not an equation: a label is one letter', None, "", text)
    known = tuple(operand for operand in operands if operand is not None)
    return _refused(text, known, result) or Equation(known, result)


def _labels(part: str) -> tuple[str, ...] | None:
    before, dots, after = part.partition(DOTS)
    labels = (*before, *([DOTS] if dots else []), *after)
    return labels if all(label == DOTS or (label.isalpha() and label.isascii()) for label in labels) else None


def _implicit(labels: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(labels)
    once = sorted(label for label, count in counts.items() if count == 1 and label != DOTS)
    return (DOTS, *once) if DOTS in counts else tuple(once)


def _refused(text: str, operands: Sequence[tuple[str, ...]], result: tuple[str, ...]) -> Mismatch | None:
    inputs = {label for operand in operands for label in operand}
    for label in result:
        if label not in inputs and label != DOTS:
            return Mismatch("shape-op", f'the result of "{text}" has the label {label}, no operand has it', None, "", label)
        if result.count(label) > 1:
            return Mismatch("shape-op", f'the result of "{text}" has the label {label} twice', None, "", label)
    return None


# --- sizes of labels ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sizes:
    """What the operands say of labels, and the shapes that ellipses stand for."""

    library: Library
    labels: dict[str, Dim] = field(default_factory=dict)
    dots: list[Shape] = field(default_factory=list)

    def read(self, labels: tuple[str, ...], shape: Shape) -> Mismatch | None:
        """Takes the axes of one operand."""
        if (refused := _wrong_rank(labels, shape)) is not None:
            return refused
        own: dict[str, Dim] = {}
        for label, size in zip(labels, _axes(labels, shape), strict=True):
            if isinstance(size, Shape):
                self.dots.append(size)
            elif (refused := self._repeated(own, label, size)) is not None:
                return refused
        return next((refused for label, size in own.items() if (refused := self._bind(label, size)) is not None), None)

    def _repeated(self, own: dict[str, Dim], label: str, size: Dim) -> Mismatch | None:
        """A label twice in one operand is its diagonal, whose sizes are the same; jax lets 1 broadcast there too."""
        if label not in own:
            own[label] = size
            return None
        both = broadcast_dims(own[label], size)
        one = ONE in (own[label], size) and own[label] != size and not size.is_unknown and not own[label].is_unknown
        if both is None or (one and self.library is not Library.JAX and _differ(own[label], size)):
            return _clash(label, own[label], size)
        own[label] = both
        return None

    def _bind(self, label: str, size: Dim) -> Mismatch | None:
        both = broadcast_dims(self.labels.get(label, ONE), size)
        if both is None:
            return _clash(label, self.labels[label], size)
        self.labels[label] = both
        return None


def _differ(left: Dim, right: Dim) -> bool:
    return left.constant is not None and right.constant is not None and left != right


def _clash(label: str, left: Dim, right: Dim) -> Mismatch:
    return Mismatch("shape-mismatch", f"the label {label} is {left} and {right}", None, str(left), str(right), label)


def _wrong_rank(labels: tuple[str, ...], shape: Shape) -> Mismatch | None:
    count = len(labels) - (DOTS in labels)
    fits = shape.min_rank <= count or DOTS in labels
    if (shape.rank is None and fits) or (
        shape.rank is not None and (shape.rank == count or (DOTS in labels and shape.rank >= count))
    ):
        return None
    text = "".join(labels)
    words = f"at least {count}" if DOTS in labels else str(count)
    return Mismatch("shape-rank", f'"{text}" needs {words} axes, found {shape.min_rank} ("{shape}")', None, words, str(shape))


def _axes(labels: tuple[str, ...], shape: Shape) -> list[Dim | Shape]:
    """The size of every label, and for the ellipsis the shape it stands for."""
    if DOTS not in labels:
        missing = [UNKNOWN_DIM] * (len(labels) - shape.min_rank)
        return [*shape.prefix, *missing, *shape.suffix]
    before, after = labels.index(DOTS), len(labels) - labels.index(DOTS) - 1
    if shape.run is None:
        end = len(shape.prefix) - after
        return [*shape.prefix[:before], Shape(shape.prefix[before:end]), *shape.prefix[end:]]
    head = [*shape.prefix[:before], *[UNKNOWN_DIM] * (before - len(shape.prefix))]
    tail = [*[UNKNOWN_DIM] * (after - len(shape.suffix)), *shape.suffix[len(shape.suffix) - min(after, len(shape.suffix)) :]]
    whole = len(shape.prefix) >= before and len(shape.suffix) >= after
    middle = from_items([*shape.prefix[before:], shape.run, *shape.suffix[: len(shape.suffix) - after]]) if whole else ANY_SHAPE
    return [*head, middle, *tail]


def contracted(equation: Equation, shapes: Sequence[Shape], library: Library) -> Shape | Mismatch:
    """The shape of the result of an equation."""
    if len(shapes) != len(equation.operands):
        reason = f"the equation has {len(equation.operands)} operands, the call {len(shapes)}"
        return Mismatch("shape-op", reason, None, str(len(equation.operands)), str(len(shapes)))
    sizes = _Sizes(library)
    for labels, shape in zip(equation.operands, shapes, strict=True):
        if (refused := sizes.read(labels, shape)) is not None:
            return refused
    dots = broadcast_all(sizes.dots) if sizes.dots else SCALAR
    if isinstance(dots, Mismatch):
        return Mismatch(
            dots.code, f"the axes in the ellipses do not broadcast: {dots.reason}", dots.axis, dots.expected, dots.found
        )
    return _result(equation, sizes, dots)


def _result(equation: Equation, sizes: _Sizes, dots: Shape) -> Shape | Mismatch:
    if DOTS not in equation.result and dots != SCALAR and sizes.library is not Library.TORCH:
        return ANY_SHAPE
    items: list[Item] = []
    for label in equation.result:
        items.extend(dots.items if label == DOTS else [sizes.labels[label]])
    return from_items(items)


# --- rules -------------------------------------------------------------------------------------------------------


def einsum(a: Arguments) -> Result:
    text, operands = a["equation"], a["operands"]
    if not isinstance(text, str):
        return UNKNOWN
    given = operands if isinstance(operands, tuple) else (operands,)
    equation = parse(text)
    if isinstance(equation, Mismatch):
        return equation
    if any(one is UNKNOWN for one in given) and len(given) != len(equation.operands):
        return UNKNOWN
    shapes = [one.shape if isinstance(one, Array) else ANY_SHAPE for one in given]
    found = contracted(equation, shapes, a.library)
    return found if isinstance(found, Mismatch) else Array(found, _dtype(a, given), a.library)


def _dtype(a: Arguments, given: Sequence[object]) -> DTypes:
    arrays = [one for one in given if isinstance(one, Array)]
    if len(arrays) != len(given) or a.values.get("preferred_element_type") is not None or a.values.get("dtype") is not None:
        return ANY_DTYPE
    found = result_type(arrays, a.library).dtypes
    # torch sums bools and small integers as int64 where it sums before it multiplies, and as they are where it does not.
    return ANY_DTYPE if a.library is Library.TORCH and found & _SUMMED_AS_INT64 == found else found


TABLE = (
    rule(einsum, "equation, *operands", "torch.einsum"),
    rule(einsum, "equation, *operands, preferred_element_type=None, **", "jnp.einsum"),
    rule(einsum, "equation, *operands, dtype=None, **", "np.einsum"),
)  # fmt: skip
