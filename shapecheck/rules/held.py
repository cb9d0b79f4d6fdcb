"""The arrays that layers hold, by the sizes of their constructors: the weight of `nn.Linear(3, 4)` is "4 3".

A layer may be moved to another dtype, so of the dtype only the kind is known. Asked by doors that read such an attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from shapecheck.core.dtype import CLASSES
from shapecheck.core.shape import ANY_RUN, Item, from_items
from shapecheck.core.value import Array, LayerValue
from shapecheck.rules.axes import size, sizes
from shapecheck.rules.table import library_of
from shapecheck.rules.windows import per_axis

E = "equinox.nn."
_AXES = (1, 2, 3)
_CHANNELS = {"weight": "num_features", "bias": "num_features"}
_RUNNING = {"running_mean": "num_features", "running_var": "num_features"}
_NORMALIZED = {"weight": "*normalized_shape", "bias": "*normalized_shape"}

HELD: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "nn.Linear": {"weight": "out_features in_features", "bias": "out_features"},
        "nn.Bilinear": {"weight": "out_features in1_features in2_features", "bias": "out_features"},
        "nn.Embedding": {"weight": "num_embeddings embedding_dim"},
        "nn.PReLU": {"weight": "num_parameters"},
        "nn.LayerNorm": _NORMALIZED,
        "nn.RMSNorm": {"weight": "*normalized_shape"},
        "nn.GroupNorm": {"weight": "num_channels", "bias": "num_channels"},
        "nn.SyncBatchNorm": _CHANNELS | _RUNNING,
        **{f"nn.BatchNorm{n}d": _CHANNELS | _RUNNING for n in _AXES},
        **{f"nn.Conv{n}d": {"weight": f"out_channels in_channels/groups {n}*kernel_size", "bias": "out_channels"} for n in _AXES},
        **{
            f"nn.ConvTranspose{n}d": {"weight": f"in_channels out_channels/groups {n}*kernel_size", "bias": "out_channels"}
            for n in _AXES
        },
        f"{E}Linear": {"weight": "outside inside", "bias": "outside"},
        f"{E}Embedding": {"weight": "num_embeddings embedding_size"},
        f"{E}LayerNorm": {"weight": "*shape", "bias": "*shape"},
        f"{E}RMSNorm": {"weight": "*shape", "bias": "*shape"},
        f"{E}GroupNorm": {"weight": "channels", "bias": "channels"},
        **{f"{E}Conv{n}d": {"weight": f"out_channels in_channels/groups {n}*kernel_size"} for n in _AXES},
    }
)
"""What each layer holds. `a/b` is a quotient, `*shape` the axes of a shape, `2*size` one size for each of two axes."""

_SWITCHES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"weight": ("affine", "elementwise_affine"), "bias": ("bias", "use_bias", "affine", "elementwise_affine")}
)
"""The constructor arguments without which an array is not there."""


def held(layer: LayerValue, name: str) -> Array | None:
    """The array that is the attribute `name` of a layer; None when it has no such array, or that is not known."""
    text = HELD.get(layer.name, {}).get(name)
    if text is None or any(layer.fields.get(switch) is False for switch in _SWITCHES.get(name, ())):
        return None
    shape = from_items([item for word in text.split() for item in _items(word, layer)])
    return Array(shape, CLASSES["Inexact"], library_of(layer.name))


def _items(word: str, layer: LayerValue) -> Iterator[Item]:
    """The axes that a word of the table stands for."""
    count, star, field = word.rpartition("*")
    whole, _, part = word.partition("/")
    if star and count:
        yield from per_axis(layer.fields[field], int(count))
    elif star:
        found = sizes(layer.fields[field])
        yield from (ANY_RUN,) if found is None else found
    elif part:
        yield size(layer.fields[whole]) // size(layer.fields[part])
    else:
        yield size(layer.fields[word])
