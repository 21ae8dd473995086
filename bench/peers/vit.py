"""ViT and U-ViT (Bao et al. 2022) in PyTorch, as nn/vit.h has them."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, dim, heads, ratio, skip):
        super().__init__()
        self.heads = heads
        self.skip = nn.Linear(2 * dim, dim) if skip else None
        self.norm1, self.qkv, self.out = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.norm2, self.up, self.down = nn.LayerNorm(dim), nn.Linear(dim, ratio * dim), nn.Linear(ratio * dim, dim)

    def forward(self, x, partner=None):
        if self.skip is not None:
            x = self.skip(torch.cat([x, partner], 2))
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, channels=1, size=32, patch=4, dim=128, depth=4, heads=4, ratio=4, long_skips=True):
        super().__init__()
        self.dim, self.p, self.side = dim, patch, size // patch
        self.half = depth // 2 if long_skips else 0  # blocks whose output goes over a long skip
        self.patch = nn.Conv2d(channels, dim, patch, patch)
        self.position = nn.Parameter(torch.randn(1, 1 + self.side**2, dim) * 0.02)
        self.blocks = nn.ModuleList(Block(dim, heads, ratio, long_skips and i > self.half) for i in range(depth + long_skips))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, patch * patch * channels)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, t):
        half = self.dim // 2
        angles = t[:, None] * torch.exp(-math.log(1e4) * torch.arange(half) / (half - 1))
        time = torch.cat([angles.sin(), angles.cos()], 1)
        h = torch.cat([time[:, None], self.patch(x).flatten(2).transpose(1, 2)], 1) + self.position
        skips = []
        for i, block in enumerate(self.blocks):
            h = block(h, skips.pop()) if block.skip is not None else block(h)
            if i < self.half:
                skips.append(h)
        h = self.head(self.norm(h[:, 1:]))
        n, s, p = len(x), self.side, self.p
        return self.last(h.view(n, s, s, p, p, -1).permute(0, 5, 1, 3, 2, 4).reshape(n, -1, s * p, s * p))
