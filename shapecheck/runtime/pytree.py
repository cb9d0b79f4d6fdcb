"""PyTrees and the names of their structures: `"T"`, `"S T"`, `"T ..."`, `"... T"`.

The semantics are jaxtyping's (`_pytree_type.py`); flattening is jax's own. Called by the reference for every PyTree
annotation; jax is loaded whenever one exists.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

__all__ = ["Structures", "fits_composite", "flatten", "is_composite", "leaf_path", "unknown_structure"]

type Structures = Mapping[str, Any]  # name -> jax.tree_util.PyTreeDef


def _tree_util() -> Any:
    return sys.modules["jax"].tree_util


def flatten(tree: object, is_leaf: Callable[[object], bool]) -> tuple[list[Any], Any]:
    """Leaves and structure; what already is a leaf is not taken apart."""
    leaves, structure = _tree_util().tree_flatten(tree, is_leaf=is_leaf)
    return leaves, structure


def leaf_path(tree: object, index: int, leaves: list[Any]) -> str:
    """The way to one of the leaves that :func:`flatten` has found, as it is written in Python: `['layers'][0].weight`."""
    known = set(map(id, leaves))
    found, _ = _tree_util().tree_flatten_with_path(tree, is_leaf=lambda node: id(node) in known)
    path: str = _tree_util().keystr(found[index][0])
    return path


def is_composite(words: tuple[str, ...]) -> bool:
    """Whether the words combine structures that must be known, rather than name one."""
    return len(words) > 1 or words == ("...",)


def unknown_structure(words: tuple[str, ...], known: Structures) -> str | None:
    """The first name that nothing has been bound to."""
    return next((word for word in words if word != "..." and word not in known), None)


def fits_composite(structure: Any, words: tuple[str, ...], known: Structures) -> bool:
    """Whether a structure is the composition of known ones, above or below anything where `...` says so."""
    named = _compose([known[word] for word in words if word != "..."])
    if words[0] == "...":
        return _ends_in(structure, named)
    if words[-1] == "...":
        return _starts_with(structure, named)
    return bool(structure == named)


def _compose(structures: list[Any]) -> Any:
    """Every leaf of the first is the second, and so on."""
    jtu = _tree_util()
    tree: Any = 0
    for structure in structures:
        below = _dummy(structure)
        tree = jtu.tree_map(partial(_second, below), tree)
    return jtu.tree_structure(tree)


def _second(below: object, _: object) -> object:
    return below


def _dummy(structure: Any) -> Any:
    return _tree_util().tree_unflatten(structure, [0] * structure.num_leaves)


def _starts_with(structure: Any, prefix: Any) -> bool:
    try:
        _tree_util().tree_map(_second, _dummy(prefix), _dummy(structure))
    except ValueError:
        return False
    return True


def _ends_in(structure: Any, suffix: Any) -> bool:
    def fits(tree: object) -> bool:
        return bool(_tree_util().tree_structure(tree) == suffix)

    return all(map(fits, _tree_util().tree_leaves(_dummy(structure), is_leaf=fits)))
