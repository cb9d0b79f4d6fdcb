"""Torch layers that fewer programs need: lazy ones, stacks of transformer layers, similarities, further activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ONE
from shapecheck.core.dtype import ANY_DTYPE
from shapecheck.core.promotion import COMPLEX, FLOATING, Typed, all_in, real_part
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.attention import check_transformer, transformer
from shapecheck.rules.axes import differs, flag, is_one
from shapecheck.rules.convolution import conv_layer, transposed
from shapecheck.rules.families import (
    float_array,
    floated,
    gufunc,
    kept,
    only,
    or_unknown,
    shape_of,
    sized,
    spelled,
    typed_result,
)
from shapecheck.rules.layers import as_function
from shapecheck.rules.normalization import batched, images, of_floats, per_channel
from shapecheck.rules.padding import interpolate
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule
from shapecheck.rules.windows import wrong_rank

floats = only(kept, FLOATING, COMPLEX)


def lazy(computed: Compute, field: str) -> Compute:
    """A layer that learns one of its sizes from its first input: that size is not checked."""

    def lazily(a: Arguments) -> Result:
        return computed(replace(a, values={field: UNKNOWN, **a.values}))

    lazily.__name__ = f"lazy {computed.__name__}"
    return lazily


def pairwise_distance(a: Arguments) -> Result:
    """A distance along the last axis, which goes or becomes 1."""
    found, keeps = broadcast(shape_of(a["x1"]), shape_of(a["x2"]), a.facts), flag(a["keepdim"])
    pair = (a["x1"], a["x2"])
    typed = or_unknown(floated)(pair, a.library)
    typed = typed if isinstance(typed, Mismatch) else Typed(real_part(typed.dtypes))
    if isinstance(found, Mismatch):
        return found
    if not found.items or keeps is None or (found.run is not None and not found.suffix):
        return typed_result(ANY_SHAPE, typed, a.library)
    return typed_result(from_items((*found.items[:-1], *([ONE] if keeps else []))), typed, a.library)


def if_floats(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The dtype of floats; integers become floats, but where there are none."""
    array = values[0]
    return kept(values, library) if isinstance(array, Array) and all_in(array.dtype, FLOATING) else Typed(ANY_DTYPE)


def prelu_function(a: Arguments) -> Result:
    """One slope for all or one for each channel."""
    array, slopes = a.array("input"), a.array("weight")
    if array is None:
        return UNKNOWN
    return float_array(array) or (_refused_slopes(array.shape, slopes.shape, a) if slopes is not None else None) or array


def _refused_slopes(shape: Shape, slopes: Shape, a: Arguments) -> Mismatch | None:
    if slopes.min_rank > 1:
        return Mismatch("shape-rank", f'the weight needs 1 axis at most, found "{slopes}"', None, "1 axis", str(slopes))
    if not slopes.rank or shape.rank is None or is_one(slopes.dims[0]) is not False:
        return None
    channels = shape.dims[1] if shape.rank > 1 else ONE
    if not differs(channels, slopes.dims[0], a):
        return None
    reason = f"the weight has {slopes.dims[0]} slopes, the input {channels} channels in axis 1"
    return Mismatch("shape-mismatch", reason, None, str(channels), str(slopes.dims[0]))


