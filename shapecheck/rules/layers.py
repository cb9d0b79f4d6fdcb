"""Layers whose call is one line: linear, embedding, dropout, activations, and those that are a function with fields.

A layer's weights may have been moved (`.half()`, `.to(dtype)`) since it was made, so its output has the dtype of its
input, and only arrays of ints or bools are refused. Losses and activations are their functions' rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import ONE, UNKNOWN_DIM, ZERO, Dim, Facts, Verdict, dim
from shapecheck.core.dtype import CLASSES, DTypes, accepts
from shapecheck.core.shape import ANY_RUN, Mismatch, Shape, axis_from_right, from_items
from shapecheck.core.value import UNKNOWN, Arguments, Array, LayerValue, Result, Value
from shapecheck.rules import layer as layer_of
from shapecheck.rules import lookup
from shapecheck.rules.axes import at_most, differs, on_array, size
from shapecheck.rules.families import gufunc, itself, kept, sized
from shapecheck.rules.reshape import flatten, unflatten
from shapecheck.rules.table import Compute, Layer, Rule, layer, rule
from shapecheck.rules.windows import float_part, last_axes, not_float, with_last_axes, wrong_rank

INDICES = DTypes(frozenset({"int32", "int64"}))


def chain(layers: Sequence[Value], value: Value, facts: Facts = frozenset()) -> Result:
    """What `nn.Sequential` of the layers makes of a value; a refusal is the first layer's that refuses."""
    result: Result = value
    for each in layers:
        if isinstance(result, Mismatch):
            return result
        found = layer_of(each.name) if isinstance(each, LayerValue) else None
        result = found.apply(each, (result,), facts=facts) if found is not None and isinstance(each, LayerValue) else UNKNOWN
    return result


def as_function(name: str) -> Compute:
    """A layer that applies a function to its fields and its input."""

    def applied(a: Arguments) -> Result:
        found = lookup(name)
        if found is None:
            return UNKNOWN
        taken = {p.name: a.values[s] for p in found.parameters.listed for s in p.spellings if s in a.values}
        return found.apply(name, (), taken, a.facts)

    applied.__name__ = name
    return applied


# --- linear ------------------------------------------------------------------------------------------------------


def features(array: Array, expected: Dim, a: Arguments) -> Mismatch | None:
    """The mismatch of a last axis of another size."""
    found = axis_from_right(array.shape, 0)
    if found is None:
        return Mismatch("shape-rank", f"expected {expected} features in the last axis, found no axes", None, str(expected), "")
    if not differs(expected, found, a):
        return None
    return Mismatch(
        "shape-mismatch", f"expected {expected} features in the last axis, found {found}", -1, str(expected), str(found)
    )


def linear(a: Arguments) -> Result:
    array = a.array("input")
    if array is None:
        return UNKNOWN
    refused = not_float(array) or features(array, size(a["in_features"]), a)
    return refused or Array(with_last_axes(array.shape, 1, [size(a["out_features"])]), float_part(array.dtype), array.library)


def bilinear(a: Arguments) -> Result:
    first, second = a.array("input1"), a.array("input2")
    if first is None or second is None:
        return UNKNOWN
    sizes = {"i": size(a["in1_features"]), "j": size(a["in2_features"]), "o": size(a["out_features"])}
    refused = not_float(first) or not_float(second) or features(first, sizes["i"], a) or features(second, sizes["j"], a)
    if refused is not None:
        return refused
    shape = from_items([*(first.shape.items[:-1] if first.shape.run is None else [ANY_RUN]), sizes["o"]])
    return Array(shape, float_part(first.dtype), first.library)


# --- embedding ---------------------------------------------------------------------------------------------------


def not_negative(*names: str) -> Compute:
    """A check of a constructor: these sizes are no less than 0."""

    def checked(a: Arguments) -> Result:
        wrong = next((name for name in names if at_most(size(a[name]), -1)), None)
        return (
            Mismatch("shape-op", f"{wrong} must not be negative, found {a[wrong]}", None, ">=0", str(a[wrong]))
            if wrong
            else UNKNOWN
        )

    return checked


def looked_up(array: Array, width: Dim) -> Result:
    """A table's row for every index: a new last axis."""
    if accepts(INDICES, array.dtype) is Verdict.DIFFERENT:
        reason = f"expected indices of dtype Int32 or Int64, found {array.dtype}"
        return Mismatch("shape-dtype", reason, None, "Int", str(array.dtype))
    return Array(from_items([*array.shape.items, width]), CLASSES["Float"], array.library)


def embedding(a: Arguments) -> Result:
    array = a.array("input")
    return UNKNOWN if array is None else looked_up(array, size(a["embedding_dim"]))


def embedding_function(a: Arguments) -> Result:
    """`F.embedding`: the weight is the table."""
    array, weight = a.array("input"), a.array("weight")
    if array is None or weight is None:
        return UNKNOWN
    if (refused := wrong_rank(weight.shape, (2,), "rows, features of the weight")) is not None:
        return refused
    found = looked_up(array, last_axes(weight.shape, 1)[0])
    return found.with_dtype(weight.dtype) if isinstance(found, Array) else found


def one_hot(a: Arguments) -> Result:
    """A new last axis for the classes; without their number it is not known."""
    array, classes = a.array("tensor"), a["num_classes"]
    if array is None:
        return UNKNOWN
    wanted = CLASSES["Int64"]
    if accepts(wanted, array.dtype) is Verdict.DIFFERENT:
        return Mismatch(
            "shape-dtype", f"expected class indices of dtype Int64, found {array.dtype}", None, "Int64", str(array.dtype)
        )
    count = UNKNOWN_DIM if classes == dim(-1) else size(classes)
    return Array(from_items([*array.shape.items, count]), wanted, array.library)


