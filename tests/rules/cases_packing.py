"""Calls of einops' `pack` and `unpack`, of torch's grouped products, spectra and segments."""

from __future__ import annotations

import random
from typing import Any

from shapecheck.core.value import Library
from tests.rules.harness import A, Case, call, generates, shape, size


@generates("einops.pack")
def packed(rng: random.Random, name: str) -> Case:
    first, last = size(rng) or 1, size(rng) or 1
    arrays = [A((first, *shape(rng, 0, 2), last if rng.random() < 0.9 else 4)) for _ in range(2)]
    return call(arrays, "b * d", rigid=False)


@generates("einops.unpack")
def unpacked(rng: random.Random, name: str) -> Case:
    parts = [tuple(rng.choice((1, 2, 3)) for _ in range(rng.randint(0, 2))) for _ in range(2)]
    total = sum(rows * columns for rows, columns in ((*part, 1, 1)[:2] for part in parts))
    return call(A((5, total, *([7] if rng.random() < 0.9 else []))), parts, "b * d", rigid=False)


@generates("einops.asnumpy")
def as_numpy(rng: random.Random, name: str) -> Case:
    return call(A(shape(rng, 0, 3), library=Library.TORCH))


@generates("F.grouped_mm")
def grouped(rng: random.Random, name: str) -> Case:
    groups, rows, inner, columns = 2, 16, 16, 16
    other = 32 if rng.random() < 0.3 else inner
    if rng.random() < 0.3:
        ends = A((groups,), "int32", 1, low=rows)
        return call(A((rows, inner), "bfloat16"), A((groups, other, columns), "bfloat16"), offs=ends, rigid=False)
    return call(A((groups, rows, inner), "bfloat16"), A((groups, other, columns), "bfloat16"), rigid=False)


@generates("F.scaled_grouped_mm", "F.scaled_mm")
def scaled(rng: random.Random, name: str) -> Case:
    return call(A((16, 16)), A((16 if rng.random() < 0.5 else 32, 16)), A(()), 0, A(()), 0, rigid=False)


@generates("F.multi_head_attention_forward")
def attended(rng: random.Random, name: str) -> Case:
    time, batch, width = size(rng) or 1, size(rng) or 1, 4
    one = A((time, batch, width))
    weights = A((3 * width, width)), A((3 * width,)), None, None, False, 0.0, A((width, width)), A((width,))
    apart = {f"{each}_proj_weight": A((width, width)) for each in "qkv"} | {"use_separate_proj_weight": True}
    heads = A((batch * 2, time, width // 2))
    options: dict[str, Any] = rng.choice(
        (
            {},
            {},
            apart,
            {"key_padding_mask": A((batch, time), "bool", 1)},
            {"attn_mask": A((time, time), "bool", 1)},
            {"static_k": heads, "static_v": heads},
        )
    )
    return call(one, one, one, width, 2, *weights, rigid=False, **options)


@generates("torch.segment_reduce")
def segments(rng: random.Random, name: str) -> Case:
    given = {"offsets": A((3,), "int64", 2)} if rng.random() < 0.3 else {"lengths": A((4,), "int64", 1, low=1)}
    return call(A((4, *shape(rng, 0, 2))), "sum", rigid=False, **given)


@generates("torch.linalg.solve_ex")
def solved(rng: random.Random, name: str) -> Case:
    n, columns = size(rng) or 1, size(rng) or 1
    return call(A((n, n), regular=True), A((n if rng.random() < 0.8 else 4, columns)), rigid=False)
