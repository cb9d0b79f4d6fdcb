"""Losses of pairs, triples and label sets: each is a signature for its elements, and `reduction=`.

`losses` has those of classes and of elementwise differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shapecheck.core.dim import ONE, Verdict
from shapecheck.core.dtype import ANY_DTYPE, CLASSES
from shapecheck.core.promotion import FLOATING, Typed, all_in, default, is_integral
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, broadcast, broadcast_all, broadcasts_to, same
from shapecheck.core.signature import signature
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import differs
from shapecheck.rules.families import or_unknown, promoted, shape_of
from shapecheck.rules.layers import as_function
from shapecheck.rules.losses import reduced
from shapecheck.rules.table import Layer, Rule, layer, parameters, rule

type Check = Callable[[Arguments], Mismatch | Shape | None]
type LossType = Callable[[Sequence[Value], Arguments], Typed]

_OLD = "size_average=None, reduce=None, reduction='mean'"
_NEW = "*, size_average=None, reduce=None, reduction='mean'"


def loss(text: str, operands: str, options: str, name: str, check: Check | None = None, typed: LossType | None = None) -> Rule:
    """A loss whose elements' shape is a signature of its first arguments.

    `check` finds what that cannot say: another mismatch, or another shape. `typed` is the dtype where it is not that of all arguments.
    """
    shapes, bound = signature(text), parameters(f"{operands}, {options}")
    names = tuple(each.name for each in bound.listed[: len(shapes.operands)])

    def compute(a: Arguments) -> Result:
        values = [a[each] for each in names]
        found = shapes.apply([shape_of(value) for value in values], a.facts)
        if isinstance(found, Mismatch | tuple):
            return found if isinstance(found, Mismatch) else UNKNOWN
        further = check(a) if check is not None else None
        if isinstance(further, Mismatch):
            return further
        return reduced(a, found if further is None else further, (typed or _floats)(values, a))

    return Rule((name,), bound, compute, text, (shapes,), names)


def _floats(values: Sequence[Value], a: Arguments) -> Typed:
    """Of integers alone torch makes its default float."""
    if all(isinstance(each, Array) and is_integral(each.dtype) for each in values):
        return Typed(default(FLOATING, a.library))
    return _dtype(values, a)


def of_input(values: Sequence[Value], a: Arguments) -> Typed:
    """The dtype of the first argument, of floats; what becomes of integers is left open."""
    first = values[0]
    return Typed(first.dtype if isinstance(first, Array) and all_in(first.dtype, FLOATING) else ANY_DTYPE)


def _dtype(values: Sequence[Value], a: Arguments) -> Typed:
    """Of floats of several kinds some float; targets may be integers. What becomes of integers alone is left open."""
    arrays = [each for each in values if isinstance(each, Array) and not is_integral(each.dtype)]
    if not arrays or not all(each.dtype.names <= CLASSES["Float"].names for each in arrays):
        return Typed(ANY_DTYPE)
    typed = or_unknown(promoted)(arrays, a.library)
    if isinstance(typed, Typed) and typed.dtypes.exact is not None and all(isinstance(each, Array) for each in values):
        typed = promoted(values, a.library)
    return typed if isinstance(typed, Typed) and typed.dtypes != ANY_DTYPE else Typed(CLASSES["Float"])


def triplet(a: Arguments) -> Mismatch | None:
    """The three have as many axes, and those broadcast whose distance is taken; one of the user's own may want other sizes."""
    names = ("anchor", "positive", "negative")
    if (refused := _different_ranks(a, names)) is not None:
        return refused
    shapes = [shape_of(a[name]) for name in names]
    if a.values.get("distance_function") is not None:
        return None
    pairs = ((0, 1), (0, 2)) if a["swap"] is False else ((0, 1), (0, 2), (1, 2)) if a["swap"] is True else ()
    found = (broadcast_all([shapes[i], shapes[j]], a.facts, (names[i], names[j])) for i, j in pairs)
    return next((each for each in found if isinstance(each, Mismatch)), None)


def _different_ranks(a: Arguments, names: Sequence[str]) -> Mismatch | None:
    """The mismatch of arrays that have not as many axes as each other."""
    shapes = [shape_of(a[name]) for name in names]
    if len({shape.rank for shape in shapes if shape.rank is not None}) < 2:
        return None
    shown = ", ".join(f'"{shape}"' for shape in shapes)
    return Mismatch("shape-rank", f"{', '.join(names[:-1])} and {names[-1]} need as many axes, found {shown}")


def ranked(a: Arguments) -> Mismatch | None:
    """Which of two is larger: all three have as many axes."""
    return _different_ranks(a, ("input1", "input2", "target"))


