"""Reads one file of 258 MB with neurostream, edfio, pyedflib and MNE in turns, and prints the ratios.

    cargo bench --bench edf --no-run      # says where the program is
    python benches/edf/race.py target/release/deps/edf-... [--rounds 5]

Each round reads with each of them once, every one in a process of its own, from the cache of the disk, to floating-point
values of all channels (neurostream float32, the others float64).
"""

import argparse
import json
import statistics
import subprocess
import sys

READ = {
    "edfio": "import edfio\ndef read(p): return sum(float(s.data[len(s.data) // 2]) for s in edfio.read_edf(p).signals)",
    "pyedflib": "import pyedflib\ndef read(p):\n with pyedflib.EdfReader(p) as f:\n  return sum(float(x[len(x) // 2]) for x in (f.readSignal(i) for i in range(f.signals_in_file)))",
    "mne": "import mne\ndef read(p):\n d = mne.io.read_raw_edf(p, preload=True, verbose='error').get_data()\n return float(d[:, d.shape[1] // 2].sum() * 1e6)",
}
TIMED = "\nimport sys, time\nt = time.perf_counter()\nc = read(sys.argv[1])\nprint(time.perf_counter() - t, c)"

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--file", default="target/bench-258mb.edf")
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()

subprocess.run([arguments.program, arguments.file], check=True, stdout=subprocess.DEVNULL)
seconds = {name: [] for name in ["neurostream", *READ]}
record_us, share, checksums = [], [], {}
for _ in range(arguments.rounds):
    said = json.loads(subprocess.run([arguments.program, arguments.file], check=True, capture_output=True).stdout)
    seconds["neurostream"].append(said["seconds"])
    checksums["neurostream"] = said["checksum"]
    record_us.append(said["record_us"])
    share.append(said["recording_share"])
    for name, code in READ.items():
        run = subprocess.run([sys.executable, "-c", code + TIMED, arguments.file], check=True, capture_output=True)
        took, checksum = map(float, run.stdout.split())
        seconds[name].append(took)
        checksums[name] = checksum
ours = statistics.median(seconds["neurostream"])
for name, times in seconds.items():
    assert abs(checksums[name] - checksums["neurostream"]) < 0.01, checksums
    print(f"{name:12} median {statistics.median(times):.3f} s, best {min(times):.3f} s, {statistics.median(times) / ours:.1f} x")
print(f"one record of 64 channels to frames: {statistics.median(record_us):.1f} us")
print(f"writing 256 channels at 2 kHz as BDF+: {100 * statistics.median(share):.2f} % of a core")
