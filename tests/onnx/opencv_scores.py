"""Runs the cases of a folder (tests/modules/compare_onnx.c) in OpenCV's dnn and prints what onnxruntime_scores.js does,
for each model that it reads; for the others, that it does not. usage: opencv_scores.py FOLDER"""

import json
import sys

import cv2
import numpy as np


def read_cases(folder):
    """The cases by model."""
    models = {}
    with open(f"{folder}/cases.jsonl", encoding="ascii") as lines:
        for line in lines:
            one = json.loads(line)
            models.setdefault(one["model"], []).append(one)
    return models


def run_model(folder, model, cases):
    """A line about one model."""
    images, deviation, low, high, others = 0, 0.0, 1.0, 0.0, 0
    try:
        net = cv2.dnn.readNetFromONNX(f"{folder}/{model}")
        for one in cases:
            count, rows, columns = one["shape"]
            image, ours = (
                np.fromfile(f"{folder}/{one[what]}", np.float32).reshape(count, 1, rows, columns)
                for what in ("image", "score")
            )
            net.setInput(image, "image")
            theirs = net.forward()
            if theirs.shape != ours.shape:
                return f"opencv {model} gives {theirs.shape} for {ours.shape}"
            deviation = float(np.maximum(deviation, np.abs(theirs - ours).max()))  # NaN from the first one on
            low, high = min(low, float(ours.min())), max(high, float(ours.max()))
            other_side = (theirs > one["threshold"]) != (ours > one["threshold"])
            others += int((other_side | ~np.isfinite(theirs - ours)).sum())
            images += count
    except cv2.error as error:
        return f"opencv {model} unread {str(error.err).splitlines()[0][:120]} ({error.func})"
    return f"opencv {model} {images} {deviation:.2e} {deviation / (high - low):.2e} {others}"


def main():
    cv2.setNumThreads(1)
    for model, cases in read_cases(sys.argv[1]).items():
        print(run_model(sys.argv[1], model, cases), flush=True)


main()
