"""Calls of `jax.lax` and `jax.nn`: collectives, gathers and scatters, ragged and scaled products."""

from __future__ import annotations

import random
from typing import Any

import jax

from shapecheck.core.value import Library
from tests.rules.cases_creation import key, maybe_dtype, sizes
from tests.rules.harness import A, Case, D, N, axis, call, dtype_for, generates, shape, size

AXIS = "mapped"


def array(rng: random.Random, name: str, least: int = 0) -> A:
    return A(shape(rng, least, 3), dtype_for(rng, name, "float32", "int32"))


@generates("jax.lax.pbroadcast", "jax.lax.pcast", "jax.lax.psend")
def moved(rng: random.Random, name: str) -> Case:
    last = {"pbroadcast": 0, "ppermute": [(0, 1), (1, 0)], "psend": [(0, 1)]}
    operation = name.rpartition(".")[2]
    options = {"to": "varying"} if operation == "pcast" else {}
    return call(array(rng, name), AXIS, *([last[operation]] if operation in last else []), **options, rigid=False)


@generates("jax.lax.precv")
def received(rng: random.Random, name: str) -> Case:
    return call(None, A((2,)), AXIS, [(0, 1)])


@generates("jax.lax.axis_index")
def place_in_axis(rng: random.Random, name: str) -> Case:
    return call(AXIS)


@generates("jax.lax.pswapaxes", "jax.lax.psum_scatter")
def scattered(rng: random.Random, name: str) -> Case:
    full = (2, *shape(rng, 0, 2))
    at = rng.choice((0, -len(full), len(full))) if rng.random() < 0.9 else rng.randrange(len(full))
    return (
        call(A(full), AXIS, at, rigid=False) if name.endswith("axes") else call(A(full), AXIS, scatter_dimension=at, rigid=False)
    )


@generates("jax.lax.all_gather")
def gathered(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, AXIS, axis=axis(rng, len(one.shape) + 1), **({"tiled": True} if rng.random() < 0.2 else {}), rigid=False)


@generates("jax.lax.all_to_all")
def exchanged(rng: random.Random, name: str) -> Case:
    full = (2, *shape(rng, 0, 2))
    return call(A(full), AXIS, 0, rng.randrange(len(full)), rigid=False)


@generates("jax.lax.ragged_all_to_all")
def ragged_exchange(rng: random.Random, name: str) -> Case:
    counts = [A((2,), "int32")] * 4
    return call(A((3,)), A((5,)), *counts, axis_name=AXIS, rigid=False)


@generates("jax.lax.scatter")
def scatter(rng: random.Random, name: str) -> Case:
    lax = jax.lax
    rows, columns, count = size(rng), size(rng), size(rng)
    numbers = lax.ScatterDimensionNumbers((1,), (0,), (0,))
    wrong = (size(rng),) if rng.random() < 0.2 else ()
    return call(A((rows, columns)), A((count, 1), "int32"), A((count, columns, *wrong)), numbers)


@generates("jax.lax.gather")
def gather(rng: random.Random, name: str) -> Case:
    full = tuple(n or 1 for n in shape(rng, 1, 3))
    taken = tuple(sorted(rng.sample(range(len(full)), rng.randint(1, len(full)))))
    collapsed = tuple(axis for axis in taken if rng.random() < 0.7)
    slices = tuple(1 if axis in collapsed else rng.randint(1, n) if axis in taken else n for axis, n in enumerate(full))
    around, inner = shape(rng, 0, 2), len(full) - len(collapsed)
    offset = tuple(sorted(rng.sample(range(len(around) + inner), inner)))
    if rng.random() < 0.1:
        slices = rng.choice(((*slices, 1), (*slices[:-1], slices[-1] + 9)))
    width = len(taken) if rng.random() < 0.9 else len(taken) + 1
    numbers = jax.lax.GatherDimensionNumbers(offset, collapsed, taken)
    return call(A(full, dtype_for(rng, name)), A((*around, width), "int32"), numbers, slices, rigid=False)


@generates("jax.lax.index_take")
def index_take(rng: random.Random, name: str) -> Case:
    return call(array(rng, name, 1), (A((3,), "int32"),), (0,), rigid=False)


