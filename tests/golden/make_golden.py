"""Golden values of layers, optimisers and the U-Net, made by PyTorch; tests/nn/test_golden.cpp compares Ito with them.

    python3 tests/golden/make_golden.py     # PyTorch 1.13 or newer; rewrites tests/golden/*.safetensors

Inputs and weights are stored beside the results, in Ito's layouts: images (N, H, W, C), convolution weights (Cout, kh, kw, Cin),
transposed ones (Cin, kh, kw, Cout). Everything is f32.
"""

import json
import math
import struct
import sys
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)
HERE = Path(__file__).parent


def save(name, tensors):
    """Writes a safetensors file; the format is a length, a JSON header and the bytes."""
    header, offset, data = {}, 0, b""
    for key, value in tensors.items():
        value = value.detach().contiguous()
        kind = {torch.float32: "F32", torch.int64: "I64"}[value.dtype]
        raw = value.numpy().tobytes()
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / (name + ".safetensors")).write_bytes(struct.pack("<Q", len(text)) + text + data)


def images(t):  # (N, C, H, W) -> (N, H, W, C)
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def weights(t):  # (Cout, Cin, kh, kw) -> (Cout, kh, kw, Cin)
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def gradients(y, inputs):
    cotangent = torch.randn_like(y)
    return cotangent, torch.autograd.grad(y, inputs, cotangent)


def layers():
    out = {}

    def record(name, y, inputs):
        cotangent, grads = gradients(y, list(inputs.values()))
        out[f"{name}.y"], out[f"{name}.dy"] = images(y), images(cotangent)
        for (key, value), g in zip(inputs.items(), grads):
            convert = weights if key == "w" else images
            out[f"{name}.{key}"], out[f"{name}.d{key}"] = convert(value), convert(g)

    def leaf(*shape):
        return torch.randn(*shape, requires_grad=True)

    x, w, b = leaf(2, 6, 7, 8), leaf(4, 6, 3, 3), leaf(4)
    record("conv", F.conv2d(x, w, b, stride=2, padding=1), {"x": x, "w": w, "b": b})
    x, w, b = leaf(2, 6, 5, 5), leaf(4, 3, 3, 3), leaf(4)
    record("conv_groups", F.conv2d(x, w, b, padding=1, groups=2), {"x": x, "w": w, "b": b})
    x, w, b = leaf(2, 4, 5, 6), leaf(4, 3, 4, 4), leaf(3)
    record("conv_transpose", F.conv_transpose2d(x, w, b, stride=2, padding=1), {"x": x, "w": w, "b": b})
    x, w, b = leaf(5, 6), leaf(4, 6), leaf(4)
    record("linear", F.linear(x, w, b), {"x": x, "w": w, "b": b})
    x, w, b = leaf(2, 8, 3, 4), leaf(8), leaf(8)
    record("group_norm", F.group_norm(x, 4, w, b), {"x": x, "w": w, "b": b})
    record("group_norm_silu", F.silu(F.group_norm(x, 2, w, b)), {"x": x, "w": w, "b": b})
    record("batch_norm", F.batch_norm(x, None, None, w, b, training=True), {"x": x, "w": w, "b": b})
    x, w, b = leaf(3, 5, 16), leaf(16), leaf(16)
    record("layer_norm", F.layer_norm(x, (16,), w, b), {"x": x, "w": w, "b": b})
    x = leaf(2, 3, 6, 6)
    record("max_pool", F.max_pool2d(x, 3, 2, 1), {"x": x})
    record("avg_pool", F.avg_pool2d(x, 3, 2, 1), {"x": x})
    record("upsample", F.interpolate(x, scale_factor=2, mode="nearest"), {"x": x})
    x = leaf(4, 9)
    record("gelu", F.gelu(x), {"x": x})
    record("log_softmax", F.log_softmax(x, -1), {"x": x})
    label = torch.tensor([1, 8, 0, 3])
    record("cross_entropy", F.cross_entropy(x, label), {"x": x})
    out["cross_entropy.label"] = label

    q, k, v = leaf(2, 5, 12), leaf(2, 7, 12), leaf(2, 7, 12)
    attention = nn.MultiheadAttention(12, 3, batch_first=True)
    y, _ = attention(q, k, v, need_weights=False)
    record("attention", y, {"q": q, "k": k, "v": v})
    for i, part in enumerate("qkv"):
        out[f"attention.weights.{part}.weight"] = attention.in_proj_weight[12 * i : 12 * (i + 1)]
        out[f"attention.weights.{part}.bias"] = attention.in_proj_bias[12 * i : 12 * (i + 1)]
    out["attention.weights.out.weight"], out["attention.weights.out.bias"] = attention.out_proj.weight, attention.out_proj.bias
    save("layers", out)


