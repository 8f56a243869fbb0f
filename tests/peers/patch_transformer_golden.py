"""Golden values of the patch-transformer encoder: embeddings and gradients, from PyTorch's own layers in double precision.

    python tests/peers/patch_transformer_golden.py > src/learn/encoder/golden/patch_transformer.json

Made with Python 3.11 and torch 2.15.0. `nn.TransformerEncoderLayer` with `norm_first` is what the blocks are checked against,
so that nothing here repeats the arithmetic of the code under test.
"""

import json
import sys

import torch
from torch import nn

CHANNELS, FRAMES, PATCH, WIDTH, HEADS, BLOCKS, EMBEDDING, ROWS = 3, 35, 8, 64, 2, 2, 5, 2


def places(count, width):
    half = (width + 1) // 2
    at = torch.arange(count, dtype=torch.float64)[:, None]
    angle = at / 10_000 ** (torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angle.sin(), angle.cos()], 1)[:, :width]


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(PATCH * CHANNELS, WIDTH)
        gelu = nn.GELU(approximate="tanh")
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, gelu, batch_first=True, norm_first=True)
            for _ in range(BLOCKS)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, EMBEDDING)

    def forward(self, x):
        count = x.shape[1] // PATCH
        x = self.embed(x[:, : count * PATCH].reshape(len(x), count, -1)) + places(count, WIDTH)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def named(encoder, of):
    """Parameters by the names of this project, matrices from inputs to outputs."""
    found = {}

    def put(name, tensor):
        tensor = of(tensor)
        found[name] = tensor.T if tensor.dim() == 2 else tensor

    def both(name, layer, weight="weight", bias="bias"):
        put(f"{name}.{weight}", layer.weight)
        put(f"{name}.{bias}", layer.bias)

    both("embed", encoder.embed)
    for i, block in enumerate(encoder.blocks):
        both(f"blocks.{i}.before_attention", block.norm1, "gamma", "beta")
        put(f"blocks.{i}.qkv.weight", block.self_attn.in_proj_weight)
        put(f"blocks.{i}.qkv.bias", block.self_attn.in_proj_bias)
        both(f"blocks.{i}.out", block.self_attn.out_proj)
        both(f"blocks.{i}.before_map", block.norm2, "gamma", "beta")
        both(f"blocks.{i}.up", block.linear1)
        both(f"blocks.{i}.down", block.linear2)
    both("norm", encoder.norm, "gamma", "beta")
    both("head", encoder.head)
    return found


class Even:
    """A linear congruential generator of values from -0.5 to 0.5, which the test repeats."""

    def __init__(self):
        self.state = 12345

    def __call__(self, shape):
        values = []
        for _ in range(torch.Size(shape).numel()):
            self.state = (self.state * 1664525 + 1013904223) % 2**32
            values.append((self.state >> 8) / 2**24 - 0.5)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)


def digits(t):
    return [float(f"{v:.9g}") for v in t.reshape(-1).tolist()]


def main():
    encoder, even = Encoder().double(), Even()
    with torch.no_grad():
        for name, parameter in named(encoder, lambda p: p.data).items():
            # Biases and scales differ from zero and one as well: those would hide a mistake.
            parameter.copy_(0.4 * even(parameter.shape) + (1.0 if name.endswith("gamma") else 0.0))
    x, upstream = 2 * even((ROWS, FRAMES, CHANNELS)), even((ROWS, EMBEDDING))
    y = encoder(x)
    (y * upstream).sum().backward()
    # The gradients are long: what is checked of each is its beginning and its sum of squares.
    gradients = {
        name: {"first": digits(g.reshape(-1)[:6]), "squares": digits((g * g).sum())[0]}
        for name, g in named(encoder, lambda p: p.grad).items()
    }
    sizes = {"channels": CHANNELS, "frames": FRAMES, "patch": PATCH, "widths": [WIDTH] * BLOCKS, "rows": ROWS}
    golden = {**sizes, "embedding": EMBEDDING, "y": digits(y.detach()), "gradients": gradients}
    json.dump(golden, sys.stdout, indent=1)
    print()


main()
