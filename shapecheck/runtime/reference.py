"""The interpreter of annotations: jaxtyping's semantics, and the reason whenever a value does not fit.

It is slow and it is right. The compiled wrappers of :mod:`shapecheck.runtime.compiler` come here on any doubt; this is
the only place that decides a failure and says why. Sources of the semantics: jaxtyping 0.3.11, `_array_types.py` and
`_pytree_type.py`, and sections 1.3 to 1.5 of its documentation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, Literal, assert_never, get_args, get_origin

from shapecheck.runtime.arrays import class_of, describe
from shapecheck.runtime.errors import annotation_error
from shapecheck.runtime.failure import Failure, wrong_class
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
)
from shapecheck.runtime.others import accepts
from shapecheck.runtime.pytree import fits_composite, flatten, is_composite, leaf_path, unknown_structure
from shapecheck.runtime.reading import opened
from shapecheck.runtime.reference_arrays import count, match_array
from shapecheck.runtime.scope import Place, Scope
from shapecheck.runtime.type_variables import narrow

__all__ = ["match"]


def match(hint: Hint, value: Any, scope: Scope, place: Place) -> Failure | None:
    """Check one value, binding names in the scope; a value that does not fit leaves the scope as it was.

    Raises:
        AnnotationError: the annotation needs a name that is not bound yet, or `?` outside a structured PyTree.
    """
    match hint:
        case Anything():
            return None
        case ArrayHint():
            return match_array(hint, value, scope, place)
        case ClassHint(classes):
            return None if isinstance(value, classes) else wrong_class(hint, value, place)
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


def _explained(hint: OtherHint, value: Any, place: Place) -> Failure:
    """Why beartype does not take a value: the part of it that does not fit, or what can be said of the whole."""
    parts = opened(hint)
    if not isinstance(parts, OtherHint) and (failure := match(parts, value, Scope({}), place)):
        return failure
    if get_origin(hint.hint) is Literal:
        choices = ", ".join(map(repr, get_args(hint.hint)))
        return Failure("shape-type", f"it is not one of {choices}", str(hint), describe(value), place, progress=1)
    return wrong_class(hint, value, place)


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
        return wrong_class(hint, value, place)
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
                return wrong_class(hint, value, place)
            if len(value) != len(items):
                reason = f"it has {count(len(value), 'item')}, not {len(items)}"
                return Failure("shape-type", reason, str(hint), describe(value), place, progress=2)
            return None
        case ItemsHint(origin) | MappingHint(origin):
            return None if isinstance(value, origin) else wrong_class(hint, value, place)
        case RecordHint():
            return None if isinstance(value, Mapping) else wrong_class(hint, value, place)


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
