"""Losses: what their two arrays must be to each other, and `reduction=`.

Most real loss bugs are a target of the wrong dtype or rank. `cross_entropy` takes class indices (int64, without the
class axis) or class probabilities (floats, of the shape of the input); the binary losses take a target of exactly the
shape of the input; the others broadcast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapecheck.core.dim import ONE, Dim, Verdict
from shapecheck.core.dtype import ANY_DTYPE, DTypes
from shapecheck.core.promotion import BOOLEAN, CATEGORY, INTEGER, OPAQUE, Typed, real_part, result_type
from shapecheck.core.shape import ANY_SHAPE, SCALAR, Mismatch, Shape, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Library, Result, Value
from shapecheck.rules.axes import at_least, shape_argument, size
from shapecheck.rules.families import (
    Check,
    DTypeRule,
    ResultTypes,
    any_of,
    float_array,
    gufunc,
    or_unknown,
    promoted,
    shape_of,
    typed_result,
)
from shapecheck.rules.table import Layer, Rule, layer, rule

INDEX = DTypes(frozenset({"int64", "uint8"}))
"""The dtypes of class indices."""

_OPTIONS = "size_average=None, reduce=None, reduction='mean'"
_INDEXED = "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'"


def reduced(a: Arguments, elements: Shape, typed: Typed) -> Result:
    """The loss of every element, or one number."""
    if a["size_average"] is not None or a["reduce"] is not None:
        return typed_result(ANY_SHAPE, typed, a.library)
    match a["reduction"]:
        case "none":
            return typed_result(elements, typed, a.library)
        case "mean" | "sum" | "batchmean" | "elementwise_mean":
            return typed_result(SCALAR, typed, a.library)
        case str() as word:
            return Mismatch("shape-op", f"reduction={word!r} is none of 'none', 'mean', 'sum'", None, "none, mean or sum", word)
        case _:
            return typed_result(ANY_SHAPE, typed, a.library)


def _arrays(a: Arguments) -> tuple[Array, Array] | None:
    one, other = a["input"], a["target"]
    known = [Array(ANY_SHAPE, ANY_DTYPE) if value is UNKNOWN else value for value in (one, other)]
    first, second = known
    return (first, second) if isinstance(first, Array) and isinstance(second, Array) else None


# --- classes ------------------------------------------------------------------------------------------------------


def without_classes(scores: Shape) -> Shape | None:
    """The shape of class indices for scores `C`, `N C` or `N C d1 ...`; None when the rank is not known."""
    if scores.rank is None:
        return None
    return Shape(scores.dims[:1] + scores.dims[2:]) if scores.rank > 1 else SCALAR


def cross_entropy(a: Arguments) -> Result:
    """Class indices or class probabilities, told apart by the target's shape."""
    arrays = _arrays(a)
    if arrays is None:
        return UNKNOWN
    scores, target = arrays
    if (refused := float_array(scores)) is not None:
        return refused
    if (refused := _refused_weight(a, scores.shape)) is not None:
        return refused
    if scores.shape.rank == 0:
        return Mismatch("shape-rank", "the input needs a class axis, found a scalar", None, "N C ...", "")
    match same(scores.shape, target.shape, a.facts):
        case Verdict.EQUAL:
            return _probabilities(a, scores, target)
        case Verdict.DIFFERENT:
            return _indices(a, scores, target)
        case Verdict.UNKNOWN:
            return any_of([_indices(a, scores, target), _probabilities(a, scores, target)])


def _probabilities(a: Arguments, scores: Array, target: Array) -> Result:
    if _certainly(target, BOOLEAN, INTEGER):
        reason = f"a target of the input's shape has class probabilities and must be floating-point, found {target.dtype}"
        return Mismatch("shape-dtype", reason, None, "Float", str(target.dtype))
    if isinstance(ignored := a.values.get("ignore_index"), Dim) and at_least(ignored, 0):
        return Mismatch("shape-op", "a target of class probabilities has no index to ignore", None, "", str(ignored))
    classes_gone = without_classes(scores.shape)
    typed = or_unknown(promoted)([each for each in (scores, target, a["weight"]) if each is not None], a.library)
    assert isinstance(typed, Typed)
    return reduced(a, classes_gone if classes_gone is not None else ANY_SHAPE, typed)


