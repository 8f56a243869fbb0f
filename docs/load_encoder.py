"""Loads a model folder of `neurostream export` into PyTorch (conv, spatial-conv, channelwise): python load_encoder.py MODEL

encoder(x) takes conditioned windows [B, T, C] and gives embeddings [B, D]. To give weights back, save them under the same
names with safetensors.torch.save_file and put the file's SHA-256 into card.toml.
"""

import hashlib
import sys
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

K = np.array([(k, l) for k in range(7) for l in range(-6, 7) if (k > 0 or l > 0) and k * k + l * l <= 36])


def electrode(site):
    """Fourier features of its position, or signs by the bits of its label's hash."""
    if "position" not in site:
        digest = hashlib.sha256(site["label"].strip().lower().encode()).digest()
        return np.array([digest[i // 8] >> (i % 8) & 1 or -1 for i in range(2 * len(K))]) / np.sqrt(2 * len(K))
    amplitude = np.exp(-0.5 * (K**2).sum(1) / 2.5**2)
    phase = 2 * np.pi * (K @ np.array(site["position"])) / 2.8
    return np.concatenate([amplitude * np.cos(phase), amplitude * np.sin(phase)]) / np.sqrt((amplitude**2).sum())


def load(folder):
    w = load_file(Path(folder) / "encoder.safetensors")
    card = tomllib.loads((Path(folder) / "card.toml").read_text())
    shape = card["encoder"]
    kind = shape["architecture"] if isinstance(shape["architecture"], str) else next(iter(shape["architecture"]))
    if kind not in ("conv", "spatial-conv", "channelwise"):
        raise ValueError(f"{folder}: an encoder `{kind}`, which this script does not build")

    def encoder(x):
        (rows, _, channels), absent = x.shape, (x == 0).all(dim=1)[:, :, None]
        if kind == "spatial-conv":
            features = torch.tensor(np.stack([electrode(site) for site in shape["sites"]]), dtype=x.dtype)
            scores = (features @ w["spatial.weight"]).masked_fill(absent, -torch.inf)
            x = x @ torch.softmax(scores, dim=1).nan_to_num()
        x = x.transpose(1, 2)
        if kind == "channelwise":
            x = x.reshape(rows * channels, 1, -1)
        for i, width in enumerate(shape["widths"]):
            conv, norm = ([w[f"blocks.{i}.{layer}.{p}"] for p in ("weight", "bias")] for layer in ("conv", "norm"))
            x = F.conv1d(F.pad(x, (3, 0)), *conv, stride=2)
            x = F.gelu(F.group_norm(x, 8 if width % 8 == 0 else 1, *norm), approximate="tanh")
        if kind == "channelwise":
            share = ~absent[:, :, None] / (~absent).sum(dim=1).clamp(min=1)[:, :, None, None]
            x = (x.reshape(rows, channels, *x.shape[1:]) * share).sum(dim=1)
        pooled = torch.cat([x.mean(2), torch.sqrt(x.var(2, unbiased=False) + 1e-5)], dim=1)
        return F.linear(pooled, w["head.weight"], w["head.bias"])

    return card, encoder


if __name__ == "__main__":
    card, encoder = load(sys.argv[1])
    print(card["method"], card["steps"], encoder(torch.randn(2, card["window"], len(card["channels"]))).shape)
