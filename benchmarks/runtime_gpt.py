"""A GPT of 12 layers on the CPU, with and without every function of it checked. Part of `python -m benchmarks.runtime`."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

WIDTH, HEADS, LAYERS, VOCABULARY, CONTEXT = 64, 4, 12, 256, 16


def gpt(decorate: Callable[[Any], Any]) -> nn.Module:
    """The model, each of its functions under a decorator."""

    @decorate
    def split(x: Float[Tensor, "b t d"], heads: int) -> Float[Tensor, "b h t e"]:
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    @decorate
    def merge(x: Float[Tensor, "b h t e"]) -> Float[Tensor, "b t h*e"]:
        return x.transpose(1, 2).flatten(2)

    @decorate
    def attend(q: Float[Tensor, "b h t e"], k: Float[Tensor, "b h t e"], v: Float[Tensor, "b h t e"]) -> Float[Tensor, "b h t e"]:
        return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        @decorate
        def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
            q, k, v = (split(part, HEADS) for part in self.qkv(x).chunk(3, -1))
            out: Tensor = self.out(merge(attend(q, k, v)))
            return out

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        @decorate
        def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
            out: Tensor = self.down(nn.functional.gelu(self.up(x)))
            return out

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.mlp = Attention(), Mlp()
            self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))

        @decorate
        def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
            x = x + self.attention(self.norms[0](x))
            out: Tensor = x + self.mlp(self.norms[1](x))
            return out

    class Gpt(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
            self.head = nn.Linear(WIDTH, VOCABULARY)

        @decorate
        def forward(self, ids: Int[Tensor, "b t"]) -> Float[Tensor, "b t v"]:
            x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
            for block in self.blocks:
                x = block(x)
            out: Tensor = self.head(x)
            return out

    return Gpt().eval()


def forward(model: nn.Module, batch: int) -> Callable[[], object]:
    """One pass over a batch."""
    ids = torch.zeros(batch, CONTEXT, dtype=torch.int64)

    def run() -> object:
        with torch.inference_mode():
            return model(ids)

    return run
