"""Publishes a signal and a stream of markers beside it, as an amplifier and a stimulation program would.

Arguments are key=value: name and markers (names of the two streams), rate, frames, format (of the markers: string or
int32), late (seconds after which a marker is sent). Every value of frame i is i, stamped t0 + i / rate; marker k says
"go k" (or is the number k) and happens with frame 100 k + 50. Prints "ready", "t0 STAMP" and "done".
"""
import sys
import time

import pylsl

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
rate, frames = float(arguments["rate"]), int(arguments["frames"])
late, layout = float(arguments.get("late", 0)), arguments.get("format", "string")
info = pylsl.StreamInfo(arguments["name"], "EEG", 2, rate, "float32", "sn-" + arguments["name"])
outlet = pylsl.StreamOutlet(info, chunk_size=10, max_buffered=60)
info = pylsl.StreamInfo(arguments["markers"], "Markers", 1, 0.0, layout, "sn-" + arguments["markers"])
markers = pylsl.StreamOutlet(info)
print("ready", flush=True)
while not (outlet.have_consumers() and markers.have_consumers()):
    time.sleep(0.01)
time.sleep(0.5)

t0 = pylsl.local_clock()
print(f"t0 {t0!r}", flush=True)
waiting = [(t0 + (100 * k + 50) / rate, k) for k in range(frames // 100)]
for first in range(0, frames, 10):
    while pylsl.local_clock() < t0 + (first + 9) / rate:
        time.sleep(0.001)
    for i in range(first, min(first + 10, frames)):
        outlet.push_sample([float(i), float(i)], t0 + i / rate, i % 10 == 9)
    while waiting and waiting[0][0] + late <= pylsl.local_clock():
        stamp, k = waiting.pop(0)
        markers.push_sample([f"go {k}" if layout == "string" else k], stamp)
print("done", flush=True)
sys.stdin.read()
