"""Publishes a signal of two states in turn and a stream of markers that name them, as a paradigm would.

Arguments are key=value: name and markers (names of the two streams), seconds (in all), each (seconds of a state), late
(seconds after which a marker is sent). Eight channels at 250 Hz with noise and a rhythm: 8 Hz while it is "slow", 24 Hz
while it is "fast"; the first state is slow. Every second channel has it the other way up, so that an average reference
leaves it. Prints "ready", "t0 STAMP" and "done".
"""
import math
import random
import sys
import time

import pylsl

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
rate, channels, late = 250, 8, float(arguments.get("late", 0))
frames, each = int(float(arguments["seconds"]) * rate), int(float(arguments["each"]) * rate)
info = pylsl.StreamInfo(arguments["name"], "EEG", channels, rate, "float32", "sn-" + arguments["name"])
outlet = pylsl.StreamOutlet(info, chunk_size=10, max_buffered=60)
markers = pylsl.StreamOutlet(pylsl.StreamInfo(arguments["markers"], "Markers", 1, 0.0, "string", "sn-markers"))
print("ready", flush=True)
while not (outlet.have_consumers() and markers.have_consumers()):
    time.sleep(0.01)
time.sleep(0.5)

chance = random.Random(1)
t0 = pylsl.local_clock()
print(f"t0 {t0!r}", flush=True)
waiting = [(t0 + first / rate, ["slow", "fast"][first // each % 2]) for first in range(0, frames, each)]
for first in range(0, frames, 10):
    while pylsl.local_clock() < t0 + (first + 9) / rate:
        time.sleep(0.001)
    for i in range(first, min(first + 10, frames)):
        rhythm = 20 * math.sin(2 * math.pi * [8, 24][i // each % 2] * i / rate)
        values = [rhythm * (-1) ** channel + chance.gauss(0, 10) for channel in range(channels)]
        outlet.push_sample(values, t0 + i / rate, i % 10 == 9)
    while waiting and waiting[0][0] + late <= pylsl.local_clock():
        stamp, text = waiting.pop(0)
        markers.push_sample([text], stamp)
print("done", flush=True)
sys.stdin.read()
