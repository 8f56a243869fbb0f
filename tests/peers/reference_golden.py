"""Writes src/dsp/reference/golden/references.json: frames before and after re-referencing.

Needs MNE and NumPy (made with the versions that the file names), run from the folder of the crate. Average, named
references and pairs are MNE's (`set_eeg_reference`, `set_bipolar_reference`), with bad channels as MNE treats them:
they do not enter the average. MNE's current source density is another thing than the Laplacian of Hjorth (1975), so
that one, the median and the averages of grids are written out here, with neighbours told by name.
"""

import json

import mne
import numpy as np

mne.set_log_level("ERROR")
draw = np.random.default_rng(20)
TEN_TWENTY = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2 A1 A2".split()
TEN_TEN = "Fp1 Fpz AF7 AF3 AFz F7 F5 F3 F1 Fz F2 FC5 FC3 FC1 FCz FC2 C5 C3 C1 Cz C2 C4 CP3 CP1 CPz CP2 P3 P1 Pz P2".split()
LARGE = {
    "Fp1": "F7 F3", "F3": "Fp1 F7 Fz C3", "Fz": "F3 F4 Cz", "F7": "Fp1 F3 T7", "T7": "F7 C3 P7", "C3": "F3 T7 Cz P3",
    "Cz": "Fz C3 C4 Pz", "C4": "F4 Cz T8 P4", "P3": "C3 P7 Pz O1", "Pz": "Cz P3 P4", "O1": "P7 P3", "O2": "P4 P8",
}
SMALL = {
    "Fp1": "Fpz AF7 AF3", "AFz": "Fpz AF3 Fz", "F5": "F7 F3 FC5", "F3": "AF3 F5 F1 FC3", "FC3": "F3 FC5 FC1 C3",
    "FCz": "Fz FC1 FC2 Cz", "C3": "FC3 C5 C1 CP3", "Cz": "FCz C1 C2 CPz", "CP1": "C1 CP3 CPz P1", "Pz": "CPz P1 P2",
}  # fmt: skip
CHAIN = "Fp1-F7 F7-T7 T7-P7 P7-O1 Fp2-F8 F8-T8 T8-P8 P8-O2 Fp1-F3 F3-C3 C3-P3 P3-O1 Fp2-F4 F4-C4 C4-P4 P4-O2 Fz-Cz Cz-Pz"
GRIDS = [f"G{n}" for n in range(1, 17)] + [f"S{n}" for n in range(1, 5)]


def recording(labels, bads):
    frames = np.round(draw.normal(0, 30, (4, len(labels))), 3)
    raw = mne.io.RawArray(frames.T * 1e-6, mne.create_info(labels, 100.0, "eeg"))
    raw.info["bads"] = list(bads)
    return frames, raw


def case(what, labels, bads, frames, out, names, good):
    return {
        "reference": what, "labels": labels, "bad": bads, "frames": frames.tolist(),
        "out_labels": names, "out_good": good, "out": np.round(out, 9).tolist(),
    }  # fmt: skip


cases = []
for bads in ([], ["C3", "O2"]):
    frames, raw = recording(TEN_TWENTY, bads)
    good = [name not in bads for name in TEN_TWENTY]
    # MNE leaves bad channels as recorded, here they are referred too: only good ones are compared.
    average = mne.set_eeg_reference(raw.copy(), "average")[0].get_data().T * 1e6
    cases.append(case("average", TEN_TWENTY, bads, frames, average, TEN_TWENTY, good))
    median = frames - np.median(frames[:, good], axis=1, keepdims=True)
    cases.append(case("median", TEN_TWENTY, bads, frames, median, TEN_TWENTY, good))
    for references in (["Cz"], ["A1", "A2"]):
        named = mne.set_eeg_reference(raw.copy(), references)[0]
        names = [name for name in TEN_TWENTY if name not in references]
        named = named.get_data(names).T * 1e6
        cases.append(case(references, TEN_TWENTY, bads, frames, named, names, [name not in bads for name in names]))
    pairs = [pair.split("-") for pair in CHAIN.split()]
    bipolar = mne.set_bipolar_reference(raw.copy(), [a for a, _ in pairs], [b for _, b in pairs], on_bad="ignore")
    names = CHAIN.split()
    bipolar = bipolar.get_data(names).T * 1e6
    of_good = [a not in bads and b not in bads for a, b in pairs]
    cases.append(case("double-banana", TEN_TWENTY, bads, frames, bipolar, names, of_good))


def laplacian(what, labels, around, bads):
    frames, _ = recording(labels, bads)
    out, good = [], []
    for name, near in around.items():
        near = [other for other in near.split() if other not in bads]
        mean = frames[:, [labels.index(other) for other in near]].mean(1) if near else 0
        out.append(frames[:, labels.index(name)] - mean)
        good.append(bool(near) and name not in bads)
    return case(what, labels, bads, frames, np.stack(out, 1), list(around), good)


cases.append(laplacian("large-laplacian", TEN_TWENTY, LARGE, []))
cases.append(laplacian("large-laplacian", TEN_TWENTY, LARGE, ["Cz", "P3", "P7"]))
cases.append(laplacian("small-laplacian", TEN_TEN, SMALL, []))
cases.append(laplacian("small-laplacian", TEN_TEN, SMALL, ["Cz", "FC3", "Fpz", "AF3", "AF7"]))
# 2x8 contacts, row by row, and a strip of four.
grid = np.arange(16).reshape(2, 8)
frames, _ = recording(GRIDS, ["G10", "S1"])
good = [name not in ("G10", "S1") for name in GRIDS]
means = np.repeat([frames[:, :16][:, good[:16]].mean(1), frames[:, 16:][:, good[16:]].mean(1)], [16, 4], axis=0).T
cases.append(case("average-per-grid", GRIDS, ["G10", "S1"], frames, frames - means, GRIDS, good))
around = {"G2": "G1 G3 G10", "G9": "G1 G10", "G12": "G4 G11 G13", "S2": "S1 S3"}
cases.append(laplacian("small-laplacian", GRIDS, around, ["G10", "S1"]))

with open("src/dsp/reference/golden/references.json", "w", encoding="utf-8") as file:
    json.dump({"made_with": {"mne": mne.__version__, "numpy": np.__version__}, "cases": cases}, file)
    file.write("\n")
