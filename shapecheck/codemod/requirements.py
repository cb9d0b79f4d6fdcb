"""What operations ask of their inputs: tables of axes and dtypes, by the names that the rules use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from shapecheck.core.dim import UNKNOWN_DIM, Dim
from shapecheck.core.dtype import CLASSES, DTypes
from shapecheck.core.shape import ANY_RUN, Item, Shape, from_items
from shapecheck.core.value import LayerValue

_LAYER_INPUTS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "nn.Linear": ("Float", "... in_features"),
    "nn.LayerNorm": ("Float", "... normalized_shape"),
    "nn.RMSNorm": ("Float", "... normalized_shape"),
    "nn.Embedding": ("Int", "..."),
    "nn.Conv1d": ("Float", "... in_channels _"),
    "nn.Conv2d": ("Float", "... in_channels _ _"),
    "nn.Conv3d": ("Float", "... in_channels _ _ _"),
    "nn.BatchNorm2d": ("Float", "_ num_features _ _"),
    "nn.BatchNorm3d": ("Float", "_ num_features _ _ _"),
    "nn.GELU": ("Float", "..."),
    "nn.SiLU": ("Float", "..."),
    "nn.Softmax": ("Float", "..."),
    "nn.LogSoftmax": ("Float", "..."),
    "nn.Dropout": ("Float", "..."),
})  # fmt: skip
"""Layers with the dtype and the axes of their input; words are the layer's fields."""


def _each(names: str, dtype: str, *positions: int) -> Iterable[tuple[str, Mapping[int, DTypes]]]:
    return ((name, dict.fromkeys(positions, CLASSES[dtype])) for name in names.split())


OPERATION_INPUTS: Mapping[str, Mapping[int, DTypes]] = MappingProxyType({
    **dict(_each("F.softmax F.log_softmax F.gelu F.silu F.elu F.mish F.layer_norm F.rms_norm F.batch_norm F.group_norm", "Float", 0)),
    **dict(_each("F.linear F.conv1d F.conv2d F.conv3d F.dropout F.interpolate F.avg_pool2d F.cross_entropy F.nll_loss", "Float", 0)),
    **dict(_each("torch.softmax torch.log_softmax F.mse_loss F.l1_loss F.normalize", "Float", 0)),
    **dict(_each("F.scaled_dot_product_attention", "Float", 0, 1, 2)),
    **dict(_each("F.binary_cross_entropy F.binary_cross_entropy_with_logits F.kl_div", "Float", 0, 1)),
    **dict(_each("F.one_hot F.embedding", "Int", 0)),
    **dict(_each("Tensor.softmax Tensor.log_softmax", "Float", 0)),
})  # fmt: skip
"""Operations with the dtypes of their arguments, for those that the library refuses otherwise."""

KEEPS_DTYPE = frozenset(
    "reshape view transpose permute flatten unsqueeze squeeze expand contiguous clone detach movedim swapaxes T mT flip roll "
    "unflatten view_as expand_as repeat tile chunk split unbind narrow select ravel".split()
)  # fmt: skip
"""Methods and attributes whose result has the dtype of the array itself."""

LAYERS_THAT_KEEP_DTYPE = frozenset(["nn.Dropout", "nn.Identity", "nn.Flatten"])

TAKES_SIZES = frozenset(
    "zeros ones empty full randn rand randint normal view reshape expand repeat arange eye one_hot range broadcast_to "
    "new_zeros new_ones tile unflatten linspace".split()
)  # fmt: skip
"""Calls in which a plain parameter is an integer size, not an array."""


def layer_input(layer: LayerValue) -> tuple[DTypes, Shape] | None:
    """The dtypes and axes that a layer takes; None for a layer that says nothing of them."""
    row = _LAYER_INPUTS.get(layer.name)
    if row is None:
        return None
    dtype, axes = row
    return CLASSES[dtype], from_items(item for word in axes.split() for item in _items(word, layer))


def _items(word: str, layer: LayerValue) -> list[Item]:
    if word == "...":
        return [ANY_RUN]
    match layer.fields.get(word):
        case Dim() as size:
            return [size]
        case tuple() as sizes:
            return [size if isinstance(size, Dim) else UNKNOWN_DIM for size in sizes]
        case _:
            return [UNKNOWN_DIM]