def compared_rows(a: Arguments) -> Mismatch | None:
    """Two vectors and a target without axes, or a target for each of several rows."""
    target = shape_of(a["target"]).rank
    if target is None:
        return None
    if target > 1:
        return Mismatch("shape-rank", f'the target has one axis at most, found "{shape_of(a["target"])}"')
    for name in ("input1", "input2"):
        if (found := shape_of(a[name])).rank not in (None, target + 1):
            axes = f"{target + 1} {'axis' if target == 0 else 'axes'}"
            reason = f'beside a target "{shape_of(a["target"])}" {name} needs {axes}, found "{found}"'
            return Mismatch("shape-rank", reason, None, axes, str(found))
    return None


def one_class(a: Arguments) -> Mismatch | Shape:
    """A class index for every row; one row of scores also takes a target of one element, whose axis stays."""
    return _not_long(a) or _refused_weight(a) or _another_count(a) or shape_of(a["target"])


def _another_count(a: Arguments) -> Mismatch | None:
    """The mismatch of a target that has not one index for every row."""
    scores, target = shape_of(a["input"]), shape_of(a["target"])
    if scores.rank is None or scores.rank > 2:
        return None
    rows = scores.dims[0] if scores.rank == 2 else ONE
    if target.min_rank <= 1 and not differs(rows, target.size, a):
        return None
    reason = f'an input "{scores}" takes {rows} class indices, found a target "{target}"'
    return Mismatch("shape-mismatch", reason, None, str(rows), str(target))


def _refused_weight(a: Arguments) -> Mismatch | None:
    """The mismatch of a weight that has not one element for every class."""
    scores, weight = shape_of(a["input"]), a["weight"]
    if not isinstance(weight, Array) or not scores.rank:
        return None
    classes = Shape(scores.dims[-1:])
    if same(weight.shape, classes, a.facts) is not Verdict.DIFFERENT:
        return None
    reason = f'the weight needs one element for each of the {classes} classes, found "{weight.shape}"'
    return Mismatch("shape-mismatch", reason, None, str(classes), str(weight.shape))


def class_set(a: Arguments) -> Mismatch | None:
    """The target has the shape of the input."""
    scores, target = shape_of(a["input"]), shape_of(a["target"])
    if ((scores.min_rank and target.min_rank) or scores.min_rank > 1) and same(scores, target, a.facts) is Verdict.DIFFERENT:
        reason = f'the target must have the shape of the input, "{scores}", found "{target}"'
        return Mismatch("shape-mismatch", reason, None, str(scores), str(target))
    return _not_long(a)


def _not_long(a: Arguments) -> Mismatch | None:
    target = a["target"]
    if not isinstance(target, Array) or "int64" in target.dtype.names:
        return None
    return Mismatch("shape-dtype", f"class indices must be int64, found {target.dtype}", None, "Int64", str(target.dtype))


def ctc(a: Arguments) -> Result:
    """One loss for each sequence of the batch: log-probabilities are `time batch classes`."""
    scores = a.array("log_probs")
    if scores is None:
        return UNKNOWN
    if scores.shape.rank not in (None, 2, 3):
        reason = f"expected 2 or 3 axes (time, batch, classes), found {scores.shape.rank} ({scores.shape})"
        return Mismatch("shape-rank", reason, None, "2 or 3 axes", str(scores.shape))
    elements = ANY_SHAPE if scores.shape.rank is None else Shape(scores.shape.dims[1:-1])
    options = {"size_average": None, "reduce": None, **a.values}
    return reduced(Arguments(options, a.library, a.facts), elements, Typed(scores.dtype))


def gaussian(a: Arguments) -> Result:
    """Input and target broadcast; the variance has the input's shape, or lacks or has one element on the last axis."""
    array, target = a.array("input"), shape_of(a["target"])
    if array is None:
        return UNKNOWN
    found = broadcast_all([array.shape, target], a.facts, ("the input", "the target"))
    if isinstance(found, Mismatch) or (found := _refused_variance(a, array.shape)) is not None:
        return found
    both = broadcast(array.shape, target, a.facts)
    assert not isinstance(both, Mismatch)
    elements = both if _is_within(shape_of(a["var"]), array.shape, a) else ANY_SHAPE
    options = {"size_average": None, "reduce": None, **a.values}
    return reduced(Arguments(options, a.library, a.facts), elements, _dtype((array, a["target"], a["var"]), a))


def _is_within(var: Shape, scores: Shape, a: Arguments) -> bool:
    """Whether the variance certainly enlarges no axis: it has the input's shape, or that without the last axis, or ones in it."""
    if var.rank is None or scores.rank is None or scores == Shape():
        return False
    lacking = same(var, Shape(scores.dims[:-1]), a.facts) is Verdict.EQUAL
    return lacking or (var.rank == scores.rank and broadcasts_to(var, scores, a.facts) is Verdict.EQUAL)


def _refused_variance(a: Arguments, scores: Shape) -> Mismatch | None:
    var = a.array("var")
    if var is None or not scores.rank or var.shape.rank is None:
        return None
    lacking = same(var.shape, Shape(scores.dims[:-1]), a.facts) is not Verdict.DIFFERENT
    if lacking or not isinstance(broadcast(var.shape, scores, a.facts), Mismatch):
        return None
    reason = f'the variance must have the shape of the input, "{scores}", or of one element on its last axis, found "{var.shape}"'
    return Mismatch("shape-mismatch", reason, None, str(scores), str(var.shape))


