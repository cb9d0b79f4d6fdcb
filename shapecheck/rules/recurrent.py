"""Recurrent layers and cells: `nn.RNN`, `nn.GRU`, `nn.LSTM`.

`output, state = layer(input, state)`: the input is `sequence batch features` (`batch sequence features` with
`batch_first`, or without the batch axis), the state has an axis of layers times directions in front of the batch.
"""

from __future__ import annotations

from shapecheck.core.dim import UNKNOWN_DIM, Dim, dim
from shapecheck.core.shape import ANY_SHAPE, Mismatch, Shape
from shapecheck.core.value import UNKNOWN, Arguments, Array, Result, Value
from shapecheck.rules.axes import at_most, differs, flag, reshaped, size
from shapecheck.rules.layers import features
from shapecheck.rules.table import Compute, layer
from shapecheck.rules.windows import float_part, not_float, with_last_axes, wrong_rank


def _directions(a: Arguments) -> Dim:
    both = flag(a["bidirectional"])
    return UNKNOWN_DIM if both is None else dim(1 + both)


def _projected(a: Arguments) -> Dim:
    """The size of what an LSTM hands on: its projection's when it has one."""
    wanted = a.values.get("proj_size", dim(0))
    return size(a["hidden_size"]) if wanted == dim(0) else size(wanted)


def _batch(a: Arguments, shape: Shape) -> tuple[Dim, ...] | None:
    """The batch axis of the input, none for a single sequence; None when not known."""
    first = flag(a["batch_first"])
    match shape.rank:
        case 2:
            return ()
        case 3 if first is not None:
            return (shape.dims[0 if first else 1],)
        case 3:
            return (UNKNOWN_DIM,)
        case _:
            return None


def recurrent(has_cell: bool) -> Compute:
    """The computation of calling `nn.RNN` and `nn.GRU`, or with a cell state `nn.LSTM`."""

    def run(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        refused = (
            not_float(array)
            or wrong_rank(array.shape, (2, 3), "sequence, batch, features")
            or features(array, size(a["input_size"]), a)
        )
        if refused is not None:
            return refused
        batch, kind = _batch(a, array.shape), float_part(array.dtype)
        hidden, cell = (_state(a, array, batch, width) for width in (_projected(a), size(a["hidden_size"])))
        if (refused := _refused_state(a, (hidden, cell) if has_cell else (hidden,))) is not None:
            return refused
        output = Array(with_last_axes(array.shape, 1, [_projected(a) * _directions(a)]), kind, array.library)
        return output, ((hidden, cell) if has_cell else hidden)

    return run


def _state(a: Arguments, array: Array, batch: tuple[Dim, ...] | None, width: Dim) -> Array:
    layers = size(a["num_layers"]) * _directions(a)
    shape = Shape((layers, *batch, width)) if batch is not None else ANY_SHAPE
    return Array(shape, float_part(array.dtype), array.library)


def _refused_state(a: Arguments, expected: tuple[Array, ...]) -> Mismatch | None:
    """Whether the state given to the call certainly has another shape than the one it returns."""
    given: Value = a["hx"]
    states = given if isinstance(given, tuple) else (given,)
    for name, want, have in zip(("hidden", "cell"), expected, states, strict=False):
        if isinstance(have, Array) and (refused := _differing(name, want.shape, have.shape, a)) is not None:
            return refused
    return None


def _differing(name: str, expected: Shape, found: Shape, a: Arguments) -> Mismatch | None:
    if expected.rank is None or found.rank is None:
        return None
    same_rank = expected.rank == found.rank
    if same_rank and not any(differs(want, have, a) for want, have in zip(expected.dims, found.dims, strict=True)):
        return None
    code = "shape-mismatch" if same_rank else "shape-rank"
    return Mismatch(code, f'expected the {name} state to be "{expected}", found "{found}"', None, str(expected), str(found))


def cell(has_cell: bool) -> Compute:
    """One step: `nn.RNNCell`, `nn.GRUCell`, `nn.LSTMCell`."""

    def step(a: Arguments) -> Result:
        array = a.array("input")
        if array is None:
            return UNKNOWN
        refused = (
            not_float(array) or wrong_rank(array.shape, (1, 2), "batch, features") or features(array, size(a["input_size"]), a)
        )
        if refused is not None:
            return refused
        state = reshaped(array, with_last_axes(array.shape, 1, [size(a["hidden_size"])]))
        assert isinstance(state, Array), "a shape was given"
        state = state.with_dtype(float_part(array.dtype))
        return _refused_state(a, (state, state)) or ((state, state) if has_cell else state)

    return step


def check_sizes(a: Arguments) -> Result:
    """Every size and the number of layers are positive."""
    for name in ("input_size", "hidden_size", "num_layers"):
        found = size(a[name])
        if at_most(found, 0):
            return Mismatch("shape-op", f"{name} must be at least 1, found {found}", None, ">=1", str(found))
    return UNKNOWN


_FIELDS = "input_size, hidden_size, num_layers=1, {}bias=True, batch_first=False, dropout=0.0, bidirectional=False, **"
_CELL = "input_size, hidden_size, bias=True, **"

TABLE = (
    layer("nn.RNN", _FIELDS.format("nonlinearity='tanh', "), "input, hx=None", recurrent(False), check_sizes),
    layer("nn.GRU", _FIELDS.format(""), "input, hx=None", recurrent(False), check_sizes),
    layer("nn.LSTM", _FIELDS.format("").replace(", **", ", proj_size=0, **"), "input, hx=None", recurrent(True), check_sizes),
    layer("nn.RNNCell", _CELL, "input, hx=None", cell(False)),
    layer("nn.GRUCell", _CELL, "input, hx=None", cell(False)),
    layer("nn.LSTMCell", _CELL, "input, hx=None", cell(True)),
)
