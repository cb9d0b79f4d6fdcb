"""Rules in one line: a signature for the shapes, a name for the dtype, and the operations that share them.

    gufunc("*s, *s -> *s", "input, other", promoted, *spelled("add mul", "torch.{}", "Tensor.{}", "jnp.{}"))

The signature's operands are the first parameters. A *dtype rule* turns the operands into the result's dtype or into the
refusal of the library; those that families share are here. Called by the tables of the families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise

from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.dtype import ANY_DTYPE, BOOL, DTypes
from shapecheck.core.dtype import dtype as dtype_set
from shapecheck.core.overloads import Overloads, overloads
from shapecheck.core.placing import Scalars
from shapecheck.core.promotion import (
    BOOLEAN,
    CATEGORY,
    COMPLEX,
    EXTENDED,
    FLOATING,
    INTEGER,
    OPAQUE,
    Typed,
    default,
    inexact,
    quotient,
    real_part,
    result_type,
    without_x64,
)
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape
from shapecheck.core.signature import Fixed
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Scalar, Value, either
from shapecheck.rules.axes import shape_argument
from shapecheck.rules.table import Compute, Layer, Rule, parameters

type DTypeRule = Callable[[Sequence[Value], Library], Typed | Mismatch]
type ResultTypes = DTypeRule | tuple[DTypeRule, ...]
type Check = Callable[[Arguments], Mismatch | None]


TORCH = ("torch.{}", "Tensor.{}")
"""The spellings of an operation that is a function of torch and a method."""


def spelled(words: str, *patterns: str) -> tuple[str, ...]:
    """Names of operations: every word in every pattern, `spelled("exp log", "torch.{}", "jnp.{}")`."""
    return tuple(pattern.format(word) for word in words.split() for pattern in patterns)


TORCH_SCALARS: Mapping[Library, Scalars] = {Library.TORCH: Scalars.KEPT}
"""Torch lets most operations treat a scalar as one axis."""
ARRAY_SCALARS: Mapping[Library, Scalars] = {Library.TORCH: Scalars.KEPT, Library.NUMPY: Scalars.KEPT}
"""Reductions of numpy do so too."""
NO_SCALARS: Mapping[Library, Scalars] = {}


def gufunc(
    text: str,
    params: str,
    typed: ResultTypes | list[ResultTypes],
    *names: str,
    operands: str | None = None,
    scalars: Mapping[Library, Scalars] = TORCH_SCALARS,
    check: Check | None = None,
    called: str = "",
) -> Rule:
    """A rule whose shapes are a signature. Names of the signature that are other parameters stand for the arguments.

    Args:
        text: the signature, or several; it is also what `shapecheck rules` prints.
        params: the parameter list; a parameter named `dtype` overrides the dtype rule, `keepdims` and the like are ignored.
        typed: the dtype of the result from the operands, or one rule for each of several results; a list has these for each of
            several signatures. `itself` answers the first operand as it is, be it a tree of arrays.
        names: the operations.
        operands: the parameters that are the signature's operands, in order; by default the first ones.
        scalars: where an axis that an argument names may be one of a scalar.
        check: called with the arguments; its mismatch refuses what a signature cannot say, such as a `k` that is too large.
        called: what messages call the operands, separated by commas; more than two go by their parameters.

    Raises:
        ValueError: the signature is not in the notation, or a condition speaks of no parameter.
    """
    lines, bound = overloads(text), parameters(params)
    chosen = [each.name for each in bound.listed[: lines.arity]] if operands is None else operands.split()
    words = called.split(", ") if called else chosen if len(chosen) > 2 else ()
    given = [each.name for each in bound.listed if each.name in lines.names and each.name not in chosen]
    if unknown := lines.arguments - {each.name for each in bound.listed}:
        raise ValueError(f"{text!r} speaks of {', '.join(sorted(unknown))}, which {params!r} has not")
    answer = _answers(lines, typed, chosen, scalars, words)

    def compute(a: Arguments) -> Result:
        fixed = _fixed(a, given, lines.runs) if given else NOTHING_FIXED
        if isinstance(fixed, Mismatch):
            return fixed
        if check is not None and (refused := check(a)) is not None:
            return refused
        return answer(a, fixed)

    return Rule(names, bound, compute, text, lines.signatures, tuple(chosen))


def _answers(
    lines: Overloads,
    typed: ResultTypes | list[ResultTypes],
    chosen: Sequence[str],
    scalars: Mapping[Library, Scalars],
    words: Sequence[str],
) -> Callable[[Arguments, Fixed], Result]:
    """What a line answers to arguments and the sizes that are known beforehand."""
    types = typed if isinstance(typed, list) else [typed] * len(lines.alternatives)
    signatures, single = lines.signatures, lines.is_single

    def one(number: int, a: Arguments, values: Sequence[Value], known: Sequence[Shape | None], fixed: Fixed) -> Result:
        shapes, typed_by = signatures[number], types[number]
        count = len(shapes.operands)
        if count < len(known):
            values, known = values[:count], known[:count]
        found = shapes.apply(known, a.facts, fixed, a.values, scalars.get(a.library, Scalars.REFUSED), words)
        if isinstance(typed_by, tuple):
            return _results(found, [each(values, a.library) for each in typed_by], a.library)
        if typed_by is itself:
            return found if isinstance(found, Mismatch) else values[0] if _is_tree(values[0]) else UNKNOWN
        return typed_result(found, requested(a, typed_by(values, a.library)), a.library)

    def answer(a: Arguments, fixed: Fixed) -> Result:
        values = [a.values[name] for name in chosen]
        known = [value.shape if isinstance(value, Array) else None if value is None else shape_of(value) for value in values]
        if single:
            return one(0, a, values, known, fixed)
        numbers = lines.chosen(known, a.values, words)
        if isinstance(numbers, Mismatch):
            return numbers
        return any_of([one(number, a, values, known, fixed) for number in numbers])

    return answer


NOTHING_FIXED: Fixed = {}


def _is_tree(value: Value) -> bool:
    """Whether a value is an array, or a tuple of such and of what is not known."""
    leaf = isinstance(value, Array) or value is UNKNOWN or value is None
    return leaf or (isinstance(value, tuple) and all(map(_is_tree, value)))


def any_of(answers: Sequence[Result]) -> Result:
    """What is true whichever of the answers it is; a refusal when all refuse, nothing of none."""
    values = [each for each in answers if not isinstance(each, Mismatch)]
    return reduce(either, values) if values else answers[0] if answers else UNKNOWN


def by_default(row: Rule, *names: str) -> Rule:
    """A row that says nothing of calls that give one of these parameters another value than its default."""
    defaults = {each.name: each.default for each in row.parameters.listed if each.name in names}

    def compute(a: Arguments) -> Result:
        return row.compute(a) if all(a[name] == default for name, default in defaults.items()) else UNKNOWN

    return replace(row, compute=compute)


def _fixed(a: Arguments, given: Sequence[str], runs: frozenset[str]) -> dict[str, Dim | Shape] | Mismatch:
    """The sizes that arguments give; those that are None give none."""
    fixed: dict[str, Dim | Shape] = {}
    for name in given:
        value = a[name]
        if value is None:
            continue
        found = shape_argument(value) if name in runs else value if isinstance(value, Dim) else UNKNOWN_DIM
        if isinstance(found, Mismatch):
            return found
        fixed[name] = found
    return fixed


def sized(
    name: str, constructor: str, call: str, text: str, typed: DTypeRule, *, check: Compute | None = None, operands: str = ""
) -> Layer:
    """A layer whose shapes are a signature; its constructor's arguments are the sizes of the axes of their names.

    sized("flax.linen.Dense", "features, **", "inputs", "*b _ -> *b features", floated)
    """
    lines, fields, bound = overloads(text), parameters(constructor), parameters(call)
    chosen = operands.split() or [each.name for each in bound.listed[: lines.arity]]
    answer = _answers(lines, typed, chosen, NO_SCALARS, ())

    def compute(a: Arguments) -> Result:
        found = answer(a, {each.name: found for each in fields.listed if isinstance(found := a[each.name], Dim)})
        return _of_layer(found) if isinstance(found, Mismatch) else found

    return Layer(name, fields, bound, compute, text, check, lines.signatures)


def _of_layer(refused: Mismatch) -> Mismatch:
    """A mismatch of a layer's channels, in the words of layers."""
    word = {"num_features": "channels", "num_channels": "channels"}.get(refused.symbol)
    if word is None:
        return refused
    where = "the last axis" if refused.axis == -1 else f"axis {refused.axis}"
    reason = f"expected {refused.expected} {word} in {where}, found {refused.found}"
    return replace(refused, code="shape-mismatch", reason=reason)


