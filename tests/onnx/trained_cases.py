"""Writes images of a test list and a trained network's scores of them as cases for the runtimes (the format is that of
tests/modules/compare_onnx.c). usage: trained_cases.py CHECKPOINT DATA STEP FOLDER MODEL"""

import json
import sys

import irst
import numpy as np
from PIL import Image


def main():
    checkpoint, data, step, folder, model = sys.argv[1:]
    detector = irst.Detector(checkpoint, threads=1)
    with open(f"{data}/test.txt", encoding="ascii") as lines:
        names = lines.read().split()[:: int(step)]
    with open(f"{folder}/cases.jsonl", "w", encoding="ascii") as cases:
        for name in names:
            pixels = np.asarray(Image.open(f"{data}/images/{name}.png").convert("L"))
            result = detector.detect(pixels)
            (pixels.astype(np.float32) / np.float32(255)).tofile(f"{folder}/{name}.image")
            result.score.tofile(f"{folder}/{name}.score")
            case = {
                "model": model,
                "image": f"{name}.image",
                "score": f"{name}.score",
                "shape": [1, *pixels.shape],
                "threshold": float(result.threshold),
            }
            print(json.dumps(case), file=cases)


main()
