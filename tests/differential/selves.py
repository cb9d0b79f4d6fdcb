"""Programs with sizes that are attributes of the object: `{self.k}`. Outside of the class nobody knows such a size."""

from __future__ import annotations

from tests.differential.modules import Writer, function, indented


def own_sizes(w: Writer) -> None:
    """A class with a size of its own, methods that call one another, and calls from outside."""
    c = w.c
    k = 5 + c.below(3)
    weight = c.one_of(("k, 2 * k", "k, 2 * k", "2 * k, k"))
    taken = c.one_of(
        ("x @ self.w", "x @ self.w", "x @ self.w.T", "x", "torch.cat([x, x], dim=1)", "x.new_zeros(x.shape[0], 2 * self.k)")
    )
    again = c.one_of(("self.take(x)[:, : self.k]", "x + x", "self.take(x)", "self.twice(x.T)", "x[:, : self.k]", "x * self.k"))
    row = 'x: Float[Tensor, "b {self.k}"]'
    methods = [
        function("__init__", ["self", "k: int"], ["self.k = k", f"self.w = torch.zeros({weight})"]),
        function("take", ["self", row], [f"return {taken}"], 'Float[Tensor, "b 2*{self.k}"]'),
        function("twice", ["self", row], [f"return {again}"], 'Float[Tensor, "b {self.k}"]'),
    ]
    w.functions.append(f"class Sized:\n{indented(chr(10).join(methods))}")
    size = k + 1 if c.chance(15) else k
    w.main += [f"it = Sized({k})", f"r = it.take(torch.zeros(3, {size}))", "reveal_type(r)"]
    w.main += [f"it.twice(torch.zeros(3, {size}))"] if "twice" not in again else []
    w.partial = True
