"""Holds the lines of JSON that detect writes of a video against what is known of it.

usage: video_lines.py images LINES DETECTIONS.csv    the detections of the frames NNN are those of the images NNN.png
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
    assert len(expected) == 30, f"{len(expected)} images with detections"
    for number, detections in expected.items():
        found = frames[number]["detections"]
        assert found == detections, f"frame {number}: {found}, the image has {detections}"


{"images": images}[how]()
