"""Promotion agrees with `torch.result_type`, `jnp.result_type` and `np.result_type` on every pair and on Python numbers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch

from shapecheck.core.dim import ONE
from shapecheck.core.dtype import ANY_DTYPE, CLASSES, DTypes, dtype
from shapecheck.core.promotion import result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, shape
from shapecheck.core.value import Array, Library, Scalar, Value

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("bfloat16", "float16", "float32", "float64")
NAMES = ("bool", *INTEGERS, *FLOATS, "complex64", "complex128")
NUMBERS: dict[Any, Value] = {True: True, 2: ONE, 2.5: Scalar("float"), 2j: Scalar("complex")}


def agree(real: Callable[[], Any], *values: Value, library: Library) -> None:
    stated = result_type(values, library).dtypes
    try:
        actual = str(real()).removeprefix("torch.")
    except Exception:  # whatever a library raises: nothing to compare
        assert stated == ANY_DTYPE
        return
    if actual in ("complex32", "bcomplex32"):  # no class of jaxtyping has them
        assert stated == ANY_DTYPE
        return
    assert stated.exact == actual or (stated == ANY_DTYPE and _is_partial(values)), (values, actual)


def _is_partial(values: tuple[Value, ...]) -> bool:
    """Torch has promotion for its large unsigned integers in some calls only: there we say nothing."""
    return any(isinstance(v, Array) and v.dtype.names <= {"uint16", "uint32", "uint64"} for v in values)


@pytest.mark.parametrize("ranks", [(1, 1), (0, 1), (0, 0)])
def test_torch_pairs(ranks: tuple[int, int]) -> None:
    for a, b in product(NAMES, repeat=2):
        real = [torch.zeros((1,) * rank, dtype=getattr(torch, name)) for rank, name in zip(ranks, (a, b), strict=True)]
        values = [Array(shape(*(1,) * rank), dtype(name)) for rank, name in zip(ranks, (a, b), strict=True)]
        agree(lambda real=real: torch.result_type(*real), *values, library=Library.TORCH)


def test_torch_numbers() -> None:
    for name, rank, (number, value) in product(NAMES, (0, 1), NUMBERS.items()):
        real = torch.zeros((1,) * rank, dtype=getattr(torch, name))
        array = Array(shape(*(1,) * rank), dtype(name))
        agree(lambda real=real, n=number: torch.result_type(real, n), array, value, library=Library.TORCH)


def test_torch_rank_unknown_means_both() -> None:
    stated = result_type([Array(ANY_SHAPE, dtype("float64")), Array(shape("n"), dtype("float32"))], Library.TORCH)
    assert stated.dtypes == DTypes(frozenset({"float32", "float64"}))


def test_jax_pairs() -> None:
    for (a, weak_a), (b, weak_b) in product(product(NAMES, (False, True)), repeat=2):
        if any(weak and name not in ("int32", "float32", "complex64") for name, weak in ((a, weak_a), (b, weak_b))):
            continue
        values = [Array(SCALAR, dtype(n), Library.JAX, w) for n, w in ((a, weak_a), (b, weak_b))]
        if any("64" in n or n == "complex128" for n in (a, b) if n != "complex64"):
            continue  # needs 64-bit mode
        structs = [jax.ShapeDtypeStruct((), n, weak_type=w) for n, w in ((a, weak_a), (b, weak_b))]
        stated = result_type(values, Library.JAX)
        actual = jax.eval_shape(jnp.add, *structs)
        assert (stated.dtypes.exact, stated.weak) == (str(actual.dtype), actual.weak_type), (a, weak_a, b, weak_b)


def test_jax_pairs_with_64_bits() -> None:
    for a, b in product(NAMES, repeat=2):
        if 64 in (np.dtype(n).itemsize * 8 // (2 if "complex" in n else 1) for n in (a, b) if n != "bfloat16"):
            values = [Array(SCALAR, dtype(name), Library.JAX) for name in (a, b)]
            agree(lambda a=a, b=b: jnp.promote_types(a, b), *values, library=Library.JAX)


def test_jax_numbers() -> None:
    for name, (number, value) in product(NAMES, NUMBERS.items()):
        if name in ("int64", "uint64", "float64", "complex128"):
            continue
        actual = jax.eval_shape(lambda x, n=number: x + n, jax.ShapeDtypeStruct((3,), name))
        stated = result_type([Array(shape(3), dtype(name), Library.JAX), value], Library.JAX)
        assert (stated.dtypes.exact, stated.weak) == (str(actual.dtype), actual.weak_type), (name, number)


def test_numpy_pairs() -> None:
    for a, b in product([name for name in NAMES if name != "bfloat16"], repeat=2):
        values = [Array(SCALAR, dtype(name), Library.NUMPY) for name in (a, b)]
        agree(lambda a=a, b=b: np.result_type(np.dtype(a), np.dtype(b)), *values, library=Library.NUMPY)


def test_numpy_numbers() -> None:
    for name, (number, value) in product([name for name in NAMES if name != "bfloat16"], NUMBERS.items()):
        array = Array(shape(1), dtype(name), Library.NUMPY)
        agree(lambda n=name, x=number: np.result_type(np.zeros(1, n), x), array, value, library=Library.NUMPY)


EXTENSIONS = ("bfloat16", "float8_e4m3fn", "float8_e4m3b11fnuz", "float8_e5m2", "float4_e2m1fn", "int2", "int4", "uint2", "uint4")


def array_of(name: str) -> Any:
    return np.ones(1, np.dtype(getattr(ml_dtypes, name, name)))


def test_numpy_extension_dtypes() -> None:
    """What numpy makes of them depends on the operation and on the order: it is among what is stated."""
    for one, other in product(EXTENSIONS, (*NAMES, *EXTENSIONS)):
        for a, b in ((one, other), (other, one)):
            stated = result_type([Array(shape(1), dtype(name), Library.NUMPY) for name in (a, b)], Library.NUMPY)
            for operation in (np.add, np.multiply, np.maximum):
                assert str(operation(array_of(a), array_of(b)).dtype) in stated.dtypes.names, (a, b, operation)


def test_numpy_extension_dtypes_and_numbers() -> None:
    for name, (number, value) in product(EXTENSIONS, NUMBERS.items()):
        stated = result_type([Array(shape(1), dtype(name), Library.NUMPY), value], Library.NUMPY)
        for made in (array_of(name) * number, number + array_of(name), np.where([True], array_of(name), number)):
            assert str(made.dtype) in stated.dtypes.names, (name, number)


@pytest.mark.parametrize(
    ("family", "number", "result"),
    [
        ("Float", 2, "Float"),
        ("Float", 2.5, "Float"),
        ("Float", 2j, "Complex"),
        ("Int", 2, "Int"),
        ("Int", 2.5, "Float"),
        ("Num", 2, "Num"),
    ],
)
def test_numpy_families_stay(family: str, number: Any, result: str) -> None:
    stated = result_type([Array(shape(1), CLASSES[family], Library.NUMPY), NUMBERS[number]], Library.NUMPY)
    assert str(stated.dtypes) == result