def _results(found: Shape | tuple[Shape, ...] | Mismatch, typed: Sequence[Typed | Mismatch], library: Library) -> Result:
    """Several results, each of its own dtype; the first refusal when there is one."""
    if not isinstance(found, tuple):
        return found if isinstance(found, Mismatch) else UNKNOWN
    results = [typed_result(shape, each, library) for shape, each in zip(found, typed, strict=True)]
    refused = next((each for each in results if isinstance(each, Mismatch)), None)
    return refused or tuple(each for each in results if not isinstance(each, Mismatch))


def shape_of(value: Value) -> Shape:
    """The shape of an argument: a Python number has none, a list of them one axis."""
    match value:
        case Array():
            return value.shape
        case Dim() | Scalar() | bool():
            return SCALAR
        case tuple() if value and all(isinstance(item, Dim | Scalar | bool) for item in value):
            return Shape((dim(len(value)),))
        case _:
            return ANY_SHAPE


def typed_result(found: Shape | tuple[Shape, ...] | Mismatch, typed: Typed | Mismatch, library: Library) -> Result:
    """An array, or a tuple of them, of a dtype; the refusal when there is one."""
    if isinstance(found, Mismatch):
        return found
    if isinstance(typed, Mismatch):
        return typed
    if isinstance(found, tuple):
        return tuple(Array(each, typed.dtypes, library, typed.weak) for each in found)
    return Array(found, typed.dtypes, library, typed.weak)


