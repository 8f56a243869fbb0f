"""Writes src/signal/electrode/table.rs: places of the 10-5 system from a measured head.

Needs MNE (made with 1.13.2), run from the folder of the crate. A sphere is fitted to all 343 electrodes of MNE's
`standard_1005` (Colin27; Oostenveld & Praamstra 2001); seen from its centre, Cz is the vertex and Fpz lies ahead. The
angle from the vertex becomes the distance in the plane (equidistant azimuthal), 130 degrees being 1, so that every
electrode, the ear lobes too, lies inside the unit disc.
"""

import warnings

import mne
import numpy as np

warnings.simplefilter("ignore")
OLD = {"T3", "T4", "T5", "T6"}
places = mne.channels.make_standard_montage("standard_1005").get_positions()["ch_pos"]
names = list(places)
at = np.array([places[name] for name in names])
centre = np.linalg.lstsq(np.c_[2 * at, np.ones(len(at))], (at**2).sum(1), rcond=None)[0][:3]
at = (at - centre) / np.linalg.norm(at - centre, axis=1, keepdims=True)
up = at[names.index("Cz")]
ahead = at[names.index("Fpz")]
ahead = ahead - up * (ahead @ up)
ahead /= np.linalg.norm(ahead)
right = np.cross(ahead, up)
distance = np.degrees(np.arccos(np.clip(at @ up, -1, 1))) / 130
turn = np.arctan2(at @ right, at @ ahead)
rows = sorted(
    (name.upper(), f'("{name}", {d * np.sin(a) + 0:.4f}, {d * np.cos(a) + 0:.4f})'.replace("-0.0000", "0.0000"))
    for name, d, a in zip(names, distance, turn)
    if name not in OLD
)
assert distance.max() <= 1
with open("src/signal/electrode/table.rs", "w", encoding="utf-8") as file:
    file.write(
        "//! Names and places of the 10-5 system, which holds 10-10 and 10-20.\n"
        "//!\n"
        "//! Made by `tests/peers/electrodes_table.py` from MNE's `standard_1005` (Oostenveld and Praamstra, 2001); not to be\n"
        "//! changed by hand. Invariant: ordered by name in capitals, for the search.\n\n"
        "/// Name, and x and y in the unit disc.\n"
        "#[rustfmt::skip]\n"
        f"pub(super) const TABLE: [(&str, f32, f32); {len(rows)}] = [\n"
    )
    for start in range(0, len(rows), 4):
        file.write("    " + " ".join(text + "," for _, text in rows[start : start + 4]) + "\n")
    file.write("];\n")