@generates("jax.lax.ragged_dot")
def ragged_dot(rng: random.Random, name: str) -> Case:
    rows, inner, groups, columns = (size(rng) or 1 for _ in range(4))
    other = size(rng) or 1 if rng.random() < 0.2 else inner
    kind = dtype_for(rng, name, "float32", "float16")
    options: dict[str, Any] = {"preferred_element_type": D("float32")} if rng.random() < 0.2 else {}
    if rng.random() < 0.05:
        options["group_offset"] = A((1,), "int32")
    return call(A((rows, inner), kind), A((groups, other, columns), kind), A((groups,), "int32"), **options)


@generates("jax.lax.ragged_dot_general")
def ragged_dot_general(rng: random.Random, name: str) -> Case:
    numbers = jax.lax.RaggedDotDimensionNumbers((([1], [1]), ([], [])), [0], [0])
    return call(A((5, 3)), A((2, 3, 4)), A((2,), "int32"), numbers)


@generates("jax.lax.scaled_dot", "jax.nn.scaled_dot_general")
def scaled_dot(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {}
    if name.startswith("jax.nn") or rng.random() < 0.3:
        options["dimension_numbers"] = (((1,), (1,)), ((), ()))
    elif rng.random() < 0.3:
        options = {"lhs_scale": A((2, 1), "bfloat16"), "rhs_scale": A((1, 3), "bfloat16")}
    return call(A((2, 32), "bfloat16"), A((3, 32), "bfloat16"), rigid=False, **options)


@generates("jax.nn.scaled_matmul")
def scaled_matmul(rng: random.Random, name: str) -> Case:
    batch, rows, columns, inner = 1, size(rng) or 1, size(rng) or 1, 32
    other = 64 if rng.random() < 0.2 else inner
    return call(A((batch, rows, inner)), A((batch, columns, other)), A((batch, rows, 1)), A((batch, columns, 1)), rigid=False)


@generates("jax.nn.one_hot")
def one_hot(rng: random.Random, name: str) -> Case:
    one = A(shape(rng, 0, 3), "int32")
    options: dict[str, Any] = {"axis": axis(rng, len(one.shape) + 1)} if rng.random() < 0.5 else {}
    return call(one, N(size(rng)), **options, **maybe_dtype(rng, name, "float16", "int32"), rigid=False)


@generates("jax.lax.polygamma")
def pair(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    return call(A(full), A(full if rng.random() < 0.8 else shape(rng, 0, 3)))


@generates("jax.lax.betainc")
def triple(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    return call(A(full), A(full), A(full if rng.random() < 0.8 else shape(rng, 0, 3)))


@generates("jax.lax.empty")
def empty(rng: random.Random, name: str) -> Case:
    return call(sizes(rng), D(dtype_for(rng, name)))


@generates("jax.lax.rng_uniform")
def uniform(rng: random.Random, name: str) -> Case:
    return call(A(() if rng.random() < 0.9 else (2,)), A(()), sizes(rng))


@generates("jax.lax.rng_bit_generator")
def bits(rng: random.Random, name: str) -> Case:
    return call(A((4,), "uint32"), sizes(rng))


@generates("jax.lax.bitcast_convert_type", "ndarray.view", "ndarray.getfield")
def viewed(rng: random.Random, name: str) -> Case:
    return call(array(rng, name), D(dtype_for(rng, name, "int32", "float32", "int8", "bool")), rigid=False)


@generates("jax.lax.fft")
def fft(rng: random.Random, name: str) -> Case:
    word, full = rng.choice(("fft", "ifft", "rfft", "irfft", "RFFT", "dct")), shape(rng, 0, 4)
    lengths = list(full[len(full) - rng.randint(0, min(3, len(full))) :])
    if lengths and rng.random() < 0.15:
        lengths[rng.randrange(len(lengths))] += 1
    if lengths and word == "irfft":
        lengths[-1] = rng.choice((4, 5))
    return call(A(full, dtype_for(rng, name)), word, tuple(lengths) if rng.random() < 0.95 else (2,) * 5, rigid=False)


@generates("jax.lax.conv_with_general_padding")
def padded_convolution(rng: random.Random, name: str) -> Case:
    channels = rng.choice((2, 3))
    return call(A((1, channels, 8)), A((4, 3, 3)), (1,), [(1, 1)], None, None, rigid=False)


@generates("jax.lax.conv_general_dilated_local")
def local_convolution(rng: random.Random, name: str) -> Case:
    return call(A((1, 3, 8)), A((4, 9, 6)), (1,), "VALID", (3,), rigid=False, **dilated(rng))


def dilated(rng: random.Random) -> dict[str, Any]:
    """Options that change nothing here."""
    return {"lhs_dilation": (1,), "rhs_dilation": (1,), "dimension_numbers": ("NCH", "OIH", "NCH")} if rng.random() < 0.3 else {}


@generates("jax.lax.conv_general_dilated_patches")
def patches(rng: random.Random, name: str) -> Case:
    return call(A((1, 3, 8)), (3,), (1,), "VALID", rigid=False, **dilated(rng))


@generates("jax.lax.stack")
def stacked(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 3)
    other = shape(rng, 0, 3) if rng.random() < 0.2 else full
    return call([A(full), A(other)], axis(rng, len(full) + 1), rigid=False)


@generates("jax.lax.tile")
def tiled(rng: random.Random, name: str) -> Case:
    one = array(rng, name)
    return call(one, tuple(rng.choice((1, 2)) for _ in one.shape), rigid=False)


@generates("jax.lax.reshape")
def reshaped(rng: random.Random, name: str) -> Case:
    rows, columns = size(rng), size(rng)
    wanted = rng.choice(((columns, rows), (rows * columns,), (rows, columns, 1), (rows + 1, columns)))
    return call(A((rows, columns)), wanted, rigid=False, **({"dimensions": (1, 0)} if rng.random() < 0.2 else {}))


@generates("jax.random.double_sided_maxwell", "jax.random.weibull_min", "jax.random.generalized_normal")
def two_parameters(rng: random.Random, name: str) -> Case:
    full = shape(rng, 0, 2)
    parameters = [A(full)] if "generalized" in name else [A(full), A(full)]
    return call(key(rng), *parameters, (3, *full), rigid=False)


@generates("jnp.unique_all", "jnp.unique_counts", "jnp.unique_inverse")
def unique(rng: random.Random, name: str) -> Case:
    return (
        call(
            A(tuple(n or 1 for n in shape(rng, 0, 2)), "int32"),
            size=rng.choice((2, 5)) if name.startswith("jnp") else None,
            rigid=False,
        )
        if name.startswith("jnp")
        else call(A(shape(rng, 0, 2), "int32"))
    )


@generates("jnp.polydiv")
def divided(rng: random.Random, name: str) -> Case:
    return call(A((size(rng) or 1,)), A((size(rng) or 1,)), rigid=False)


@generates("np.trim_zeros")
def trimmed(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 1, 2)))


@generates("torch.from_dlpack")
def exchanged_array(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 3), library=Library.NUMPY))


