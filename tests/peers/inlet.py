"""Receives a stream and prints what it says and carries, as another program of the lab would.

Arguments are key=value: name, samples (how many to receive), buffer (seconds that it keeps), processing (all: liblsl
corrects clock and jitter), raw (any: texts are printed as they are). Prints one "KEY VALUE" line for each fact, "ready" once
it receives, and "sample STAMP VALUE..." lines, numbers in full precision.
"""
import sys

import pylsl

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
streams = pylsl.resolve_byprop("name", arguments["name"], 1, timeout=20)
flags = pylsl.proc_ALL if arguments.get("processing") == "all" else pylsl.proc_none
inlet = pylsl.StreamInlet(streams[0], max_buflen=int(arguments.get("buffer", 60)), processing_flags=flags)
info = inlet.info(timeout=10)
for key, value in [("type", info.type()), ("source_id", info.source_id()), ("channels", info.channel_count()),
                   ("rate", info.nominal_srate()), ("format", info.channel_format())]:
    print(key, value)
for key in ["method", "window_s", "hop_s", "model_rate_hz", "source", "source_rate_hz", "source_labels", "generation", "model_sha256"]:
    print(key, info.desc().child_value(key))
labels = []
channel = info.desc().child("channels").child("channel")
while not channel.empty():
    labels.append(channel.child_value("label"))
    channel = channel.next_sibling("channel")
print("labels", ",".join(labels))
inlet.open_stream(timeout=10)
print("ready", flush=True)
for _ in range(int(arguments["samples"])):
    values, stamp = inlet.pull_sample(timeout=20)
    written = str if "raw" in arguments else repr
    print("sample", repr(stamp), *[written(value) for value in values], flush=True)
