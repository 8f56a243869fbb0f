"""Publishes a stream with known values, as another program of the lab would.

Arguments are key=value: name, type, channels, rate, format, source_id, labels (comma-separated), places (of these, X,Y,Z
with semicolons between them), unit, kind, frames
(0 = until killed), chunk, gap_at and gap (so many frames are left out there), nan_at (one value that is none), jump_at and
jump (from that frame on stamps are so many seconds off), speed (times real time; the stamps stay those of real time),
true_rate (what its clock makes of the nominal rate), ahead (seconds by which its first stamp lies before the present),
jitter (seconds up to which stamps are off), sine (frequency of a sine of the stamps in place of counters), first (frames
that are sent before "go" on standard input, where there is one).
Prints "ready" once the stream is visible and "t0 STAMP" when the first frame is due; frame i is stamped
t0 + i / rate. Value c of frame i is (7 i + 13 c) mod 251 - 125, which every format holds.
"""
import math
import random
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
jump_at, jump = int(arguments.get("jump_at", -1)), float(arguments.get("jump", 0))
speed, jitter = float(arguments.get("speed", 1)), float(arguments.get("jitter", 0))
sine = float(arguments.get("sine", 0))
first = int(arguments.get("first", -1))
random.seed(1)

info = pylsl.StreamInfo(arguments["name"], arguments.get("type", "EEG"), channels, rate, layout, arguments.get("source_id", arguments["name"]))
if "labels" in arguments:
    described = info.desc().append_child("channels")
    places = [place.split(",") for place in arguments["places"].split(";")] if "places" in arguments else []
    for number, label in enumerate(arguments["labels"].split(",")):
        channel = described.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", arguments.get("unit", "microvolts"))
        channel.append_child_value("type", arguments.get("kind", "EEG"))
        if places:
            location = channel.append_child("location")
            for axis, value in zip("XYZ", places[number]):
                location.append_child_value(axis, value)
    info.desc().append_child("acquisition").append_child_value("manufacturer", "Lab & Söhne")
outlet = pylsl.StreamOutlet(info, chunk_size=chunk, max_buffered=60)
print("ready", flush=True)
while not outlet.have_consumers():
    time.sleep(0.01)
time.sleep(0.3)

pace = float(arguments.get("true_rate", rate)) if rate > 0 else 100.0
start = pylsl.local_clock()
t0 = start - float(arguments.get("ahead", 0))
print(f"t0 {t0!r}", flush=True)


def values(i):
    row = [(7 * i + 13 * c) % 251 - 125 for c in range(channels)]
    if layout == "string":
        return [f"marker {i}"] * channels
    if sine > 0:
        return [100.0 * math.sin(2 * math.pi * sine * (t0 + i / pace))] * channels
    if layout in ("float32", "double64"):
        row = [float(v) for v in row]
        if i == nan_at:
            row[0] = math.nan
    return row


i = 0
while frames == 0 or i < frames:
    if 0 <= first <= i:
        sys.stdin.readline()
        first, start = -1, pylsl.local_clock() - i / pace / speed
    numbers = list(range(i, i + chunk if frames == 0 else min(i + chunk, frames)))
    i = numbers[-1] + 1
    numbers = [n + gap if 0 <= gap_at <= n else n for n in numbers]
    wait = start + numbers[-1] / pace / speed - pylsl.local_clock()
    if wait > 0:
        time.sleep(wait)
    for n in numbers:
        stamp = t0 + n / pace + (jump if 0 <= jump_at <= n else 0) + random.uniform(-jitter, jitter)
        outlet.push_sample(values(n), stamp, n == numbers[-1])
print("done", flush=True)
sys.stdin.read()
