"""Calls of `jax.lax` products, convolutions and collectives."""

from __future__ import annotations

import random
from typing import Any

import jax
from jax import lax

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.cases_slicing import filled
from tests.rules.harness import A, Case, D, call, generates, shape

DEVICE = jax.sharding.SingleDeviceSharding(jax.devices()[0])


@generates("jax.lax.dot_general")
def dot_general(rng: random.Random, name: str) -> Case:
    left, right = filled(rng, 1, 3), list(filled(rng, 1, 3))
    count = rng.randint(0, min(len(left), len(right)))
    pairs = list(zip(rng.sample(range(len(left)), count), rng.sample(range(len(right)), count), strict=True))
    for i, j in pairs:
        right[j] = maybe_wrong(rng, left[i])
    summed, batch = pairs[: count // 2 + 1], pairs[count // 2 + 1 :]
    numbers = tuple((tuple(i for i, _ in each), tuple(j for _, j in each)) for each in (summed, batch))
    extra: dict[str, Any] = {"preferred_element_type": D("float32")} if rng.random() < 0.3 else {}
    return call(A(left), A(tuple(right)), numbers, rigid=False, **extra)


@generates("jax.lax.dot")
def dot(rng: random.Random, name: str) -> Case:
    left = filled(rng, 1, 3)
    right = (maybe_wrong(rng, left[-1]), *filled(rng, 0, 1))
    if rng.random() < 0.2:
        return call(A(left), A(right), dimension_numbers=(((len(left) - 1,), (0,)), ((), ())))
    return call(A(left), A(right))


@generates("jax.lax.conv_general_dilated")
def conv_general_dilated(rng: random.Random, name: str) -> Case:
    axes, groups = rng.choice((1, 2)), rng.choice((1, 1, 2))
    inside = 2 * groups
    space = tuple(rng.choice((3, 5, 7)) for _ in range(axes))
    kernel = tuple(rng.choice((1, 2, 3)) for _ in range(axes))
    strides = tuple(rng.choice((1, 2)) for _ in range(axes))
    options: dict[str, Any] = {"feature_group_count": groups}
    if rng.random() < 0.2:
        options["lhs_dilation"] = tuple(rng.choice((1, 2, 3)) for _ in range(axes))
    if rng.random() < 0.1:
        options |= {"feature_group_count": 1, "batch_group_count": 2}
    if rng.random() < 0.4:
        options["rhs_dilation"] = tuple(rng.choice((1, 2)) for _ in range(axes))
    padding = rng.choice(("SAME", "VALID", [(rng.choice((0, 1)), rng.choice((0, 2))) for _ in range(axes)]))
    letters = "HW"[:axes]
    if rng.random() < 0.5:
        options["dimension_numbers"] = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
        return call(
            A((2, *space, inside)), A((*kernel, maybe_wrong(rng, 2), 2 * groups)), strides, padding, rigid=False, **options
        )
    return call(A((2, inside, *space)), A((2 * groups, maybe_wrong(rng, 2), *kernel)), strides, padding, rigid=False, **options)


@generates("jax.lax.conv")
def conv(rng: random.Random, name: str) -> Case:
    return call(
        A((2, 3, 7)),
        A((4, maybe_wrong(rng, 3), rng.choice((1, 2, 3)))),
        (rng.choice((1, 2)),),
        rng.choice(("SAME", "VALID")),
        rigid=False,
    )


@generates("jax.lax.conv_transpose")
def conv_transpose(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {}
    if rng.random() < 0.3:
        options = {"rhs_dilation": (2,), "dimension_numbers": ("NHC", "HIO", "NHC")}
    kernel = A((2, 7, 4))
    if rng.random() < 0.2:
        kernel, options["transpose_kernel"] = A((2, 4, 7)), True
    return call(A((2, 3, 7)), kernel, (2,), rng.choice(("SAME", "VALID")), rigid=False, **options)


@generates("jax.lax.reduce_window")
def reduce_window(rng: random.Random, name: str) -> Case:
    full = (2, *(rng.choice((3, 5, 7)) for _ in range(rng.choice((1, 2)))))
    window, strides = ((1, *(rng.choice((1, 2, 3)) for _ in full[1:])) for _ in range(2))
    options: dict[str, Any] = {}
    for name in ("base_dilation", "window_dilation"):
        if rng.random() < 0.3:
            options[name] = (1, *(rng.choice((1, 2)) for _ in full[1:]))
    places = strides[: len(full) - (rng.random() < 0.1)]
    return call(A(full), 0.0, lax.add, window, places, rng.choice(("SAME", "VALID")), rigid=False, **options)


@generates("jax.lax.psum")
def psum(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)), "mapped")


@generates("jax.lax.with_sharding_constraint")
def with_sharding_constraint(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)), DEVICE)


@generates("jax.lax.optimization_barrier")
def optimization_barrier(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng)))


def state(rng: random.Random) -> Any:
    one = A(shape(rng), rng.choice(("float32", "int32")))
    return one if rng.random() < 0.6 else (one, A(shape(rng)))


@generates("jax.lax.while_loop")
def while_loop(rng: random.Random, name: str) -> Case:
    return call(lambda carry: True, lambda carry: carry, state(rng))


@generates("jax.lax.fori_loop")
def fori_loop(rng: random.Random, name: str) -> Case:
    return call(0, 3, lambda index, carry: carry, state(rng))


@generates("jax.lax.associative_scan")
def associative_scan(rng: random.Random, name: str) -> Case:
    return call(lax.add, A(tuple(n or 1 for n in shape(rng, 1, 3))))
