"""Generated layers of equinox and flax."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, D, built, generates, shape

AXES = (1, 2, 3)
KINDS = ("float32",) * 6 + ("float16", "int32")


def batch(rng: random.Random, most: int = 2) -> tuple[int, ...]:
    return tuple(n or 1 for n in shape(rng, 0, most))


def kind(rng: random.Random) -> str:
    return rng.choice(KINDS)


def space(rng: random.Random, axes: int) -> tuple[int, ...]:
    return tuple(rng.choice((4, 5, 7)) for _ in range(axes))


# --- equinox ------------------------------------------------------------------------------------------------------


@generates("equinox.nn.Linear", "equinox.nn.MLP")
def linear(rng: random.Random, name: str) -> Case:
    inside, outside = rng.choice((2, 3, "scalar")), rng.choice((1, 4, "scalar"))
    wanted = () if inside == "scalar" else (maybe_wrong(rng, int(inside)),)
    rest = (5, 1) if name.endswith("MLP") else ()
    rows = (*batch(rng, 1), 5) if rng.random() < 0.3 else ()  # not as many as features: that runs
    return built((inside, outside, *rest), {}, A((*rows, *wanted), kind(rng)), rigid=False)


@generates("equinox.nn.Embedding")
def embedding(rng: random.Random, name: str) -> Case:
    return built((5, rng.choice((2, 3))), {}, A(rng.choice(((), (), (2,))), "int32"), rigid=False)


def without_batch(rng: random.Random, channels: int, axes: int) -> A:
    lead = (2,) if rng.random() < 0.1 else ()
    return A((*lead, maybe_wrong(rng, channels), *space(rng, axes)))


@generates(*(f"equinox.nn.Conv{n}d" for n in AXES))
def conv(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"stride": rng.choice((1, 2)), "padding": rng.choice((0, 1, "SAME", "VALID"))}
    return built((3, 4, rng.choice((1, 2, 3))), options, without_batch(rng, 3, int(name[-2])), rigid=False)


@generates(*(f"equinox.nn.{kind}Pool{n}d" for n in AXES for kind in ("Max", "Avg")))
def pool(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"stride": rng.choice((1, 2)), "use_ceil": rng.random() < 0.2}
    return built((rng.choice((1, 2, 3)),), options, without_batch(rng, 3, int(name[-2])), rigid=False)


@generates(*(f"equinox.nn.Adaptive{kind}Pool{n}d" for n in AXES for kind in ("Max", "Avg")))
def adaptive(rng: random.Random, name: str) -> Case:
    return built((rng.choice((1, 2)),), {}, without_batch(rng, 3, int(name[-2])), rigid=False)


@generates("equinox.nn.LayerNorm", "equinox.nn.RMSNorm")
def whole_shape(rng: random.Random, name: str) -> Case:
    full = batch(rng)
    wanted: Any = full[0] if len(full) == 1 and rng.random() < 0.5 else full
    return built((wanted,), {}, A(full if rng.random() < 0.9 else (2, *full), kind(rng)), rigid=False)


@generates("equinox.nn.GroupNorm")
def group_norm(rng: random.Random, name: str) -> Case:
    return built((2, 4), {}, A((maybe_wrong(rng, 4), *batch(rng)), kind(rng)), rigid=False)


@generates("equinox.nn.GRUCell", "equinox.nn.LSTMCell")
def cell(rng: random.Random, name: str) -> Case:
    state = A((4,))
    return built((3, 4), {}, A((maybe_wrong(rng, 3),)), (state, state) if "LSTM" in name else state, rigid=False)


@generates("equinox.nn.MultiheadAttention")
def equinox_attention(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"output_size": 6} if rng.random() < 0.4 else {}
    keys = A((5, maybe_wrong(rng, 4)))
    return built((2, 4), options, A((rng.choice((1, 3)), 4)), keys, keys, rigid=False)


@generates("equinox.nn.RotaryPositionalEmbedding")
def rotary(rng: random.Random, name: str) -> Case:
    return built((4,), {}, A((rng.choice((1, 3)), maybe_wrong(rng, 4)), kind(rng)), rigid=False)


@generates("equinox.nn.Dropout", "equinox.nn.Identity")
def kept(rng: random.Random, name: str) -> Case:
    return built((), {"inference": True} if "Drop" in name else {}, A(batch(rng), kind(rng)))


# --- flax ---------------------------------------------------------------------------------------------------------


def dtypes(rng: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {"dtype": D("float16")} if rng.random() < 0.2 else {}
    return options | ({"param_dtype": D("bfloat16")} if rng.random() < 0.1 else {})


@generates("flax.linen.Dense", "flax.nnx.Linear", "flax.nnx.LoRALinear", "flax.nnx.LoRA")
def dense(rng: random.Random, name: str) -> Case:
    array = A((*batch(rng), maybe_wrong(rng, 3)), kind(rng))
    if name.endswith("Dense"):
        return built((rng.choice((1, 4)),), dtypes(rng), array, rigid=False)
    if name.endswith("LoRA"):
        return built((3, 2, 4), {}, array, rigid=False)
    return built((3, 4), {"lora_rank": 2} if "LoRA" in name else dtypes(rng), array, rigid=False)


@generates("flax.linen.Embed", "flax.nnx.Embed")
def embed(rng: random.Random, name: str) -> Case:
    return built((5, 3), dtypes(rng), A(batch(rng), rng.choice(("int32", "int32", "uint8", "float32"))), rigid=False)


@generates(*(f"flax.linen.{name}" for name in ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm", "PReLU")))
def linen_norm(rng: random.Random, name: str) -> Case:
    options = {} if name.endswith("PReLU") else dtypes(rng)
    options |= {"num_groups": 2} if "Group" in name else {"use_running_average": True} if "Batch" in name else {}
    return built((), options, A((2, *batch(rng), 4), kind(rng)), rigid=False)


@generates(*(f"flax.nnx.{name}" for name in ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm")))
def nnx_norm(rng: random.Random, name: str) -> Case:
    options = dtypes(rng)
    options |= {"num_groups": 2} if "Group" in name else {"use_running_average": True} if "Batch" in name else {}
    return built((4,), options, A((2, *batch(rng), maybe_wrong(rng, 4)), kind(rng)), rigid=False)


@generates("flax.linen.Dropout", "flax.nnx.Dropout")
def dropout(rng: random.Random, name: str) -> Case:
    return built((0.5,), {"deterministic": True}, A(batch(rng), kind(rng)))


@generates("flax.linen.Conv", "flax.nnx.Conv", "flax.linen.ConvTranspose", "flax.nnx.ConvTranspose")
def flax_conv(rng: random.Random, name: str) -> Case:
    axes = rng.choice((1, 2))
    kernel = tuple(rng.choice((1, 2, 3)) for _ in range(axes))
    options: dict[str, Any] = {
        "strides": tuple(rng.choice((1, 2)) for _ in range(axes)),
        "padding": rng.choice(("SAME", "VALID", 1)),
    }
    inside = (3,) if "nnx" in name else ()
    array = A((*batch(rng), *space(rng, axes), maybe_wrong(rng, 3)), kind(rng))
    return built((*inside, 4, kernel), options | dtypes(rng), array, rigid=False)


@generates("flax.linen.DenseGeneral", "flax.nnx.LinearGeneral")
def general(rng: random.Random, name: str) -> Case:
    inside = (3,) if "nnx" in name else ()
    axis: dict[str, Any] = {"axis": -1} if rng.random() < 0.5 else {}
    return built((*inside, rng.choice((4, (2, 2)))), axis | dtypes(rng), A((*batch(rng), 3), kind(rng)), rigid=False)


@generates(*(f"flax.linen.{name}" for name in ("MultiHeadDotProductAttention", "MultiHeadAttention", "SelfAttention")))
def linen_attention(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"num_heads": 2, "qkv_features": 4} | ({"out_features": 6} if rng.random() < 0.4 else {})
    return built((), options, A((*batch(rng), 3, 4) if rng.random() < 0.95 else (4,)), rigid=False)


@generates("flax.nnx.MultiHeadAttention")
def nnx_attention(rng: random.Random, name: str) -> Case:
    options: dict[str, Any] = {"out_features": 6} if rng.random() < 0.4 else {}
    return built((2, 4), options | {"decode": False}, A((*batch(rng), 3, maybe_wrong(rng, 4))), rigid=False)


@generates("flax.nnx.PReLU")
def prelu(rng: random.Random, name: str) -> Case:
    return built((), {}, A(batch(rng), kind(rng)), rigid=False)


@generates(
    *(f"flax.{m}.{c}" for m in ("linen", "nnx") for c in ("LSTMCell", "OptimizedLSTMCell", "GRUCell", "SimpleCell")),
    "flax.linen.MGUCell",
)
def flax_cell(rng: random.Random, name: str) -> Case:
    lead = batch(rng)
    state = A((*lead, 4))
    inside = (3,) if "nnx" in name else ()
    carry = (state, state) if "LSTM" in name else state
    return built((*inside, 4), {}, carry, A((*lead, maybe_wrong(rng, 3))), rigid=False)