def requested(a: Arguments, typed: Typed | Mismatch) -> Typed | Mismatch:
    """The dtype of the call's `dtype=` when it has one."""
    asked = a.values.get("dtype")
    return typed if asked is None else Typed(dtype_argument(asked, a.library))


def dtype_argument(value: Value, library: Library) -> DTypes:
    """The dtypes that an argument names; JAX may narrow 64 bits to 32, as it does by default."""
    found = value if isinstance(value, DTypes) else dtype_set(value) if isinstance(value, str) else ANY_DTYPE
    if library is Library.JAX and found != ANY_DTYPE:
        return found | DTypes(frozenset(map(without_x64, found.names)))
    return found


# --- dtype rules --------------------------------------------------------------------------------------------------


def promoted(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """All operands promoted to one dtype."""
    return result_type(values, library)


def itself(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The first operand as it is, an array or a tree of them."""
    return result_type(values[:1], library)


def kept(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of the first operand."""
    return result_type(values[:1], library)


def floated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The promoted dtype, integers as floats: `exp`, `sigmoid`; numpy makes each array's integers floats first."""
    found = inexact(result_type(values, library), library)
    arrays = [value for value in values if isinstance(value, Array)]
    if library is not Library.NUMPY or len(arrays) < len(values):
        return found
    by_array = inexact(result_type([replace(v, dtype=inexact(Typed(v.dtype), library).dtypes) for v in arrays], library), library)
    return Typed(by_array.dtypes | found.dtypes) if _has_extended(values) else by_array


def _has_extended(values: Sequence[Value]) -> bool:
    """Whether an array may have a dtype that numpy itself does not know; which loop it finds differs among operations."""
    return any(isinstance(value, Array) and value.dtype.names & EXTENDED for value in values)


def or_float32(typed: DTypeRule) -> DTypeRule:
    """Where numpy has no loop for dtypes that are not its own, and computes float32."""

    def computed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found = typed(values, library)
        if isinstance(found, Mismatch) or library is not Library.NUMPY or not found.dtypes.names & EXTENDED:
            return found
        return Typed(found.dtypes | dtype_set("float32"))

    return computed


def or_unknown(typed: DTypeRule) -> DTypeRule:
    """The dtype that all arrays share; where two differ torch's answer depends on the backend."""

    def checked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found = typed(values, library)
        dtypes = {value.dtype for value in values if isinstance(value, Array)}
        alike = len(dtypes) == 1 and next(iter(dtypes)).exact is not None
        return found if isinstance(found, Mismatch) or alike or library is not Library.TORCH else Typed(ANY_DTYPE)

    return checked


def strong(typed: DTypeRule) -> DTypeRule:
    """The same dtype, weak in jax only when every array is."""

    def unweakened(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found = typed(values, library)
        if isinstance(found, Mismatch):
            return found
        return Typed(found.dtypes, found.weak and all(value.weak for value in values if isinstance(value, Array)))

    return unweakened


def divided(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """True division; numpy divides integers of less than a byte as small floats."""
    found = quotient(result_type(values, library), library)
    other = floated(values, library) if library is Library.NUMPY and _has_extended(values) else found
    return Typed(found.dtypes | other.dtypes, found.weak) if isinstance(other, Typed) else other


def boolean(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """A comparison or test."""
    return Typed(BOOL)


def real(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of a complex number's parts, else the operand's own."""
    found = result_type(values[:1], library)
    return Typed(real_part(found.dtypes), found.weak)


def real_floated(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """`angle` and norms: the parts' dtype, integers as floats."""
    found = inexact(result_type(values[:1], library), library)
    return Typed(real_part(found.dtypes), found.weak)


def always(name: str) -> DTypeRule:
    """One dtype, whatever the operands have."""

    def named(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return Typed(dtype_set(name))

    return named


def made_of(category: int) -> DTypeRule:
    """The library's default dtype of a category, for arrays that are made of nothing."""

    def default_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        return Typed(default(category, library))

    return default_dtype


def integers(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The library's integer: indices and counts."""
    return Typed(dtype_set("int32" if library is Library.JAX else "int64"))


def unknown_dtype(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Nothing is known of the dtype."""
    return Typed(ANY_DTYPE)


def without_bool(typed: DTypeRule, becomes: str = "int32 int8 int64") -> DTypeRule:
    """Where a bool operand is computed as an integer: `square(mask)`; in the order of jax, numpy and torch."""
    jax, numpy, torch = becomes.split()
    integer = {Library.JAX: jax, Library.NUMPY: numpy, Library.TORCH: torch}

    def changed(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found = typed(values, library)
        if isinstance(found, Mismatch) or "bool" not in found.dtypes.names:
            return found
        return Typed(DTypes(found.dtypes.names - {"bool"} | {integer[library]}), found.weak)

    return changed


_CATEGORY_NAMES = {BOOLEAN: "bool", INTEGER: "integer", FLOATING: "floating-point", COMPLEX: "complex"}


def only(typed: DTypeRule, *categories: int) -> DTypeRule:
    """A dtype rule that refuses when the promoted operands are certainly of none of the categories."""
    wanted = " or ".join(_CATEGORY_NAMES[each] for each in categories)

    def checked(values: Sequence[Value], library: Library) -> Typed | Mismatch:
        found = result_type(values, library).dtypes
        if not any(CATEGORY[name] in (*categories, OPAQUE) for name in found.names):
            return Mismatch("shape-dtype", f"needs {wanted} arrays, found {found}", None, wanted, str(found))
        return typed(values, library)

    return checked


def refused_dtype(value: Array, wanted: str) -> Mismatch:
    """The refusal of an array whose dtype an operation does not take."""
    return Mismatch("shape-dtype", f"needs {wanted} arrays, found {value.dtype}", None, wanted, str(value.dtype))


def float_array(value: Value) -> Mismatch | None:
    """The refusal of an array that is certainly not of floats."""
    if isinstance(value, Array) and not any(CATEGORY[name] in (FLOATING, COMPLEX, OPAQUE) for name in value.dtype.names):
        return refused_dtype(value, "floating-point")
    return None


def equal_dtypes(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Torch's products do not promote: their operands must have one dtype. The other libraries promote."""
    if library is not Library.TORCH:
        return result_type(values, library)
    known = [value for value in values if isinstance(value, Array)]
    for one, other in pairwise(known):
        if not one.dtype.names & other.dtype.names:
            reason = f"the dtypes differ: {one.dtype} and {other.dtype}; convert one of them, torch does not promote here"
            return Mismatch("shape-dtype", reason, None, str(one.dtype), str(other.dtype))
    common = frozenset.intersection(*(value.dtype.names for value in known)) if known else ANY_DTYPE.names
    return Typed(DTypes(common))