def _indices(a: Arguments, scores: Array, target: Array) -> Result:
    expected = without_classes(scores.shape)
    if expected is not None and (wrong := _wrong_target(expected, target, scores, a)) is not None:
        return wrong
    if (refused := _weight_of_other_dtype(a, scores)) is not None:
        return refused
    if not target.dtype.names & INDEX.names and not _certainly(target, OPAQUE):
        return Mismatch("shape-dtype", f"class indices must be int64, found {target.dtype}", None, "Int64", str(target.dtype))
    return reduced(a, target.shape, Typed(scores.dtype))


def _wrong_target(expected: Shape, target: Array, scores: Array, a: Arguments) -> Mismatch | None:
    if same(expected, target.shape, a.facts) is not Verdict.DIFFERENT:
        return None
    if expected == SCALAR and _may_be_one_element(target.shape):
        return None
    wants = f'class indices "{expected}"' if expected.rank else "one class index without axes"
    reason = f'an input "{scores.shape}" takes {wants}, found a target "{target.shape}"'
    if scores.shape.rank is not None and same(Shape(scores.shape.prefix[:-1]), target.shape, a.facts) is Verdict.EQUAL:
        reason += "; the class axis is the second one, not the last"
    code = "shape-rank" if target.shape.rank is not None and target.shape.rank != expected.rank else "shape-mismatch"
    return Mismatch(code, reason, None, str(expected), str(target.shape))


def _may_be_one_element(found: Shape) -> bool:
    """One class index may have an axis of 1 where it needs none."""
    return found.min_rank <= 1 and (found.rank is None or found.size.constant in (None, 1))


def linear_cross_entropy(a: Arguments) -> Result:
    """`cross_entropy` of what a weight `C ... features` makes of the input."""
    weight = shape_of(a["linear_weight"])
    found = signature("n? i, c *o i -> n? c *o").apply((shape_of(a["input"]), weight), a.facts)
    return _without_batch(a, max(weight.min_rank - 2, 0)) or _of_scores(found, a)


def linear_cross_entropy_layer(a: Arguments) -> Result:
    """The same with a weight of its own."""
    sizes = {"i": size(a["in_features"]), "c": size(a["num_classes"]), "o": shape_argument(a["out_features"])}
    known = {name: found for name, found in sizes.items() if not isinstance(found, Mismatch)}
    found = signature("n? i -> n? c *o").apply((shape_of(a["input"]),), a.facts, known)
    outputs = sizes["o"]
    return _without_batch(a, outputs.min_rank if isinstance(outputs, Shape) else 0) or _of_scores(found, a)


def _without_batch(a: Arguments, outputs: int) -> Mismatch | None:
    """Refuses one row alone where every row has several outputs."""
    found = shape_of(a["input"])
    if found.rank != 1 or not outputs:
        return None
    return Mismatch("shape-rank", f"several outputs need a batch of inputs, found ({found})", None, "2 axes", str(found))


def _of_scores(found: Shape | tuple[Shape, ...] | Mismatch, a: Arguments) -> Result:
    array = a.array("input")
    if isinstance(found, Mismatch | tuple) or array is None:
        return found if isinstance(found, Mismatch) else UNKNOWN
    return cross_entropy(replace(a, values={"size_average": None, "reduce": None, **a.values, "input": array.with_shape(found)}))


def nll_loss(a: Arguments) -> Result:
    """Class indices for log-probabilities."""
    arrays = _arrays(a)
    if arrays is None:
        return UNKNOWN
    scores, target = arrays
    if (refused := float_array(scores) or _refused_weight(a, scores.shape)) is not None:
        return refused
    return _indices(a, scores, target)


