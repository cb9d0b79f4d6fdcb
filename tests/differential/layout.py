"""Generated operations that make arrays, or move, join, repeat and cut their axes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.arrays import Arrays, Template, axis_of, order_of
from tests.differential.choices import Choices


def transpose(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank = v.rank(x)
    one, two = axis_of(c, rank), axis_of(c, rank)
    if v.library == "torch":
        forms = [
            f"{x}.transpose({one}, {two})",
            f"{x}.permute({order_of(c, rank) or 0})",
            f"{x}.swapaxes({one}, {two})",
            f"{x}.mT",
        ]
        forms += [f"torch.permute({x}, [{order_of(c, rank)}])", f"torch.movedim({x}, {one}, {two})", f"{x}.t()"]
        return c.one_of([*forms, f"{x}.T"] if rank == 2 else forms)
    return c.one_of(
        (
            f"{x}.T",
            f"{v.module}.swapaxes({x}, {one}, {two})",
            f"{v.module}.transpose({x}, ({order_of(c, rank)}{',' * (rank == 1)}))",
            f"{v.module}.moveaxis({x}, {one}, {two})",
        )
    )


def reshape(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank, sizes = v.rank(x), v.sizes(x)
    kind = c.one_of(("flat", "merge", "split", "any", "view", "unflatten"))
    if kind == "flat" or rank == 0:
        return f"{x}.reshape(-1)"
    if kind == "merge" and rank > 1:
        at = c.below(rank - 1)
        return f"{x}.reshape({', '.join([*sizes[:at], c.one_of(('-1', f'{sizes[at]} * {sizes[at + 1]}')), *sizes[at + 2 :]])})"
    if kind == "split":
        return f"{x}.reshape({', '.join([*sizes, c.one_of(('1', '-1', '2'))])})"
    if kind == "view" and v.library == "torch":
        return f"{x}.view({', '.join([c.one_of(('-1', '1')), *sizes])})"
    if kind == "unflatten" and v.library == "torch":
        axis = axis_of(c, rank)
        return c.one_of((f"{x}.unflatten({axis}, ({c.below(3) + 1}, -1))", f"{x}.contiguous().view({sizes[0]}, -1)"))
    return f"{x}.reshape({', '.join([*sizes[1:], c.one_of((sizes[0], '-1', '2', sizes[-1]))])})"


def flatten(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    if v.library != "torch":
        return c.one_of((f"{x}.flatten()", f"{v.module}.ravel({x})"))
    return c.one_of(
        (f"{x}.flatten()", f"{x}.flatten({axis_of(c, v.rank(x))})", f"torch.flatten({x}, start_dim={axis_of(c, v.rank(x))})")
    )


def joined(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    y = v.pick(c, v.rank(x))
    name = "cat" if v.library == "torch" else "concatenate"
    if c.chance(40):
        name = "stack"
    rank = v.rank(x) + (name == "stack")
    parts = c.one_of((f"[{x}, {y}]", f"({x}, {x}, {y})", f"[{x}]"))
    return f"{v.module}.{name}({parts}, {v.axis_word}={axis_of(c, rank)})" if c.chance(70) else f"{v.module}.{name}({parts})"


def new_axis(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = axis_of(c, v.rank(x) + 1)
    return f"{x}.unsqueeze({axis})" if v.library == "torch" else f"{v.module}.expand_dims({x}, {axis})"


def squeeze(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    return c.one_of((f"{x}.squeeze({axis_of(c, v.rank(x))})", f"{x}.squeeze()"))


def like(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    names = ("zeros_like", "ones_like", "empty_like", *(("rand_like", "randn_like") if v.library == "torch" else ()))
    name = c.one_of(names)
    return f"{v.module}.zeros_like({x})" if name == "empty_like" else f"{v.module}.{name}({x})"


def made(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    rank = v.rank(x)
    sizes = [v.size(x, c.below(rank)) if rank and v.rigid else str(c.below(4) + 1) for _ in range(c.below(3) + 1)]
    if v.rigid and rank and c.chance(50):
        sizes[0] = c.one_of((f"{sizes[0]} + 1", f"2 * {sizes[0]}", "3"))
    listed = ", ".join(sizes)
    forms = [f"{v.module}.arange({sizes[0]})", f"{v.module}.eye({sizes[0]})", f"{v.module}.linspace(0, 1, {sizes[0]})"]
    forms += [f"{v.module}.full(({listed},), 2)", f"{v.module}.arange(0, {sizes[0]}, 2)", f"{v.module}.zeros(({listed},))"]
    if v.library == "torch":
        forms += [f"torch.ones({listed}, dtype=torch.int64)", f"{x}.new_zeros({listed})", f"torch.zeros({listed})"]
        forms += [f"torch.randint(0, 1, ({listed},))", f"torch.randn({listed})", f"{x}.new_full(({listed},), 1)"]
        forms += [f"torch.tensor([{listed}])", f"torch.rand(({listed},)).numpy()" if c.chance(10) else f"torch.rand({listed})"]
        return c.one_of(forms)
    forms += [f"{v.module}.ones(({listed},), dtype={v.module}.int32)", f"{v.module}.array([{listed}])"]
    return c.one_of(forms)


def repeat(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    times = ", ".join(str(c.below(2) + 1) for _ in range(v.rank(x) + c.below(2)))
    axis = axis_of(c, v.rank(x))
    if v.library == "torch":
        forms = [f"{x}.repeat({times})", f"{x}.expand(2, {', '.join(['-1'] * v.rank(x))})", f"torch.broadcast_to({x}, {x}.shape)"]
        forms += [
            f"{x}.expand_as({y})",
            f"{x}.expand({y}.shape)",
            f"{x}.repeat_interleave(2, dim={axis})",
            f"torch.tile({x}, (2,))",
        ]
        return c.one_of(forms if times else [f"{x}.expand(2)"])
    return c.one_of(
        (
            f"{v.module}.tile({x}, ({times or 2},))",
            f"{v.module}.repeat({x}, 2, axis={axis})",
            f"{v.module}.broadcast_to({x}, {y}.shape)",
            f"{v.module}.broadcast_to({x}, (2, *{x}.shape))",
        )
    )


def uneven(c: Choices, v: Arrays) -> str:
    """Pieces that need not be of one size."""
    x = v.pick(c)
    if v.library == "torch":
        return pieces(c, v)
    return f"{v.module}.array_split({x}, 2, axis={axis_of(c, v.rank(x))})[1]"


def pieces(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = axis_of(c, v.rank(x))
    if v.library != "torch":
        return f"{v.module}.split({x}, 2, axis={axis})[0]"
    return c.one_of(
        (
            f"{x}.chunk(2, dim={axis})[0]",
            f"torch.split({x}, 2, dim={axis})[0]",
            f"{x}.unbind({axis})[0]",
            f"{x}.narrow({axis}, 0, 2)",
            f"{x}.select({axis}, 0)",
            f"{x}.split([1, 2], dim={axis})[1]",
            f"{x}.unfold({axis}, 2, 1)",
        )
    )


def moved(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    axis = axis_of(c, v.rank(x))
    if v.library == "torch":
        return c.one_of(
            (
                f"torch.flip({x}, [{axis}])",
                f"torch.roll({x}, 1, dims={axis})",
                f"{x}.sort(dim={axis}).values",
                f"{x}.topk(2, dim={axis}).indices",
                f"torch.tril({x})",
                f"torch.diag({x})",
                f"torch.diff({x}, dim={axis})",
                f"{x}.diagonal()",
            )
        )
    return c.one_of(
        (
            f"{v.module}.flip({x}, {axis})",
            f"{v.module}.roll({x}, 1, axis={axis})",
            f"{v.module}.sort({x}, axis={axis})",
            f"{v.module}.triu({x})",
            f"{v.module}.diff({x}, axis={axis})",
            f"{v.module}.pad({x}, 1)",
        )
    )


LAYOUT: Mapping[str, tuple[int, Template]] = {
    "transpose": (5, transpose),
    "reshape": (6, reshape),
    "flatten": (2, flatten),
    "cat, stack": (5, joined),
    "unsqueeze": (3, new_axis),
    "squeeze": (2, squeeze),
    "zeros_like": (1, like),
    "creation": (4, made),
    "repeat": (4, repeat),
    "split": (4, pieces),
    "uneven pieces": (1, uneven),
    "flip, sort": (3, moved),
}