def optimisers():
    """Ten steps on fixed gradients, the norm of all clipped to 1."""
    out = {}
    start, grads = [torch.randn(7), torch.randn(3, 4)], [[torch.randn(7), torch.randn(3, 4)] for _ in range(10)]
    for i in range(2):
        out[f"start.{i}"] = start[i]
        for step in range(10):
            out[f"gradient.{step}.{i}"] = grads[step][i]
    makers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05),
        "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), weight_decay=0.05),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.9, 0.99), weight_decay=0.05),
    }
    for name, make in makers.items():
        parameters = [nn.Parameter(s.clone()) for s in start]
        optimiser = make(parameters)
        for step in range(10):
            for p, g in zip(parameters, grads[step]):
                p.grad = g.clone()
            norm = nn.utils.clip_grad_norm_(parameters, 1.0)
            out[f"{name}.norm.{step}"] = norm.reshape(1).float()
            optimiser.step()
        for i in range(2):
            out[f"{name}.{i}"] = parameters[i]
    save("optimisers", out)


class Residual(nn.Module):
    def __init__(self, c_in, c_out, time, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups(c_in), c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.time = nn.Linear(time, c_out)
        self.norm2, self.conv2 = nn.GroupNorm(groups(c_out), c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else None

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(t))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.skip(x) if self.skip else x) + h


class Attention(nn.Module):
    def __init__(self, c, groups):
        super().__init__()
        self.norm, self.qkv, self.out = nn.GroupNorm(groups(c), c), nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x).flatten(2).transpose(1, 2)).chunk(3, -1)
        a = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(c), -1) @ v
        return x + self.out(a).transpose(1, 2).reshape(n, c, h, w)


class UNet(nn.Module):
    """Ho et al.'s network as Ito has it, with Ito's parameter names."""

    def __init__(self, base, multipliers, blocks, attention, channels, classes):
        super().__init__()
        groups = lambda c: max(g for g in range(1, 33) if c % g == 0)
        time = 4 * base
        self.base = base
        self.time1, self.time2 = nn.Linear(base, time), nn.Linear(time, time)
        self.label = nn.Embedding(classes + 1, time)
        self.first = nn.Conv2d(channels, base, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        c, skips = base, [base]

        def step(c_in, c_out, level):
            parts = nn.ModuleDict({"block": Residual(c_in, c_out, time, groups)})
            if level in attention:
                parts["attention"] = Attention(c_out, groups)
            return parts

        for level, m in enumerate(multipliers):
            for _ in range(blocks):
                self.down.append(step(c, base * m, level))
                c = base * m
                skips.append(c)
            if level + 1 < len(multipliers):
                self.down.append(nn.ModuleDict({"down": nn.Conv2d(c, c, 3, 2, 1)}))
                skips.append(c)
        self.middle1, self.middle_attention, self.middle2 = Residual(c, c, time, groups), Attention(c, groups), Residual(c, c, time, groups)
        for level, m in reversed(list(enumerate(multipliers))):
            for b in range(blocks + 1):
                parts = step(c + skips.pop(), base * m, level)
                c = base * m
                if level > 0 and b == blocks:
                    parts["up"] = nn.Conv2d(c, c, 3, padding=1)
                self.up.append(parts)
        self.norm, self.last = nn.GroupNorm(groups(c), c), nn.Conv2d(c, channels, 3, padding=1)

    def forward(self, x, t, label):
        half = self.base // 2
        f = torch.exp(-math.log(1e4) * torch.arange(half) / (half - 1))
        e = torch.cat([torch.sin(t[:, None] * f), torch.cos(t[:, None] * f)], 1)
        t = self.time2(F.silu(self.time1(e))) + self.label(label)
        x = self.first(x)
        skips = [x]
        for s in self.down:
            x = s["down"](x) if "down" in s else s["block"](x, t)
            x = s["attention"](x) if "attention" in s else x
            skips.append(x)
        x = self.middle2(self.middle_attention(self.middle1(x, t)), t)
        for s in self.up:
            x = s["block"](torch.cat([x, skips.pop()], 1), t)
            x = s["attention"](x) if "attention" in s else x
            x = s["up"](F.interpolate(x, scale_factor=2, mode="nearest")) if "up" in s else x
        return self.last(F.silu(self.norm(x)))


def save_network(name, net, std, layout):
    """The denoiser `net` with weights N(0, std^2) on two images of 8x8x2: its output and all gradients; layout(name, w) is Ito's of a parameter."""
    for p in net.parameters():
        nn.init.normal_(p, std=std)
    x, t, label = torch.randn(2, 2, 8, 8, requires_grad=True), torch.tensor([3.0, 870.5]), torch.tensor([1, 3])
    y = net(x, t, label)
    cotangent = torch.randn_like(y)
    y.backward(cotangent)
    out = {"x": images(x), "t": t, "label": label, "y": images(y), "dy": images(cotangent), "dx": images(x.grad)}
    for key, p in net.named_parameters():
        out["weights." + key], out["gradients." + key] = layout(key, p), layout(key, p.grad)
    save(name, out)


def unet():
    net = UNet(base=8, multipliers=(1, 2), blocks=1, attention=(1,), channels=2, classes=3)
    save_network("unet", net, 0.2, lambda _, w: weights(w))


if __name__ == "__main__":
    layers()
    optimisers()
    unet()
    print("made with PyTorch", torch.__version__, "and Python", sys.version.split()[0])
