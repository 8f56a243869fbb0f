"""Prints what pyxdf (1.17.5) reads from an XDF file, as JSON: stamps raw, synchronised and even, and all values as text."""
import json
import sys

import pyxdf


def load(sync, even):
    return pyxdf.load_xdf(sys.argv[1], synchronize_clocks=sync, dejitter_timestamps=even)[0]


def text(value):
    return value if isinstance(value, str) else repr(value.item())


streams = []
for raw, synced, even in zip(load(False, False), load(True, False), load(True, True)):
    streams.append({
        "name": raw["info"]["name"][0],
        "footer": raw["footer"]["info"]["sample_count"][0],
        "labels": [c["label"][0] for c in ((raw["info"]["desc"][0] or {}).get("channels") or [{}])[0].get("channel", [])],
        "raw": [repr(float(s)) for s in raw["time_stamps"]],
        "synchronised": [float(s) for s in synced["time_stamps"]],
        "even": [float(s) for s in even["time_stamps"]],
        "values": [[text(v) for v in sample] for sample in raw["time_series"]],
    })
print(json.dumps(streams))
