"""The interpreter of annotations: jaxtyping's semantics, and the reason whenever a value does not fit.

It is slow and it is right. The compiled wrappers of :mod:`shapecheck.runtime.compiler` come here on any doubt; this is
the only place that decides a failure and says why. Sources of the semantics: jaxtyping 0.3.11, `_array_types.py` and
`_pytree_type.py`, and sections 1.3 to 1.5 of its documentation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final, Literal, assert_never, get_args, get_origin

from shapecheck.core.expression import Expression, evaluate_axis
from shapecheck.core.grammar import Axis, Name, Size
from shapecheck.runtime.arrays import class_of, describe, dtype_name, is_array, matches_dtype, shape_of
from shapecheck.runtime.errors import Binding, annotation_error
from shapecheck.runtime.hints import (
    Anything,
    ArrayHint,
    BothHint,
    ClassHint,
    Hint,
    ItemsHint,
    MappingHint,
    OtherHint,
    RecordHint,
    TreeHint,
    TupleHint,
    UnionHint,
    VariableHint,
    first_items,
    opened,
)
from shapecheck.runtime.others import accepts
from shapecheck.runtime.pytree import fits_composite, flatten, is_composite, leaf_path, unknown_structure
from shapecheck.runtime.scope import Place, Run, Scope
from shapecheck.runtime.type_variables import narrow

__all__ = ["Failure", "broadcast", "join_runs", "match"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a value does not fit; data for a report.

    Attributes:
        progress: how far the check came (0 class, 1 dtype, 2 rank, 3 axes), to choose among members of a union.
        fatal: an annotation that broke while it was evaluated; no other member of a union is tried.
    """

    code: str
    reason: str
    expected: str
    found: str
    place: Place
    axis: int | None = None
    bindings: tuple[Binding, ...] = ()
    progress: int = 0
    fatal: bool = False


class _Misfit(Exception):
    """A reason on its way to the place that knows value and hint."""

    def __init__(self, code: str, reason: str, axis: int | None = None, *, progress: int = 3) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.axis = axis
        self.progress = progress


def match(hint: Hint, value: Any, scope: Scope, place: Place) -> Failure | None:
    """Check one value, binding names in the scope; a value that does not fit leaves the scope as it was.

    Raises:
        AnnotationError: the annotation needs a name that is not bound yet, or `?` outside a structured PyTree.
    """
    match hint:
        case Anything():
            return None
        case ArrayHint():
            return _match_array(hint, value, scope, place)
        case ClassHint(classes):
            return None if isinstance(value, classes) else _wrong_class(hint, value, place)
        case OtherHint(other, tower):
            return None if accepts(other, value, tower=tower) else _explained(hint, value, place)
        case UnionHint():
            return _match_union(hint, value, scope, place)
        case TreeHint():
            return _match_tree(hint, value, scope, place)
        case VariableHint():
            return _match_variable(hint, value, scope, place)
        case BothHint() | ItemsHint() | TupleHint() | MappingHint() | RecordHint():
            return _match_parts(hint, value, scope, place)
        case _:
            assert_never(hint)


def _wrong_class(hint: Hint, value: object, place: Place) -> Failure:
    reason = f"its type is {class_of(value)}" if value is not None else "it is None"
    return Failure("shape-type", reason, str(hint), describe(value), place)


def _explained(hint: OtherHint, value: Any, place: Place) -> Failure:
    """Why beartype does not take a value: the part of it that does not fit, or what can be said of the whole."""
    parts = opened(hint)
    if not isinstance(parts, OtherHint) and (failure := match(parts, value, Scope({}), place)):
        return failure
    if get_origin(hint.hint) is Literal:
        choices = ", ".join(map(repr, get_args(hint.hint)))
        return Failure("shape-type", f"it is not one of {choices}", str(hint), describe(value), place, progress=1)
    return _wrong_class(hint, value, place)


# Containers and unions


def _match_union(hint: UnionHint, value: Any, scope: Scope, place: Place) -> Failure | None:
    failures: list[Failure] = []
    for member in hint.members:
        failure = match(member, value, scope, place)
        if failure is None:
            return None
        if failure.fatal:
            return failure
        failures.append(failure)
    closest = max(failures, key=lambda failure: (failure.place != place, failure.progress))
    if closest.place != place:  # an item of a container, whose own class is right
        return closest
    if not closest.progress:
        return _wrong_class(hint, value, place)
    reasons = dict.fromkeys(each.reason for each in failures if each.place == place and each.progress == closest.progress)
    return replace(closest, expected=str(hint), reason="; ".join(reasons))


