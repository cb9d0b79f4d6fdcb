"""What the rules say of models with named sizes: how results look, and how refusals read."""

from __future__ import annotations

from typing import Any

import pytest

from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.dtype import dtype
from shapecheck.core.shape import ANY_RUN, ANY_SHAPE, Item, Mismatch, Run, from_items
from shapecheck.core.value import UNKNOWN, Array, LayerValue, Many, Result, Slice
from shapecheck.rules import layer, lookup
from shapecheck.rules.layers import chain

FLOAT = dtype("float32")
ALL = Slice()


def size(word: str) -> Dim:
    """`3`, `b`, `3*d` or `_`."""
    if word == "_":
        return UNKNOWN_DIM
    factors = [dim(int(part)) if part.isdigit() else dim(part) for part in word.split("*")]
    found = factors[0]
    for factor in factors[1:]:
        found = found * factor
    return found


def item(word: str) -> Item:
    """One word of a shape."""
    return ANY_RUN if word == "..." else Run(word[1:]) if word.startswith("*") else size(word)


def x(text: str, kind: str = "float32") -> Array:
    """An array whose shape is written as in an annotation."""
    return Array(from_items(map(item, text.split())), dtype(kind))


def apply(name: str, *args: Any, **kwargs: Any) -> Result:
    """The rule's answer, ints as dims."""
    found = lookup(name)
    assert found is not None
    return found.apply(name, [as_dim(each) for each in args], {key: as_dim(value) for key, value in kwargs.items()})


