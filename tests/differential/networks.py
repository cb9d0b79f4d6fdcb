"""Generated layers, with the sizes of their constructors, and the functions of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.differential.arrays import Arrays, Template, axis_of
from tests.differential.choices import Choices


def _width(c: Choices, v: Arrays, x: str, axis: int) -> int:
    """The size of an axis where it is known, and sometimes another one."""
    known = v.rank(x) >= (axis + 1 if axis >= 0 else -axis) and not v.rigid
    return max(1, int(v.values[x].shape[axis])) if known and not c.chance(10) else 3


def layer(c: Choices, v: Arrays) -> str:
    """A layer made and called at once."""
    x = v.pick(c)
    last, second = _width(c, v, x, -1), _width(c, v, x, 1)
    channels = _width(c, v, x, -3)
    if v.library == "numpy":
        return f"np.dot({x}, {v.pick(c)})"
    if v.library == "jax":
        return f"{_of_equinox(c, v, x)}({x})"
    made = (
        f"Linear({last}, 4)",
        f"LayerNorm({last})",
        f"Embedding(5, {c.below(4) + 1})",
        f"Conv1d({_width(c, v, x, -2)}, 4, kernel_size={c.below(3) + 1}, padding={c.below(2)})",
        f"Conv2d({channels}, 2, 3, padding=1, stride={c.below(2) + 1})",
        f"BatchNorm1d({second})",
        f"GroupNorm(1, {second})",
        f"MaxPool2d({c.below(2) + 1})",
        "AdaptiveAvgPool2d(1)",
        f"Flatten({axis_of(c, v.rank(x))})",
        f"Linear({last}, 3, bias=False)",
        "Dropout(0.1)",
        "GELU()",
        f"ConvTranspose2d({channels}, 2, 2, stride=2)",
    )
    called = f"torch.nn.{c.one_of(made)}"
    if c.chance(20):
        called = f"torch.nn.Sequential(torch.nn.Linear({last}, 5), torch.nn.ReLU(), torch.nn.Linear({c.one_of((5, 5, 4))}, 2))"
    return f"{called}({x})"


def _of_equinox(c: Choices, v: Arrays, x: str) -> str:
    last, key = _width(c, v, x, -1), "key=jax.random.key(0)"
    return c.one_of(
        (
            f"eqx.nn.Linear({last}, 4, {key})",
            f"eqx.nn.LayerNorm({last})",
            f"eqx.nn.MLP({last}, 2, width_size=5, depth=1, {key})",
            f"eqx.nn.Conv1d({_width(c, v, x, 0)}, 3, kernel_size=1, {key})",
        )
    )


def mapped(c: Choices, v: Arrays) -> str:
    """A layer for each of the items of an array."""
    x = v.pick(c)
    return f"jax.vmap({_of_equinox(c, v, x)})({x})" if v.library == "jax" else layer(c, v)


def functional(c: Choices, v: Arrays) -> str:
    """A function of networks."""
    x, y = v.pick(c), v.pick(c)
    last = _width(c, v, x, -1)
    if v.library != "torch":
        return c.one_of((f"{v.module}.dot({x}, {y})", f"{v.module}.vdot({x}, {y})", f"{v.module}.outer({x}, {y})"))
    return f"torch.nn.functional.{c.one_of(_functional(c, v, x, y, last))}"


def _functional(c: Choices, v: Arrays, x: str, y: str, last: int) -> Sequence[str]:
    sizes = [str(size) for size in v.values[x].shape]
    targets = ", ".join([*sizes[:1], *sizes[2:]])
    return (
        f"relu({x})",
        f"pad({x}, (1, 2))",
        f"pad({x}, (1, 2, 0, 1))",
        f"linear({x}, torch.zeros(4, {last}))",
        f"linear({x}, {y})",
        f"layer_norm({x}, ({last},))",
        f"one_hot({x}, 4)",
        f"mse_loss({x}, {y})",
        f"l1_loss({x}, {y}, reduction='none')",
        f"cross_entropy({x}, torch.zeros({targets or '()'}, dtype=torch.int64))",
        f"scaled_dot_product_attention({x}, {y}, {y})",
        f"interpolate({x}, scale_factor=2)",
        f"conv1d({x}, torch.zeros(3, {_width(c, v, x, -2)}, 2))",
        f"conv2d({x}, torch.zeros(2, {_width(c, v, x, -3)}, 1, 1))",
        f"avg_pool2d({x}, 2)",
        f"embedding(torch.zeros_like({x}, dtype=torch.int64), {y})",
        f"cosine_similarity({x}, {y}, dim={axis_of(c, v.rank(x))})",
        f"binary_cross_entropy_with_logits({x}, {y})",
        f"glu({x}, dim={axis_of(c, v.rank(x))})",
    )


def held(c: Choices, v: Arrays) -> str:
    """The weight of a layer, or what a layer says of itself."""
    x = v.pick(c)
    last = _width(c, v, x, -1)
    if v.library != "torch":
        return f"{v.module}.outer({x}, {x})"
    return c.one_of(
        (
            f"{x} @ torch.nn.Linear({last}, 4).weight.T",
            f"{x} + torch.nn.Linear(2, {last}).bias",
            f"torch.nn.Embedding(4, {last}).weight @ {x}.mT",
            f"torch.nn.Linear({last}, 4)({x}).relu()",
        )
    )


NETWORKS: Mapping[str, tuple[int, Template]] = {
    "layer": (4, layer),
    "mapped layer": (1, mapped),
    "nn.functional": (4, functional),
    "weights": (1, held),
}
