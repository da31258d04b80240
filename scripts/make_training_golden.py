#!/usr/bin/python3
"""Writes tests/golden/training.h5: what PyTorch's optimizers (python3-torch 1.13) make of a parameter, and how Pillow
(python3-pil 9.4) resizes and blurs small images.

Needed only to make the file anew; the tests read the file.

usage: scripts/make_training_golden.py [tests/golden/training.h5]
"""
import sys

import h5py
import numpy as np
import PIL
import torch
from PIL import Image, ImageFilter

ELEMENTS, STEPS = 24, 12
# Optimizer, momentum, weight decay, learning rate.
OPTIMIZERS = (
    ("adam", 0, 0, 1e-2), ("adam", 0, 1e-2, 1e-2), ("sgd", 0.9, 0, 5e-2), ("sgd", 0.9, 1e-2, 5e-2), ("sgd", 0, 0, 5e-2),
    ("adagrad", 0, 0, 5e-2), ("adagrad", 0, 1e-2, 5e-2),
)
# Source and target sides (height, width): less, more, odd, one pixel, one axis only, far less.
RESIZES = (
    ((12, 16), (6, 8)), ((12, 16), (24, 32)), ((12, 16), (12, 16)), ((17, 11), (9, 8)), ((11, 17), (5, 8)),
    ((9, 7), (13, 23)), ((1, 1), (4, 3)), ((13, 1), (6, 5)), ((31, 29), (3, 2)), ((40, 30), (20, 30)), ((14, 20), (14, 5)),
)
RADII = (0, 0.3, 0.7, 0.99)


def optimizer_of(name, parameter, momentum, decay, rate):
    if name == "adam":
        return torch.optim.Adam([parameter], lr=rate, weight_decay=decay)
    if name == "sgd":
        return torch.optim.SGD([parameter], lr=rate, momentum=momentum, weight_decay=decay)
    return torch.optim.Adagrad([parameter], lr=rate, weight_decay=decay)


def write_optimizers(out, rng):
    start = rng.normal(size=ELEMENTS).astype(np.float32)
    # From large to hardly there.
    gradients = (rng.normal(size=(STEPS, ELEMENTS)) * 10.0 ** rng.uniform(-6, 1, ELEMENTS)).astype(np.float32)
    values = []
    for name, momentum, decay, rate in OPTIMIZERS:
        parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
        optimizer = optimizer_of(name, parameter, momentum, decay, rate)
        for gradient in gradients:
            parameter.grad = torch.from_numpy(gradient.copy())
            optimizer.step()
            values.append(parameter.detach().numpy().copy())
    out["optimizer/name"] = [name for name, *_ in OPTIMIZERS]
    out["optimizer/settings"] = np.array([settings for _, *settings in OPTIMIZERS])
    out["optimizer/start"] = start
    out["optimizer/gradients"] = gradients
    store(out, "optimizer/values", values, np.float32)


def write_resizes(out, rng):
    sources, smooth, near = [], [], []
    for source, target in RESIZES:
        image = rng.integers(0, 256, source).astype(np.uint8)
        image[rng.random(source) < 0.25] = 0
        image[rng.random(source) < 0.25] = 255
        sources.append(image)
        pillow = Image.fromarray(image)
        smooth.append(np.asarray(pillow.resize(target[::-1], Image.BILINEAR)))
        near.append(np.asarray(pillow.resize(target[::-1], Image.NEAREST)))
    out["resize/case"] = np.array([(*source, *target) for source, target in RESIZES], np.int32)
    store(out, "resize/source", sources, np.uint16)
    store(out, "resize/antialiased", smooth, np.uint16)
    store(out, "resize/centred", near, np.uint16)


def write_blurs(out, rng):
    image = rng.integers(0, 256, (11, 14)).astype(np.uint8)
    pillow = Image.fromarray(image)
    out["blur/radius"] = np.array(RADII)
    out["blur/source"] = image
    out["blur/blurred"] = np.stack([np.asarray(pillow.filter(ImageFilter.GaussianBlur(r))) for r in RADII])


def store(out, name, arrays, kind):
    """All arrays, one behind the other."""
    values = np.concatenate([a.reshape(-1) for a in arrays]).astype(kind)
    out.create_dataset(name, data=values, compression="gzip", compression_opts=9, shuffle=True, track_times=False)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/training.h5"
    with h5py.File(path, "w", libver="latest") as out:
        out.attrs["made_with"] = f"PyTorch {torch.__version__}, Pillow {PIL.__version__}"
        rng = np.random.default_rng(20251)
        write_optimizers(out, rng)
        write_resizes(out, rng)
        write_blurs(out, rng)


if __name__ == "__main__":
    main()
