"""Reads a stream with mne-lsl, as a decoder or a neurofeedback loop would.

Arguments are key=value: name, seconds (how much to take). Prints the version of its liblsl, what it knows of the stream, and
"sample STAMP VALUE..." lines, numbers in full precision.
"""
import sys
import time

import mne_lsl
from mne_lsl.lsl import library_version
from mne_lsl.stream import StreamLSL

mne_lsl.set_log_level("ERROR")
arguments = dict(word.split("=", 1) for word in sys.argv[1:])
seconds = float(arguments["seconds"])
print("version", library_version())
stream = StreamLSL(bufsize=seconds, name=arguments["name"]).connect(acquisition_delay=0.05, timeout=30)
print("rate", stream.info["sfreq"])
print("labels", ",".join(stream.ch_names), flush=True)
time.sleep(seconds + 1)
data, stamps = stream.get_data(winsize=seconds)
for stamp, values in zip(stamps, data.T):
    if stamp > 0:
        print("sample", repr(float(stamp)), *[repr(float(value)) for value in values])
sys.stdout.flush()
stream.disconnect()
