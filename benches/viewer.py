#!/usr/bin/env python3
"""What a viewer that stands still costs the data path: nothing, or this tells.

    python benches/viewer.py target/release/neurostream [ROUNDS [SECONDS]]

Runs of a recording in real time (64 channels at 160 Hz, windows of a second every 50 ms, training as fast as it can) in turns:
without a viewer; with `attach` in a terminal of 160 x 48 cells that is read; and with one that is stopped (SIGSTOP) after
three seconds, so that its socket and its terminal fill up. Prints latency and losses of each. Standard library alone.
"""

import fcntl
import json
import os
import pathlib
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

RECORDING = "../shared/data/edf/eegmmidb-S001/S001R03.edf"
SETTINGS = ["window.length_s=1", "window.hop_s=0.05", "train.steps_per_s=1000", "train.batch=32"]
WAYS = ["no viewer", "a viewer", "a stopped viewer"]


def viewer(program, socket):
    """`attach` in a terminal of its own, whose screen is read and thrown away."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(program, [program, "attach", socket])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))

    def read():
        try:
            while os.read(terminal, 65536):
                pass
        except OSError:
            pass

    threading.Thread(target=read, daemon=True).start()
    return pid


def run(program, folder, way, seconds):
    socket, summary = str(folder / "socket"), folder / "summary.json"
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [program, "run", "--headless", "--replay", RECORDING, "--loop", "--checkpoint", "", "--socket"]
    went = subprocess.Popen([*command, socket, "--duration", str(seconds), "--summary", summary, *settings],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    pid = None
    if way != WAYS[0]:
        while not os.path.exists(socket) and went.poll() is None:
            time.sleep(0.05)
        pid = viewer(program, socket)
        time.sleep(3)
        if os.waitpid(pid, os.WNOHANG)[0]:
            sys.exit("the viewer ended early")
        if way == WAYS[2]:
            os.kill(pid, signal.SIGSTOP)
    code = went.wait()
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if code:
        sys.exit(went.stderr.read())
    told = json.loads(summary.read_text())
    summary.unlink()
    return told


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rounds, seconds = (int(word) for word in (sys.argv[2:] + ["4", "15"][len(sys.argv) - 2:]))
    found = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(rounds):
            for way in WAYS:
                told = run(program, pathlib.Path(scratch), way, seconds)
                found[way].append(told)
                latency, frames = told["latency_ms"], told["frames"]
                print(f"{way:17} p50 {latency['p50']:5.2f}  p99 {latency['p99']:5.2f} ms  encoder lost {frames['encoder']['lost']}, "
                      f"gaps {frames['gaps']}", flush=True)
    for way in WAYS:
        p50, p99 = (statistics.median(told["latency_ms"][of] for told in found[way]) for of in ("p50", "p99"))
        lost = sum(told["frames"]["encoder"]["lost"] for told in found[way])
        print(f"{way:17} median p50 {p50:.2f}  p99 {p99:.2f} ms, lost {lost} in {rounds} runs of {seconds} s")


main()
