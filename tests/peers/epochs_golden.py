"""Makes tests/it/golden/epochs.json with MNE: the epochs round T1 and T2 of eegmmidb S001R04.

Run it from the project's root in an environment with mne, with ../shared/data at hand. Of each epoch it keeps the first
sample, the event's text, and of three channels the first value, the last and the mean in microvolts.
"""
import json

import mne

raw = mne.io.read_raw_edf("../shared/data/edf/eegmmidb-S001/S001R04.edf", preload=True, verbose="error")
events, ids = mne.events_from_annotations(raw, regexp="^T[12]$", verbose="error")
texts = {number: text for text, number in ids.items()}
# MNE's epochs hold the sample at tmax, our windows end before it.
step = 1 / raw.info["sfreq"]
epochs = mne.Epochs(raw, events, tmin=-0.2, tmax=0.8 - step, baseline=None, preload=True, verbose="error")
samples = epochs.get_data(units="uV")
kept = [
    {
        "first": int(event[0] + round(epochs.tmin * raw.info["sfreq"])),
        "text": texts[event[2]],
        "channels": {str(c): [x[c, 0], x[c, -1], x[c].mean()] for c in (0, 31, 63)},
    }
    for event, x in zip(epochs.events, samples, strict=True)
]
with open("tests/it/golden/epochs.json", "w", encoding="utf-8") as file:
    json.dump({"made_with": {"mne": mne.__version__}, "frames": samples.shape[2], "epochs": kept}, file, indent=1)
    file.write("\n")
