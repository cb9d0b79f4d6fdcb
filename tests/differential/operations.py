"""Generated statements: one operation on arrays that exist, spelled for their library.

`operation` picks by the rank of the arrays it finds, so that most statements run, and adds mistakes that the rules have to
see. Every template names its construct, by which the results are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.differential.choices import Choices


@dataclass
class Arrays:
    """The arrays a body can use: their names and, for choosing operations, their values. `rigid` bodies take sizes from
    `x.shape` because they work for every size."""

    library: str
    values: dict[str, Any]
    rigid: bool

    def pick(self, c: Choices, rank: int | None = None) -> str:
        """An array's name, of a rank if there is one; the newest is the simplest."""
        names = [name for name, value in self.values.items() if rank is None or value.ndim == rank] or list(self.values)
        return c.one_of(names[::-1])

    def rank(self, name: str) -> int:
        return int(self.values[name].ndim)

    @property
    def module(self) -> str:
        return {"torch": "torch", "numpy": "np", "jax": "jnp"}[self.library]

    @property
    def axis_word(self) -> str:
        return "dim" if self.library == "torch" else "axis"

    @property
    def keep_word(self) -> str:
        return "keepdim" if self.library == "torch" else "keepdims"


type Template = Callable[[Choices, Arrays], str]


def _axis(c: Choices, rank: int) -> int:
    """An axis that mostly exists."""
    if rank == 0 or c.chance(6):
        return c.one_of((0, -1, 1, 2))
    return c.below(2 * rank) - rank


