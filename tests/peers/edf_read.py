"""Reads an EDF, EDF+, BDF or BDF+ file with another library and prints what is in it as JSON.

    edf_read.py edfio|pyedflib|mne FILE

Values are in the unit of the file; MNE's volts are turned into microvolts.
"""

import json
import sys

import numpy as np


def channel(label, rate, values):
    values = np.asarray(values, dtype=float)
    return {
        "label": label,
        "rate_hz": float(rate),
        "n_samples": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "first8": values[:8].tolist(),
        "last8": values[-8:].tolist(),
    }


def with_edfio(path):
    import edfio

    edf = (edfio.read_bdf if path.endswith(".bdf") else edfio.read_edf)(path)
    channels = [channel(s.label, s.sampling_frequency, s.data) for s in edf.signals]
    return channels, [[a.onset, a.duration, a.text] for a in edf.annotations]


def with_pyedflib(path):
    import pyedflib

    with pyedflib.EdfReader(path) as edf:
        count = edf.signals_in_file
        channels = [channel(edf.getLabel(i), edf.getSampleFrequency(i), edf.readSignal(i)) for i in range(count)]
        onsets, durations, texts = edf.readAnnotations()
    return channels, [[float(o), float(d) if d >= 0 else None, str(t)] for o, d, t in zip(onsets, durations, texts)]


def with_mne(path):
    import mne

    read = mne.io.read_raw_bdf if path.endswith(".bdf") else mne.io.read_raw_edf
    raw = read(path, preload=True, verbose="error")
    channels = []
    for index, label in enumerate(raw.ch_names):
        values = raw.get_data(picks=[index])[0]
        channels.append(channel(label, raw.info["sfreq"], values * 1e6))
    return channels, [[float(a["onset"]), float(a["duration"]), str(a["description"])] for a in raw.annotations]


READERS = {"edfio": with_edfio, "pyedflib": with_pyedflib, "mne": with_mne}

channels, annotations = READERS[sys.argv[1]](sys.argv[2])
print(json.dumps({"channels": channels, "annotations": annotations}))
