"""A scene of 300 frames for the tests of videos: two targets that cross, one that leaves, each unseen now and then, and
flashes of a single frame, on a smooth background with noise.

usage: video_scene.py OUT    OUT/scene16.raw, OUT/scene8.raw (96 x 96); OUT/images16 and images8: every 20th frame as
                             NNN.png; OUT/truth.json: for each target its frames with x and y
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

FRAMES, SIDE = 300, 96
out = Path(sys.argv[1])


def crossing(x, y, across, down):
    return lambda t: (x + across * t, y + down * t)


targets = [  # first frame, last one, frames in which it is not seen, place at each frame since the first
    (0, 299, {40, 41, 200}, crossing(10, 20, 0.25, 0.1)),
    (0, 299, {120, 215}, crossing(85, 28, -0.25, 0.1)),
    (60, 140, set(), crossing(64, 80, 0.4, -0.05)),
]
flashes = {25: (50, 80), 100: (20, 85), 180: (70, 10), 250: (48, 84)}
random = np.random.Generator(np.random.PCG64(7))
rows, columns = np.mgrid[0:SIDE, 0:SIDE]
background = 8000 + 1500 * np.sin(rows / 23) * np.cos(columns / 31)
truth = [{} for _ in targets]
scene = np.empty((FRAMES, SIDE, SIDE))
for t in range(FRAMES):
    scene[t] = background + random.normal(0, 60, (SIDE, SIDE))
    places = [flashes[t]] if t in flashes else []
    for number, (first, last, unseen, place) in enumerate(targets):
        if first <= t <= last and t not in unseen:
            truth[number][t] = place(t - first)
            places.append(truth[number][t])
    for x, y in places:
        scene[t] += 6000 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2)
for name, frames in (("16", scene.astype("<u2")), ("8", (scene / 64).astype(np.uint8))):
    (out / f"scene{name}.raw").write_bytes(frames.tobytes())
    (out / f"images{name}").mkdir()
    for t in range(0, FRAMES, 20):
        Image.fromarray(frames[t]).save(out / f"images{name}" / f"{t:03}.png")
(out / "truth.json").write_text(json.dumps(truth))
