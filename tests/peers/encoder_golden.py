"""Writes encoder_golden.json: embeddings and gradients of small encoders as PyTorch computes them, for tests/it/vectors.

    pip install torch numpy
    python encoder_golden.py

The twins are written with PyTorch's own layers, in double precision; weights are rounded to six digits first, so that both
sides have the same. Weights are named and laid out as in a checkpoint of neurostream: convolutions [taps * inputs, outputs],
linear maps [inputs, outputs].
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

RNG = np.random.default_rng(20240612)
CHANNELS, FRAMES, EMBEDDING, BATCH = 3, 70, 4, 3
SITES = [
    {"label": "C3", "position": [-0.4, 0.0]},
    {"label": "Cz", "position": [0.0, 0.05]},
    {"label": "Grid 7", "position": None},
]


def rounded(array):
    return np.vectorize(lambda v: float(f"{v:.6g}"))(array)


class Weights(dict):
    """Weights by name, drawn when they are first asked for."""

    def get(self, name, *shape, around=0.0, scale=None):
        scale = 1 / np.sqrt(shape[0]) if scale is None else scale
        values = rounded(around + scale * RNG.standard_normal(shape))
        self[name] = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        return self[name]


def linear(w, name, x, outputs):
    return x @ w.get(f"{name}.weight", x.shape[-1], outputs) + w.get(f"{name}.bias", outputs, scale=0.3)


def norm(w, name, x, groups, activation):
    """x [B, T, C] over time and the channels of a group."""
    gamma = w.get(f"{name}.gamma", x.shape[-1], around=1.0, scale=0.2)
    beta = w.get(f"{name}.beta", x.shape[-1], scale=0.2)
    return activation(F.group_norm(x.transpose(1, 2), groups, gamma, beta, eps=1e-5).transpose(1, 2))


def frame_norm(w, name, x):
    gamma = w.get(f"{name}.gamma", x.shape[-1], around=1.0, scale=0.2)
    beta = w.get(f"{name}.beta", x.shape[-1], scale=0.2)
    return gelu(F.layer_norm(x, x.shape[-1:], gamma, beta, eps=1e-5))


def gelu(x):
    return F.gelu(x, approximate="tanh")


def causal(w, name, x, outputs, kernel, stride=1, dilation=1):
    inputs = x.shape[-1]
    weight = w.get(f"{name}.weight", kernel * inputs, outputs).reshape(kernel, inputs, outputs).permute(2, 1, 0)
    bias = w.get(f"{name}.bias", outputs, scale=0.3)
    padded = F.pad(x.transpose(1, 2), ((kernel - 1) * dilation + 1 - stride, 0))
    return F.conv1d(padded, weight, bias, stride, dilation=dilation).transpose(1, 2)


def depthwise(w, name, x, kernel, shared):
    """Causal, and each `shared` neighbouring channels have the same taps."""
    channels = x.shape[-1]
    taps = w.get(f"{name}.weight", kernel, channels // shared).repeat_interleave(shared, dim=1)
    bias = w.get(f"{name}.bias", channels, scale=0.3)
    padded = F.pad(x.transpose(1, 2), (kernel - 1, 0))
    return F.conv1d(padded, taps.T[:, None], bias, groups=channels).transpose(1, 2)


def stack(w, x, widths):
    for i, width in enumerate(widths):
        x = causal(w, f"blocks.{i}.conv", x, width, 5, stride=2)
        x = norm(w, f"blocks.{i}.norm", x, 8 if width % 8 == 0 else 1, gelu)
    return x


def waves():
    both = [(k, l) for k in range(7) for l in range(-6, 7)]
    return np.array([(k, l) for k, l in both if (k > 0 or l > 0) and k * k + l * l <= 36])


def electrode(site):
    """Fourier features of a position, or signs by the hash of a name."""
    k = waves()
    if site["position"] is None:
        digest = hashlib.sha256(site["label"].strip().lower().encode()).digest()
        signs = [1 if digest[i // 8] >> (i % 8) & 1 else -1 for i in range(2 * len(k))]
        return np.array(signs) / np.sqrt(2 * len(k))
    amplitude = np.exp(-0.5 * (k**2).sum(1) / 2.5**2)
    amplitude /= np.sqrt((amplitude**2).sum())
    phase = 2 * np.pi * (k @ np.array(site["position"])) / 2.8
    return np.concatenate([amplitude * np.cos(phase), amplitude * np.sin(phase)])


def conv(w, x, widths):
    return stack(w, x, widths)


def spatial_conv(w, x, widths, virtual_channels):
    features = torch.tensor(np.stack([electrode(site) for site in SITES]))
    scores = features @ w.get("spatial.weight", features.shape[1], virtual_channels, scale=3.0)
    present = (x != 0).any(dim=1)
    scores = scores[None].masked_fill(~present[:, :, None], -torch.inf)
    return stack(w, torch.einsum("btc,bcv->btv", x, torch.softmax(scores, dim=1)), widths)


def channelwise(w, x, widths):
    batch, frames, channels = x.shape
    features = stack(w, x.transpose(1, 2).reshape(batch * channels, frames, 1), widths)
    features = features.reshape(batch, channels, *features.shape[1:])
    present = (x != 0).any(dim=1).double()
    share = present / present.sum(dim=1, keepdim=True)
    return torch.einsum("bctw,bc->btw", features, share)


def tcn(w, x, widths):
    x = linear(w, "input", x, widths[0])
    for i, width in enumerate(widths):
        y = causal(w, f"blocks.{i}.conv1", frame_norm(w, f"blocks.{i}.norm1", x), width, 3, dilation=2**i)
        y = causal(w, f"blocks.{i}.conv2", frame_norm(w, f"blocks.{i}.norm2", y), width, 3, dilation=2**i)
        x = y + (x if x.shape[-1] == width else linear(w, f"blocks.{i}.skip", x, width))
    return frame_norm(w, "norm", x)


def eegnet(w, x, widths, kernel):
    filters, width = widths
    y = depthwise(w, "temporal", linear(w, "spatial", x, width), kernel, width // filters)
    check_order_of_the_paper(w, x, width // filters)
    y = F.avg_pool1d(norm(w, "norm1", y, 1, F.elu).transpose(1, 2), 4).transpose(1, 2)
    y = linear(w, "pointwise", depthwise(w, "depthwise", y, 16, 1), width)
    return F.avg_pool1d(norm(w, "norm2", y, 1, F.elu).transpose(1, 2), 8).transpose(1, 2)


def check_order_of_the_paper(w, x, depth):
    """Temporal filters of each channel first, then spatial filters: the same without biases."""
    spatial, taps = w["spatial.weight"], w["temporal.weight"]
    padded = F.pad(x.transpose(1, 2), (len(taps) - 1, 0))
    filtered = F.conv2d(padded[:, None], taps.T[:, None, None])  # [B, F1, C, T]
    paper = F.conv2d(filtered, spatial.T[:, None, :, None], groups=taps.shape[1])[:, :, 0].transpose(1, 2)
    mixed = F.pad((x @ spatial).transpose(1, 2), (len(taps) - 1, 0))
    ours = F.conv1d(mixed, taps.repeat_interleave(depth, dim=1).T[:, None], groups=mixed.shape[1]).transpose(1, 2)
    assert torch.allclose(paper, ours, atol=1e-12)


def layer_norm(w, name, x):
    gamma = w.get(f"{name}.gamma", x.shape[-1], around=1.0, scale=0.2)
    return F.layer_norm(x, x.shape[-1:], gamma, w.get(f"{name}.beta", x.shape[-1], scale=0.2), eps=1e-5)


def places(count, width):
    angle = torch.arange(count)[:, None] / 10_000 ** (torch.arange(width // 2, dtype=torch.float64) / (width // 2))
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def patch_transformer(w, x, widths, patch):
    """Frames at the end that fill no patch are left out; heads are 8 wide."""
    (batch, frames, _), width = x.shape, widths[-1]
    count, heads = frames // patch, width // 8
    x = linear(w, "embed", x[:, : count * patch].reshape(batch, count, -1), width) + places(count, width)
    for i in range(len(widths)):
        qkv = linear(w, f"blocks.{i}.qkv", layer_norm(w, f"blocks.{i}.before_attention", x), 3 * width)
        q, k, v = qkv.reshape(batch, count, 3, heads, 8).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, count, width)
        x = x + linear(w, f"blocks.{i}.out", mixed, width)
        hidden = linear(w, f"blocks.{i}.up", layer_norm(w, f"blocks.{i}.before_map", x), 4 * width)
        x = x + linear(w, f"blocks.{i}.down", gelu(hidden), width)
    return layer_norm(w, "norm", x)


def mean_and_deviation(y):
    return torch.cat([y.mean(1), torch.sqrt(y.var(1, unbiased=False) + 1e-5)], dim=1)


def case(architecture, widths, features, pool=mean_and_deviation, **more):
    w = Weights()
    x = rounded(RNG.standard_normal((BATCH, FRAMES, CHANNELS)))
    # One window misses a channel.
    x[1, :, 1] = 0.0
    x = torch.tensor(x, requires_grad=True)
    y = features(w, x, widths, **more)
    embeddings = linear(w, "head", pool(y), EMBEDDING)
    upstream = torch.tensor(rounded(RNG.standard_normal(embeddings.shape)))
    (embeddings * upstream).sum().backward()
    listed = lambda t: {"shape": list(t.shape), "data": rounded(t.detach().numpy()).ravel().tolist()}
    return {
        "shape": {
            "channels": CHANNELS,
            "architecture": {architecture: more} if more else architecture,
            "widths": widths,
            "embedding": EMBEDDING,
            "sites": SITES if architecture == "spatial-conv" else [],
        },
        "weights": {name: listed(t) for name, t in w.items()},
        "x": listed(x),
        "upstream": listed(upstream),
        "embeddings": listed(embeddings),
        "gradients": {name: listed(t.grad) for name, t in w.items()},
        "gradient_of_x": listed(x.grad),
    }


cases = [
    case("conv", [8, 16], conv),
    case("spatial-conv", [8, 6], spatial_conv, virtual_channels=4),
    case("channelwise", [8, 6], channelwise),
    case("tcn", [6, 6, 8], tcn),
    case("eegnet", [2, 6], eegnet, kernel=9),
    case("patch-transformer", [16, 16], patch_transformer, pool=lambda y: y.mean(1), patch=8),
]
made_with = {"torch": torch.__version__, "numpy": np.__version__}
out = Path(__file__).with_name("encoder_golden.json")
out.write_text(json.dumps({"made_with": made_with, "cases": cases}, separators=(",", ":")) + "\n")
