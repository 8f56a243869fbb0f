"""Publishes noise of many channels, as an amplifier for high density would, until it is killed.

Arguments are key=value: name, channels, rate, block (frames in a packet). Frames are stamped t0 + i / rate.
"""
import sys
import time

import numpy as np
import pylsl

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
channels, rate, block = int(arguments["channels"]), float(arguments["rate"]), int(arguments.get("block", 20))
info = pylsl.StreamInfo(arguments["name"], "EEG", channels, rate, "float32", arguments["name"])
outlet = pylsl.StreamOutlet(info, max_buffered=60)
noise = np.random.default_rng(1).normal(0, 20, (256 * block, channels)).astype(np.float32)
while not outlet.have_consumers():
    time.sleep(0.01)
t0 = pylsl.local_clock()
i = 0
while True:
    i += block
    wait = t0 + i / rate - pylsl.local_clock()
    if wait > 0:
        time.sleep(wait)
    at = (i - block) % len(noise)
    outlet.push_chunk(noise[at : at + block], t0 + (i - 1) / rate)
