"""Padding and resampling: `F.pad`, `np.pad`, `F.interpolate` and their layers."""

from __future__ import annotations

from collections.abc import Sequence

from shapecheck.core.dim import UNKNOWN_DIM, Dim, Verdict, dim
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape, same
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Scalar, Value
from shapecheck.rules.axes import agreed, any_of_rank, at_least, at_most, differs, on_array, reshaped, scaled, size, sizes
from shapecheck.rules.table import Compute, Layer, layer, rule
from shapecheck.rules.windows import AXES, channels_first, last_axes, per_axis, with_last_axes, wrong_rank

# --- padding -----------------------------------------------------------------------------------------------------


@on_array
def pad(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """torch's order: pairs of (before, after), the last axis first."""
    amounts = sizes(a["pad"])
    if amounts is None:
        return any_of_rank(shape)
    if len(amounts) % 2:
        return Mismatch("shape-op", f"padding comes in pairs (before, after), found {len(amounts)} amounts")
    count = len(amounts) // 2
    if shape.rank is not None and count > shape.rank:
        reason = f'padding for {count} axes, the array has {shape.rank} ("{shape}")'
        return Mismatch("shape-rank", reason, None, f"at least {count} axes", str(shape))
    pairs = _from_last(amounts)
    refused = _refused_mode(shape, pairs, a["mode"]) if a["mode"] in OWN_VALUES else None
    return refused or (padded(shape, pairs) if count else shape)


def _from_last(amounts: Sequence[Dim]) -> list[tuple[Dim, Dim]]:
    """The pairs in the order of the axes; torch has those of the last axis first."""
    return list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]


OWN_VALUES = {"reflect": -1, "replicate": None, "circular": 0}
"""The ways to pad with an array's own values, and by how much an amount may be more than there are."""


def _refused_mode(shape: Shape, amounts: Sequence[tuple[Dim, Dim]], mode: Value) -> Mismatch | None:
    """What padding with an array's own values refuses: other axes than those of images, and more than there is."""
    count = len(amounts)
    if not isinstance(mode, str) or count not in AXES:
        return None
    if (refused := wrong_rank(shape, (count + 1, count + 2), channels_first(count))) is not None:
        return refused
    more = OWN_VALUES[mode]
    for axis, (n, pair) in enumerate(zip(last_axes(shape, count), amounts, strict=True), start=-count):
        wrong = next((each for each in pair if more is not None and at_least(each - n, more + 1)), None)
        if wrong is not None:
            return Mismatch(
                "shape-op", f"{mode} padding of axis {axis} by {wrong} needs more than its {n} elements", axis, "", str(n)
            )
    return None


def padded(shape: Shape, amounts: Sequence[tuple[Dim, Dim]]) -> Shape | Mismatch:
    """The shape with so much before and after each of its last axes."""
    found: list[Dim] = []
    for axis, (n, (before, after)) in enumerate(zip(last_axes(shape, len(amounts)), amounts, strict=True), start=-len(amounts)):
        total = n + before + after
        if at_most(total, -1):
            return Mismatch(
                "shape-op", f"nothing is left of axis {axis}: {n} + {before} + {after} is negative", axis, ">=0", str(total)
            )
        found.append(total)
    return with_last_axes(shape, len(amounts), found)


