"""Makes src/dsp/filter/golden/filters.json with SciPy: designs and output of filters.

Run it from the project's root in an environment with numpy and scipy. The signal is made by the formula of `signal`, which
src/dsp/filter/golden_tests.rs repeats; every 97th sample of the output is kept.
"""
import json

import numpy as np
import scipy
from scipy.signal import butter, iirnotch, sosfilt

EVERY, KEPT = 97, 24


def signal(frames):
    draw, values = 12345, np.zeros(frames)
    for t in range(frames):
        draw = (draw * 1664525 + 1013904223) % 2**32
        values[t] = 500 + 0.01 * t + 100 * ((draw >> 8) / 2**24 - 0.5)
    return values


def cases():
    for kind, cutoffs in {
        "highpass": [(0.1, 250), (0.1, 30000), (0.5, 2000), (30, 100), (124.9, 250)],
        "lowpass": [(0.1, 250), (45, 250), (200, 2000), (7500, 30000), (124.9, 250)],
        "bandpass": [(0.1, 100, 2000), (1, 45, 250), (8, 13, 160), (300, 6000, 30000), (0.5, 79.9, 160), (49, 51, 500)],
    }.items():
        for *hz, rate in cutoffs:
            for order in range(1, 9):
                sos = butter(order, hz if len(hz) > 1 else hz[0], kind, fs=rate, output="sos")
                yield {"kind": kind, "order": order, "hz": hz, "rate_hz": rate}, sos
    for line, harmonics, q, rate in [(50, 1, 30, 250), (60, 4, 30, 2000), (50, 9, 10, 512), (60, 3, 35, 30000)]:
        multiples = [k * line for k in range(1, harmonics + 1) if k * line < rate / 2]
        sos = np.array([np.concatenate(iirnotch(hz, q, fs=rate)) for hz in multiples])
        yield {"kind": "notch", "order": None, "hz": [line], "harmonics": harmonics, "q": q, "rate_hz": rate}, sos


x = signal(EVERY * KEPT)
made = [
    case | {"feedback": sos[:, 4:].tolist(), "output": sosfilt(sos, x)[EVERY - 1 :: EVERY].tolist()}
    for case, sos in cases()
]
golden = {"scipy": scipy.__version__, "numpy": np.__version__, "every": EVERY, "cases": made}
with open("src/dsp/filter/golden/filters.json", "w") as file:
    file.write(json.dumps(golden).replace('{"kind"', '\n{"kind"') + "\n")
