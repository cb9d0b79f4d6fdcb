"""`torch.masked`: reductions and normalizations that leave elements out. A mask broadcasts to the array and changes no shape."""

from __future__ import annotations

from shapecheck.core.dim import Verdict
from shapecheck.core.promotion import COMPLEX, FLOATING, INTEGER
from shapecheck.core.shape import Mismatch, broadcasts_to
from shapecheck.core.value import Arguments
from shapecheck.rules.families import (
    NO_SCALARS,
    DTypeRule,
    floated,
    gufunc,
    kept,
    only,
    shape_of,
    spelled,
)
from shapecheck.rules.reductions import averaged, float_only, normed, real_only, real_or_scalar, reduction, summed
from shapecheck.rules.scanning import softmaxed
from shapecheck.rules.table import Rule

M = "torch.masked.{}"
MASKED = "*, mask=None, **"
REDUCED = "*, keepdim=False, mask=None, **"
SEVERAL, ONE, KEPT = "*s *n@dim -> *s", "*s n@dim -> *s", "*s n@dim -> *s n@dim"


def fitting_mask(a: Arguments) -> Mismatch | None:
    """The mismatch of a mask that does not broadcast to the array."""
    array, mask = shape_of(a["input"]), shape_of(a["mask"])
    if a["mask"] is None or broadcasts_to(mask, array, a.facts) is not Verdict.DIFFERENT:
        return None
    return Mismatch("shape-broadcast", f"the mask ({mask}) must broadcast to ({array})", None, str(array), str(mask))


def masked(text: str, params: str, typed: DTypeRule, words: str) -> Rule:
    """A row, whose mask must fit."""
    names = spelled(words, M)
    if text is SEVERAL:
        return reduction(params, typed, *names, check=fitting_mask)
    return gufunc(text, params, typed, *names, check=fitting_mask)


TABLE: tuple[Rule, ...] = (
    masked(SEVERAL, f"input, dim=None, {REDUCED}", summed, "sum prod"),
    masked(SEVERAL, f"input, dim=None, {REDUCED}", averaged, "mean"),
    masked(SEVERAL, f"input, dim=None, {REDUCED}", real_only, "amax amin"),
    masked(SEVERAL, f"input, dim=None, {REDUCED}", kept, "logsumexp"),
    masked(SEVERAL, f"input, ord=2.0, dim=None, {REDUCED}", normed, "norm"),
    masked(
        SEVERAL,
        f"input, dim=None, unbiased=None, *, correction=None, {REDUCED[3:]}",
        only(floated, INTEGER, FLOATING, COMPLEX),
        "var std",
    ),
    masked(SEVERAL, f"input, dim=None, {REDUCED}", only(kept, INTEGER, FLOATING), "argmax argmin"),
    masked(ONE, f"input, dim=-1, {REDUCED}", real_or_scalar, "median"),
    masked(KEPT, f"input, dim, {MASKED}", softmaxed, "softmax log_softmax softmin"),
    masked(KEPT, f"input, dim, {MASKED}", kept, "cumsum cumprod"),
    masked(KEPT, f"input, ord, dim, *, eps=1e-12, {MASKED[3:]}", float_only, "normalize"),
    gufunc(
        "*s, *s -> *s",
        "input, other, *, dtype=None, input_mask=None, other_mask=None",
        only(kept, FLOATING, COMPLEX),
        "torch.masked.logaddexp",
        scalars=NO_SCALARS,
    ),
)
