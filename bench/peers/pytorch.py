"""The work of work.cpp in PyTorch:  python3 pytorch.py NAME ROUNDS THREADS [--dtype bf16] [--channels-last] [--compile]

bf16 is autocast, as PyTorch's users train. Prints one line of JSON: seconds of each round, items a round, parameters, peak memory of the process in MB.
"""

import argparse
import json
import math
import resource
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from siren import SIREN, inner_loss
from vit import ViT


class Residual(nn.Module):
    def __init__(self, inputs, outputs, time_channels):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time_channels, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(32, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(t))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm, self.qkv, self.out = nn.GroupNorm(32, channels), nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).flatten(2).transpose(1, 2).chunk(3, dim=2)
        y = F.scaled_dot_product_attention(q, k, v)
        return x + self.out(y.transpose(1, 2).reshape(n, c, h, w))


class UNet(nn.Module):
    """Ho et al. 2020: levels of base * multiplier channels, two blocks each, attention at the second level and in the middle."""

    def __init__(self, base=64, multipliers=(1, 2, 2), blocks=2, attention=(1,)):
        super().__init__()
        self.base, time_channels = base, 4 * base
        self.time = nn.Sequential(nn.Linear(base, time_channels), nn.SiLU(), nn.Linear(time_channels, time_channels))
        self.first = nn.Conv2d(1, base, 3, padding=1)
        c, skips = base, [base]

        def level(i, inputs):
            out = base * multipliers[i]
            return nn.ModuleList([Residual(inputs, out, time_channels)] + ([Attention(out)] if i in attention else []))

        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, m in enumerate(multipliers):
            for _ in range(blocks):
                self.down.append(level(i, c))
                c = base * m
                skips.append(c)
            if i + 1 < len(multipliers):
                self.down.append(nn.Conv2d(c, c, 3, 2, 1))
                skips.append(c)
        self.middle = nn.ModuleList([Residual(c, c, time_channels), Attention(c), Residual(c, c, time_channels)])
        for i in reversed(range(len(multipliers))):
            for _ in range(blocks + 1):
                self.up.append(level(i, c + skips.pop()))
                c = base * multipliers[i]
            if i > 0:
                self.up.append(nn.Conv2d(c, c, 3, padding=1))
        self.norm, self.last = nn.GroupNorm(32, c), nn.Conv2d(c, 1, 3, padding=1)

    def forward(self, x, t):
        half = self.base // 2
        angles = t[:, None] * torch.exp(-math.log(1e4) * torch.arange(half) / (half - 1))
        t = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        x = self.first(x)
        skips = [x]
        for step in self.down:
            x = step(x) if isinstance(step, nn.Conv2d) else self.level(step, x, t)
            skips.append(x)
        x = self.middle[2](self.middle[1](self.middle[0](x, t)), t)
        for step in self.up:
            if isinstance(step, nn.Conv2d):
                x = step(F.interpolate(x, scale_factor=2))
            else:
                x = self.level(step, torch.cat([x, skips.pop()], 1), t)
        return self.last(F.silu(self.norm(x)))

    @staticmethod
    def level(step, x, t):
        x = step[0](x, t)
        return step[1](x) if len(step) > 1 else x


def network(net, inputs, target, training, o):
    """A training step with AdamW, or the forward pass alone."""
    optimiser = torch.optim.AdamW(net.parameters(), 2e-4, fused=True)
    f = torch.compile(net) if o.compile else net

    def train():
        with autocast(o):
            loss = F.mse_loss(f(*inputs), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    @torch.no_grad()
    def forward():
        with autocast(o):
            f(*inputs)

    return train if training else forward, len(target), count(net)


def count(net):
    return sum(p.numel() for p in net.parameters())


def unet(training, o):
    net, x, t = UNet(), torch.randn(32, 1, 32, 32), torch.rand(32) * 1000
    if o.channels_last:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    return network(net, (x, t), torch.randn(32, 1, 32, 32), training, o)


def vit(long_skips, training, o):
    net = ViT(depth=4 if long_skips else 5, long_skips=long_skips)
    return network(net, (torch.randn(64, 1, 32, 32), torch.rand(64) * 1000), torch.randn(64, 1, 32, 32), training, o)


def siren(training, o):
    return network(SIREN(), (torch.rand(64, 1024, 2) * 2 - 1,), torch.randn(64, 1024, 1), training, o)


def siren_inner(o):
    net, signals = SIREN(), torch.randn(64, 1024, 1)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-4, fused=True)
    centres = (2 * torch.arange(32) + 1) / 32 - 1
    x = torch.cartesian_prod(centres, centres)

    def train():
        loss = inner_loss(list(net.parameters()), x, signals, steps=3, rate=1e-2)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return train, len(signals), count(net)


