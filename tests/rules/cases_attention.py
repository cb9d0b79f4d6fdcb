"""Generated attention calls."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, built, call, generates, shape

KINDS = ("float32",) * 15 + ("int64",)


@generates("F.scaled_dot_product_attention")
def _scaled(rng: random.Random, name: str) -> Case:
    batch = tuple(n or 1 for n in shape(rng, 0, 2))
    q, k, d, v = (rng.choice((1, 2, 3, 5)) for _ in range(4))
    query, key, value = (q, d), (k, maybe_wrong(rng, d)), (k, v)  # torch reads past the end of a value that is too short
    options: dict[str, Any] = {}
    if rng.random() < 0.4:
        mask: tuple[int, ...] = rng.choice(
            ((q, k), (1, k), (q, 1), (k, q), (k,), (maybe_wrong(rng, q), k), (3, q, k), (*batch, q, k), (*batch[:1], 1, q, k))
        )
        options["attn_mask"] = A(mask, rng.choice(("bool", "bool", "float32", "int64")))
    arrays = [A((*batch, *each), rng.choice(KINDS)) for each in (query, key, value)]
    if rng.random() < 0.15:
        arrays = [A((1, heads, *each)) for heads, each in zip((4, 2, 2), (query, key, value), strict=True)]
        options = {"enable_gqa": True}
    return call(*arrays, rigid=False, **options)


@generates("jax.nn.dot_product_attention")
def _jax_attention(rng: random.Random, name: str) -> Case:
    batch, t, s, n, h = (rng.choice((1, 2, 3)) for _ in range(5))
    lead = (batch,) if rng.random() < 0.8 else ()
    key = A((*lead, s, rng.choice((n, n, n, 1, 2)), maybe_wrong(rng, h)))
    value = key if rng.random() < 0.9 else A((*lead, maybe_wrong(rng, s), *key.shape[-2:]))
    others: tuple[tuple[str, Any], ...] = (
        ("mask", A((batch, n, t, s), "bool")),
        ("local_window_size", 2),
        ("query_seq_lengths", A((batch,), "int32")),
        ("key_value_seq_lengths", A((batch,), "int32")),
        ("return_residual", True),
    )
    return call(A((*lead, t, n, h)), key, value, rigid=False, **dict([rng.choice(others)] if rng.random() < 0.3 else []))


@generates("nn.MultiheadAttention")
def _multihead(rng: random.Random, name: str) -> Case:
    width, heads = rng.choice((4, 6)), rng.choice((1, 2, 2, 4))
    first = rng.random() < 0.5
    b, q, k = (rng.choice((1, 2, 3, 5)) for _ in range(3))
    options: dict[str, Any] = {"batch_first": first}
    if rng.random() < 0.2:
        options |= {"kdim": 3, "vdim": 5}
    options |= {key: True for key in ("add_bias_kv", "add_zero_attn") if rng.random() < 0.15}
    widths = (maybe_wrong(rng, width), options.get("kdim", width), options.get("vdim", width))
    counts = (q, k, maybe_wrong(rng, k))
    single = rng.random() < 0.2
    sizes = [
        (n, w) if single else (maybe_wrong(rng, b), n, w) if first else (n, maybe_wrong(rng, b), w)
        for n, w in zip(counts, widths, strict=True)
    ]
    flags: dict[str, Any] = {key: rng.random() < 0.5 for key in ("need_weights", "average_attn_weights") if rng.random() < 0.6}
    if rng.random() < 0.3:
        flags["attn_mask"] = A(rng.choice(((q, k), (k, q), (b * heads, q, k), (b, q, k))), "bool", 1)
    if rng.random() < 0.3:
        flags["key_padding_mask"] = A(rng.choice(((k,), (b, k), (k, b))), "bool", 1)
    return built((width, heads), options, *(A(each, rng.choice(KINDS)) for each in sizes), rigid=False, **flags)


@generates("nn.TransformerEncoderLayer", "nn.TransformerDecoderLayer")
def _transformer(rng: random.Random, name: str) -> Case:
    width, heads = rng.choice((4, 6)), rng.choice((1, 2, 4))
    options = {"dim_feedforward": 8, "batch_first": rng.random() < 0.5}
    first = A((*rng.choice(((3,), (2, 3), (2, 3), ())), maybe_wrong(rng, width)), rng.choice(KINDS))
    memory = [A((*first.shape[:-1], maybe_wrong(rng, width)))] if "Decoder" in name else []
    return built((width, heads), options, first, *memory, rigid=False)
