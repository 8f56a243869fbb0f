"""Makes src/format/xdf/golden: small XDF files by other writers, and what pyxdf reads from them.

Run it from the project's root in an environment with numpy 2.4, pyxdf 1.17.5, pylsl 1.18.6 and labrecorder 1.0.0rc0.
`formats.xdf` and `clocks.xdf` are written here by the letter of the specification, `labrecorder.xdf` by LabRecorder
itself from two outlets (needs a network; a copy that is there is kept, so that only its expected values change).
"""
import json
import pathlib
import struct
import sys
import time

import numpy as np
import pyxdf

FOLDER = pathlib.Path("src/format/xdf/golden")
BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
PACK = {"float32": "<f4", "double64": "<f8", "int8": "<i1", "int16": "<i2", "int32": "<i4", "int64": "<i8"}


def length(n, width=None):
    width = width or (1 if n < 256 else 4)
    return bytes([width]) + struct.pack({1: "<B", 4: "<I", 8: "<Q"}[width], n)


class File:
    def __init__(self, name):
        self.bytes = bytearray(b"XDF:")
        self.name = name
        self.count = {}
        self.chunk(1, b"<?xml version='1.0'?><info><version>1.0</version><datetime>2026-11-25T10:00:00+0100</datetime></info>")

    def chunk(self, tag, content, stream=None, width=None):
        content = struct.pack("<H", tag) + (b"" if stream is None else struct.pack("<I", stream)) + content
        self.bytes += length(len(content), width) + content

    def stream(self, number, name, fmt, channels, rate, desc=""):
        self.format = getattr(self, "format", {})
        self.format[number] = (fmt, channels)
        self.count[number] = 0
        xml = f"""<?xml version="1.0"?>
<info>
    <name>{name}</name>
    <type>EEG</type>
    <channel_count>{channels}</channel_count>
    <nominal_srate>{rate}</nominal_srate>
    <channel_format>{fmt}</channel_format>
    <source_id>s{number}</source_id>
    <desc>{desc}</desc>
</info>"""
        self.chunk(2, xml.encode(), number)

    def samples(self, number, stamps, values, width=None):
        """Stamps that are None are left out, so that readers have to deduce them."""
        fmt, channels = self.format[number]
        content = bytearray(length(len(stamps), width))
        for stamp, sample in zip(stamps, values):
            content += b"\0" if stamp is None else b"\x08" + struct.pack("<d", stamp)
            if fmt == "string":
                for text in sample:
                    raw = text.encode()
                    content += length(len(raw), width) + raw
            else:
                content += np.asarray(sample, PACK[fmt]).tobytes()
        self.count[number] += len(stamps)
        self.chunk(3, bytes(content), number, width)

    def offset(self, number, at, value):
        self.chunk(4, struct.pack("<dd", at, value), number)

    def boundary(self):
        self.chunk(5, BOUNDARY)

    def footer(self, number, count=None):
        count = self.count[number] if count is None else count
        self.chunk(6, f"<?xml version='1.0'?><info><sample_count>{count}</sample_count></info>".encode(), number)

    def close(self):
        (FOLDER / self.name).write_bytes(self.bytes)


def formats():
    f = File("formats.xdf")
    rng = np.random.default_rng(6)
    for number, fmt in enumerate([*PACK, "string"], 1):
        f.stream(number, f"of {fmt} & µ".replace("&", "&amp;"), fmt, 3, 50 if number % 2 else 0)
    for piece, width in enumerate([None, 1, 4, 8]):
        for number, fmt in enumerate([*PACK, "string"], 1):
            if width == 1 and fmt not in ("int8",):
                continue
            rows = 6
            if fmt == "string":
                values = [[f"m{piece}.{r}.{c} é" * (r % 3) for c in range(3)] for r in range(rows)]
            elif fmt.startswith("int"):
                info = np.iinfo(PACK[fmt])
                values = rng.integers(info.min, info.max, (rows, 3), endpoint=True, dtype=info.dtype)
            else:
                values = rng.standard_normal((rows, 3)) * 10.0 ** rng.integers(-20, 20, (rows, 3))
            stamps = [100 + piece + r / 50 if r % 3 == 0 else None for r in range(rows)]
            f.samples(number, stamps, values, width)
        f.boundary()
        f.chunk(9, b"of a kind that nobody knows")
    f.close()


