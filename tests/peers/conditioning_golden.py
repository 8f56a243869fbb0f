"""Makes tests/it/conditioning/golden.json with SciPy: a real recording through band-pass, notches and average reference.

Run it from the project's root, with ../shared/data, in an environment with numpy, scipy and edfio. Filters begin as though
the first frame had been there for ever (`sosfilt_zi`); every 1009th frame is kept.
"""
import json

import edfio
import numpy as np
import scipy
from scipy.signal import butter, iirnotch, sosfilt, sosfilt_zi

CHANNELS, EVERY = 64, 1009
RECORDING = "eegmmidb-S001/S001R03.edf"
CASES = [(1.0, 45.0, 4, 50.0, 1), (0.1, None, 3, 60.0, 5), (None, 30.0, 7, 0.0, 0)]

edf = edfio.read_edf(f"../shared/data/edf/{RECORDING}")
signals = edf.signals[:CHANNELS]
rate = signals[0].sampling_frequency
x = np.stack([signal.data for signal in signals]).astype(np.float32).astype(np.float64)
cases = []
for low, high, order, line, harmonics in CASES:
    kind = "bandpass" if low and high else "highpass" if low else "lowpass"
    edges = [low, high] if low and high else low or high
    sos = butter(order, edges, kind, fs=rate, output="sos")
    notches = [np.concatenate(iirnotch(k * line, 30, fs=rate)) for k in range(1, harmonics + 1) if k * line < rate / 2]
    sos = np.vstack([sos, *notches])
    zi = sosfilt_zi(sos)[:, None, :] * x[None, :, :1]
    y, _ = sosfilt(sos, x, axis=-1, zi=zi)
    y -= y.mean(axis=0)
    cases.append({"highpass_hz": low, "lowpass_hz": high, "order": order, "notch_hz": line or None, "harmonics": harmonics,
                  "frames": y[:8, EVERY - 1 :: EVERY].T.tolist()})
golden = {"scipy": scipy.__version__, "edfio": edfio.__version__, "recording": RECORDING, "rate_hz": rate, "channels": CHANNELS,
          "every": EVERY, "cases": cases}
with open("tests/it/conditioning/golden.json", "w") as file:
    file.write(json.dumps(golden).replace('{"highpass_hz"', '\n{"highpass_hz"') + "\n")
