"""Reads metrics as Prometheus' own client does, checks what its scraper relies on, and prints all samples as JSON."""
import json
import math
import sys

from prometheus_client.parser import text_string_to_metric_families

text = open(sys.argv[1]).read()
assert text.endswith("\n")
samples, families = {}, {}
for family in text_string_to_metric_families(text):
    # The parser takes `_total` off counters.
    name = family.name + "_total" if family.type == "counter" else family.name
    assert name not in families, name
    assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
    families[name] = family.type
    buckets, counts, sums = {}, {}, {}
    for sample in family.samples:
        key = json.dumps([sample.name, sample.labels], sort_keys=True)
        assert key not in samples, key
        samples[key] = sample.value
        others = json.dumps({k: v for k, v in sample.labels.items() if k != "le"}, sort_keys=True)
        if family.type == "counter":
            assert sample.value >= 0 and sample.name == name, sample
        elif family.type == "histogram":
            if sample.name.endswith("_bucket"):
                buckets.setdefault(others, []).append((float(sample.labels["le"]), sample.value))
            else:
                (counts if sample.name.endswith("_count") else sums)[others] = sample.value
    assert buckets.keys() == counts.keys() == sums.keys(), name
    for others, rows in buckets.items():
        bounds, values = zip(*rows)
        assert list(bounds) == sorted(bounds) and bounds[-1] == math.inf, (name, bounds)
        assert list(values) == sorted(values) and values[-1] == counts[others], (name, values)
        # The sum lies between what the lower and the upper bounds of the buckets allow.
        within = [(low, high, n - m) for (low, m), (high, n) in zip([(0.0, 0.0), *rows], rows)]
        least = sum(low * n for low, _, n in within)
        assert 0.96 * least <= sums[others] + 1e-9, (name, least, sums[others])
        if not within[-1][2]:
            assert sums[others] <= 1.04 * sum(high * n for _, high, n in within[:-1]) + 1e-9, name
for line in text.splitlines():
    assert line.startswith("#") or line.split("{")[0].split(" ")[0].startswith(("neurostream_", "process_")), line
print(json.dumps({"families": families, "samples": [json.loads(key) + [value if math.isfinite(value) else str(value)] for key, value in samples.items()]}))
