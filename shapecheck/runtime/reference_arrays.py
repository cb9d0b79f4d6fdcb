"""The reference for one array annotation: class, dtype, and each axis against the scope.

The part of :mod:`shapecheck.runtime.reference` that never comes back to it; the compiler's code joins runs through it too.
Source of the semantics: jaxtyping 0.3.11, `_array_types.py`.
"""

from collections.abc import Sequence
from typing import Any, Final

from shapecheck.core.expression import Expression, evaluate_axis
from shapecheck.core.grammar import Axis, Name, Size
from shapecheck.runtime.arrays import class_of, describe, dtype_name, is_array, matches_dtype, shape_of
from shapecheck.runtime.errors import annotation_error
from shapecheck.runtime.failure import Failure, Misfit
from shapecheck.runtime.hints import ArrayHint
from shapecheck.runtime.scope import Place, Run, Scope

__all__ = ["broadcast", "count", "join_runs", "match_array"]


def match_array(hint: ArrayHint, value: Any, scope: Scope, place: Place) -> Failure | None:
    """Check one array, binding names in the scope; an array that does not fit leaves the scope as it was."""
    saved = None
    try:
        _check_class(hint, value)
        if scope.flattening:
            return None
        _check_dtype(hint, value)
        saved = scope.save()
        _check_shape(hint, shape_of(value), scope, place)
    except Misfit as misfit:
        bindings = scope.bindings()
        if saved is not None:
            scope.restore(saved)
        return Failure(
            misfit.code, misfit.reason, str(hint), describe(value), place, misfit.axis, bindings, misfit.progress,
            fatal=isinstance(misfit, _Broken),
        )  # fmt: skip
    except Exception:
        if saved is not None:
            scope.restore(saved)
        raise
    return None


def _check_class(hint: ArrayHint, value: Any) -> None:
    if hint.array_type is Any:
        if not is_array(value):
            raise Misfit("shape-type", "it has no `shape` and `dtype`", progress=0)
    elif not isinstance(value, hint.array_type):
        expected = getattr(hint.array_type, "__name__", str(hint.array_type))
        reason = "it is None" if value is None else f"its type is {class_of(value)}, not {expected}"
        raise Misfit("shape-type", reason, progress=0)


def _check_dtype(hint: ArrayHint, value: Any) -> None:
    try:
        name = dtype_name(value)
    except AttributeError:
        raise Misfit("shape-type", "it has no `dtype`", progress=0) from None
    if not matches_dtype(hint.dtypes, name):
        annotation: Any = hint.annotation
        raise Misfit("shape-dtype", f"its dtype is {name}, which is not in {annotation.dtype.__name__}", progress=1)


def _check_shape(hint: ArrayHint, shape: Sequence[Any], scope: Scope, place: Place) -> None:
    axes, start = hint.shape.axes, hint.shape.variadic_index
    _check_rank(len(shape), len(axes), variadic=start is not None)
    if start is None:
        _check_axes(axes, shape, scope, place, 0)
        return
    after = len(axes) - start - 1
    stop = len(shape) - after
    _check_axes(axes[:start], shape[:start], scope, place, 0)
    _check_axes(axes[start + 1 :], shape[stop:], scope, place, stop)
    if not axes[start].anonymous:
        _check_run(axes[start], tuple(shape[start:stop]), scope, place, start)


def _check_rank(rank: int, expected: int, *, variadic: bool) -> None:
    if variadic and rank < expected - 1:
        raise Misfit("shape-rank", f"it has {count(rank, 'axis')}, not at least {expected - 1}", progress=2)
    if not variadic and rank != expected:
        raise Misfit("shape-rank", f"it has {count(rank, 'axis')}, not {expected}", progress=2)


def count(count: int, word: str) -> str:
    """`1 axis`, `2 axes`."""
    plural = {"axis": "axes", "item": "items"}
    return f"{count} {word if count == 1 else plural[word]}"


