"""Publishes a stream with known values, as another program of the lab would.

Arguments are key=value: name, type, channels, rate, format, source_id, labels (comma-separated), unit, kind, frames
(0 = until killed), chunk, gap_at and gap (so many frames are left out there), nan_at (one value that is none).
Prints "ready" once the stream is visible and "t0 STAMP" when the first frame is due; frame i is stamped
t0 + i / rate. Value c of frame i is (7 i + 13 c) mod 251 - 125, which every format holds.
"""
import math
import sys
import time

import pylsl

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
channels = int(arguments.get("channels", 4))
rate = float(arguments.get("rate", 500))
layout = arguments.get("format", "float32")
frames = int(arguments.get("frames", 0))
chunk = int(arguments.get("chunk", 10))
gap_at, gap = int(arguments.get("gap_at", -1)), int(arguments.get("gap", 0))
nan_at = int(arguments.get("nan_at", -1))

info = pylsl.StreamInfo(arguments["name"], arguments.get("type", "EEG"), channels, rate, layout, arguments.get("source_id", arguments["name"]))
if "labels" in arguments:
    described = info.desc().append_child("channels")
    for label in arguments["labels"].split(","):
        channel = described.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", arguments.get("unit", "microvolts"))
        channel.append_child_value("type", arguments.get("kind", "EEG"))
    info.desc().append_child("acquisition").append_child_value("manufacturer", "Lab & Söhne")
outlet = pylsl.StreamOutlet(info, chunk_size=chunk, max_buffered=60)
print("ready", flush=True)
while not outlet.have_consumers():
    time.sleep(0.01)
time.sleep(0.3)


def values(i):
    row = [(7 * i + 13 * c) % 251 - 125 for c in range(channels)]
    if layout == "string":
        return [f"marker {i}"] * channels
    if layout in ("float32", "double64"):
        row = [float(v) for v in row]
        if i == nan_at:
            row[0] = math.nan
    return row


pace = rate if rate > 0 else 100.0
t0 = pylsl.local_clock()
print(f"t0 {t0!r}", flush=True)
i = 0
while frames == 0 or i < frames:
    numbers = list(range(i, i + chunk if frames == 0 else min(i + chunk, frames)))
    i = numbers[-1] + 1
    numbers = [n + gap if 0 <= gap_at <= n else n for n in numbers]
    wait = t0 + numbers[-1] / pace - pylsl.local_clock()
    if wait > 0:
        time.sleep(wait)
    for n in numbers:
        outlet.push_sample(values(n), t0 + n / pace, n == numbers[-1])
print("done", flush=True)
sys.stdin.read()