def as_dim(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int():
            return dim(value)
        case tuple():
            return tuple(map(as_dim, value))
        case _:
            return value


def shown(result: Result) -> str:
    """Shapes of a result as text."""
    match result:
        case Array():
            return str(result.shape)
        case tuple():
            return ", ".join(map(shown, result))
        case Many():
            return f"many {shown(result.item)}"
        case _:
            return str(result)


def made(name: str, *args: Any, **kwargs: Any) -> LayerValue:
    """A layer by its constructor."""
    found = layer(name)
    assert found is not None
    value = found.construct([as_dim(each) for each in args], {key: as_dim(each) for key, each in kwargs.items()})
    assert isinstance(value, LayerValue)
    return value


def called(value: LayerValue, *args: Any, **kwargs: Any) -> Result:
    found = layer(value.name)
    assert found is not None
    return found.apply(value, args, kwargs)


def attended(query: str, key: str, value: str, mask: Array | None = None) -> Result:
    """The answer to `F.scaled_dot_product_attention`."""
    return apply("F.scaled_dot_product_attention", x(query), x(key), x(value), mask)


B, T, D, H = (size(name) for name in "btdh")


@pytest.mark.parametrize(("result", "expected"), [
    (apply("Tensor.view", x("b t d"), B, T, H, D // H), "b t h (d//h)"),
    (apply("Tensor.view", x("b c h w"), B, -1), "b c*h*w"),
    (apply("Tensor.reshape", x("b t d"), -1, D), "b*t d"),
    (apply("torch.flatten", x("*b c h w"), -3), "*b c*h*w"),
    (apply("torch.flatten", x("*b d"), 0, -2), "prod(*b) d"),
    (apply("Tensor.unflatten", x("b 3*d"), -1, (3, -1)), "b 3 d"),
    (apply("torch.squeeze", x("b 1 d"), 1), "b d"),
    (apply("torch.squeeze", x("_ 1 4")), "... 4"),
    (apply("torch.unsqueeze", x("*b d"), -1), "*b d 1"),
    (apply("Tensor.expand", x("t d"), B, -1, -1), "b t d"),
    (apply("Tensor.repeat", x("t d"), 2, 1, 1), "2 t d"),
    (apply("torch.repeat_interleave", x("b k d"), 4, 1), "b 4*k d"),
])  # fmt: skip
def test_reshaping(result: Result, expected: str) -> None:
    assert shown(result) == expected


@pytest.mark.parametrize(("result", "expected"), [
    (apply("torch.transpose", x("*b t d"), -1, -2), "*b d t"),
    (apply("Tensor.permute", x("b c h w"), 0, 2, 3, 1), "b h w c"),
    (apply("Tensor.T", x("m n")), "n m"),
    (apply("torch.movedim", x("b h w c"), -1, 1), "b c h w"),
    (apply("Tensor.split", x("b t 3*d"), D, 2), "b t d, b t d, b t d"),
    (apply("Tensor.split", x("b t d"), 4, 2), "many b t _"),
    (apply("torch.chunk", x("b 2*d"), 2, -1), "b d, b d"),
    (apply("torch.unbind", x("3 b d"), 0), "b d, b d, b d"),
    (apply("torch.cat", (x("b t d"), x("b s d")), 1), "b s+t d"),
    (apply("torch.cat", (x("*b d"), x("*b d")), -1), "*b 2*d"),
    (apply("torch.cat", Many(x("b t d")), 0), "_ t d"),
    (apply("torch.stack", (x("b d"), x("b d"))), "2 b d"),
])  # fmt: skip
def test_moving_and_joining(result: Result, expected: str) -> None:
    assert shown(result) == expected


@pytest.mark.parametrize(("index", "expected"), [
    ((ALL, Slice(None, T)), "b t d"),  # a slice clamps, but a signature promises every t
    ((ALL, Slice(dim(1))), "b n-1 d"),
    ((ALL, Slice(None, dim(-1))), "b n-1 d"),
    ((ALL, Slice(None, None, dim(2))), "b ((n+1)//2) d"),
    ((ALL, dim(-1)), "b d"),
    ((..., None), "b n d 1"),
    ((ALL, None, dim(0)), "b 1 d"),
    ((x("k", "int64"),), "k n d"),
    ((ALL, x("k j", "int64")), "b k j d"),
    ((x("k", "int64"), ALL, x("k", "int64")), "k n"),
    (x("b n", "bool"), "_ d"),
    (UNKNOWN, "..."),
])  # fmt: skip
def test_indexing(index: Any, expected: str) -> None:
    assert shown(apply("Tensor.__getitem__", x("b n d"), index)) == expected


@pytest.mark.parametrize(("result", "expected"), [
    (apply("torch.einsum", "bqd,bkd->bqk", x("b q d"), x("b k d")), "b q k"),
    (apply("torch.einsum", "...i,ij", x("*b i"), x("i j")), "*b j"),
    (apply("einops.rearrange", x("b n 3*h*d"), "b n (qkv h d) -> qkv b h n d", qkv=3, h=H), "3 b h n d"),
    (apply("einops.rearrange", x("b c 224 224"), "b c (h p) (w q) -> b (h w) (p q c)", p=16, q=16), "b 196 256*c"),
    (apply("einops.repeat", x("h w"), "h w -> b h w", b=B), "b h w"),
    (apply("F.scaled_dot_product_attention", x("b h q d"), x("b h k d"), x("b h k v")), "b h q v"),
    (apply("F.pad", x("b c h w"), (1, 1, 2, 2)), "b c h+4 w+2"),
])  # fmt: skip
def test_contractions(result: Result, expected: str) -> None:
    assert shown(result) == expected


@pytest.mark.parametrize(("result", "expected"), [
    (called(made("nn.Linear", 784, 128), x("*b 784")), "*b 128"),
    (called(made("nn.Embedding", 50257, D), x("b t", "int64")), "b t d"),
    (called(made("nn.Conv2d", 3, 64, 7, stride=2, padding=3), x("b 3 224 224")), "b 64 112 112"),
    (called(made("nn.Conv2d", 3, 64, 3, padding="same"), x("b 3 h w")), "b 64 h w"),
    (called(made("nn.MaxPool2d", 2), x("b c 28 28")), "b c 14 14"),
    (called(made("nn.ConvTranspose2d", 8, 4, 2, stride=2), x("b 8 h w")), "b 4 2*h 2*w"),
    (called(made("nn.LSTM", 10, 20, batch_first=True, bidirectional=True), x("b t 10")), "b t 40, 2 b 20, 2 b 20"),
    (called(made("nn.MultiheadAttention", 64, 8, batch_first=True), *[x("b t 64")] * 3), "b t 64, b t t"),
])  # fmt: skip
def test_layers(result: Result, expected: str) -> None:
    assert shown(result) == expected


def test_a_chain_of_layers() -> None:
    layers = [
        made("nn.Conv2d", 1, 32, 3),
        made("nn.ReLU"),
        made("nn.MaxPool2d", 2),
        made("nn.Flatten"),
        made("nn.Linear", 5408, 10),
    ]
    assert shown(chain(layers, x("b 1 28 28"))) == "b 10"
    assert shown(chain(layers, x("b 1 32 32"))) == "expected 5408 features in the last axis, found 7200"


@pytest.mark.parametrize(("result", "code", "reason"), [
    (apply("Tensor.view", x("b 3 4"), B, 5), "shape-op", "cannot view 12*b elements (b 3 4) as (b 5)"),
    (apply("torch.cat", (x("b t d"), x("b s e")), 1), "shape-mismatch", "axis 2 must agree: d and e"),
    (apply("torch.cat", (x("b t d"), x("b d")), 1), "shape-rank", 'the arrays have different numbers of axes: "b t d" and "b d"'),
    (apply("torch.transpose", x("b d"), 1, 2), "shape-rank", 'axis 2 is out of range, the array has 2 axes "b d"'),
    (apply("Tensor.permute", x("b c h w"), 0, 2, 1), "shape-rank", "an order of 3 axes for an array of 4 (b c h w)"),
    (apply("Tensor.expand", x("b 3"), B, 4), "shape-broadcast", "cannot expand axis -1 from 3 to 4, only an axis of size 1 expands"),
    (apply("Tensor.__getitem__", x("b d"), (dim(0), dim(0), dim(0))), "shape-rank", '3 indices for an array of 2 axes ("b d")'),
    (apply("Tensor.__setitem__", x("b d"), dim(0), x("k")), "shape-broadcast", 'cannot assign an array of shape "k" to a selection of shape "d"'),
    (apply("torch.einsum", "ij,jk->ik", x("m n"), x("k n")), "shape-mismatch", "the label j is n and k"),
    (apply("einops.rearrange", x("b 10"), "b (h d) -> b h d", h=4), "shape-op", "the axis (h d) of size 10 is not a multiple of 4"),
    (called(made("nn.Linear", 784, 10), x("b 28 28")), "shape-mismatch", "expected 784 features in the last axis, found 28"),
    (called(made("nn.Conv2d", 3, 8, 3), x("b 32 32 3")), "shape-mismatch", "expected 3 channels in axis 1, found 32"),
    (called(made("nn.Embedding", 10, 4), x("b t")), "shape-dtype", "expected indices of dtype Int32 or Int64, found Float32"),
    (called(made("nn.Linear", 4, 4), x("b 4", "int64")), "shape-dtype", "expected a float array, found Int64"),
    (apply("torch.where", x("b t", "bool"), x("b t"), x("b d")), "shape-broadcast", "axis -1 is t in condition and d in other"),
    (apply("jnp.where", x("b t", "bool"), x("c t"), 0), "shape-broadcast", "axis -2 is b in condition and c in x"),
    (apply("torch.addcmul", x("b t"), x("b t"), x("b d")), "shape-broadcast", "axis -1 is t in input and d in tensor2"),
    (apply("Tensor.lerp", x("b t"), x("b d"), x("b t")), "shape-broadcast", "axis -1 is t in input and d in end"),
    (apply("torch.clamp", x("b t"), x("b t"), x("b d")), "shape-broadcast", "axis -1 is t in the array and d in max"),
    (apply("Tensor.masked_fill", x("b h t t"), x("b t", "bool"), 0), "shape-broadcast", "axis -2 is t in the array and b in the mask"),
    (apply("F.mse_loss", x("b c"), x("b d")), "shape-broadcast", "axis -1 is c in the input and d in the target"),
    (apply("F.linear", x("b t"), x("o d")), "shape-op", "the input has t features in the last axis, the weight takes d"),
    (apply("torch.repeat_interleave", x("b t"), x("n", "int64"), 1), "shape-mismatch", "n repeats for an axis of size t"),
    (apply("Tensor.__getitem__", x("b t"), x("d", "bool")), "shape-mismatch", 'the mask "d" does not fit the array: its axis 0 is d, the array has b there'),
    (apply("Tensor.view", x("b t 7"), B, T, 2, -1), "shape-op", "cannot view 7*b*t elements (b t 7) as (b t 2 -1)"),
    (attended("b h t d", "b h s e", "b h s e"), "shape-op", "the last axis of key should be d as in query, found e"),
    (attended("b h t d", "b h s d", "b h r d"), "shape-op", "axis -2 of value should be s as in key, found r"),
    (attended("b h t d", "b g s d", "b g s d"), "shape-broadcast", "axis -3 is h in query and g in key"),
    (attended("b h t d", "b h s d", "b h s d", x("t t")), "shape-mismatch", "the mask has t in axis -1, there are s keys"),
    (attended("b h t d", "b h s d", "b h s d", x("b t s")), "shape-broadcast", "axis -3 of the mask is b, of query, key and value it is h"),
])  # fmt: skip
def test_refusals(result: Result, code: str, reason: str) -> None:
    assert isinstance(result, Mismatch)
    assert (result.code, result.reason) == (code, reason)


def test_constructors_refuse() -> None:
    attention, conv = layer("nn.MultiheadAttention"), layer("nn.Conv2d")
    assert attention is not None
    assert conv is not None
    assert str(attention.construct([dim(10), dim(3)], {})) == "num_heads=3 does not divide embed_dim=10"
    assert str(conv.construct([dim(3), dim(8), dim(3)], {"groups": dim(2)})) == "groups=2 does not divide in_channels=3"


def test_nothing_is_known_of_an_unknown_array() -> None:
    unknown = Array(ANY_SHAPE, FLOAT)
    for name, args in (("Tensor.view", (B, -1)), ("torch.squeeze", ()), ("torch.transpose", (0, 1)), ("torch.split", (3,))):
        assert not isinstance(apply(name, unknown, *args), Mismatch)
