"""Loads a model folder of `neurostream export` into PyTorch: python load_encoder.py MODEL

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
    kind, widths = shape["architecture"], shape["widths"]
    kind, options = (kind, {}) if isinstance(kind, str) else next(iter(kind.items()))
    both = lambda name: (w[f"{name}.weight"], w[f"{name}.bias"])
    linear = lambda name, x: F.linear(x, *both(name))  # of [B, T, C]
    rows = lambda name, x: F.layer_norm(x, x.shape[-1:], *both(name))
    gelu = lambda x: F.gelu(x, approximate="tanh")
    group = lambda name, x, groups: F.group_norm(x.mT, groups, *both(name)).mT

    def causal(name, x, stride=1, dilation=1, shared=None):
        """Convolution over time; with `shared`, of each channel, and so many neighbours have the same taps."""
        weight, bias = both(name)
        weight = weight.repeat_interleave(shared, dim=0) if shared else weight
        padded = F.pad(x.mT, ((weight.shape[2] - 1) * dilation + 1 - stride, 0))
        return F.conv1d(padded, weight, bias, stride, 0, dilation, x.shape[2] if shared else 1).mT

    def stack(x):
        for i, width in enumerate(widths):
            x = gelu(group(f"blocks.{i}.norm", causal(f"blocks.{i}.conv", x, stride=2), 8 if width % 8 == 0 else 1))
        return x

    def spatial_conv(x):
        features = torch.tensor(np.stack([electrode(site) for site in shape["sites"]]), dtype=x.dtype)
        scores = (features @ w["spatial.weight"]).masked_fill((x == 0).all(dim=1)[:, :, None], -torch.inf)
        return stack(x @ torch.softmax(scores, dim=1).nan_to_num())

    def channelwise(x):
        present = (~(x == 0).all(dim=1)).to(x.dtype)
        y = stack(x.mT.reshape(-1, x.shape[1], 1)).unflatten(0, present.shape)
        return torch.einsum("bctw,bc->btw", y, present / present.sum(dim=1, keepdim=True).clamp(min=1))

    def tcn(x):
        x = linear("input", x)
        for i in range(len(widths)):
            b, y = f"blocks.{i}", x
            for part in "12":
                y = causal(f"{b}.conv{part}", gelu(rows(f"{b}.norm{part}", y)), dilation=2**i)
            x = y + (linear(f"{b}.skip", x) if f"{b}.skip.weight" in w else x)
        return gelu(rows("norm", x))

    def eegnet(x):
        y = causal("temporal", linear("spatial", x), shared=widths[1] // widths[0])
        y = F.avg_pool1d(F.elu(group("norm1", y, 1)).mT, 4).mT
        y = linear("pointwise", causal("depthwise", y, shared=1))
        return F.avg_pool1d(F.elu(group("norm2", y, 1)).mT, 8).mT

    def patch_transformer(x):
        width, patch = widths[-1], options["patch"]
        head = next((size for size in (32, 8) if width % size == 0), width)
        x = x[:, : x.shape[1] // patch * patch].unflatten(1, (-1, patch)).flatten(2)
        angle = torch.arange(x.shape[1])[:, None] / 10_000 ** (torch.arange((width + 1) // 2) / ((width + 1) // 2))
        x = linear("embed", x) + torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width]
        for b in (f"blocks.{i}" for i in range(len(widths))):
            qkv = linear(f"{b}.qkv", rows(f"{b}.before_attention", x)).unflatten(2, (3, -1, head))
            seen = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4)).transpose(1, 2).flatten(2)
            x = x + linear(f"{b}.out", seen)
            x = x + linear(f"{b}.down", gelu(linear(f"{b}.up", rows(f"{b}.before_map", x))))
        return rows("norm", x)

    all_kinds = {"conv": stack, "spatial-conv": spatial_conv, "channelwise": channelwise, "tcn": tcn}
    features = {**all_kinds, "eegnet": eegnet, "patch-transformer": patch_transformer}[kind]

    def encoder(x):
        y = features(x)
        pooled = y.mean(1) if kind == "patch-transformer" else torch.cat([y.mean(1), (y.var(1, False) + 1e-5).sqrt()], 1)
        return linear("head", pooled)

    return card, encoder


if __name__ == "__main__":
    card, encoder = load(sys.argv[1])
    print(card["method"], card["steps"], encoder(torch.randn(2, card["window"], len(card["channels"]))).shape)