def _check_axes(axes: Sequence[Axis], sizes: Sequence[Any], scope: Scope, place: Place, first: int) -> None:
    for index, (axis, size) in enumerate(zip(axes, sizes, strict=True), first):
        if axis.anonymous or (axis.broadcast and size == 1):
            continue
        match axis.term:
            case Name():
                _check_name(axis, size, scope, place, index)
            case Size(expected):
                if size != expected:
                    raise Misfit("shape-mismatch", f"axis {index} is {size}, not {expected}", index)
            case Expression() as expression:
                _check_expression(expression, size, scope, index)


def _check_name(axis: Axis, size: Any, scope: Scope, place: Place, index: int) -> None:
    name = _full_name(axis, scope)
    if name not in scope.sizes:
        scope.bind_size(name, size, place, index)
    elif (bound := scope.sizes[name]) != size:
        raise Misfit("shape-mismatch", f"axis {index} (`{axis.text}`) is {size}, but {bound} in {scope.origin('', name)}", index)


def _full_name(axis: Axis, scope: Scope) -> str:
    assert isinstance(axis.term, Name)
    if not axis.treepath:
        return axis.term.name
    if scope.leaf is None:
        raise annotation_error(
            f'"{axis.text}" has no meaning except when contained with structured `PyTree` annotations: PyTree[..., "T"]'
        )
    return scope.leaf + axis.term.name


class _Broken(Misfit):
    """An expression that fails while it is evaluated."""


def _check_expression(expression: Expression, size: Any, scope: Scope, index: int) -> None:
    try:
        value = evaluate_axis(expression, scope.arguments, scope.sizes)
    except NameError as error:
        unknown = getattr(error, "name", None)
        raise annotation_error(
            f'the axis "{expression.source}" cannot be evaluated: `{unknown}` is not bound by an earlier argument'
        ) from error
    except Exception as error:
        reason = f'the axis "{expression.source}" cannot be evaluated: {type(error).__name__}: {error}'
        raise _Broken("shape-annotation", reason, index) from error
    if value != size:
        raise Misfit("shape-mismatch", f"axis {index} is {size}, but `{expression.source}` is {value}", index)


def _check_run(axis: Axis, shape: tuple[Any, ...], scope: Scope, place: Place, first: int) -> None:
    name = _full_name(axis, scope)
    new = Run(axis.broadcast, shape)
    if name not in scope.runs:
        scope.bind_run(name, new, place, first)
        return
    joined = join_runs(scope.runs[name], new)
    if joined is None:
        bound = f"{scope.runs[name].shape} in {scope.origin('*', name)}"
        verb = "which does not broadcast with" if axis.broadcast or scope.runs[name].broadcast else "but"
        raise Misfit("shape-broadcast" if verb != "but" else "shape-mismatch", f"`{axis.text}` is {shape}, {verb} {bound}")
    scope.bind_run(name, joined, place, first)


def join_runs(old: Run, new: Run) -> Run | None:
    """The value of a variadic name after it is seen again; None when the two do not go together.

    Where neither may broadcast they are equal; where one may, it broadcasts to the other; where both may, the name
    takes the common shape.
    """
    if not old.broadcast and not new.broadcast:
        return old if old.shape == new.shape else None
    common = broadcast(old.shape, new.shape)
    if common is None or (not new.broadcast and common != new.shape) or (not old.broadcast and common != old.shape):
        return None
    return Run(new.broadcast, common) if old.broadcast else old


_MISSING: Final = 1  # the size of an axis that one of the shapes lacks


def broadcast(left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The common shape of two, as numpy's rule has it, for sizes that may be symbolic; None when there is none."""
    rank = max(len(left), len(right))
    padded = ((_MISSING,) * (rank - len(shape)) + shape for shape in (left, right))
    sizes: list[Any] = []
    for one, other in zip(*padded, strict=True):
        if one != other and one != 1 and other != 1:
            return None
        sizes.append(other if one == 1 else one)
    return tuple(sizes)