def pad_layer(axes: int, mode: str) -> Compute:
    """The computation of the padding layers; the words of `wrong_rank` are those of an image batch."""

    def padded_layer(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        if (refused := wrong_rank(array.shape, range(axes, 99), f"..., {AXES[axes]}")) is not None:
            return refused
        amounts = per_axis(a["padding"], 2 * axes)
        pairs = _from_last(amounts)
        refused = _refused_mode(array.shape, pairs, mode) if mode in OWN_VALUES else None
        return refused or reshaped(array, padded(array.shape, pairs))

    return padded_layer


@on_array
def numpy_pad(a: Arguments, shape: Shape) -> Shape | Mismatch:
    """`np.pad`: one amount, one pair for all axes, or a pair for each."""
    rank = shape.rank
    if rank is None:
        return ANY_SHAPE
    amounts = _pairs(a["pad_width"], rank)
    if isinstance(amounts, Mismatch):
        return amounts
    for axis, (before, after) in enumerate(amounts):
        if at_most(before, -1) or at_most(after, -1):
            return Mismatch("shape-op", f"padding cannot be negative, found {before} and {after} for axis {axis}", axis)
    return Shape(tuple(n + before + after for n, (before, after) in zip(shape.dims, amounts, strict=True)))


def _pairs(value: Value, rank: int) -> list[tuple[Dim, Dim]] | Mismatch:
    unknown = [(UNKNOWN_DIM, UNKNOWN_DIM)] * rank
    match value:
        case Dim():
            return [(value, value)] * rank
        case (Dim() as before, Dim() as after):
            return [(before, after)] * rank
        case (Dim() as both,):
            return [(both, both)] * rank
        case tuple() if value and all(isinstance(pair, tuple) and len(pair) in (1, 2) for pair in value):
            pairs = [(size(pair[0]), size(pair[-1])) for pair in value if isinstance(pair, tuple)]
            if len(pairs) == 1:
                return pairs * rank
            if len(pairs) != rank:
                return Mismatch(
                    "shape-rank", f"padding for {len(pairs)} axes, the array has {rank}", None, str(len(pairs)), str(rank)
                )
            return pairs
        case _:
            return unknown


# --- resampling --------------------------------------------------------------------------------------------------

_AXES_OF_MODE = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


def interpolate(a: Arguments) -> Result:
    """New sizes for all axes after batch and channels, given or as a factor."""
    array = a.array("input")
    if array is None:
        return UNKNOWN
    mode = a["mode"]
    axes = _AXES_OF_MODE.get(mode) if isinstance(mode, str) else None
    words = f"batch, channels, {AXES[axes]}" if axes else "batch, channels and 1 to 3 more"
    ranks = (axes + 2,) if axes else (3, 4, 5)
    if (refused := wrong_rank(array.shape, ranks, words)) is not None:
        return refused
    if a.values.get("align_corners") is not None and mode in ("nearest", "area", "nearest-exact"):
        return Mismatch("shape-op", f"align_corners goes with modes that interpolate, not with {mode!r}")
    rank = array.shape.rank or (axes + 2 if axes and isinstance(mode, str) else None)
    if rank is None:
        return Array(ANY_SHAPE, array.dtype, array.library)
    found = _resampled(a, array.shape, rank - 2)
    return found if isinstance(found, Mismatch) else reshaped(array, with_last_axes(array.shape, rank - 2, found))


def _resampled(a: Arguments, shape: Shape, axes: int) -> Sequence[Dim] | Mismatch:
    before = last_axes(shape, axes)
    for name in ("size", "scale_factor"):
        given = a[name]
        if isinstance(given, tuple) and len(given) != axes:
            count = len(given)
            return Mismatch(
                "shape-op",
                f'{name} has {count} values for {axes} axes after batch and channels ("{shape}")',
                None,
                str(axes),
                str(count),
            )
    match a["size"], a["scale_factor"]:
        case ((Dim() | tuple()), (Dim() | Scalar() | tuple())):
            return Mismatch("shape-op", "only one of size and scale_factor can be given")
        case None, None:
            return Mismatch("shape-op", "one of size and scale_factor must be given")
        case None, factor:
            factors = factor if isinstance(factor, tuple) else (factor,) * axes
            return [scaled(n, each) for n, each in zip(before, factors, strict=True)]
        case wanted, None:
            return per_axis(wanted, axes)
        case _:
            return [UNKNOWN_DIM] * axes


# --- sampling at points ------------------------------------------------------------------------------------------


def grid_sample(a: Arguments) -> Result:
    """Reads an image at the points of a grid: `b c h w, b i j 2 -> b c i j`, or a volume with one axis more."""
    array, grid = a.array("input"), a.array("grid")
    if array is None or grid is None:
        return UNKNOWN
    for each, words in (
        (array, "batch, channels, height, width or depth, height, width"),
        (grid, "batch, the points' axes, coordinates"),
    ):
        if (refused := wrong_rank(each.shape, (4, 5), words)) is not None:
            return refused
    if array.shape.rank is None or grid.shape.rank is None:
        return Array(ANY_SHAPE, array.dtype, array.library)
    found = _sampled(a, array.shape, grid.shape)
    return found if isinstance(found, Mismatch) else reshaped(array, found)


def _sampled(a: Arguments, image: Shape, grid: Shape) -> Shape | Mismatch:
    if image.rank != grid.rank:
        return Mismatch(
            "shape-rank", f'the grid needs as many axes as the array: "{grid}" and "{image}"', None, str(image), str(grid)
        )
    coordinates = dim(len(image.dims) - 2)
    if differs(grid.dims[-1], coordinates, a):
        found = str(grid.dims[-1])
        return Mismatch(
            "shape-mismatch",
            f"the last axis of the grid has {found} coordinates, expected {coordinates}",
            -1,
            str(coordinates),
            found,
        )
    batch = agreed(image.dims[0], grid.dims[0], a)
    if batch is None:
        one, other = image.dims[0], grid.dims[0]
        return Mismatch("shape-mismatch", f"the array has a batch of {one}, the grid one of {other}", 0, str(one), str(other))
    return Shape((batch, image.dims[1], *grid.dims[1:-1]))


def affine_grid(a: Arguments) -> Result:
    """The grid of an output `b c h w`: `b h w 2`, or `b d h w 3`."""
    theta, wanted = a.array("theta"), sizes(a["size"])
    if theta is None:
        return UNKNOWN
    if wanted is None or len(wanted) not in (4, 5):
        return Array(ANY_SHAPE, theta.dtype, theta.library)
    axes = len(wanted) - 2
    expected = Shape((wanted[0], dim(axes), dim(axes + 1)))
    if same(theta.shape, expected, a.facts) is Verdict.DIFFERENT:
        return Mismatch(
            "shape-mismatch", f'expected matrices "{expected}", found "{theta.shape}"', None, str(expected), str(theta.shape)
        )
    return reshaped(theta, Shape((wanted[0], *wanted[2:], dim(axes))))


def _pad_layers(n: int) -> tuple[Layer, ...]:
    kinds = {
        "Constant": ("padding, value", "constant"),
        "Zero": ("padding", "constant"),
        "Reflection": ("padding", "reflect"),
        "Replication": ("padding", "replicate"),
        "Circular": ("padding", "circular"),
    }
    return tuple(layer(f"nn.{kind}Pad{n}d", fields, "input", pad_layer(n, mode)) for kind, (fields, mode) in kinds.items())


TABLE = (
    rule(pad, "input, pad, mode='constant', value=None", "F.pad"),
    rule(numpy_pad, "array, pad_width, mode='constant', **", "jnp.pad", "np.pad"),
    rule(interpolate, "input, size=None, scale_factor=None, mode='nearest', align_corners=None, **", "F.interpolate", "F.upsample"),
    layer("nn.Upsample", "size=None, scale_factor=None, mode='nearest', align_corners=None, **", "input", interpolate),
    layer("nn.UpsamplingNearest2d", "size=None, scale_factor=None, mode='nearest'", "input", interpolate),
    layer("nn.UpsamplingBilinear2d", "size=None, scale_factor=None, mode='bilinear'", "input", interpolate),
    rule(grid_sample, "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None", "F.grid_sample"),
    rule(affine_grid, "theta, size, align_corners=None", "F.affine_grid"),
    *_pad_layers(1), *_pad_layers(2), *_pad_layers(3),
)  # fmt: skip