def adaptive_log_softmax(a: Arguments) -> Result:
    """The log-probability of each target, and the loss."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    if (refused := wrong_rank(array.shape, (1, 2), "batch, features")) is not None:
        return refused
    lead = Shape(array.shape.dims[:-1]) if array.shape.rank is not None else Array().shape
    return array.with_shape(lead), array.with_shape(Shape())


_LAZY_CONV = "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', **"
_LAZY_TRANSPOSED = (
    "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', **"
)
_LAZY_NORM = "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, **"
_TRANSFORMER = "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, **"


def _lazy_layers(n: int) -> tuple[Layer, ...]:
    return (
        layer(f"nn.LazyConv{n}d", _LAZY_CONV, "input", lazy(conv_layer(n), "in_channels")),
        layer(
            f"nn.LazyConvTranspose{n}d",
            _LAZY_TRANSPOSED,
            "input, output_size=None",
            lazy(conv_layer(n, transposed), "in_channels"),
        ),
        sized(f"nn.LazyBatchNorm{n}d", _LAZY_NORM, "input", f"{batched(n)} -> {batched(n)}", of_floats),
        sized(f"nn.LazyInstanceNorm{n}d", _LAZY_NORM, "input", f"{images(n)} -> {images(n)}", of_floats),
    )


TABLE: tuple[Rule | Layer, ...] = (
    gufunc("*s -> *s", "input, **", only(kept, FLOATING), *spelled("hardshrink softshrink rrelu celu_ selu_ elu_", "F.{}")),
    gufunc("*s -> *s", "input, **", only(kept, FLOATING), *spelled("celu selu rrelu", "torch.{}")),
    gufunc("*s -> *s", "input, threshold, value, inplace=False", kept, "F.threshold", "torch.threshold"),
    rule(prelu_function, "input, weight", "F.prelu", "torch.prelu", "Tensor.prelu"),
    gufunc("*s -> *s", "input, running_mean=None, running_var=None, weight=None, bias=None, **", kept, "F.instance_norm", check=per_channel),
    gufunc("batch channels length *s -> batch channels length *s", "input, size, alpha=0.0001, beta=0.75, k=1.0", if_floats, "F.local_response_norm"),
    rule(pairwise_distance, "x1, x2, p=2.0, eps=0, keepdim=False", "F.pairwise_distance"),
    gufunc("batch groups*c length *s -> batch groups*c length *s", "input, groups", kept, *spelled("channel_shuffle native_channel_shuffle", "torch.{}"), "F.channel_shuffle"),
    rule(interpolate, "input, size=None, scale_factor=None, *, mode='nearest', **", "F.upsample_nearest"),
    rule(interpolate, "input, size=None, scale_factor=None, *, mode='bilinear', **", "F.upsample_bilinear"),
    sized("nn.LazyLinear", "out_features, bias=True, **", "input", "*b _ -> *b out_features", floats),
    *_lazy_layers(1), *_lazy_layers(2), *_lazy_layers(3),
    layer("nn.Threshold", "threshold, value, inplace=False", "input", as_function("F.threshold")),
    layer("nn.RReLU", "lower=0.125, upper=0.25, inplace=False", "input", as_function("F.rrelu")),
    layer("nn.LocalResponseNorm", "size, alpha=0.0001, beta=0.75, k=1.0", "input", as_function("F.local_response_norm")),
    layer("nn.CosineSimilarity", "dim=1, eps=0", "x1, x2", as_function("F.cosine_similarity")),
    layer("nn.PairwiseDistance", "p=2.0, eps=0, keepdim=False", "x1, x2", as_function("F.pairwise_distance")),
    gufunc("*s c*r*r h w -> *s c h*r w*r", "input, r|upscale_factor", kept, "F.pixel_shuffle", "torch.pixel_shuffle"),
    gufunc("*s c r*h r*w -> *s c*r*r h w", "input, r|downscale_factor", kept, "F.pixel_unshuffle", "torch.pixel_unshuffle"),
    layer("nn.PixelShuffle", "upscale_factor", "input", as_function("F.pixel_shuffle")),
    layer("nn.PixelUnshuffle", "downscale_factor", "input", as_function("F.pixel_unshuffle")),
    layer("nn.ChannelShuffle", "groups", "input", as_function("F.channel_shuffle")),
    layer("nn.AdaptiveLogSoftmaxWithLoss", "in_features, n_classes, cutoffs, **", "input, target", adaptive_log_softmax),
    sized("nn.TransformerEncoder", "encoder_layer, num_layers, norm=None, **", "src, **", "*b s d -> *b s d", floats),
    sized("nn.TransformerDecoder", "decoder_layer, num_layers, norm=None, **", "tgt, memory, **", "*b t d, *b s d -> *b t d", floats, operands="tgt memory"),
    layer("nn.Transformer", _TRANSFORMER, "src, tgt, src_mask=None, tgt_mask=None, **", transformer("tgt", "src"), check_transformer),
)  # fmt: skip