def autocast(o):
    return torch.autocast("cpu", torch.bfloat16, enabled=o.dtype == "bf16")


def op(f, inputs, gradients, o):
    if o.dtype == "bf16":
        inputs = [x.bfloat16() for x in inputs]
    if o.channels_last:
        inputs = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs]
    f = torch.compile(f) if o.compile else f
    inputs = [x.requires_grad_(gradients) for x in inputs]
    if not gradients:
        return torch.no_grad()(lambda: f(*inputs)), 1, 0
    dy = torch.randn_like(f(*inputs))
    return lambda: torch.autograd.grad(f(*inputs), inputs, dy), 1, 0


def adamw(o):
    parameters = [nn.Parameter(torch.randn(65000)) for _ in range(100)]
    for p in parameters:
        p.grad = torch.randn_like(p)
    optimiser = torch.optim.AdamW(parameters, 1e-4, fused=True)
    return optimiser.step, 1, 0


def complex_fft(x):
    return torch.view_as_real(torch.fft.fft2(torch.view_as_complex(x), norm="ortho"))


r = torch.randn
OPS = {
    "conv 3x3 64": (lambda x, w: F.conv2d(x, w, padding=1), lambda: [r(32, 64, 32, 32), r(64, 64, 3, 3) * 0.05]),
    "conv 3x3 128": (lambda x, w: F.conv2d(x, w, padding=1), lambda: [r(32, 128, 16, 16), r(128, 128, 3, 3) * 0.05]),
    "conv 3x3 256": (lambda x, w: F.conv2d(x, w, padding=1), lambda: [r(32, 256, 8, 8), r(256, 256, 3, 3) * 0.05]),
    "attention 256": (F.scaled_dot_product_attention, lambda: [r(8, 4, 256, 32) for _ in range(3)]),
    "attention 1024": (F.scaled_dot_product_attention, lambda: [r(8, 4, 1024, 32) for _ in range(3)]),
    "group norm + silu": (lambda x, w, b: F.silu(F.group_norm(x, 32, w, b)), lambda: [r(32, 64, 32, 32), r(64), r(64)]),
    "layer norm": (lambda x, w, b: F.layer_norm(x, (128,), w, b), lambda: [r(64, 64, 128), r(128), r(128)]),
    "copy 64 MB": (torch.clone, lambda: [r(1 << 24)]),
    "matmul 1024": (torch.matmul, lambda: [r(1024, 1024), r(1024, 1024)]),
    "softmax": (lambda x: torch.softmax(x, -1), lambda: [r(4096, 1024)]),
    "fft 32x32": (complex_fft, lambda: [r(64, 32, 32, 2)]),
}


def work(name, o):
    if name.startswith("unet"):
        return unet(name == "unet training", o)
    if name.startswith(("uvit", "vit")):
        return vit(name.startswith("u"), name.endswith("training"), o)
    if name == "siren inner training":
        return siren_inner(o)
    if name.startswith("siren"):
        return siren(name.endswith("training"), o)
    if name.startswith("adamw"):
        return adamw(o)
    what, kind = name.rsplit(" ", 1)
    f, inputs = OPS[what]
    return op(f, inputs(), kind == "gradients", o)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("rounds", type=int)
    parser.add_argument("threads", type=int)
    parser.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    o = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(o.threads)
    once, items, parameters = work(o.name, o)
    seconds = []
    for i in range(o.rounds + 2):
        start = time.perf_counter()
        once()
        if i >= 2:
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "items": items, "parameters": parameters, "peak_mb": round(peak), "version": torch.__version__}))


if __name__ == "__main__":
    main()
