"""Races our training step against its twin in PyTorch: A B A B, so that both meet the same neighbours on the machine.

usage: race.py [--rounds 5] [--seconds 3] [--tasks moco,byol,…] [--shapes 64x64x512,32x8x512] [--threads 1,2]

Needs a Python with torch (`pip install torch`), `cargo build --release` before, and ../shared/bench/train. Prints a table in
Markdown: the median over the rounds of each round's median, the smallest step of all, and PyTorch's time over ours for both;
above 1 ours is faster. The last column: how fast the matrix products of our best step would be if nothing else took time,
against the best product of PyTorch (1024 x 1024 x 1024) on as many threads.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OURS = ROOT / "target" / "release" / "neurostream"
TWIN = ROOT / ".." / "shared" / "bench" / "train" / "torch_twin.py"
MORE = HERE / "torch_more.py"


def run(command, threads):
    """One line of JSON from a command that is kept on as many cores as it has threads."""
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run(
        command, capture_output=True, text=True, env=env, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(task, shape, seconds, threads):
    command = [OURS, "bench", "train", "--task", task, "--shape", shape, "--seconds", seconds]
    line = run([str(part) for part in [*command, "--threads", threads, "--format", "json"]], threads)
    return line["median_ms"], line["min_ms"], line["page_faults_per_step"]


def theirs(task, shape, seconds, threads):
    script = MORE if task in ("simclr", "mae") else TWIN
    line = run([sys.executable, str(script), task, shape, str(seconds), str(threads)], threads)
    return line["med_ms"], line["min_ms"], None


def multiply_adds(task, shape):
    """Multiplications with addition of a step in matrix products, forward and backward: convolutions, the recurrence and
    the maps of CPC, the transformers; small heads left out. What takes no gradient is not counted."""
    batch, channels, frames = map(int, shape.split("x"))

    def stack(layers):
        forward, first, t, cin = 0, 0, frames, channels
        for cout, kernel, stride, padding in layers:
            t = (t + 2 * padding - kernel) // stride + 1
            size = batch * t * cin * cout * kernel
            first, forward, cin = first or size, forward + size, cout
        return forward, 3 * forward - first, t  # the first layer's input takes no gradient

    if task == "mae":
        width, tokens = 128, frames // 16
        seen, patch = max(tokens // 4, 1), 16 * channels
        block = lambda n: batch * (n * 12 * width**2 + 2 * n**2 * width)  # noqa: E731
        maps = batch * (seen * width**2 + tokens * width * patch)
        return 3 * (4 * block(seen) + block(tokens) + maps) + 2 * batch * seen * patch * width
    if task == "cpc":
        convolutions, steps = stack([(64, 10, 5, 3), (128, 8, 4, 2), (128, 4, 2, 1)])[1:]
        recurrence = batch * steps * 2 * 128 * 3 * 128
        heads = 4 * (steps - 4) * (batch * 128**2 + batch**2 * 128)
        return convolutions + 3 * (recurrence + heads)
    forward, trained, _ = stack([(64, 5, 2, 2), (128, 5, 2, 2), (256, 5, 2, 2)])
    return {"moco": forward + trained, "byol": 2 * (forward + trained), "simclr": 2 * trained}[task]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--tasks", default="moco,byol,cpc,simclr,mae")
    parser.add_argument("--shapes", default="64x64x512,32x8x512")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--require", type=float, help="fail if a ratio of medians is below this")
    args = parser.parse_args()
    print("| step | threads | ours: median, min ms | PyTorch: median, min ms | PyTorch / ours: median, min | page faults | share of peak |")
    print("|---|---|---|---|---|---|---|")
    worst = float("inf")
    for threads in map(int, args.threads.split(",")):
        peak = run([sys.executable, str(TWIN), "matmul", "1024x1x1", "2", str(threads)], threads)
        peak = 2e-6 * 1024**3 / peak["min_ms"]
        for shape in args.shapes.split(","):
            for task in args.tasks.split(","):
                rounds = {ours: [], theirs: []}
                for _ in range(args.rounds):
                    for side in (ours, theirs):
                        rounds[side].append(side(task, shape, args.seconds, threads))
                median = {side: statistics.median(m for m, _, _ in rounds[side]) for side in rounds}
                least = {side: min(m for _, m, _ in rounds[side]) for side in rounds}
                faults = statistics.median(f or 0 for _, _, f in rounds[ours])
                ratio = median[theirs] / median[ours]
                worst = min(worst, ratio)
                count = multiply_adds(task, shape)
                share = f"{2e-6 * count / least[ours] / peak:.0%}"
                print(
                    f"| {task} {shape} | {threads} | {median[ours]:.1f}, {least[ours]:.1f} "
                    f"| {median[theirs]:.1f}, {least[theirs]:.1f} "
                    f"| **{ratio:.2f}**, {least[theirs] / least[ours]:.2f} | {faults:.1f} | {share} |",
                    flush=True,
                )
    if args.require and worst < args.require:
        sys.exit(f"a ratio is {worst:.2f}, below {args.require}")


main()