@generates("Array.to_device", "ndarray.flat")
def unmoved(rng: random.Random, name: str) -> Case:
    return call(array(rng, name), *(["cpu"] if name.endswith("device") else []))


@generates("np.random.Generator.multivariate_normal")
def vectors(rng: random.Random, name: str) -> Case:
    n = rng.choice((1, 2, 3))
    return call(
        A((n,), "float64"),
        A((n, n if rng.random() < 0.8 else 4), "float64", regular=True),
        *([sizes(rng)] if rng.random() < 0.6 else []),
        rigid=False,
    )


@generates("np.random.Generator.permuted")
def permuted(rng: random.Random, name: str) -> Case:
    one = array(rng, name, 1)
    return call(one, **({"axis": axis(rng, len(one.shape))} if rng.random() < 0.6 else {}))


@generates("np.random.Generator.permutation", "np.random.Generator.choice")
def chosen(rng: random.Random, name: str) -> Case:
    population = rng.choice((5, A((3,)), A((5, 2), "int32")))
    return call(population, *([sizes(rng)] if name.endswith("choice") else []), rigid=False)


@generates(
    "np.random.Generator.random",
    "np.random.Generator.standard_gamma",
    "np.random.Generator.integers",
    "np.random.triangular",
    "np.random.hypergeometric",
)
def drawn(rng: random.Random, name: str) -> Case:
    operation = name.rpartition(".")[2]
    first = {
        "standard_gamma": [1.5],
        "integers": [5],
        "triangular": [0.0, 0.5, 1.0],
        "noncentral_f": [2.0, 3.0, 1.0],
        "hypergeometric": [5, 5, 3],
    }
    return call(*first.get(operation, []), **({"size": sizes(rng)} if rng.random() < 0.8 else {}))


@generates("np.random.Generator.shuffle")
def shuffled(rng: random.Random, name: str) -> Case:
    return call(A((3, 2)))
