"""Golden values of diffusion processes, worked out apart from Ito; tests/diffusion/test_golden_diffusion.cpp compares Ito with them.

    python3 tests/golden/make_golden_diffusion.py     # NumPy alone; rewrites tests/golden/diffusion.safetensors

Everything is f64, from the formulas of the papers: tables of beta and alpha-bar, posterior coefficients, times kept by respacing, and whole sampling
loops with the random numbers of tensor/philox.h.
"""

import json
import math
import struct
from pathlib import Path

import numpy as np

OUT = Path(__file__).parent / "diffusion.safetensors"
FIRST, LAST = 1e-4, 0.02


def save(tensors):
    """Writes a safetensors file; the format is a length, a JSON header and the bytes."""
    header, offset, data = {}, 0, b""
    for key, value in tensors.items():
        value = np.ascontiguousarray(value)
        kind = {"float64": "F64", "int64": "I64"}[str(value.dtype)]
        raw = value.tobytes()
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    OUT.write_bytes(struct.pack("<Q", len(text)) + text + data)


# ---- schedules


def between(shape, first=FIRST, last=LAST):
    return lambda T: first + (last - first) * shape(np.arange(T) / (T - 1))


def from_alpha_bar(alpha_bar):
    def betas(T):
        u = np.arange(T + 1) / T
        return np.minimum(1 - alpha_bar(u[1:]) / alpha_bar(u[:-1]), 0.999)

    return betas


def warmup(share):
    def betas(T):
        out = np.full(T, LAST)
        n = int(T * share)
        out[:n] = np.linspace(FIRST, LAST, n)
        return out

    return betas


def laplace(u):
    log_snr = -0.5 * np.where(u <= 0.5, 1, -1) * np.log(1 - np.abs(1 - 2 * u) + 1e-6)
    return 1 / (1 + np.exp(-log_snr))


def zero_snr(betas):
    """Lin et al. 2024, algorithm 1."""
    root = np.sqrt(np.cumprod(1 - betas))
    root0, rootT = root[0], root[-1]
    root = (root - rootT) * root0 / (root0 - rootT)
    bar = root**2
    return 1 - np.concatenate([bar[:1], bar[1:] / bar[:-1]])


# End points as they are, whatever T.
SCHEDULES = {
    "linear-unscaled": between(lambda s: s),
    "sine-unscaled": between(lambda s: (1 - np.cos(2 * np.pi * s)) / 2),
    "sine3-unscaled": between(lambda s: (1 - np.cos(6 * np.pi * s)) / 2),
    "power1.5-unscaled": between(lambda s: s * np.sqrt(s)),
    "power2-unscaled": between(lambda s: s * s),
    "power10-unscaled": between(lambda s: (s * s) ** 5),
    "quadratic-unscaled": lambda T: np.linspace(FIRST**0.5, LAST**0.5, T) ** 2,
    "sigmoid-unscaled": between(lambda s: 1 / (1 + np.exp(-np.linspace(-6, 6, len(s))))),
    "constant-unscaled": lambda T: np.full(T, LAST),
    "warmup10-unscaled": warmup(0.1),
    "warmup50-unscaled": warmup(0.5),
    "jsd": lambda T: 1 / np.linspace(T, 1, T),
    "cosine": from_alpha_bar(lambda u: np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2),
    "laplace": from_alpha_bar(laplace),
    "linear": lambda T: between(lambda s: s, FIRST * 1000 / T, LAST * 1000 / T)(T),  # Nichol & Dhariwal 2021
    "power10": lambda T: between(lambda s: s**10, FIRST * 1000 / T, LAST * 1000 / T)(T),
}
SCHEDULES["linear-zero-snr"] = lambda T: zero_snr(SCHEDULES["linear"](T))
SCHEDULES["cosine-zero-snr"] = lambda T: zero_snr(SCHEDULES["cosine"](T))


def posterior(betas):
    """Weights of x_0 and x_t, and variance, of q(x_{t-1} | x_t, x_0): (3, T). Ho et al. 2020, eq. 7."""
    alpha, bar = 1 - betas, np.cumprod(1 - betas)
    before = np.append(1.0, bar[:-1])
    return np.stack([np.sqrt(before) * betas, np.sqrt(alpha) * (1 - before), betas * (1 - before)]) / (1 - bar)


