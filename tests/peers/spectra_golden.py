"""Makes src/dsp/spectra/golden/spectra.json with SciPy: Welch's estimate of the last segments of a signal.

Run it from the project's root in an environment with numpy and scipy. The signal is made by the formula of `signal`, which
src/dsp/spectra/golden_tests.rs repeats.
"""
import json

import numpy as np
import scipy
from scipy.signal import welch


def signal(frames, rate):
    draw, values = 12345, np.zeros(frames)
    for t in range(frames):
        draw = (draw * 1664525 + 1013904223) % 2**32
        noise = 40 * ((draw >> 8) / 2**24 - 0.5)
        values[t] = 300 + noise + 15 * np.sin(2 * np.pi * 10.3 * t / rate) + 8 * np.sin(2 * np.pi * 50 * t / rate)
    return values


def case(rate):
    length = int(2 * rate + 0.5)
    hop = length // 4
    frames = length + 6 * hop
    x = signal(frames, rate)
    last = x[frames - length - 4 * hop :]
    hz, density = welch(last, rate, "hann", nperseg=length, noverlap=length - hop, detrend="constant")
    keep = hz <= 200 + 1e-9
    every = 3
    return {"rate_hz": rate, "frames": frames, "every": every, "bins": int(keep.sum()), "density": density[keep][::every].tolist()}


golden = {"scipy": scipy.__version__, "cases": [case(rate) for rate in (100.0, 160.0, 250.0, 512.0)]}
with open("src/dsp/spectra/golden/spectra.json", "w") as file:
    file.write(json.dumps(golden).replace('{"rate_hz"', '\n{"rate_hz"') + "\n")
