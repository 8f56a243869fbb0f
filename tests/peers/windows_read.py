"""Reads what `prepare` wrote with pyarrow, holds it to its manifests, and compares the windows of one recording with samples that
were conditioned without it: windows_read.py FOLDER RECORDING SAMPLES WINDOWS."""
import hashlib
import json
import pathlib
import sys

import numpy
import pyarrow.parquet

folder, recording, samples, windows = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
known = numpy.fromfile(samples, "<f4")
rows = compared = 0
for path in sorted(folder.glob("part-*-of-*.json")):
    manifest = json.loads(path.read_text())
    assert manifest["complete"]
    seen = {}
    for at, shard in enumerate(manifest["shards"]):
        file = folder / shard["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == shard["sha256"] and file.stat().st_size == shard["bytes"]
        parquet = pyarrow.parquet.ParquetFile(file)
        facts = json.loads(parquet.metadata.metadata[b"neurostream"])
        frames, channels = facts["window_frames"], len(facts["channels"])
        assert (facts["channels"], facts["rate_hz"]) == (manifest["channels"], manifest["rate_hz"])
        assert len(facts["positions"]) == channels and all(len(place) == 2 for place in facts["positions"])
        column = parquet.metadata.row_group(0).column(parquet.schema_arrow.names.index("samples"))
        assert column.compression == "ZSTD", column
        stretches = [stretch for stretch in manifest["stretches"] if stretch.get("shard") == at]
        assert parquet.num_row_groups == len(stretches) and parquet.metadata.num_rows == shard["rows"]
        for group, stretch in enumerate(stretches):
            assert stretch["group"] == group
            table = parquet.read_row_group(group).to_pydict()
            name = manifest["recordings"][stretch["recording"]]["name"]
            assert set(table["recording"]) == {name} and set(table["rate_hz"]) == {manifest["rate_hz"]}
            assert len(table["recording"]) == stretch["rows"] and stretch["rows"] + stretch["rejected"] <= stretch["windows"]
            assert all(whose and whose in name for whose in table["group"])
            for row, first in enumerate(table["first_frame"]):
                assert abs(table["start_s"][row] - first / manifest["rate_hz"]) < 1e-9 and 0 < table["quality"][row] <= 1
                steps = numpy.frombuffer(table["steps"][row], "<f4")
                codes = numpy.frombuffer(table["samples"][row], "<i2").reshape(frames, channels)
                seen[name, first] = codes * steps, steps
    rows += len(seen)
    size = 0 if not seen else frames * channels
    for at in range(windows):
        first, length = at * manifest["hop_frames"], size
        if (recording, first) not in seen:
            continue
        values, steps = seen[recording, first]
        expected = known[at * length:(at + 1) * length].reshape(frames, channels)
        error = numpy.abs(values - expected)
        assert (error <= 0.501 * steps + 1e-6 * numpy.abs(expected)).all(), (first, error.max(axis=0), steps)
        assert numpy.abs(expected).max() > 0.1
        compared += 1
print(f"{rows} windows, {compared} of {recording} compared, all within half a step")
