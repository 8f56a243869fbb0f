"""Makes src/dsp/scale/golden/scale.json with NumPy: the running scale, from its definition, channel by channel.

Run it from the project's root in an environment with numpy. The signal is made by the formula of `signal`, which
src/dsp/scale/golden_tests.rs repeats; every 37th frame is kept.
"""
import json
import math

import numpy as np

CHANNELS, RATE, EVERY, KEPT = 3, 100.0, 37, 70
FLOOR, FAR, FEWEST, NORMAL = 0.1, 5.0, 32, 1.4826


def signal(frames):
    draw, values = 12345, np.zeros((frames, CHANNELS))
    for t in range(frames):
        for c in range(CHANNELS):
            draw = (draw * 1664525 + 1013904223) % 2**32
            even = (draw >> 8) / 2**24 - 0.5
            change = 30 if c == 1 and t >= 1500 else 1
            artefact = 4000 if c == 0 and 900 <= t < 960 else 0
            values[t, c] = [40, 4, 400][c] * even * change + artefact + (30 if c == 2 else 0)
    return values


def trusted(t, c):
    return c != 2 or not 600 <= t < 1200


def scaled(x, c, kind, seconds):
    """One channel in float64, and what it is divided by at the end."""
    horizon, patience = seconds * RATE, RATE
    centre, spread, heard, outlying, out = 0.0, 0.0, 0, 0.0, np.zeros(len(x))
    for t, value in enumerate(x):
        away = abs(value - centre)
        if kind == "ema":
            far = value**2 > FAR**2 * spread + FLOOR**2
        else:
            far = away > FAR * NORMAL * spread + FLOOR
        if trusted(t, c):
            artefact = far and heard >= FEWEST
            outlying += (artefact - outlying) / patience
            if not (artefact and heard >= patience and outlying < 0.5):
                heard = min(heard + 1, horizon)
                if kind == "ema":
                    square = value**2
                    if heard >= FEWEST:
                        square = min(square, FAR**2 * spread + FLOOR**2)
                    spread += (square - spread) / heard
                else:
                    centre += 1.85815 / heard * spread * np.sign(value - centre)
                    if heard <= FEWEST:
                        spread += (away - spread) / heard
                    else:
                        spread *= 1 + 1.16638 / heard * np.sign(away - spread)
                    spread = max(spread, FLOOR / 10)
        divisor = (math.sqrt(spread) if kind == "ema" else NORMAL * spread) + FLOOR
        out[t] = (value - centre) / divisor
    return out, divisor


x = signal(EVERY * KEPT)
cases = []
for kind, limit, seconds in [("ema", "clip", 8), ("ema", "soft-log", 3), ("robust", "clip", 8), ("robust", "soft-log", 3)]:
    channels = [scaled(x[:, c], c, kind, seconds) for c in range(CHANNELS)]
    z = np.stack([out for out, _ in channels], 1)
    z = np.clip(z, -20, 20) if limit == "clip" else np.sign(z) * np.log1p(np.abs(z))
    logs = [math.log(divisor) for _, divisor in channels]
    cases.append({"spread": kind, "limit": limit, "seconds": seconds, "log_divisors": logs, "output": z[EVERY - 1 :: EVERY].tolist()})
golden = {"numpy": np.__version__, "every": EVERY, "rate_hz": RATE, "cases": cases}
with open("src/dsp/scale/golden/scale.json", "w") as file:
    file.write(json.dumps(golden).replace('{"spread"', '\n{"spread"') + "\n")