def _match_variable(hint: VariableHint, value: Any, scope: Scope, place: Place) -> Failure | None:
    """The classes first: which one the variable stands for decides what the value is compared with."""
    name, known = hint.tie.name, scope.classes.get(hint.tie.name)
    left = narrow(value, hint.tie.classes, known)
    if known is not None and not left and narrow(value, hint.tie.classes, None):
        reason = f"its type is {class_of(value)}, but `{name}` is {_either(known)} in {scope.origin('V', name)}"
        return Failure("shape-type", reason, str(hint), describe(value), place, None, scope.bindings(), progress=1)
    failure = match(hint.hint, value, scope, place)
    if failure is None and not scope.flattening:
        scope.bind_class(name, left, place)
    return failure


def _either(classes: tuple[type, ...]) -> str:
    return " or ".join(each.__name__ for each in classes)


type _Parts = BothHint | ItemsHint | TupleHint | MappingHint | RecordHint


def _match_parts(hint: _Parts, value: Any, scope: Scope, place: Place) -> Failure | None:
    if failure := _match_container(hint, value, place):
        return failure
    saved = scope.save()
    for part, item, where in _parts(hint, value, place):
        if failure := match(part, item, scope, where):
            scope.restore(saved)
            return failure
    return None


def _match_container(hint: _Parts, value: Any, place: Place) -> Failure | None:
    match hint:
        case BothHint():
            return None
        case TupleHint(items):
            if not issubclass(type(value), tuple):
                return _wrong_class(hint, value, place)
            if len(value) != len(items):
                reason = f"it has {_count(len(value), 'item')}, not {len(items)}"
                return Failure("shape-type", reason, str(hint), describe(value), place, progress=2)
            return None
        case ItemsHint(origin) | MappingHint(origin):
            return None if isinstance(value, origin) else _wrong_class(hint, value, place)
        case RecordHint():
            return None if isinstance(value, Mapping) else _wrong_class(hint, value, place)


def _parts(hint: _Parts, value: Any, place: Place) -> Iterable[tuple[Hint, Any, Place]]:
    match hint:
        case BothHint(first, second):
            yield from ((first, value, place), (second, value, place))
        case TupleHint(items):
            yield from ((part, item, place.at(index)) for index, (part, item) in enumerate(zip(items, value, strict=True)))
        case ItemsHint(_, item):
            yield from ((item, each, place.at(index)) for index, each in enumerate(first_items(value)))
        case RecordHint(_, items):
            yield from ((item, value[key], place.at(key)) for key, item in items if key in value)
        case MappingHint(_, key, item):
            for found, each in first_items(value.items()):
                yield from ((key, found, place), (item, each, place.at(found)))


# Arrays


def _match_array(hint: ArrayHint, value: Any, scope: Scope, place: Place) -> Failure | None:
    saved = None
    try:
        _check_class(hint, value)
        if scope.flattening:
            return None
        _check_dtype(hint, value)
        saved = scope.save()
        _check_shape(hint, shape_of(value), scope, place)
    except _Misfit as misfit:
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
            raise _Misfit("shape-type", "it has no `shape` and `dtype`", progress=0)
    elif not isinstance(value, hint.array_type):
        expected = getattr(hint.array_type, "__name__", str(hint.array_type))
        reason = "it is None" if value is None else f"its type is {class_of(value)}, not {expected}"
        raise _Misfit("shape-type", reason, progress=0)


def _check_dtype(hint: ArrayHint, value: Any) -> None:
    try:
        name = dtype_name(value)
    except AttributeError:
        raise _Misfit("shape-type", "it has no `dtype`", progress=0) from None
    if not matches_dtype(hint.dtypes, name):
        annotation: Any = hint.annotation
        raise _Misfit("shape-dtype", f"its dtype is {name}, which is not in {annotation.dtype.__name__}", progress=1)


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
        raise _Misfit("shape-rank", f"it has {_count(rank, 'axis')}, not at least {expected - 1}", progress=2)
    if not variadic and rank != expected:
        raise _Misfit("shape-rank", f"it has {_count(rank, 'axis')}, not {expected}", progress=2)