def _refused_weight(a: Arguments, scores: Shape) -> Mismatch | None:
    """The mismatch of class weights that are not one for every class."""
    weight = a["weight"]
    if not isinstance(weight, Array) or not scores.rank or ("linear_weight" in a.values and weight.shape.rank != 1):
        return None  # the linear variant takes a row of weights, too
    classes = scores.dims[min(1, scores.rank - 1)]
    given = weight.shape if scores.rank < 3 or weight.shape.rank is None else Shape((weight.shape.size,))
    if same(given, Shape((classes,)), a.facts) is not Verdict.DIFFERENT:
        return None
    reason = f"the weight needs one element for each of the {classes} classes, found ({weight.shape})"
    return Mismatch("shape-mismatch", reason, None, str(classes), str(weight.shape))


def _weight_of_other_dtype(a: Arguments, scores: Array) -> Mismatch | None:
    """The mismatch of class weights of another dtype, which torch does not promote beside class indices."""
    weight = a["weight"]
    if not isinstance(weight, Array) or weight.dtype.names & scores.dtype.names:
        return None
    reason = f"the weight must have the dtype of the input, {scores.dtype}, found {weight.dtype}"
    return Mismatch("shape-dtype", reason, None, str(scores.dtype), str(weight.dtype))


def _certainly(array: Array, *categories: int) -> bool:
    return all(CATEGORY[name] in categories for name in array.dtype.names)


# --- elementwise --------------------------------------------------------------------------------------------------


def loss(
    text: str, params: str, typed: DTypeRule | list[ResultTypes], name: str, called: str = "", check: Check | None = None
) -> Rule:
    """A loss: the signature of each element's, and one number unless the call says `reduction="none"`."""

    def checked(a: Arguments) -> Mismatch | None:
        return _refused_reduction(a) or (check(a) if check is not None else None)

    made = gufunc(f"{text} if reduction=none; -> ()", params, typed, name, check=checked, called=called)

    def compute(a: Arguments) -> Result:
        old = a.values.get("size_average") is not None or a.values.get("reduce") is not None
        return made.compute(replace(a, values={**a.values, "reduction": UNKNOWN}) if old else a)

    return replace(made, compute=compute)


def _refused_reduction(a: Arguments) -> Mismatch | None:
    word = a["reduction"]
    if not isinstance(word, str) or word in ("none", "mean", "sum", "batchmean", "elementwise_mean"):
        return None
    return Mismatch("shape-op", f"reduction={word!r} is none of 'none', 'mean', 'sum'", None, "none, mean or sum", word)