def label_sets(a: Arguments) -> Result:
    """The mean over the labels, the last axis, for each row."""
    found = shape_of(a["input"])
    if same(found, shape_of(a["target"]), a.facts) is not Verdict.EQUAL or not found.rank:
        return Array(ANY_SHAPE, ANY_DTYPE, a.library)
    given = [a[name] for name in ("input", "target", "weight") if a[name] is not None]
    return reduced(a, Shape(found.dims[:-1]), _promoted(given, a))


def _promoted(given: Sequence[Value], a: Arguments) -> Typed:
    """The promoted dtype, where all are arrays of floats or integers."""
    known = [each for each in given if isinstance(each, Array) and each.shape.min_rank]
    typed = promoted(given, a.library) if len(known) == len(given) else Typed(ANY_DTYPE)
    return typed if isinstance(typed, Typed) else Typed(ANY_DTYPE)


FUNCTIONS: tuple[Rule, ...] = (
    loss("*s, *s, *s -> *s", "input1, input2, target", f"margin=0, {_OLD}", "F.margin_ranking_loss", ranked),
    loss("*b _, *b _, *b -> *b", "input1, input2, target", f"margin=0, {_OLD}", "F.cosine_embedding_loss", compared_rows),
    loss("*s, *s -> *s", "input, target", f"margin=1.0, {_OLD}", "F.hinge_embedding_loss", typed=of_input),
    loss(
        "*b _, *b _, *b _ -> *b",
        "anchor, positive, negative",
        f"margin=1.0, p=2, eps=0, swap=False, {_OLD}",
        "F.triplet_margin_loss",
        triplet,
    ),
    loss(
        "*b _, *b _, *b _ -> *b",
        "anchor, positive, negative",
        f"{_NEW}, distance_function=None, margin=1.0, swap=False",
        "F.triplet_margin_with_distance_loss",
        triplet,
    ),
    loss("n? c?, n? -> n?", "input, target", f"p=1, margin=1.0, weight=None, {_OLD}", "F.multi_margin_loss", one_class, of_input),
    loss("n? c?, n? c? -> n?", "input, target", _OLD, "F.multilabel_margin_loss", class_set, of_input),
    loss(
        "*s, *s -> *s",
        "input, target",
        "log_input=True, full=False, size_average=None, eps=0, reduce=None, reduction='mean'",
        "F.poisson_nll_loss",
    ),
)

_LAYERS = (
    ("MarginRankingLoss", f"margin=0.0, {_OLD}", "input1, input2, target", "margin_ranking_loss"),
    ("CosineEmbeddingLoss", f"margin=0.0, {_OLD}", "input1, input2, target", "cosine_embedding_loss"),
    ("HingeEmbeddingLoss", f"margin=1.0, {_OLD}", "input, target", "hinge_embedding_loss"),
    ("TripletMarginLoss", f"margin=1.0, p=2.0, eps=0, swap=False, {_OLD}", "anchor, positive, negative", "triplet_margin_loss"),
    (
        "TripletMarginWithDistanceLoss",
        "*, distance_function=None, margin=1.0, swap=False, reduction='mean'",
        "anchor, positive, negative",
        "triplet_margin_with_distance_loss",
    ),
    ("MultiMarginLoss", f"p=1, margin=1.0, weight=None, {_OLD}", "input, target", "multi_margin_loss"),
    ("MultiLabelMarginLoss", _OLD, "input, target", "multilabel_margin_loss"),
    ("MultiLabelSoftMarginLoss", f"weight=None, {_OLD}", "input, target", "multilabel_soft_margin_loss"),
    (
        "PoissonNLLLoss",
        "log_input=True, full=False, size_average=None, eps=0, reduce=None, reduction='mean'",
        "input, target",
        "poisson_nll_loss",
    ),
    ("GaussianNLLLoss", "*, full=False, eps=0, reduction='mean'", "input, target, var", "gaussian_nll_loss"),
    (
        "CTCLoss",
        "blank=0, reduction='mean', zero_infinity=False",
        "log_probs, targets, input_lengths, target_lengths",
        "ctc_loss",
    ),
)
LAYERS: tuple[Layer, ...] = tuple(
    layer(f"nn.{name}", fields, call, as_function(f"F.{function}")) for name, fields, call, function in _LAYERS
)

TABLE: tuple[Rule | Layer, ...] = (
    *FUNCTIONS,
    rule(label_sets, f"input, target, weight=None, {_OLD}", "F.multilabel_soft_margin_loss"),
    rule(gaussian, "input, target, var, full=False, eps=0, reduction='mean'", "F.gaussian_nll_loss"),
    rule(ctc, "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False", "F.ctc_loss"),
    *LAYERS,
)