def clocks():
    f = File("clocks.xdf")
    rng = np.random.default_rng(7)
    label = "<channels><channel><label>C3</label><unit>microvolts</unit><type>EEG</type></channel></channels>"
    f.stream(1, "drifting", "int16", 1, 100, label)
    f.stream(2, "broken", "int16", 1, 100)
    f.stream(3, "restarted", "int16", 1, 100)
    f.stream(4, "markers", "string", 1, 0)
    f.stream(5, "dropping", "int16", 1, 30, "<synchronization><can_drop_samples>true</can_drop_samples></synchronization>")
    f.stream(6, "cut", "int16", 1, 100)
    f.stream(7, "twice restarted", "int16", 1, 100)

    def send(number, start, count, rate, jitter, chunk=50):
        stamps = start + np.arange(count) / rate + rng.normal(0, jitter, count)
        for a in range(0, count, chunk):
            s = stamps[a:a + chunk]
            f.samples(number, [float(t) if i % 5 == 0 else None for i, t in enumerate(s)], [[i % 1000] for i in range(a, a + len(s))])

    # 100.004 Hz, a clock that is 50 ppm fast, measurements with noise and three outliers.
    send(1, 5000.0, 1500, 100.004, 0.002)
    for k in range(12):
        at = 5000 + 5 * k
        f.offset(1, at, -4000 - 5e-5 * at + rng.normal(0, 3e-5) + (0.02 if k in (2, 6, 7) else 0))
    f.boundary()
    # A pause of 30 s.
    send(2, 10.0, 400, 100, 0.001)
    send(2, 44.0, 400, 100, 0.001)
    f.offset(2, 10, 0.125)
    # The computer starts again: its clock goes back.
    send(3, 90000.0, 600, 100, 0.001)
    for k in range(8):
        f.offset(3, 90000 + k * 0.8, -80000 + rng.normal(0, 1e-5))
    send(3, 20.0, 600, 100, 0.001)
    for k in range(8):
        f.offset(3, 20 + k * 0.8, 10000 + rng.normal(0, 1e-5))
    for k in range(6):
        f.samples(4, [5000.5 + 2.5 * k], [[f"go {k}"]])
        f.offset(4, 5000 + 5 * k, -4000.25)
    f.boundary()
    stamps = np.delete(3 + np.arange(300) / 30, [20, 21, 22, 150, 151])
    f.samples(5, [float(t) for t in stamps], [[i] for i in range(len(stamps))])
    # An outlet went away: one sample too many, an offset from elsewhere (pylsl issue 67).
    send(6, 700.0, 300, 100, 0.001)
    for k in range(6):
        f.offset(6, 700 + 5 * k, 1.5 + rng.normal(0, 1e-4))
    f.offset(6, 1e6, -1e6)
    f.footer(6, 299)
    # Offsets that jump late and far, forwards.
    for part in range(3):
        start = 1000.0 + part * 400
        send(7, start, 300, 100, 0.0005)
        for k in range(6):
            f.offset(7, start + k * 0.5, 50.0 - 300 * part + rng.normal(0, 1e-5))
    for number in range(1, 8):
        if number not in (2, 6):
            f.footer(number)
    f.close()


def labrecorder():
    path = FOLDER / "labrecorder.xdf"
    if path.exists():
        return
    import labrecorder as lab
    import pylsl

    info = pylsl.StreamInfo("signal", "EEG", 3, 100, "float32", "golden-1")
    channels = info.desc().append_child("channels")
    for label in ("C3", "Cz", "C4"):
        channel = channels.append_child("channel")
        for key, value in (("label", label), ("unit", "microvolts"), ("type", "EEG")):
            channel.append_child_value(key, value)
    signal = pylsl.StreamOutlet(info, chunk_size=10)
    markers = pylsl.StreamOutlet(pylsl.StreamInfo("events", "Markers", 1, 0, "string", "golden-2"))
    found = pylsl.resolve_streams(2.0)
    recording = lab.Recording(str(path), found, [], {}, True)
    start = time.monotonic()
    for i in range(1200):
        signal.push_sample([float(i), np.sin(i / 10), -float(i)])
        if i % 200 == 100:
            markers.push_sample([f"marker {i} é"])
        time.sleep(max(0.0, start + (i + 1) / 100 - time.monotonic()))
    recording.stop()


def expected(name):
    def load(**how):
        return pyxdf.load_xdf(FOLDER / name, **how)[0]

    raw = load(synchronize_clocks=False, dejitter_timestamps=False)
    synced = load(synchronize_clocks=True, dejitter_timestamps=False)
    even = load(synchronize_clocks=True, dejitter_timestamps=True)
    streams = []
    for r, s, e in zip(raw, synced, even):
        n = len(e["time_stamps"])
        picked = sorted({*range(0, n, 37 if n > 100 else 1), n - 1} - {-1})
        series = e["time_series"]
        values = [list(series[i]) if isinstance(series, list) else [str(v) for v in series[i]] for i in picked]
        streams.append({
            "id": e["info"]["stream_id"], "name": e["info"]["name"][0], "format": e["info"]["channel_format"][0],
            "samples": n, "picked": picked, "values": values,
            "raw": [repr(float(r["time_stamps"][i])) for i in picked],
            "synchronised": [float(s["time_stamps"][i]) for i in picked],
            "even": [float(e["time_stamps"][i]) for i in picked],
            "rate_hz": float(e["info"]["effective_srate"]), "segments": e["info"]["segments"],
            "offsets": len(e["clock_times"]),
        })
    return streams


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    formats()
    clocks()
    if "--labrecorder" in sys.argv:
        labrecorder()
    names = [p.name for p in sorted(FOLDER.glob("*.xdf"))]
    found = {"pyxdf": pyxdf.__version__, "files": {name: expected(name) for name in names}}
    (FOLDER / "expected.json").write_text(json.dumps(found, indent=0))
