"""Races our filters against SciPy's sosfilt on the same blocks: A B A B, so that both meet the same neighbours on the machine.

usage: race.py BENCH [--rounds 5] [--seconds 1]

BENCH is the executable that `cargo bench --bench dsp --no-run` names. Needs a Python with numpy and scipy. Blocks of 20 ms
of 256 channels at 2 kHz, in double precision and channel by channel, as SciPy likes them best; band-pass and notch are five
sections, and their state is carried in `zi`. Prints a table in Markdown: medians over the rounds, SciPy's time over ours,
and the share of one core that ours take in real time.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.signal import butter, iirnotch, sosfilt

CHANNELS, RATE, FRAMES, BLOCKS = 256, 2000, 40, 50
STAGES = ["filters", "average reference", "scale ema clip", "scale robust clip", "scale robust soft-log", "quality", "whole ema", "whole robust"]


def ours(bench, stage, seconds, home):
    """Median microseconds a block of one stage."""
    command = [bench, "--bench", "--noplot", "--exact", "--warm-up-time", "0.3", "--measurement-time", str(seconds)]
    done = subprocess.run([*command, f"dsp/{stage}"], capture_output=True, text=True, env=dict(os.environ, CRITERION_HOME=home))
    if done.returncode:
        sys.exit(done.stderr)
    name = stage.replace(" ", "_")
    for folder in (stage, name):
        path = pathlib.Path(home) / "dsp" / folder / "new" / "estimates.json"
        if path.is_file():
            return json.loads(path.read_text())["median"]["point_estimate"] / 1e3
    sys.exit(f"criterion left no estimate of {stage}:\n{done.stdout}")


def theirs(seconds):
    """Median microseconds a block of SciPy's filters."""
    notch = np.concatenate(iirnotch(50, 30, fs=RATE))
    sos = np.vstack([butter(4, [0.5, 200], "bandpass", fs=RATE, output="sos"), notch])
    blocks = 30 * np.random.default_rng(1).standard_normal((BLOCKS, CHANNELS, FRAMES))
    zi, taken, until = np.zeros((len(sos), CHANNELS, 2)), [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        for block in blocks:
            begun = time.perf_counter()
            _, zi = sosfilt(sos, block, axis=-1, zi=zi)
            taken.append(time.perf_counter() - begun)
    return 1e6 * statistics.median(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--require", type=float, help="fail if the filters' ratio is below this")
    args = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    mine, scipy = {stage: [] for stage in STAGES}, []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(args.rounds):
            for stage in STAGES:
                mine[stage].append(ours(args.bench, stage, args.seconds / 2, home))
                scipy.append(theirs(args.seconds / 2))
    scipy = statistics.median(scipy)
    print("| stage | µs a block of 20 ms | share of a core | sosfilt / this |")
    print("|---|---|---|---|")
    for stage in STAGES:
        median = statistics.median(mine[stage])
        print(f"| {stage} | {median:.0f} | {median / 20_000:.1%} | {scipy / median:.1f} |")
    print(f"| SciPy's sosfilt, the filters alone | {scipy:.0f} | {scipy / 20_000:.1%} | 1 |")
    ratio = scipy / statistics.median(mine["filters"])
    if args.require and ratio < args.require:
        sys.exit(f"the ratio is {ratio:.2f}, below {args.require}")


main()
