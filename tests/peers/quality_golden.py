"""Makes src/dsp/quality/golden/figures.json with NumPy and SciPy: the figures behind verdicts, from their definitions.

Run it from the project's root in an environment with numpy and scipy. The signal is made by the formula of `signal`,
which src/dsp/quality/golden_tests.rs repeats; spectra are scipy.signal.periodogram's, correlations numpy.corrcoef's of
band-passed samples.
"""
import json

import numpy as np
import scipy
from scipy.signal import periodogram

CHANNELS, SECONDS = 5, 4
LINES = (50.0, 60.0)


def signal(rate):
    """[T, C] in float32: a linear congruential generator drives leaky integrators, beside tones."""
    draw, leaky = 12345, np.zeros(CHANNELS)
    frames = np.zeros((SECONDS * rate, CHANNELS), np.float32)
    for t in range(len(frames)):
        time = t / rate
        for c in range(CHANNELS):
            draw = (draw * 1664525 + 1013904223) % 2**32
            even = (draw >> 8) / 2**24 - 0.5
            leaky[c] = 0.98 * leaky[c] + even
            value = 20 * np.sin(2 * np.pi * 9.7 * time + 0.3 * c) + 40 * leaky[c] + 500 * c
            value += 25 * c * np.sin(2 * np.pi * 50.2 * time) + 6 * np.sin(2 * np.pi * 75.0 * time)
            frames[t, c] = value
    return frames


def expected(values):
    return np.median(values) / np.log(2)


def figures(rate, whole, end):
    """Of all channels at frame `end`; thinned signals lie behind by half the response of their low-pass."""
    behind = 16 if rate == 2000 else 0
    half = rate // 2
    seconds = [whole[end - behind - back * half - rate:end - behind - back * half].astype(float) for back in (2, 1, 0)]
    brain, low, high, lines = 0, 0, 0, np.zeros((len(LINES), 3, CHANNELS))
    for second in seconds[1:]:
        hz, density = periodogram(second, rate, window="hann", detrend="constant", scaling="density", axis=0)
        bins = np.arange(len(hz))[:, None]
        brain = brain + density[(hz >= 1) & (hz <= 30)].sum(0)
        low = low + np.apply_along_axis(expected, 0, (density * bins)[(hz >= 4) & (hz <= 20)])
        top = min(100, 0.45 * rate)
        spared = np.any([np.abs(hz - np.round(hz / line) * line) <= 2.5 for line in LINES], 0)
        selected = (hz >= 30) & (hz <= top) & ~spared
        high = high + np.apply_along_axis(expected, 0, (density * bins)[selected])
        for i, line in enumerate(LINES):
            on = np.abs(hz - line) <= 2
            around = np.apply_along_axis(expected, 0, density[(np.abs(hz - line) <= 7) & ~on])
            above = np.maximum(density[on].sum(0) - around * on.sum(), 0)
            lines[i] += [above, density[on].max(0), around]
    ratios = np.where(lines[:, 1] > 10 * lines[:, 2], np.sqrt(lines[:, 0] / brain), 0)
    shared = []
    for second in seconds:
        window = scipy.signal.get_window("hann", rate)[:, None]
        spectrum = np.fft.rfft((second - second.mean(0)) * window, axis=0)
        hz = np.fft.rfftfreq(rate, 1 / rate)[:, None]
        shared.append(np.fft.irfft(np.where((hz >= 1) & (hz <= 20), spectrum * np.sqrt(hz), 0), rate, axis=0))
    correlations = np.abs(np.corrcoef(np.concatenate(shared), rowvar=False)) - 2 * np.eye(CHANNELS)
    last = whole[end - half:end].astype(float)
    steps = np.abs(np.diff(whole[end - half - 1:end].astype(float), axis=0))
    return [
        {
            "peak_to_peak_uv": np.ptp(last[:, c]),
            "rms_uv": seconds[2][:, c].std(),
            "line_ratio": ratios[:, c].max(),
            "line_hz": LINES[int(ratios[:, c].argmax())] if ratios[:, c].max() > 0 else None,
            "muscle_ratio": high[c] / low[c],
            "largest_step_uv": steps[:, c].max(),
            "correlation": correlations[c].max(),
        }
        for c in range(CHANNELS)
    ]


cases = []
for rate in (160, 500, 2000):
    whole = signal(rate)
    ends = [5 * rate // 2, 3 * rate, 4 * rate]
    cases.append({"rate_hz": rate, "ends": ends, "figures": [figures(rate, whole, end) for end in ends]})
versions = {"numpy": np.__version__, "scipy": scipy.__version__}
with open("src/dsp/quality/golden/figures.json", "w", encoding="utf-8") as file:
    json.dump({"made_with": versions, "cases": cases}, file, indent=1)
    file.write("\n")
