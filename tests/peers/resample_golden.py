"""Makes src/dsp/resample/golden/upfirdn.json: `scipy.signal.upfirdn` on the taps that SciPy designs to the same terms.

    python tests/peers/resample_golden.py        # in the folder of the crate; a Python with numpy and scipy

The taps are `firwin`'s (Kaiser window, 82 dB, cut-off at 0.45 of the slower rate), scaled a phase so that each sums to 1.
Before its first frame and after its last one the signal is held.
"""

import json
from fractions import Fraction

import numpy as np
import scipy
from scipy.signal import firwin, upfirdn

FRAMES, CHANNELS, HALF_WIDTH = 700, 3, 26
BETA = 0.1102 * (82 - 8.7)


def signal():
    """As `signal` in src/dsp/resample/tests.rs."""
    numbers = np.arange(FRAMES * CHANNELS, dtype=np.uint32) * np.uint32(2654435761)
    noise = (numbers >> np.uint32(20)).astype(float) - 2048
    return noise.reshape(FRAMES, CHANNELS) + 1000 * np.arange(CHANNELS)


def taps(up, down):
    longer = max(up, down)
    half = HALF_WIDTH * longer
    taps = firwin(2 * half + 1, 0.9 / longer, window=("kaiser", BETA))
    phases = np.arange(-half, half + 1) % up
    for phase in range(up):
        taps[phases == phase] /= taps[phases == phase].sum()
    return taps, half


def resampled(up, down):
    h, half = taps(up, down)
    # So much is held before the first frame that an output falls on it.
    reach = -(-half // up)
    before = next(pad for pad in range(reach, reach + down) if (pad * up + half) % down == 0)
    padded = np.pad(signal(), ((before, 2 * reach), (0, 0)), mode="edge")
    first = (before * up + half) // down
    return upfirdn(h, padded, up, down, axis=0)[first:first - (-FRAMES * up // down)]


cases = []
for source_hz, model_hz in [("512", "200"), ("160", "128"), ("1024", "250"), ("2048", "256"), ("30000", "1000"),
                            ("999.7", "250"), ("100", "128")]:
    ratio = Fraction(model_hz) / Fraction(source_hz)
    out = resampled(ratio.numerator, ratio.denominator)
    step = max(1, len(out) // 40)
    places = sorted({*range(0, len(out), step), 1, 2, len(out) - 2, len(out) - 1})
    cases.append({"source_hz": float(source_hz), "model_hz": float(model_hz), "up": ratio.numerator,
                  "down": ratio.denominator, "frames": len(out), "places": places,
                  "values": [[round(float(v), 9) for v in out[place]] for place in places]})
with open("src/dsp/resample/golden/upfirdn.json", "w", encoding="utf-8") as file:
    file.write(json.dumps({"made_with": {"numpy": np.__version__, "scipy": scipy.__version__}, "cases": cases}))
    file.write("\n")