def tables():
    out = {}
    for T in (300, 1000):
        at = np.unique(np.concatenate([np.arange(5), np.linspace(0, T - 1, 21).round(), [T - 2, T - 1]])).astype(np.int64)
        out[f"at.{T}"] = at
        for name, schedule in SCHEDULES.items():
            betas = schedule(T)
            bar = np.cumprod(1 - betas)
            kl = (bar[-1] * (0.25 - 1) - np.log1p(-bar[-1])) / 2  # for data of mean square 1/4
            out[f"schedule.{name}.{T}"] = np.stack([betas[at], bar[at]])
            out[f"prior_kl.{name}.{T}"] = np.array([kl, kl / math.log(2)])
        for name in ("linear-unscaled", "cosine"):
            out[f"posterior.{name}.{T}"] = posterior(SCHEDULES[name](T))[:, at]
    return out


# ---- respacing: Nichol & Dhariwal 2021, their code's rule, from its description


def kept(T, spacing):
    if spacing.startswith("ddim"):
        return next(list(range(0, T, k)) for k in range(1, T) if len(range(0, T, k)) == int(spacing[4:]))
    counts, first, out = [int(c) for c in spacing.split(",")], 0, []
    for i, count in enumerate(counts):
        size = T // len(counts) + (i < T % len(counts))
        stride = (size - 1) / (count - 1) if count > 1 else 1
        place = 0.0
        for _ in range(count):
            out.append(first + round(place))
            place += stride
        first += size
    return out


# ---- random numbers


def philox(counter, key):
    """Philox4x32-10 of a counter of four words and a key of two. Salmon et al. 2011."""
    c, k, mask = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def normals(count, seed, stream, call):
    out = []
    for i in range(count):
        r = philox([i & 0xFFFFFFFF, i >> 32, call, stream], [seed & 0xFFFFFFFF, seed >> 32])
        out.append(math.sqrt(-2 * math.log((r[0] + 1) / 2**32)) * math.cos(2 * math.pi * r[1] / 2**32))
    return np.array(out)


# ---- sampling loops on data N(0.3, 0.5^2), with their exact denoiser

MU, S, STEPS, SHAPE, SEED, STREAM = 0.3, 0.5, 40, (3, 2, 2, 1), 21, 100


def loops():
    betas = SCHEDULES["linear"](STEPS)
    bar = np.cumprod(1 - betas)
    coefficients = posterior(betas)
    noise = lambda call: normals(int(np.prod(SHAPE)), SEED, STREAM, call)  # call 0 starts, call 1 + t belongs to the step from t

    def denoised(x, t):
        a, d2 = math.sqrt(bar[t]), 1 - bar[t]
        x0 = MU + a * S * S / (a * a * S * S + d2) * (x - a * MU)
        return x0, (x - a * x0) / math.sqrt(d2)

    def ancestral(variance):
        x = noise(0)
        for t in reversed(range(STEPS)):
            w0, wt, v = coefficients[:, t]
            x = w0 * denoised(x, t)[0] + wt * x
            if t > 0:
                x = x + math.sqrt(v if variance == "posterior" else betas[t]) * noise(1 + t)
        return x

    def ddim(eta, steps):
        """Song et al. 2021, eqs. 12 and 16, at times T - 1, T - 1 - T/steps, ..."""
        times = [round(i * STEPS / steps) - 1 for i in range(steps, 0, -1)]
        x = noise(0)
        for t, s in zip(times, times[1:] + [-1]):
            now, then = bar[t], bar[s] if s >= 0 else 1.0
            sigma = eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then))
            x0, eps = denoised(x, t)
            x = math.sqrt(then) * x0 + math.sqrt(1 - then - sigma**2) * eps
            if sigma > 0:
                x = x + sigma * noise(1 + t)
        return x

    out = {f"sample.ancestral.{v}": ancestral(v).reshape(SHAPE) for v in ("posterior", "beta")}
    out.update({f"sample.ddim.{eta}": ddim(eta, 10).reshape(SHAPE) for eta in (0, 0.5, 1)})
    out["normals"] = np.stack([normals(8, seed, 7, 3) for seed in (5, 2**40 + 1)])
    return out


if __name__ == "__main__":
    assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # a known answer of Random123
    values = tables()
    for spacing in ("250", "10,15,20", "ddim50", "7", "4,1,30"):
        values[f"kept.{spacing}"] = np.array(kept(1000, spacing), dtype=np.int64)
    values.update(loops())
    save(values)
    print("made with NumPy", np.__version__)
