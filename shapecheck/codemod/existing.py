"""Annotations that are there already: jaxtyping's are facts and stay, bare array classes are refined, others are left."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from shapecheck.codemod.comments import read_shape
from shapecheck.codemod.facts import named
from shapecheck.codemod.model import Module, dotted_name
from shapecheck.core.dim import UNKNOWN_DIM, dim
from shapecheck.core.dtype import CLASSES
from shapecheck.core.grammar import Axis, Name, ShapeSyntaxError, Size, parse_shape
from shapecheck.core.shape import Item, Run, from_items
from shapecheck.core.value import Array, Library

_CLASSES = {
    "torch.Tensor": Library.TORCH,
    "torch.FloatTensor": Library.TORCH,
    "jax.Array": Library.JAX,
    "jnp.ndarray": Library.JAX,
    "jaxtyping.Array": Library.JAX,
    "np.ndarray": Library.NUMPY,
}
_SIZES = frozenset(["int", "SupportsIndex"])


@dataclass(frozen=True, slots=True)
class Existing:
    """What an annotation says.

    `array` is a jaxtyping annotation's; `bare` the node of an array class that may be refined; `is_size` an `int`.
    """

    array: Array | None = None
    bare: ast.expr | None = None
    is_size: bool = False
    library: Library | None = None


def read_annotation(annotation: ast.expr, module: Module, scope: str) -> Existing:
    """What an existing annotation says; empty for what is no array."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return read_quoted(ast.parse(annotation.value, mode="eval").body, module, scope)
        except SyntaxError:
            return Existing()
    match annotation:
        case ast.Subscript(value=dtype, slice=ast.Tuple(elts=[base, ast.Constant(value=str() as text)])):
            return Existing(_jaxtyping(dtype, base, text, module, scope))
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return read_annotation(left, module, scope)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return read_annotation(inner, module, scope)
        case ast.Name(id=name) if name in _SIZES:
            return Existing(is_size=True)
        case _:
            library = _CLASSES.get(module.resolve(annotation) or "")
            return Existing(bare=annotation, library=library) if library is not None else Existing()


def read_quoted(annotation: ast.expr, module: Module, scope: str) -> Existing:
    """A quoted annotation's facts count, but it is not edited."""
    found = read_annotation(annotation, module, scope)
    return Existing(found.array, None, found.is_size, found.library)


def has_jaxtyping(annotation: ast.expr, module: Module) -> bool:
    """Whether a jaxtyping class occurs anywhere in an annotation."""
    names = (node for node in ast.walk(annotation) if isinstance(node, ast.Name | ast.Attribute))
    return any((module.resolve(node) or "").startswith("jaxtyping.") for node in names)


def _jaxtyping(dtype: ast.expr, base: ast.expr, text: str, module: Module, scope: str) -> Array | None:
    word = (dotted_name(dtype) or "").rpartition(".")[2]
    public = module.resolve(dtype) or ""
    name = public.rpartition(".")[2] if public.startswith("jaxtyping.") else word
    if name not in CLASSES:
        return None
    try:
        axes = parse_shape(text).axes
    except ShapeSyntaxError:
        return None
    library = _CLASSES.get(module.resolve(base) or "", next(iter(module.libraries), Library.TORCH))
    return Array(from_items(_item(axis, scope) for axis in axes), CLASSES[name], library)


def _item(axis: Axis, scope: str) -> Item:
    if axis.variadic:
        name = axis.term.name if isinstance(axis.term, Name) and not axis.anonymous else None
        return Run(name, scope, axis.broadcast)
    if axis.anonymous or axis.broadcast:
        return UNKNOWN_DIM
    match axis.term:
        case Name(name):
            return named(name, scope)
        case Size(size):
            return dim(size)
        case expression:
            found = read_shape(f"({expression.source})", scope)
            return found.prefix[0] if found is not None and found.rank == 1 else UNKNOWN_DIM
