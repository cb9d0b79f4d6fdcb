"""Live arrays of any library: the name of their dtype, and a description in jaxtyping's words.

Libraries are never imported here; an array is whatever has `.shape` and `.dtype`. Called by the reference and, when it
needs the dtype objects behind a set of names, by the compiler.
"""

import re
import reprlib
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from shapecheck.core.dtype import ANY_DTYPE, class_name, dtype

__all__ = [
    "DTypeNames",
    "class_of",
    "describe",
    "dtype_name",
    "is_array",
    "matches_dtype",
    "numpy_scalars",
    "shape_of",
    "torch_dtypes",
]

type DTypeNames = tuple[str | re.Pattern[str], ...]


def is_array(value: object) -> bool:
    """Whether it has a shape and a dtype, which is all that `Float[Any, ...]` asks for."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def shape_of(array: Any) -> Sequence[Any]:
    """Its shape as the library gives it, sizes possibly symbolic."""
    shape: Sequence[Any] = array.shape
    return shape


def dtype_name(array: Any) -> str:
    """The text that jaxtyping compares: `float32`, `bool_`, `prng_key`, or the fields of a structured dtype."""
    found = array.dtype
    scalar: Any = getattr(found, "type", None)  # numpy and jax
    if hasattr(scalar, "__name__"):
        return str(found) if _is_structured(found) else str(scalar.__name__)
    if hasattr(found, "as_numpy_dtype"):  # TensorFlow
        return str(found.as_numpy_dtype.__name__)
    return found if isinstance(found, str) else repr(found).rsplit(".", 1)[-1]


def _is_structured(found: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and found.type.__name__ == "void" and found is not numpy.dtype(numpy.void)


def matches_dtype(names: DTypeNames | None, name: str) -> bool:
    """Whether a dtype of that name is in the set; None is every dtype."""
    if names is None:
        return True
    return any(known == name if isinstance(known, str) else bool(known.match(name)) for known in names)


def describe(value: object) -> str:
    """A value in the words of annotations: `Float32[Tensor, "4 5"]`, or its type and a short repr."""
    if isinstance(value, type) or not is_array(value):
        return "None" if value is None else f"{type(value).__name__} {_short(value)}"
    try:
        sizes = " ".join(map(str, shape_of(value)))
        return f'{_dtype_class(dtype_name(value))}[{class_of(value)}, "{sizes}"]'
    except Exception:  # an object that only looks like an array
        return type(value).__name__


def _dtype_class(name: str) -> str:
    bare = "bool" if name == "bool_" else name
    return class_name(dtype(bare)) if bare in ANY_DTYPE.names - {"other"} else name


def class_of(value: object) -> str:
    """The name of its class; for every kind of jax array the one that users write."""
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(value, jax.Array):
        return "Array"
    return type(value).__name__


def _short(value: object) -> str:
    try:
        return reprlib.repr(value)
    except Exception:
        return "(without repr)"


@cache
def torch_dtypes(names: DTypeNames | None) -> frozenset[Any]:
    """The dtype objects of torch with one of the names."""
    torch = sys.modules["torch"]
    found = {value for value in vars(torch).values() if isinstance(value, torch.dtype)}
    return frozenset(each for each in found if matches_dtype(names, repr(each).rsplit(".", 1)[-1]))


@cache
def numpy_scalars(names: DTypeNames | None) -> frozenset[type]:
    """The scalar types (`dtype.type`) of numpy, ml_dtypes and jax with one of the names; never structured ones."""
    modules = [sys.modules[name] for name in ("numpy", "ml_dtypes") if name in sys.modules]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return frozenset(each for each in found if _has_dtype(each) and matches_dtype(names, each.__name__))


def _has_dtype(scalar: type) -> bool:
    numpy: Any = sys.modules["numpy"]
    if scalar is numpy.void or scalar.__module__ not in ("numpy", "ml_dtypes"):
        return False
    try:
        return numpy.dtype(scalar).type is scalar
    except TypeError:
        return False
