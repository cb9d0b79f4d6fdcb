"""Programs of the kind `modules`: networks of layers with the sizes of their constructors, called with a batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from tests.differential.choices import Choices
from tests.differential.modules import Writer, function, indented
from tests.differential.selves import own_sizes


def nets(c: Choices, name: str) -> Writer:
    """A module of layers, and a call of it."""
    w = Writer(c, name, c.weighted([(3, "torch"), (1, "jax")]))
    form = c.one_of(tuple(_FORMS)) if w.library == "torch" else "equinox layers"
    w.constructs |= {form, w.library}
    _FORMS.get(form, _equinox)(w)
    return w


def _widths(c: Choices) -> list[int]:
    return [c.below(6) + 2 for _ in range(c.below(2) + 2)]


def _slip(c: Choices, size: int) -> int:
    """A size, now and then a wrong one."""
    return size + 1 if c.chance(6) else size


def _module(base: str, made: list[str], forward: str, parameters: list[str] | None = None) -> str:
    start = ["super().__init__()"] if base.startswith("torch") else []
    return f"class Net({base}):\n" + indented(
        function("__init__", ["self", *(parameters or [])], [*start, *made]) + "\n" + forward
    )


def _batch(c: Choices) -> tuple[str, list[int]]:
    """The axes before the features: how they are written, and their sizes."""
    return c.one_of((("b", [3]), ("b t", [3, 2]), ("*b", [2, 1]), ("*b", []), ("...", [4])))


def _called(w: Writer, shape: list[int], dtype: str = "", arguments: str = "") -> None:
    sizes = ", ".join(str(_slip(w.c, size)) for size in shape)
    w.main += [f"r = Net({arguments})(torch.zeros({sizes or '()'}{dtype}))", "reveal_type(r)"]


def _linear(w: Writer) -> None:
    """Linear layers, activations and norms in a row; the hidden size may be an argument of the constructor."""
    c = w.c
    widths = _widths(c)
    before, sizes = _batch(c)
    pairs = list(itertools.pairwise(widths))
    made = [f"self.fc{at} = torch.nn.Linear({_slip(c, one)}, {two})" for at, (one, two) in enumerate(pairs)]
    parameters, arguments = [], ""
    if c.chance(40):
        made[0] = f"self.fc0 = torch.nn.Linear(n, {pairs[0][1]})"
        parameters, arguments = ["n: int"], str(_slip(c, widths[0]))
        w.partial = True  # outside of the class nobody knows what `n` was
    steps = [c.one_of((f"x = self.fc{at}(x)", f"x = torch.relu(self.fc{at}(x))")) for at in range(len(pairs))]
    if c.chance(40):
        made.append(f"self.norm = torch.nn.LayerNorm({_slip(c, widths[-1])})")
        steps.append("x = self.norm(x)")
    result = f'Float[Tensor, "{before} {_slip(c, widths[-1])}"]'
    taken = f'Float[Tensor, "{before} {widths[0]}"]'
    forward = function("forward", ["self", f"x: {taken}"], [*steps, "return x"], result)
    w.functions.append(_module("torch.nn.Module", made, forward, parameters))
    _called(w, [*sizes, widths[0]], arguments=arguments)


def _sequential(w: Writer) -> None:
    c = w.c
    widths = _widths(c)
    before, sizes = _batch(c)
    layers = [
        text
        for one, two in itertools.pairwise(widths)
        for text in (f"torch.nn.Linear({_slip(c, one)}, {two})", "torch.nn.ReLU()")
    ]
    made = [f"self.layers = torch.nn.Sequential({', '.join(layers)})"]
    taken, result = (f'Float[Tensor, "{before} {width}"]' for width in (widths[0], _slip(c, widths[-1])))
    forward = function("forward", ["self", f"x: {taken}"], ["return self.layers(x)"], result)
    w.functions.append(_module("torch.nn.Module", made, forward))
    _called(w, [*sizes, widths[0]])


def _convolutions(w: Writer) -> None:
    c = w.c
    channels, kernel, stride = _widths(c), c.one_of((1, 3)), c.one_of((1, 2))
    height, width = 8, 6
    taken = f'Float[Tensor, "b {channels[0]} {height} {width}"]'
    made, steps = [], []
    for at, (one, two) in enumerate(itertools.pairwise(channels)):
        made.append(f"self.conv{at} = torch.nn.Conv2d({_slip(c, one)}, {two}, {kernel}, stride={stride}, padding={kernel // 2})")
        steps.append(f"x = self.conv{at}(x)")
        height, width = -(-height // stride), -(-width // stride)
    features = channels[-1] * height * width
    made.append(f"self.fc = torch.nn.Linear({_slip(c, features)}, 2)")
    steps.append(c.one_of(("x = x.flatten(1)", f"x = x.view(x.shape[0], {_slip(c, features)})", "x = x.reshape(x.size(0), -1)")))
    forward = function("forward", ["self", f"x: {taken}"], [*steps, "return self.fc(x)"], 'Float[Tensor, "b 2"]')
    w.functions.append(_module("torch.nn.Module", made, forward))
    _called(w, [3, channels[0], 8, 6])


def _embedding(w: Writer) -> None:
    c = w.c
    width, out = c.below(5) + 2, c.below(5) + 2
    made = [f"self.embed = torch.nn.Embedding(7, {width})", f"self.out = torch.nn.Linear({_slip(c, width)}, {out})"]
    pooled = c.one_of(("x.mean(dim=1)", "x.sum(1)", "x[:, 0]", "x.amax(-2)", "x.mean(dim=-1)"))
    steps = ["x = self.embed(tokens)", f"return self.out({pooled})"]
    forward = function("forward", ["self", 'tokens: Int64[Tensor, "b t"]'], steps, f'Float[Tensor, "b {_slip(c, out)}"]')
    w.functions.append(_module("torch.nn.Module", made, forward))
    sizes = [8, 9]  # no width of a layer: a size of a name may be any
    _called(w, sizes, ", dtype=torch.int64" if not c.chance(10) else "")


def _equinox(w: Writer) -> None:
    """Layers of equinox take one example; a batch is mapped over."""
    c = w.c
    widths = _widths(c)
    key = "jax.random.key(0)"
    pairs = list(itertools.pairwise(widths))
    fields = [f"fc{at}: eqx.nn.Linear" for at in range(len(pairs))]
    made = [f"self.fc{at} = eqx.nn.Linear({_slip(c, one)}, {two}, key={key})" for at, (one, two) in enumerate(pairs)]
    steps = [f"x = jax.nn.relu(self.fc{at}(x))" for at in range(len(pairs))]
    taken, result = (f'Float[Array, "{width}"]' for width in (widths[0], _slip(c, widths[-1])))
    call = function("__call__", ["self", f"x: {taken}"], [*steps, "return x"], result)
    body = "\n".join(fields) + "\n\n" + function("__init__", ["self"], made) + "\n" + call
    w.functions.append(f"class Net(eqx.Module):\n{indented(body)}")
    size = _slip(c, widths[0])
    w.main += c.one_of(([f"r = Net()(jnp.zeros({size}))"], [f"r = jax.vmap(Net())(jnp.zeros((3, {size})))"]))
    w.main.append("reveal_type(r)")
    w.partial = True  # the fields are layers of any size


_FORMS: Mapping[str, Callable[[Writer], None]] = {
    "Linear": _linear,
    "Sequential": _sequential,
    "convolutions": _convolutions,
    "Embedding": _embedding,
    "{self.k}": own_sizes,
}
