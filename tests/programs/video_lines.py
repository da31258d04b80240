"""Holds the lines of JSON that detect writes of a video against what is known of it.

usage: video_lines.py images LINES DETECTIONS.csv    the detections of the frames NNN are those of the images NNN.png
       video_lines.py tracks LINES TRUTH.json        there is one track for each target, from its third frame on
"""
import csv
import json
import sys

how, lines, known = sys.argv[1:4]
frames = [json.loads(line) for line in open(lines)]
assert [f["frame"] for f in frames] == list(range(300)), "not the frames 0 to 299"


def images():
    expected = {}
    for row in csv.DictReader(open(known)):
        box = [int(row[side]) for side in ("x0", "y0", "x1", "y1")]
        expected.setdefault(int(row["image"]), []).append(
            {"x": float(row["x"]), "y": float(row["y"]), "box": box, "area": int(row["area"]), "peak": float(row["peak"])}
        )
    assert len(expected) == 15, f"{len(expected)} images with detections"
    for number, detections in expected.items():
        found = frames[number]["detections"]
        assert found == detections, f"frame {number}: {found}, the image has {detections}"


def tracks():
    targets = json.load(open(known))
    shown = {}  # target: numbers of its tracks, frames in which it was seen
    for f in frames:
        number = f["frame"]
        places = {i: target[str(number)] for i, target in enumerate(targets) if str(number) in target}
        for d in f["detections"]:
            near = [i for i, (x, y) in places.items() if abs(d["x"] - x) <= 1.5 and abs(d["y"] - y) <= 1.5]
            assert len(near) == 1, f"frame {number}: track {d['track']} at {d['x']}, {d['y']}: near to targets {near}"
            shown.setdefault(near[0], (set(), []))
            shown[near[0]][0].add(d["track"])
            shown[near[0]][1].append(number)
        assert all(p["missed"] > 0 for p in f["predicted"]), f"frame {number}: {f['predicted']}"
    for i, target in enumerate(targets):
        numbers, seen = shown[i]
        assert len(numbers) == 1, f"target {i} has the tracks {numbers}"
        assert len(seen) >= len(target) - 12, f"target {i} was seen in {len(target)} frames, its track in {len(seen)}"
    assert sorted(numbers.pop() for numbers, _ in shown.values()) == [1, 2, 3], "not the tracks 1, 2, 3"


{"images": images, "tracks": tracks}[how]()
