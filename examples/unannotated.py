"""A vision transformer as it was before anybody annotated it: `shapecheck annotate` starts here.

Shapes are where researchers leave them: in comments, in unpackings of `.shape`, in layer sizes.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class PatchEmbed(nn.Module):
    """Image to a sequence of patch embeddings."""

    def __init__(self, img_size=32, patch_size=8, in_chans=3, embed_dim=48):
        super().__init__()
        self.num_patches = (img_size // patch_size) ** 2
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, x):
        B, C, H, W = x.shape
        x = self.proj(x)  # (B, D, H/P, W/P)
        x = x.flatten(2).transpose(1, 2)  # (B, N, D)
        return x


class Attention(nn.Module):
    def __init__(self, dim, num_heads=4, attn_drop=0.0, proj_drop=0.0):
        super().__init__()
        assert dim % num_heads == 0
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, N, C/heads)

        attn = (q @ k.transpose(-2, -1)) * self.scale  # (B, heads, N, N)
        attn = attn.softmax(dim=-1)
        attn = self.attn_drop(attn)

        x = (attn @ v).transpose(1, 2).reshape(B, N, C)
        x = self.proj(x)
        x = self.proj_drop(x)
        return x


class Mlp(nn.Module):
    def __init__(self, dim, hidden_dim, drop=0.0):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        # x: (B, N, C)
        x = self.drop(F.gelu(self.fc1(x)))
        return self.drop(self.fc2(x))


class Block(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio=4, drop=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, num_heads, drop, drop)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, dim * mlp_ratio, drop)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return x  # (B, N, C)


class VisionTransformer(nn.Module):
    def __init__(self, img_size=32, patch_size=8, embed_dim=48, depth=2, num_heads=4, drop=0.0):
        super().__init__()
        self.patch_embed = PatchEmbed(img_size, patch_size, 3, embed_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.patch_embed.num_patches + 1, embed_dim))
        self.blocks = nn.ModuleList([Block(embed_dim, num_heads, drop=drop) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim)
        self.neck = nn.Linear(embed_dim, 64)
        self.head = nn.Linear(64, 4)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)

    def forward_features(self, x):
        B = x.shape[0]
        x = self.patch_embed(x)
        cls = self.cls_token.expand(B, -1, -1)  # (B, 1, D)
        x = torch.cat((cls, x), dim=1)  # (B, N + 1, D)
        x = x + self.pos_embed
        for blk in self.blocks:
            x = blk(x)
        x = self.norm(x)
        return x[:, 0]  # (B, D)

    def forward(self, images):
        """
        Args:
            images: (B, 3, 32, 32)

        Returns:
            logits of shape (B, 4)
        """
        features = self.forward_features(images)
        return self.head(F.gelu(self.neck(features)))


def smooth_targets(labels, num_classes, eps=0.1):
    """One-hot labels with a little mass on every other class.  labels: (B,)  ->  (B, K)"""
    onehot = F.one_hot(labels, num_classes).float()
    return onehot * (1 - eps) + eps / num_classes


def soft_cross_entropy(logits, targets):
    # logits: (B, K), targets: (B, K)
    log_probs = F.log_softmax(logits, dim=-1)
    loss = -(targets * log_probs).sum(dim=-1)  # (B,)
    return loss.mean()


def topk_accuracy(logits, labels, k=1):
    B, K = logits.shape
    assert labels.shape == (B,)
    top = logits.topk(k, dim=1).indices  # (B, k)
    return (top == labels[:, None]).any(dim=1).float().mean()


def make_batch(textures, batch_size, noise=1.0):
    """Noisy copies of K textures, moved and mirrored; the label says which texture it was."""
    K, C, H, W = textures.shape
    labels = torch.randint(K, (batch_size,))
    images = textures[labels]  # (B, C, H, W)
    images = torch.roll(images, shifts=int(torch.randint(H, ())), dims=2)
    images = torch.where(torch.rand(batch_size, 1, 1, 1) < 0.5, images, images.flip(-1))
    return images + noise * torch.randn(batch_size, C, H, W), labels


def adjust_lr(optimizer, step, steps, base_lr):
    lr = 0.5 * base_lr * (1 + math.cos(math.pi * step / steps))
    for group in optimizer.param_groups:
        group["lr"] = lr


def main():
    torch.manual_seed(0)
    # smooth random fields: (K, 3, 32, 32)
    textures = F.interpolate(torch.randn(4, 3, 4, 4), size=(32, 32), mode="bilinear")
    model = VisionTransformer(drop=0.05)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    steps = 40
    for step in range(steps):
        adjust_lr(optimizer, step, steps, 2e-3)
        images, labels = make_batch(textures, 32)
        loss = soft_cross_entropy(model(images), smooth_targets(labels, 4))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0 or step == steps - 1:
            print(f"step {step:2d}  loss {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        images, labels = make_batch(textures, 128)
        print(f"accuracy {topk_accuracy(model(images), labels).item():.3f}")


if __name__ == "__main__":
    main()
