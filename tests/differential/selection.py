"""Generated operations that pick elements by index, and products of arrays.

The values of index arrays are not looked at, so they stay in range: index 0 always is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.arrays import Arrays, Template, axis_of
from tests.differential.choices import Choices

_INDICES = ("0", ":", "1:", ":-1", "None", "-1", "::2", ":2", "...", "1:2", "::-1", "2", "True")


def index(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    count = c.below(v.rank(x) + 1) + 1 if not c.chance(5) else v.rank(x) + 2
    return f"{x}[{', '.join(c.one_of(_INDICES) for _ in range(max(1, min(count, 4))))}]"


def index_by_array(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    zeros = (
        f"{v.module}.zeros_like({y}, dtype={v.module}.int32)"
        if v.library != "torch"
        else f"torch.zeros_like({y}, dtype=torch.int64)"
    )
    forms = [f"{x}[[0, 0]]", f"{x}[..., [0, 0, 0]]", f"{x}[{v.module}.arange(1)]", f"{x}[{zeros}]", f"{x}[:, {zeros}]"]
    if v.library == "jax":
        forms += [f"{x}.at[0].set(1)", f"{x}.at[..., 0].add({y})"]
    return c.one_of(forms)


def by_data(c: Choices, v: Arrays) -> str:
    """Elements whose number the data decide."""
    x, y = v.pick(c), v.pick(c)
    forms = [
        f"{x}[{y} > 0]",
        f"{v.module}.unique({x})",
        f"{v.module}.nonzero({x})" if v.library == "torch" else f"{v.module}.nonzero({x})[0]",
    ]
    return c.one_of(forms)


def taken(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c), v.pick(c)
    axis = axis_of(c, v.rank(x))
    if v.library == "torch":
        zeros = f"torch.zeros_like({y}, dtype=torch.int64)"
        return c.one_of(
            (
                f"{x}.gather({axis}, {zeros})",
                f"{x}.index_select({axis}, torch.zeros(2, dtype=torch.int64))",
                f"torch.gather({x}, dim={axis}, index={x}.argsort({axis}))",
                f"{x}.scatter({axis}, {zeros}, {y})",
                f"torch.take_along_dim({x}, {zeros}, dim={axis})",
                f"{x}.masked_fill({y} > 0, 0)",
                f"{x}.index_add({axis}, torch.zeros(1, dtype=torch.int64), {y})",
                f"{x}.scatter_add({axis}, {zeros}, {y})",
            )
        )
    zeros = f"{v.module}.zeros_like({y}, dtype={v.module}.int32)"
    return c.one_of((f"{v.module}.take({x}, {zeros}, axis={axis})", f"{v.module}.take_along_axis({x}, {zeros}, axis={axis})"))


def matmul(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c, 2), v.pick(c, 2)
    turned = c.one_of((y, f"{y}.T", y))
    forms = [f"{x} @ {turned}", f"{v.module}.matmul({x}, {turned})", f"{v.module}.outer({x}, {y})"]
    if v.library == "torch":
        forms += [
            f"torch.bmm({v.pick(c, 3)}, {v.pick(c, 3)})",
            f"torch.mm({x}, {y})",
            f"torch.mv({x}, {v.pick(c, 1)})",
            f"{x}.matmul({y}.mT)",
        ]
    else:
        forms += [f"{v.module}.dot({x}, {turned})", f"{v.module}.tensordot({x}, {y}, axes=1)", f"{v.module}.inner({x}, {y})"]
    return c.one_of(forms)


def einsum(c: Choices, v: Arrays) -> str:
    x, y = v.pick(c, 2), v.pick(c, 2)
    one, two = "ij" if v.rank(x) == 2 else "ijkl"[: v.rank(x)], c.one_of(("jk", "kj", "ij"))
    result = c.one_of(("ik", "i", "", "ki"))
    return c.one_of((f'{v.module}.einsum("{one},{two}->{result}", {x}, {y})', f'{v.module}.einsum("...i->i...", {x})'))


def einops(c: Choices, v: Arrays) -> str:
    x = v.pick(c)
    names = "abcdefgh"[: v.rank(x)] if not c.chance(8) else "ab"
    axes = list(names)
    turned = [axes.pop(c.below(len(axes))) for _ in range(len(axes))]
    pattern, result = " ".join(names), " ".join(turned)
    merged = f"({' '.join(turned[:2])}) {' '.join(turned[2:])}"
    forms = [f'einops.rearrange({x}, "{pattern} -> {result}")', f'einops.rearrange({x}, "{pattern} -> {merged}")']
    forms += [
        f'einops.reduce({x}, "{pattern} -> {" ".join(turned[1:])}", "max")',
        f'einops.repeat({x}, "{pattern} -> {result} r", r=2)',
    ]
    if names:
        forms.append(f'einops.rearrange({x}, "(n {names[0]}) {" ".join(names[1:])} -> n {" ".join(names)}", n=2)')
    return c.one_of(forms)


SELECTION: Mapping[str, tuple[int, Template]] = {
    "index": (6, index),
    "index by array": (2, index_by_array),
    "index by data": (1, by_data),
    "gather, scatter": (3, taken),
    "matmul": (6, matmul),
    "einsum": (2, einsum),
    "einops": (2, einops),
}
