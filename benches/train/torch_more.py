"""The PyTorch twins of SimCLR and of the masked autoencoder, in the manner of ../shared/bench/train/torch_twin.py.

usage: torch_more.py simclr|mae BxCxT SECONDS THREADS

The same layers, sizes and losses as src/learn/twin/{contrastive,mae}.rs; prints one line of JSON.
"""

import json
import os
import sys
import time

task, shape, seconds, threads = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
os.environ.setdefault("OMP_NUM_THREADS", str(threads))
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)
torch.manual_seed(42)
B, C, T = map(int, shape.split("x"))


def conv_block(i, o):
    return nn.Sequential(nn.Conv1d(i, o, 5, 2, 2), nn.GroupNorm(8, o), nn.ReLU())


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_block(C, 64), conv_block(64, 128), conv_block(128, 256))
        self.head = nn.Linear(256, 128)

    def forward(self, x):
        return self.head(self.features(x).mean(2))


if task == "simclr":
    projector = nn.Sequential(nn.Linear(128, 256), nn.LayerNorm(256), nn.ReLU(), nn.Linear(256, 128))
    net = nn.Sequential(Encoder(), projector)
    views = torch.randn(2 * B, C, T)
    itself = torch.eye(2 * B, dtype=torch.bool)
    other = (torch.arange(2 * B) + B) % (2 * B)

    def loss_of():
        z = F.normalize(net(views), dim=1)
        return F.cross_entropy((z @ z.t() / 0.2).masked_fill(itself, float("-inf")), other)

elif task == "mae":
    PATCH, WIDTH, HEADS, DEPTH = 16, 128, 4, 4
    N, D = T // PATCH, PATCH * C
    V = max(N // 4, 1)

    def block():
        return nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True,
            activation=lambda x: F.gelu(x, approximate="tanh"),
        )  # fmt: skip

    class Mae(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(D, WIDTH)
            self.encoder = nn.Sequential(*[block() for _ in range(DEPTH)])
            self.encoded, self.decoded = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.bridge, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, D)
            self.mask = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
            self.decoder = block()
            half = WIDTH // 2
            angle = torch.arange(N)[:, None] / 10000 ** (torch.arange(half) / half)
            self.register_buffer("positions", torch.cat([angle.sin(), angle.cos()], 1)[None])

        def forward(self, patches):
            order = torch.rand(B, N).argsort(1)
            restore, seen = order.argsort(1), order[:, :V]
            x = patches.gather(1, seen[..., None].expand(-1, -1, D))
            places = self.positions.expand(B, -1, -1).gather(1, seen[..., None].expand(-1, -1, WIDTH))
            x = self.bridge(self.encoded(self.encoder(self.embed(x) + places)))
            x = torch.cat([x, self.mask.expand(B, N - V, -1)], 1)
            x = x.gather(1, restore[..., None].expand(-1, -1, WIDTH)) + self.positions
            masked = (restore >= V).float()
            errors = (self.head(self.decoded(self.decoder(x))) - patches).square().mean(2)
            return (errors * masked).sum() / masked.sum()

    net, patches = Mae(), torch.randn(B, N, D)

    def loss_of():
        return net(patches)

else:
    sys.exit(f"{task}: simclr or mae")

optimiser = torch.optim.AdamW(net.parameters(), 1e-3, foreach=True)


def step():
    loss = loss_of()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.item()


for _ in range(3):
    loss = step()
times, start = [], time.perf_counter()
while (time.perf_counter() - start < seconds or len(times) < 3) and len(times) < 2000:
    before = time.perf_counter()
    loss = step()
    times.append(time.perf_counter() - before)
times.sort()
print(json.dumps(dict(
    task=task, shape=shape, thr=threads, n=len(times), med_ms=round(times[len(times) // 2] * 1e3, 3),
    min_ms=round(times[0] * 1e3, 3), loss=round(loss, 4),
)))  # fmt: skip