# --- elementwise -------------------------------------------------------------------------------------------------


@on_array
def prelu(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """One slope for all or one for each channel of axis 1."""
    count = size(a["num_parameters"])
    if shape.run is not None or differs(count, ONE, a) is False:
        return shape
    found = shape.dims[1] if len(shape.dims) > 1 else ONE if shape.dims else ZERO
    if differs(count, found, a):
        return Mismatch("shape-mismatch", f"expected {count} channels in axis 1, found {found}", 1, str(count), str(found))
    return shape


ACTIVATIONS = tuple(
    layer(f"nn.{name}", fields, "input", as_function(f"F.{function}"))
    for name, fields, function in (
        ("ReLU", "inplace=False", "relu"), ("ReLU6", "inplace=False", "relu6"), ("GELU", "approximate='none'", "gelu"),
        ("SiLU", "inplace=False", "silu"), ("Mish", "inplace=False", "mish"), ("Tanh", "", "tanh"), ("Sigmoid", "", "sigmoid"),
        ("LogSigmoid", "", "logsigmoid"), ("Softplus", "beta=1.0, threshold=20.0", "softplus"), ("Softsign", "", "softsign"),
        ("LeakyReLU", "negative_slope=0.01, inplace=False", "leaky_relu"), ("ELU", "alpha=1.0, inplace=False", "elu"),
        ("SELU", "inplace=False", "selu"), ("CELU", "alpha=1.0, inplace=False", "celu"), ("Tanhshrink", "", "tanhshrink"),
        ("Hardswish", "inplace=False", "hardswish"), ("Hardsigmoid", "inplace=False", "hardsigmoid"),
        ("Hardtanh", "min_val=-1.0, max_val=1.0, inplace=False, **", "hardtanh"), ("Hardshrink", "lambd=0.5", "hardshrink"),
        ("Softshrink", "lambd=0.5", "softshrink"), ("Softmax", "dim=None", "softmax"), ("LogSoftmax", "dim=None", "log_softmax"),
        ("Softmin", "dim=None", "softmin"), ("GLU", "dim=-1", "glu"),
    )
)  # fmt: skip
"""Activations, each the rule of its function."""

_REDUCED = "size_average=None, reduce=None, reduction='mean'"
LOSSES = tuple(
    layer(f"nn.{name}", fields, "input, target", as_function(f"F.{function}"))
    for name, fields, function in (
        ("CrossEntropyLoss", "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0", "cross_entropy"),
        ("NLLLoss", "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'", "nll_loss"),
        ("MSELoss", _REDUCED, "mse_loss"), ("L1Loss", _REDUCED, "l1_loss"), ("SmoothL1Loss", f"{_REDUCED}, beta=1.0", "smooth_l1_loss"),
        ("HuberLoss", "reduction='mean', delta=1.0", "huber_loss"), ("BCELoss", f"weight=None, {_REDUCED}", "binary_cross_entropy"),
        ("BCEWithLogitsLoss", f"weight=None, {_REDUCED}, pos_weight=None", "binary_cross_entropy_with_logits"),
        ("KLDivLoss", f"{_REDUCED}, log_target=False", "kl_div"), ("SoftMarginLoss", _REDUCED, "soft_margin_loss"),
    )
)  # fmt: skip
"""Losses, each the rule of its function."""


def identity(name: str, constructor: str, call: str = "input") -> Layer:
    """A layer that answers what it is given."""
    return sized(name, constructor, call, "*s -> *s", itself)


DROPOUTS = tuple(
    identity(f"nn.{name}", "p=0.5, inplace=False")
    for name in ("Dropout", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
)

TABLE: tuple[Rule | Layer, ...] = (
    layer("nn.Linear", "in_features, out_features, bias=True, **", "input", linear, not_negative("in_features", "out_features")),
    layer("nn.Bilinear", "in1_features, in2_features, out_features, bias=True, **", "input1, input2", bilinear, not_negative("in1_features", "in2_features", "out_features")),
    layer("nn.Embedding", "num_embeddings, embedding_dim, padding_idx=None, **", "input", embedding, not_negative("num_embeddings", "embedding_dim")),
    rule(embedding_function, "input, weight, **", "F.embedding"),
    rule(one_hot, "tensor, num_classes=-1", "F.one_hot"),
    identity("nn.Identity", "*ignored, **"),
    layer("nn.Flatten", "start_dim=1, end_dim=-1", "input", flatten),
    layer("nn.Unflatten", "dim, sizes|unflattened_size", "input", unflatten),
    layer("nn.PReLU", "num_parameters=1, init=0.25, **", "input", prelu),
    sized("nn.Softmax2d", "", "input", "batch? channels height width -> batch? channels height width", kept),
    gufunc("batch? channels length -> batch? channels length", "input, p=0.5, training=True, inplace=False", kept, "F.dropout1d"),
    layer("nn.Dropout1d", "p=0.5, inplace=False", "input", as_function("F.dropout1d")),
    gufunc("*s -> *s", "input, p=0.5, training=True, inplace=False", kept, "F.dropout2d", "F.dropout3d"),
    *DROPOUTS, *ACTIVATIONS, *LOSSES,
)  # fmt: skip
