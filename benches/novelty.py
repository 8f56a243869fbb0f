"""How well novelty holds on people: calibrated on rest of one, asked about the rest of the same and of others.

    python benches/novelty.py target/debug/neurostream [eegmat|ssvep-exo]

eegmat: two minutes of rest are known, the last minute and a minute of two other people are asked about. ssvep-exo: 200 s of a first
session are known, 100 s of the second of the same person and of two other people are asked about. Standard library alone.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent / "../shared/data/labelled"
SMALL = ["model.widths=[8,16]", "model.embedding=16", "train.batch=16", "train.memory.windows=64"]
ONCE = ["train.gate.canary=0", "train.steps_per_s=0.02", "novelty.false_alarms_per_hour=2", "window.hop_s=0.5"]


def run(program, recording, folder, *more):
    """The summary of a run at full speed."""
    summary = folder / "summary.json"
    command = [program, "run", "--headless", "--speed", "max", "--replay", recording, "--checkpoint", folder / "known"]
    settings = [word for setting in SMALL + ONCE for word in ("--set", setting)]
    said = subprocess.run([*command, "--summary", summary, *settings, *more], capture_output=True, text=True)
    if said.returncode:
        sys.exit(f"{recording}: {said.stderr}")
    told = json.loads(summary.read_text())
    summary.unlink()
    return told["novelty"]


def cut(program, recording, folder, start, end):
    """Seconds of a recording as one of their own."""
    out = folder / f"{recording.stem}-{start}.edf"
    if not out.exists():
        subprocess.run([program, "convert", recording, out, "--start", str(start), "--end", str(end)], check=True, capture_output=True)
    return out


def pairs(name):
    """What is known, what is asked about of the same person, and what of others: each a recording and seconds of it."""
    files = sorted((ROOT / name).glob("*_1.edf" if name == "eegmat" else "*.edf"))
    if name == "eegmat":
        return [((file, 0, 120), (file, 120, 178), [(files[i - k], 0, 58) for k in (5, 9)]) for i, file in enumerate(files)]
    first, second = files[::2], files[1::2]
    # What is asked about is less than half of what is known, so that it stays unknown.
    return [((a, 0, 200), (b, 0, 100), [(first[i - k], 0, 100) for k in (3, 5)]) for i, (a, b) in enumerate(zip(first, second))]


def main():
    program, name = sys.argv[1], (sys.argv[2:] or ["eegmat"])[0]
    rows = {"same": [], "other": []}
    for known, same, others in pairs(name):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            run(program, cut(program, known[0], folder, *known[1:]), folder)
            for kind, recordings in (("same", [same]), ("other", others)):
                for recording, *seconds in recordings:
                    recording = cut(program, recording, folder, *seconds)
                    told = run(program, recording, folder, "--resume", "--no-train")
                    rows[kind].append((told["one_in_ten"], told["alarms"], told["hours"]))
                    print(known[0].stem, kind, recording.stem, told, flush=True)
    for kind, told in rows.items():
        tenths, alarms, hours = zip(*told)
        raised = sum(count > 0 for count in alarms)
        print(
            f"{name}, {kind}: called one in ten: median {statistics.median(tenths):.3f}, mean {statistics.mean(tenths):.3f}; "
            f"{sum(alarms)} alarms in {sum(hours):.2f} h ({sum(alarms) / sum(hours):.1f} an hour), in {raised} of {len(told)} runs"
        )


main()