def _count(count: int, word: str) -> str:
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
                    raise _Misfit("shape-mismatch", f"axis {index} is {size}, not {expected}", index)
            case Expression() as expression:
                _check_expression(expression, size, scope, index)


def _check_name(axis: Axis, size: Any, scope: Scope, place: Place, index: int) -> None:
    name = _full_name(axis, scope)
    if name not in scope.sizes:
        scope.bind_size(name, size, place, index)
    elif (bound := scope.sizes[name]) != size:
        raise _Misfit("shape-mismatch", f"axis {index} (`{axis.text}`) is {size}, but {bound} in {scope.origin('', name)}", index)


def _full_name(axis: Axis, scope: Scope) -> str:
    assert isinstance(axis.term, Name)
    if not axis.treepath:
        return axis.term.name
    if scope.leaf is None:
        raise annotation_error(
            f'"{axis.text}" has no meaning except when contained with structured `PyTree` annotations: PyTree[..., "T"]'
        )
    return scope.leaf + axis.term.name


class _Broken(_Misfit):
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
        raise _Misfit("shape-mismatch", f"axis {index} is {size}, but `{expression.source}` is {value}", index)


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
        raise _Misfit("shape-broadcast" if verb != "but" else "shape-mismatch", f"`{axis.text}` is {shape}, {verb} {bound}")
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


# PyTrees


def _match_tree(hint: TreeHint, value: Any, scope: Scope, place: Place) -> Failure | None:
    if value is None:
        return None
    leaves, structure = _flatten(hint, value, scope, place)
    if scope.flattening:
        return _match_leaves(hint, value, leaves, scope, place)
    saved = scope.save()
    failure = _match_structure(hint, structure, scope, place) or _match_leaves(hint, value, leaves, scope, place)
    if failure:
        scope.restore(saved)
    return failure


def _flatten(hint: TreeHint, value: Any, scope: Scope, place: Place) -> tuple[list[Any], Any]:
    """While a tree is taken apart only classes count, and nothing is bound."""
    outer, scope.flattening = scope.flattening, True
    try:
        return flatten(value, lambda node: not isinstance(hint.leaf, Anything) and _is_leaf(hint, node, scope, place))
    finally:
        scope.flattening = outer


def _is_leaf(hint: TreeHint, node: object, scope: Scope, place: Place) -> bool:
    return match(hint.leaf, node, scope, place) is None


def _match_structure(hint: TreeHint, structure: Any, scope: Scope, place: Place) -> Failure | None:
    words = hint.structure
    if not words:
        return None
    if is_composite(words):
        if (unknown := unknown_structure(words, scope.trees)) is not None:
            raise annotation_error(
                f'the structure "{" ".join(words)}" cannot be checked: `{unknown}` is not bound by an earlier argument'
            )
        fits = fits_composite(structure, words, scope.trees)
    elif words[0] not in scope.trees:
        scope.bind_tree(words[0], structure, place)
        return None
    else:
        fits = bool(scope.trees[words[0]] == structure)
    return None if fits else _wrong_structure(hint, structure, scope, place)


def _wrong_structure(hint: TreeHint, structure: Any, scope: Scope, place: Place) -> Failure:
    names = [word for word in hint.structure if word != "..."]
    known = ", ".join(f"`{name}` is {scope.trees[name]} in {scope.origin('T', name)}" for name in names)
    reason = f"its structure is not {' '.join(hint.structure)}: {known}"
    return Failure("shape-mismatch", reason, str(hint), str(structure), place, None, scope.bindings(), 3)


def _match_leaves(hint: TreeHint, value: Any, leaves: list[Any], scope: Scope, place: Place) -> Failure | None:
    path = cache(lambda index: leaf_path(value, index, leaves))
    for index, leaf in enumerate(leaves):
        inner = _enter_leaf(hint, index, scope)
        outer, scope.leaf = scope.leaf, inner
        try:
            failure = match(hint.leaf, leaf, scope, place.leaf(partial(path, index)) if leaf is not value else place)
        finally:
            scope.leaf = outer
        if failure:
            return failure
    return None


def _enter_leaf(hint: TreeHint, index: int, scope: Scope) -> str | None:
    if not hint.structure:
        return scope.leaf
    if scope.leaf is not None:
        raise annotation_error("it is ambiguous which PyTree `?` refers to: one with a structure name stands inside another")
    return f"(Leaf {index} in structure {' '.join(hint.structure)}) "
