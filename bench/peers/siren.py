"""SIREN (Sitzmann et al. 2020) in PyTorch, as nn/siren.h has it, and the loss after inner gradient steps."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SIREN(nn.Module):
    def __init__(self, inputs=2, outputs=1, width=128, depth=8, w0=30):
        super().__init__()
        self.w0 = w0
        widths = [inputs] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.last = nn.Linear(width, outputs)
        for i, layer in enumerate([*self.hidden, self.last]):
            bound = 1 / inputs if i == 0 else math.sqrt(6 / width) / w0
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.sin(F.linear(x, self.w0 * layer.weight, self.w0 * layer.bias))
        return self.last(x)


def batched(x, parameters, w0=30):
    """With weights (B, out, in) and biases (B, out) of each signal, at x (B, N, in)."""
    for i in range(0, len(parameters), 2):
        w, b = parameters[i], parameters[i + 1]
        hidden = i + 2 < len(parameters)
        if hidden:
            w, b = w0 * w, w0 * b
        x = torch.baddbmm(b[:, None], x, w.transpose(1, 2))
        x = torch.sin(x) if hidden else x
    return x


def inner_loss(parameters, x, signals, steps, rate):
    """The mean loss of all signals after gradient steps that each makes from the same parameters, differentiable through them."""
    signals_count = len(signals)
    x = x.expand(signals_count, *x.shape)
    theta = [p.expand(signals_count, *p.shape) for p in parameters]
    for _ in range(steps):
        loss = signals_count * F.mse_loss(batched(x, theta), signals)
        gradients = torch.autograd.grad(loss, theta, create_graph=True)
        theta = [p - rate * g for p, g in zip(theta, gradients)]
    return F.mse_loss(batched(x, theta), signals)
