"""A small GPT in PyTorch, annotated with plain jaxtyping.

It trains on sequences that count upwards by a stride which the model has to read from its context,
then continues a few of them.

Axes: b batch, t time, d model width, h heads, hs head size, v vocabulary.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


@dataclass(frozen=True)
class GPTConfig:
    block_size: int = 16
    vocab_size: int = 23
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 48
    dropout: float = 0.0
    bias: bool = False


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        scale = torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        normed = x * scale
        return normed * self.weight


class CausalSelfAttention(nn.Module):
    mask: Bool[Tensor, "1 1 block block"]

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        assert config.n_embd % config.n_head == 0
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.attn_dropout = nn.Dropout(config.dropout)
        self.resid_dropout = nn.Dropout(config.dropout)
        self.n_head = config.n_head
        self.n_embd = config.n_embd
        size = config.block_size
        future = torch.ones(size, size, dtype=torch.bool).triu(diagonal=1)
        self.register_buffer("mask", future.view(1, 1, size, size), persistent=False)

    def attend(
        self,
        q: Float[Tensor, "b h t hs"],
        k: Float[Tensor, "b h t hs"],
        v: Float[Tensor, "b h t hs"],
    ) -> Float[Tensor, "b h t hs"]:
        T = q.size(-2)
        att = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        att = att.masked_fill(self.mask[:, :, :T, :T], float("-inf"))
        weights: Float[Tensor, "b h t t"] = self.attn_dropout(F.softmax(att, dim=-1))
        return weights @ v

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)  # (B, nh, T, hs)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)  # (B, nh, T, hs)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)  # (B, nh, T, hs)
        y = self.attend(q, k, v)
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        x = self.resid_dropout(self.c_proj(y))
        return x


class MLP(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.net = nn.ModuleDict(
            {
                "c_fc": nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias),
                "act": nn.GELU(),
                "c_proj": nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias),
                "dropout": nn.Dropout(config.dropout),
            }
        )

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        hidden: Float[Tensor, "b t 4*d"] = self.net["c_fc"](x)
        hidden = self.net["act"](hidden)
        x = self.net["c_proj"](hidden)
        x = self.net["dropout"](x)
        return x


class Block(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln_1 = RMSNorm(config.n_embd)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = RMSNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlp(self.ln_2(x))
        return x


def unembed(hidden: Float[Tensor, "b t d"], table: Float[Tensor, "v d"]) -> Float[Tensor, "b t v"]:
    """Scores of every token of the vocabulary, with the token embedding as output layer."""
    return torch.einsum("btd,vd->btv", hidden, table)


def pick(
    logits: Float[Tensor, "b v"], temperature: float, top_k: int | None = None
) -> Int[Tensor, "b 1"]:
    """The next token of every row: the likeliest at temperature 0, else a sample."""
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    logits = logits / temperature
    if top_k is not None:
        best, _ = torch.topk(logits, min(top_k, logits.size(-1)))
        logits = logits.masked_fill(logits < best[:, [-1]], float("-inf"))
    probs = F.softmax(logits, dim=-1)
    return torch.multinomial(probs, num_samples=1)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.n_layer)])
        self.ln_f = RMSNorm(config.n_embd)
        self.apply(self._init_weights)
        for name, p in self.named_parameters():
            if name.endswith("c_proj.weight"):  # the residual stream sums 2 * n_layer of these
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * config.n_layer))

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(
        self, idx: Int[Tensor, "b t"], targets: Int[Tensor, "b t"] | None = None
    ) -> tuple[Float[Tensor, "b t v"], Float[Tensor, ""] | None]:
        B, T = idx.shape
        assert T <= self.config.block_size, f"{T} tokens, but block_size {self.config.block_size}"
        pos = torch.arange(0, T, dtype=torch.long, device=idx.device)  # (T,)
        tok_emb = self.wte(idx)  # (B, T, C)
        pos_emb = self.wpe(pos)  # (T, C)
        x: Float[Tensor, "b t d"] = self.drop(tok_emb + pos_emb)
        for block in self.blocks:
            x = block(x)
        x = self.ln_f(x)
        logits = unembed(x, self.wte.weight)
        loss = None
        if targets is not None:
            loss = F.cross_entropy(logits.view(B * T, -1), targets.reshape(B * T))
        return logits, loss

    @torch.no_grad()
    def generate(
        self,
        idx: Int[Tensor, "b t"],
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
    ) -> Int[Tensor, "b total"]:
        for _ in range(max_new_tokens):
            context = idx[:, -self.config.block_size :]
            logits: Float[Tensor, "b context v"]
            logits, _loss = self(context)
            idx_next = pick(logits[:, -1, :], temperature, top_k)
            idx = torch.cat((idx, idx_next), dim=1)
        return idx

    def configure_optimizer(self, lr: float, weight_decay: float) -> torch.optim.Optimizer:
        params = list(self.parameters())
        groups = [
            {"params": [p for p in params if p.dim() >= 2], "weight_decay": weight_decay},
            {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))


def counting(n_sequences: int, length: int, vocab_size: int) -> Int[Tensor, "b n"]:
    """Sequences `start, start + stride, ...` modulo the vocabulary, each with its own stride."""
    start = torch.randint(vocab_size, (n_sequences, 1))
    stride = torch.randint(1, 4, (n_sequences, 1))
    return (start + stride * torch.arange(length)) % vocab_size


def learning_rate(step: int, steps: int, peak: float, warmup: int = 10) -> float:
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


def train(model: GPT, steps: int, batch_size: int = 16, lr: float = 3e-3) -> list[float]:
    config = model.config
    optimizer = model.configure_optimizer(lr, weight_decay=0.01)
    losses: list[float] = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, lr)
        batch = counting(batch_size, config.block_size + 1, config.vocab_size)
        x, y = batch[:, :-1], batch[:, 1:]
        _, loss = model(x, y)
        assert loss is not None
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step:3d}  loss {losses[-1]:.4f}")
    return losses


@torch.no_grad()
def accuracy(model: GPT, tokens: Int[Tensor, "b n"]) -> float:
    """The share of tokens that the model predicts from those before them."""
    model.eval()
    logits, _ = model(tokens[:, :-1])
    hits: Bool[Tensor, "b n-1"] = logits.argmax(dim=-1) == tokens[:, 1:]
    model.train()
    return hits.float().mean().item()


def main() -> None:
    torch.manual_seed(0)
    config = GPTConfig()
    model = GPT(config)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    train(model, steps=120)
    held_out = counting(64, config.block_size + 1, config.vocab_size)
    print(f"accuracy {accuracy(model, held_out):.3f}")
    for row in model.generate(held_out[:3, :6], max_new_tokens=8, temperature=0.0).tolist():
        print(*row)


if __name__ == "__main__":
    main()