def compared(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """The promoted dtype of floats; an array without axes promotes like others, for it was broadcast."""
    found = result_type([each.with_shape(Shape((ONE,))) if isinstance(each, Array) else each for each in values], library)
    return float_array(Array(ANY_SHAPE, found.dtypes)) or found


def compared_alike(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """As `compared`, but which of two dtypes the result has is torch's secret."""
    return or_unknown(compared)(values, library)


def distance(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Of complex numbers a distance is real."""
    found = result_type([each.with_shape(Shape((ONE,))) if isinstance(each, Array) else each for each in values], library)
    return Typed(real_part(found.dtypes))


def mean_distance(values: Sequence[Value], library: Library) -> Typed | Mismatch:
    """Sums of integers are wider."""
    found = distance(values, library)
    widens = isinstance(found, Typed) and any(CATEGORY[name] <= INTEGER for name in found.dtypes.names)
    return Typed(ANY_DTYPE) if widens else found


def mean_of_floats(a: Arguments) -> Mismatch | None:
    """The mismatch of a mean of integers."""
    typed = distance((a["input"], a["target"]), a.library)
    if a["reduction"] != "mean" or a["size_average"] is not None or a["reduce"] is not None or not isinstance(typed, Typed):
        return None
    return float_array(Array(ANY_SHAPE, typed.dtypes))


def binary_loss(a: Arguments) -> Result:
    """Input and target have one shape."""
    arrays = _arrays(a)
    if arrays is None:
        return UNKNOWN
    scores, target = arrays
    if same(scores.shape, target.shape, a.facts) is Verdict.DIFFERENT:
        reason = f'the target must have the shape of the input, "{scores.shape}", found "{target.shape}"'
        return Mismatch("shape-mismatch", reason, None, str(scores.shape), str(target.shape))
    return _binary_dtypes(a, scores, target)


def _binary_dtypes(a: Arguments, scores: Array, target: Array) -> Result:
    for array, what in ((scores, "input"), (target, "target")):
        if _certainly(array, BOOLEAN, INTEGER):
            reason = f"the {what} must be floating-point, found {array.dtype}; convert it with .float() first"
            return Mismatch("shape-dtype", reason, None, "Float", str(array.dtype))
    if not scores.dtype.names & target.dtype.names:
        reason = f"input and target must have one dtype, found {scores.dtype} and {target.dtype}"
        return Mismatch("shape-dtype", reason, None, str(scores.dtype), str(target.dtype))
    return reduced(a, _joined(scores.shape, target.shape), Typed(scores.dtype if scores.dtype == target.dtype else ANY_DTYPE))


def _joined(one: Shape, other: Shape) -> Shape:
    return one if one.rank is not None else other


def logits_loss(a: Arguments) -> Result:
    """`binary_cross_entropy_with_logits`: one shape; dtypes of floats promote."""
    arrays = _arrays(a)
    found = binary_loss(a)
    if arrays is None or not (isinstance(found, Mismatch) and found.code == "shape-dtype"):
        return found
    if any(_certainly(each, BOOLEAN, INTEGER) for each in arrays):
        return found
    return reduced(a, arrays[0].shape, Typed(ANY_DTYPE))


PAIR, SIDES = "*s, *s -> *s", "the input, the target"

TABLE: tuple[Rule | Layer, ...] = (
    rule(cross_entropy, f"input, target, {_INDEXED}, label_smoothing=0.0", "F.cross_entropy"),
    rule(
        linear_cross_entropy,
        "input, linear_weight, target, *, linear_bias=None, weight=None, reduction='mean', ignore_index=None, **",
        "F.linear_cross_entropy",
    ),
    layer(
        "nn.LinearCrossEntropyLoss",
        "in_features, num_classes, *, out_features=(), reduction='mean', weight=None, **",
        "input, target",
        linear_cross_entropy_layer,
    ),
    rule(nll_loss, f"input, target, {_INDEXED}", "F.nll_loss"),
    loss(PAIR, f"input, target, {_OPTIONS}, weight=None", compared, "F.mse_loss", SIDES),
    loss(PAIR, f"input, target, {_OPTIONS}, weight=None", [distance, mean_distance], "F.l1_loss", SIDES, mean_of_floats),
    loss(PAIR, f"input, target, {_OPTIONS}, beta=1.0", compared_alike, "F.smooth_l1_loss", SIDES),
    loss(
        PAIR,
        "input, target, reduction='mean', delta=1.0, weight=None, size_average=None, reduce=None",
        compared_alike,
        "F.huber_loss",
        SIDES,
    ),
    loss(PAIR, f"input, target, {_OPTIONS}, log_target=False", compared_alike, "F.kl_div", SIDES),
    loss(PAIR, f"input, target, {_OPTIONS}", compared_alike, "F.soft_margin_loss", SIDES),
    rule(binary_loss, "input, target, weight=None, size_average=None, reduce=None, reduction='mean'", "F.binary_cross_entropy"),
    rule(
        logits_loss,
        "input, target, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None",
        "F.binary_cross_entropy_with_logits",
    ),
)
