"""Golden values of U-ViT and SIREN, made by PyTorch; tests/nn/test_golden_networks.cpp compares Ito with them.

    python3 tests/golden/make_golden_networks.py     # PyTorch 1.13 or newer; rewrites uvit.safetensors and siren.safetensors

Layouts as in make_golden.py.
"""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from make_golden import save, save_network, weights


class Block(nn.Module):
    def __init__(self, dim, heads, ratio, skip):
        super().__init__()
        self.heads = heads
        if skip:
            self.skip = nn.Linear(2 * dim, dim)
        self.norm1, self.qkv, self.out = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.norm2, self.up, self.down = nn.LayerNorm(dim), nn.Linear(dim, ratio * dim), nn.Linear(ratio * dim, dim)

    def forward(self, x, partner):
        if partner is not None:
            x = self.skip(torch.cat([x, partner], 2))
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        a = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(c // self.heads), -1) @ v
        x = x + self.out(a.transpose(1, 2).reshape(n, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class UViT(nn.Module):
    """Bao et al.'s network as Ito has it, with Ito's parameter names."""

    def __init__(self, channels, size, patch, dim, depth, heads, ratio, classes):
        super().__init__()
        self.dim, self.side, self.p, self.half = dim, size // patch, patch, depth // 2
        self.patch = nn.Conv2d(channels, dim, patch, patch)
        self.position = nn.Parameter(torch.zeros(1, 2 + self.side**2, dim))
        self.label = nn.Embedding(classes + 1, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, ratio, i > self.half) for i in range(depth + 1))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, patch * patch * channels)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, t, label):
        half = self.dim // 2
        f = torch.exp(-math.log(1e4) * torch.arange(half) / (half - 1))
        time = torch.cat([torch.sin(t[:, None] * f), torch.cos(t[:, None] * f)], 1)
        h = torch.cat([time[:, None], self.label(label)[:, None], self.patch(x).flatten(2).transpose(1, 2)], 1) + self.position
        skips = []
        for i, block in enumerate(self.blocks):
            h = block(h, skips.pop() if i > self.half else None)
            if i < self.half:
                skips.append(h)
        h = self.head(self.norm(h))[:, 2:]
        n, s, p = len(x), self.side, self.p
        return self.last(h.reshape(n, s, s, p, p, -1).permute(0, 5, 1, 3, 2, 4).reshape(n, -1, s * p, s * p))


def uvit():
    net = UViT(channels=2, size=8, patch=2, dim=16, depth=2, heads=2, ratio=2, classes=3)
    # Ito's patch embedding is a linear layer of patches
    save_network("uvit", net, 0.3, lambda name, w: weights(w).flatten(1) if name == "patch.weight" else weights(w))


def siren(x, parameters):
    """h = sin(30 (W h + b)), linear at the end; with a leading axis of signals in every parameter, or without."""
    h = x
    for i in range(0, len(parameters), 2):
        w, b = parameters[i], parameters[i + 1]
        h = h @ w.transpose(-1, -2) + (b[:, None] if b.dim() == 2 else b)
        h = torch.sin(30 * h) if i + 2 < len(parameters) else h
    return h


def sirens():
    """Values and gradients of a SIREN; and the gradient of the loss after three inner gradient steps, one set of weights for each of four signals."""
    widths, names, parameters = [2, 16, 16, 16, 1], [], []
    for i in range(4):
        n = widths[i]
        bound = 1 / n if i == 0 else math.sqrt(6 / n) / 30
        names += [f"layers.{i}.weight", f"layers.{i}.bias"]
        parameters += [(torch.rand(widths[i + 1], n) * 2 - 1) * bound, (torch.rand(widths[i + 1]) * 2 - 1) / math.sqrt(n)]
    parameters = [p.requires_grad_() for p in parameters]
    x = (torch.rand(30, 2) * 2 - 1).requires_grad_()
    y = siren(x, parameters)
    cotangent = torch.randn_like(y)
    gradients = torch.autograd.grad(y, [x] + parameters, cotangent)
    out = {"x": x, "y": y, "dy": cotangent, "dx": gradients[0]}

    signals = torch.randn(4, 30, 1)
    theta = [p.expand(4, *p.shape) for p in parameters]
    loss = lambda: ((siren(x.detach(), theta) - signals) ** 2).mean()
    for _ in range(3):
        steps = torch.autograd.grad(4 * loss(), theta, create_graph=True)
        theta = [p - 0.01 * g for p, g in zip(theta, steps)]
    out["signals"], out["outer_loss"] = signals, loss().reshape(1)
    for name, p, g, outer in zip(names, parameters, gradients[1:], torch.autograd.grad(loss(), parameters)):
        out["weights." + name], out["gradients." + name], out["outer." + name] = p, g, outer
    save("siren", out)


if __name__ == "__main__":
    uvit()
    sirens()
    print("made with PyTorch", torch.__version__, "and Python", sys.version.split()[0])
