"""How late the samples of a replayed stream arrive, minute by minute: deadlines that are kept do not drift.

    neurostream synth long.edf --seconds 700
    neurostream replay long.edf --name drift --wait &
    python benches/replay/drift.py drift 630          # a Python with pylsl

Prints for each minute of signal how long after its stamp a sample arrived, and at the end how far steps between stamps are
from the stream's period.
"""
import statistics
import sys

import pylsl

name, seconds = sys.argv[1], float(sys.argv[2])
found = pylsl.resolve_byprop("name", name, 1, 30)[0]
inlet, period = pylsl.StreamInlet(found, max_buflen=60), 1 / found.nominal_srate()
inlet.open_stream(10)
late, stamps = {}, []
while not stamps or stamps[-1] - stamps[0] < seconds:
    sample, stamp = inlet.pull_sample(20)
    if sample is None:
        break
    now = pylsl.local_clock()
    stamps.append(stamp)
    late.setdefault(int((stamp - stamps[0]) // 60), []).append(1e3 * (now - stamp))
for minute, each in sorted(late.items()):
    p99 = sorted(each)[int(0.99 * len(each))]
    print(f"minute {minute}: {len(each)} samples, late by {statistics.median(each):.3f} ms (median), {p99:.3f} (p99)")
off = [after - before - period for before, after in zip(stamps, stamps[1:])]
print(f"{len(stamps)} samples in {stamps[-1] - stamps[0]:.3f} s; steps off by {1e6 * statistics.fmean(off):.4f} µs on average, "
      f"{1e6 * max(map(abs, off)):.4f} at most")
