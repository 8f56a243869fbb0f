"""Writes src/window/augment/golden/views.json: augmentations as braindecode, SciPy and NumPy compute them, for the tests of window::augment.

    pip install braindecode==1.8.1 torch mne numpy scipy
    python augment_golden.py

braindecode's functions draw at random; what they drew is drawn again here from the same seed and written beside the result.
"""

import importlib.metadata
import importlib.util
import json
from pathlib import Path

import numpy as np
import scipy.signal
import torch


def load_functions():
    """braindecode.augmentation.functional alone: the package itself imports far more than these functions need."""
    files = importlib.metadata.files("braindecode")
    path = next(f for f in files if str(f).endswith("augmentation/functional.py")).locate()
    spec = importlib.util.spec_from_file_location("functional", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


F = load_functions()
RNG = np.random.default_rng(20240611)
Y = torch.zeros(1)


def window(frames, channels):
    """[C, T], some structure and some noise."""
    t = np.arange(frames)
    waves = [np.sin(0.21 * t * (c + 1) + c) + 0.5 * c for c in range(channels)]
    return (np.array(waves) + 0.3 * RNG.standard_normal((channels, frames))).astype(np.float32)


def batch(x):
    return torch.as_tensor(x)[None]


def flat(x):
    """[C, T] to samples frame by frame."""
    return [round(float(v), 6) for v in np.asarray(x, dtype=np.float64).T.ravel()]


def case(x, result, **given):
    return {"channels": x.shape[0], "window": flat(x), "view": flat(result), **given}


def surrogate(frames, channels, magnitude, independent):
    x = window(frames, channels)
    seed = int(RNG.integers(1 << 31))
    view, _ = F.ft_surrogate(batch(x), Y, magnitude, independent, random_state=seed)
    drawn = F._new_random_fft_phase[frames % 2](1, channels if independent else 1, frames, "cpu", seed)
    inner = drawn[0, :, 1 : (frames + 1) // 2].imag.numpy() / (2 * np.pi) * magnitude
    return case(x, view[0].numpy(), turns=inner.ravel().tolist(), independent=independent)


def frequency_shift(frames, by_hz, rate_hz):
    x = window(frames, 2)
    if frames & (frames - 1) == 0:
        view = F.frequency_shift(batch(x), Y, by_hz, rate_hz)[0][0].numpy()
    else:
        # braindecode pads with zeros to a power of two, for speed alone.
        turn = np.exp(2j * np.pi * by_hz * np.arange(frames) / rate_hz)
        view = (scipy.signal.hilbert(x.astype(np.float64), axis=-1) * turn).real
    return case(x, view, by_hz=by_hz, rate_hz=rate_hz)


def smooth_mask(frames, start, length):
    x = window(frames, 2)
    view, _ = F.smooth_time_mask(batch(x), Y, torch.tensor([start]), length)
    return case(x, view[0].numpy(), start=start, length=length)


def resize(frames, start, kept):
    x = window(frames, 2)
    at = start + np.linspace(0, kept - 1, frames)
    return case(x, [np.interp(at, np.arange(frames), row) for row in x], start=start, kept=kept)


def band_stop(centre_hz, width_hz, rate_hz):
    x = window(1024, 2)
    view, _ = F.bandstop_filter(batch(x), Y, rate_hz, width_hz, [centre_hz])
    return case(x, view[0].numpy(), centre_hz=centre_hz, width_hz=width_hz, rate_hz=rate_hz)


def normal(key, indices):
    """The normal numbers of window::Key, in NumPy's own arithmetic."""
    bits = (indices + key[0]).astype(np.uint32)
    bits = ((bits ^ (bits >> np.uint32(16))) * np.uint32(0x7FEB352D)) ^ np.uint32(key[1])
    bits = (bits ^ (bits >> np.uint32(15))) * np.uint32(0x846CA68B)
    bits ^= bits >> np.uint32(16)
    x = bits.view(np.uint8).reshape(-1, 4).sum(axis=1, dtype=np.int64) - 510.0
    return x * (6.4210406e-3 + 5.7739543e-9 * x * x)


indices = np.arange(32, dtype=np.uint64)
golden = {
    "surrogate": [surrogate(64, 3, 0.9, False), surrogate(45, 3, 1.0, False), surrogate(50, 2, 0.5, True)],
    "frequency_shift": [frequency_shift(64, 1.5, 32.0), frequency_shift(64, -0.7, 50.0), frequency_shift(51, 2.0, 40.0)],
    "smooth_mask": [smooth_mask(100, 20, 30), smooth_mask(64, 0, 10), smooth_mask(64, 50, 14)],
    "resize": [resize(64, 5, 40), resize(50, 0, 2), resize(33, 1, 32)],
    "band_stop": [band_stop(20.0, 5.0, 128.0), band_stop(30.0, 10.0, 128.0)],
    "normal": [
        {"key": key, "values": normal(key, indices).tolist()} for key in [[0, 0], [0xDEADBEEF, 0x0BADCAFE], [4294967290, 7]]
    ],
}
TO = Path(__file__).parents[2] / "src/window/augment/golden/views.json"
TO.write_text(json.dumps(golden) + "\n")
