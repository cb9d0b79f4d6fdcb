"""A residual convolutional network in PyTorch that tells striped images apart.

The data arrive as a camera gives them (bytes, channels last) and are converted at the boundary.

Axes: b batch, n images, c channels, h height, w width.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int, Int64, UInt8
from torch import Tensor, nn

N_CLASSES = 10


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        residual = x
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return F.relu(x + residual)


class Downsample(nn.Module):
    """Half the resolution, `c_out` channels."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(c_in, c_out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out h//2 w//2"]:
        out: Float[Tensor, "b c_out h//2 w//2"] = self.layers(x)
        return out


class StripeNet(nn.Module):
    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=5, stride=2, padding=2)
        self.bn = nn.BatchNorm2d(16)
        self.stage1 = nn.Sequential(ResidualBlock(16), Downsample(16, 32))
        self.stage2 = nn.Sequential(ResidualBlock(32), Downsample(32, 64))
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(64 * 4 * 4, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images: Float[Tensor, "b 3 32 32"]) -> Float[Tensor, "b 10"]:
        x: Float[Tensor, "b 16 16 16"] = F.relu(self.bn(self.stem(images)))
        x = self.stage1(x)  # (b, 32, 8, 8)
        x = self.stage2(x)  # (b, 64, 4, 4)
        x = x.flatten(1)  # (b, 1024)
        x = self.dropout(F.relu(self.fc1(x)))
        logits: Float[Tensor, "b 10"] = self.fc2(x)
        return logits


def stripes(
    labels: Int64[Tensor, " n"], generator: torch.Generator, size: int = 32
) -> UInt8[Tensor, "n h w 3"]:
    """Noisy colour images of stripes; the label is the direction of the stripes."""
    n = labels.shape[0]
    angle = labels * (math.pi / N_CLASSES)
    grid = torch.linspace(-1, 1, size)
    phase = torch.rand(n, 1, 1, generator=generator) * 2 * math.pi
    along = angle.cos()[:, None, None] * grid[None, None, :]
    across = angle.sin()[:, None, None] * grid[None, :, None]
    wave = torch.sin(8 * (along + across) + phase)  # (n, h, w)
    tint = 0.5 + 0.5 * torch.rand(n, 1, 1, 3, generator=generator)
    noise = 0.3 * torch.randn(n, size, size, 3, generator=generator)
    images = (wave.unsqueeze(-1) * tint + noise).clamp(-1, 1)
    return ((images + 1) * 127.5).to(torch.uint8)


def to_model_input(images: UInt8[Tensor, "n h w c"]) -> Float32[Tensor, "n c h w"]:
    """Bytes with channels last to floats around zero with channels first."""
    x = images.permute(0, 3, 1, 2).float() / 255
    mean = x.mean(dim=(0, 2, 3), keepdim=True)  # (1, c, 1, 1)
    std = x.std(dim=(0, 2, 3), keepdim=True)
    return (x - mean) / std


def accuracy(logits: Float[Tensor, "b classes"], labels: Int[Tensor, " b"]) -> float:
    predicted = logits.argmax(dim=1)
    return (predicted == labels).float().mean().item()


def train_step(
    model: StripeNet,
    optimizer: torch.optim.Optimizer,
    images: Float[Tensor, "b 3 32 32"],
    labels: Int64[Tensor, " b"],
) -> Float[Tensor, ""]:
    optimizer.zero_grad()
    logits = model(images)
    loss = F.cross_entropy(logits, labels, label_smoothing=0.05)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def confusion(
    model: StripeNet, images: Float[Tensor, "n 3 32 32"], labels: Int64[Tensor, " n"]
) -> Int64[Tensor, "10 10"]:
    """How often label `i` was taken for label `j`."""
    model.eval()
    predicted = model(images).argmax(dim=-1)
    pairs = labels * N_CLASSES + predicted
    return torch.bincount(pairs, minlength=N_CLASSES**2).view(10, 10)


def main() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(N_CLASSES, (384,), generator=generator)
    images = to_model_input(stripes(labels, generator))
    train_images, test_images = images[:256], images[256:]
    train_labels, test_labels = labels[:256], labels[256:]

    model = StripeNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    for epoch in range(4):
        model.train()
        order = torch.randperm(256, generator=generator)
        losses = [
            train_step(model, optimizer, train_images[batch], train_labels[batch])
            for batch in order.view(-1, 32)
        ]
        print(f"epoch {epoch}  loss {torch.stack(losses).mean().item():.4f}")

    model.eval()
    with torch.no_grad():
        print(f"accuracy {accuracy(model(test_images), test_labels):.3f}")
    print("confused", int(confusion(model, test_images, test_labels).fill_diagonal_(0).sum()))


if __name__ == "__main__":
    main()