def unary(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return c.one_of((f"-{x}", f"abs({x})", f"{v.module}.exp({x})", f"{v.module}.sqrt({x})", f"{x} ** 2", f"{v.module}.tanh({x})"))


def with_number(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return c.one_of((f"{x} + 1", f"2 * {x}", f"{x} / 2", f"1.5 * {x}", f"{x} - 1", f"{x} // 2", f"1 - {x}"))


def binary(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    return f"{x} {c.one_of(('+', '*', '-', '/'))} {y}"


def compare(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    return c.one_of((f"{x} > 0", f"{x} == {y}", f"{x} < {y}", f"{x} != 0"))


def matmul(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c, 2), v.pick(c, 2)
    turned = c.one_of((y, f"{y}.T", y))
    return c.one_of((f"{x} @ {turned}", f"{v.module}.matmul({x}, {turned})"))


def transpose(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank = v.rank(x)
    one, two = _axis(c, rank), _axis(c, rank)
    if v.library == "torch":
        forms = [f"{x}.transpose({one}, {two})", f"{x}.permute({_order(c, rank) or 0})", f"{x}.swapaxes({one}, {two})", f"{x}.mT"]
        return c.one_of([*forms, f"{x}.T"] if rank == 2 else forms)
    return c.one_of(
        (
            f"{x}.T",
            f"{v.module}.swapaxes({x}, {one}, {two})",
            f"{v.module}.transpose({x}, ({_order(c, rank)}))",
            f"{v.module}.moveaxis({x}, {one}, {two})",
        )
    )


def _order(c: Choices, rank: int) -> str:
    left = list(range(rank))
    return ", ".join(str(left.pop(c.below(len(left)))) for _ in range(rank)) + ("," if rank == 1 else "")


def reshape(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank = v.rank(x)
    sizes = [f"{x}.shape[{axis}]" if v.rigid else str(v.values[x].shape[axis]) for axis in range(rank)]
    kind = c.one_of(("flat", "merge", "split", "any", "view"))
    if kind == "flat" or rank == 0:
        return f"{x}.reshape(-1)"
    if kind == "merge" and rank > 1:
        at = c.below(rank - 1)
        return f"{x}.reshape({', '.join([*sizes[:at], c.one_of(('-1', f'{sizes[at]} * {sizes[at + 1]}')), *sizes[at + 2 :]])})"
    if kind == "split":
        return f"{x}.reshape({', '.join([*sizes, c.one_of(('1', '-1', '2'))])})"
    if kind == "view" and v.library == "torch":
        return f"{x}.view({', '.join([c.one_of(('-1', '1')), *sizes])})"
    return f"{x}.reshape({', '.join([*sizes[1:], c.one_of((sizes[0], '-1', '2', sizes[-1]))])})"


def flatten(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    if v.library != "torch":
        return c.one_of((f"{x}.flatten()", f"{v.module}.ravel({x})"))
    return c.one_of(
        (f"{x}.flatten()", f"{x}.flatten({_axis(c, v.rank(x))})", f"torch.flatten({x}, start_dim={_axis(c, v.rank(x))})")
    )


def joined(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    y = v.pick(c, v.rank(x))
    name = "cat" if v.library == "torch" else "concatenate"
    if c.chance(40):
        name = "stack"
    rank = v.rank(x) + (name == "stack")
    parts = c.one_of((f"[{x}, {y}]", f"({x}, {x}, {y})", f"[{x}]"))
    return f"{v.module}.{name}({parts}, {v.axis_word}={_axis(c, rank)})" if c.chance(70) else f"{v.module}.{name}({parts})"


def reduction(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    name = c.one_of(("sum", "mean", "amax", "prod", "std") if v.library == "torch" else ("sum", "mean", "max", "prod", "std"))
    axis = _axis(c, v.rank(x))
    options = c.one_of(
        (f"{v.axis_word}={axis}", "", f"{v.axis_word}={axis}, {v.keep_word}=True", str(axis), f"{v.axis_word}=({axis},)")
    )
    if name == "prod" and options.endswith(",)"):
        options = ""
    return f"{x}.{name}({options})"


def arg_reduction(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    name = c.one_of(("argmax", "argmin"))
    return f"{x}.{name}({c.one_of((f'{v.axis_word}={_axis(c, v.rank(x))}', ''))})"


def cumulative(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return f"{v.module}.{c.one_of(('cumsum', 'cumprod'))}({x}, {v.axis_word}={_axis(c, v.rank(x))})"


_INDICES = ("0", ":", "1:", ":-1", "None", "-1", "::2", ":2", "...", "1:2", "::-1", "2", "True")


def index(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    count = c.below(v.rank(x) + 1) + 1 if not c.chance(5) else v.rank(x) + 2
    parts = [c.one_of(_INDICES) for _ in range(max(1, min(count, 4)))]
    return f"{x}[{', '.join(parts)}]"


def index_by_array(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    # The values of index arrays are not looked at, so they stay in range: index 0 always is.
    return c.one_of((f"{x}[{y} > 0]", f"{x}[[0, 0]]", f"{x}[..., [0, 0, 0]]", f"{x}[{v.module}.arange(1)]"))


def new_axis(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = _axis(c, v.rank(x) + 1)
    return f"{x}.unsqueeze({axis})" if v.library == "torch" else f"{v.module}.expand_dims({x}, {axis})"


def squeeze(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return c.one_of((f"{x}.squeeze({_axis(c, v.rank(x))})", f"{x}.squeeze()"))


def like(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return f"{v.module}.{c.one_of(('zeros_like', 'ones_like'))}({x})"


def made(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank = v.rank(x)
    sizes = [f"{x}.shape[{c.below(rank)}]" if rank and v.rigid else str(c.below(4) + 1) for _ in range(c.below(3) + 1)]
    if v.rigid and rank and c.chance(50):
        sizes[0] = c.one_of((f"{sizes[0]} + 1", f"2 * {sizes[0]}", "3"))
    listed = ", ".join(sizes)
    if v.library == "torch":
        return c.one_of(
            (
                f"torch.zeros({listed})",
                f"{x}.new_zeros({listed})",
                f"torch.ones({listed}, dtype=torch.int64)",
                f"torch.arange({sizes[0]})",
                f"torch.eye({sizes[0]})",
            )
        )
    return c.one_of(
        (
            f"{v.module}.zeros(({listed},))",
            f"{v.module}.ones(({listed},), dtype={v.module}.int32)",
            f"{v.module}.arange({sizes[0]})",
            f"{v.module}.eye({sizes[0]})",
        )
    )


def convert(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    if v.library == "torch":
        return c.one_of((f"{x}.float()", f"{x}.long()", f"{x}.to(torch.float64)", f"{x}.bool()", f"{x}.half()", f"{x}.int()"))
    return f"{x}.astype({v.module}.{c.one_of(('float32', 'int32', 'bool', 'float16'))})"


def softmax(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    if v.library != "torch":
        return f"{v.module}.maximum({x}, {v.pick(c)})"
    return c.one_of(
        (
            f"torch.softmax({x}, dim={_axis(c, v.rank(x))})",
            f"torch.relu({x})",
            f"torch.maximum({x}, {v.pick(c)})",
            f"{x}.sigmoid()",
        )
    )


def where(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    return f"{v.module}.where({x} > 0, {x}, {c.one_of((y, '0', y))})"


def repeat(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    times = ", ".join(str(c.below(2) + 1) for _ in range(v.rank(x) + c.below(2)))
    if v.library == "torch":
        forms = [f"{x}.repeat({times})", f"{x}.expand(2, {', '.join(['-1'] * v.rank(x))})", f"torch.broadcast_to({x}, {x}.shape)"]
        return c.one_of(forms if times else [f"{x}.expand(2)"])
    return c.one_of(
        (
            f"{v.module}.tile({x}, ({times or 2},))",
            f"{v.module}.repeat({x}, 2, axis={_axis(c, v.rank(x))})",
            f"{v.module}.broadcast_to({x}, {x}.shape)",
        )
    )


def einsum(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c, 2), v.pick(c, 2)
    one, two = "ij" if v.rank(x) == 2 else "ijkl"[: v.rank(x)], c.one_of(("jk", "kj", "ij"))
    result = c.one_of(("ik", "i", "", "ki"))
    return f'{v.module}.einsum("{one},{two}->{result}", {x}, {y})'


def pieces(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = _axis(c, v.rank(x))
    if v.library != "torch":
        return f"{v.module}.split({x}, 2, axis={axis})[0]"
    return c.one_of(
        (
            f"{x}.chunk(2, dim={axis})[0]",
            f"torch.split({x}, 2, dim={axis})[0]",
            f"{x}.unbind({axis})[0]",
            f"{x}.narrow({axis}, 0, 2)",
            f"{x}.select({axis}, 0)",
        )
    )


def moved(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = _axis(c, v.rank(x))
    if v.library == "torch":
        return c.one_of(
            (
                f"torch.flip({x}, [{axis}])",
                f"torch.roll({x}, 1, dims={axis})",
                f"{x}.sort(dim={axis}).values",
                f"{x}.topk(2, dim={axis}).indices",
            )
        )
    return c.one_of(
        (f"{v.module}.flip({x}, {axis})", f"{v.module}.roll({x}, 1, axis={axis})", f"{v.module}.sort({x}, axis={axis})")
    )


def layer(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    if v.library != "torch":
        return f"{v.module}.dot({x}, {v.pick(c)})"
    width = int(v.values[x].shape[-1]) if v.rank(x) and not v.rigid and not c.chance(10) else 3
    return c.one_of(
        (
            f"torch.nn.Linear({width}, 4)({x})",
            f"torch.nn.LayerNorm({width})({x})",
            f"torch.nn.functional.relu({x})",
            f"torch.nn.functional.pad({x}, (1, 2))",
        )
    )


OPERATIONS: Mapping[str, tuple[int, Template]] = {
    "elementwise": (6, binary),
    "unary": (3, unary),
    "number operand": (3, with_number),
    "comparison": (3, compare),
    "matmul": (6, matmul),
    "transpose": (5, transpose),
    "reshape": (6, reshape),
    "flatten": (2, flatten),
    "cat, stack": (5, joined),
    "reduction": (6, reduction),
    "argmax": (2, arg_reduction),
    "cumsum": (1, cumulative),
    "index": (6, index),
    "index by array": (2, index_by_array),
    "unsqueeze": (3, new_axis),
    "squeeze": (2, squeeze),
    "zeros_like": (1, like),
    "creation": (3, made),
    "conversion": (3, convert),
    "softmax": (3, softmax),
    "where": (2, where),
    "repeat": (3, repeat),
    "einsum": (2, einsum),
    "split": (3, pieces),
    "flip, sort": (2, moved),
    "layer": (2, layer),
}


def operation(c: Choices, arrays: Arrays) -> tuple[str, str]:
    """The construct and the text of an operation."""
    weights: Sequence[tuple[int, str]] = [(weight, name) for name, (weight, _) in OPERATIONS.items()]
    name = c.weighted(weights)
    return name, OPERATIONS[name][1](c, arrays)
