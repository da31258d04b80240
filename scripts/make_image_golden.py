#!/usr/bin/python3
"""Writes tests/golden/images.h5: what OpenCV (python3-opencv 4.6) makes of small images.

Needed only to make the file anew; the tests read the file. Every kind of PNG is packed here byte by byte, because
no writer at hand produces them all (interlaced, 1 to 16 bits, transparent colours, gamma).

usage: scripts/make_image_golden.py [tests/golden/images.h5]
"""
import os
import struct
import sys
import tempfile
import zlib

import cv2
import h5py
import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
# Source and target sides (height, width): up, down, odd, one pixel, exact halves, one axis only.
RESIZES = (
    ((10, 14), (5, 7)), ((10, 14), (10, 7)), ((10, 14), (5, 14)), ((10, 14), (20, 28)), ((10, 14), (10, 14)),
    ((17, 11), (9, 8)), ((11, 17), (5, 8)), ((9, 7), (13, 23)), ((1, 1), (4, 3)), ((1, 13), (5, 6)), ((13, 1), (6, 5)),
    ((2, 2), (1, 1)), ((3, 3), (1, 1)), ((11, 15), (13, 13)), ((30, 3), (7, 10)), ((5, 6), (6, 5)),
)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, bits):
    """Rows of samples (height, width, channels) as PNG stores them, without filtering."""
    rows = b""
    for row in samples.reshape(samples.shape[0], -1):
        if bits == 16:
            rows += b"\0" + row.astype(">u2").tobytes()
        else:
            digits = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
            rows += b"\0" + np.packbits(digits.reshape(-1)).tobytes()
    return rows


def png(samples, colour, bits, interlaced, extra=b""):
    height, width = samples.shape[:2]
    data = b""
    if interlaced:
        for x, y, dx, dy in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                data += packed_rows(part, bits)
    else:
        data = packed_rows(samples, bits)
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def png_cases(rng):
    for colour, depths in DEPTHS.items():
        for bits in depths:
            for interlaced in (False, True):
                samples = rng.integers(0, 1 << bits, (9, 11, CHANNELS[colour]))
                extra = b""
                if colour == PALETTE:
                    extra = chunk(b"PLTE", rng.integers(0, 256, 3 << bits).astype(np.uint8).tobytes())
                name = f"colour type {colour}, {bits} bits{', interlaced' if interlaced else ''}"
                yield name, png(samples, colour, bits, interlaced, extra)
    palette = chunk(b"PLTE", rng.integers(0, 256, 48).astype(np.uint8).tobytes())
    alpha = chunk(b"tRNS", rng.integers(0, 256, 16).astype(np.uint8).tobytes())
    yield "palette with alpha", png(rng.integers(0, 16, (9, 11, 1)), PALETTE, 4, False, palette + alpha)
    yield "grey with a transparent level", png(rng.integers(0, 4, (9, 11, 1)), GREY, 2, False, chunk(b"tRNS", b"\0\2"))
    gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    yield "grey with gamma", png(rng.integers(0, 256, (9, 11, 1)), GREY, 8, False, gamma)
    yield "RGB with gamma", png(rng.integers(0, 256, (9, 11, 3)), RGB, 8, False, gamma)


def write_pngs(out, rng):
    names, files, grey, deep = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.png")
        for name, content in png_cases(rng):
            with open(path, "wb") as stream:
                stream.write(content)
            names.append(name)
            files.append(np.frombuffer(content, np.uint8))
            grey.append(cv2.imread(path, cv2.IMREAD_GRAYSCALE))
            deep.append(cv2.imread(path, cv2.IMREAD_ANYDEPTH))
            assert grey[-1].shape == (9, 11) == deep[-1].shape
    out["png/name"] = names
    out["png/size"] = np.array([len(f) for f in files], np.int32)
    out["png/maximum"] = np.array([np.iinfo(d.dtype).max for d in deep], np.int32)
    store(out, "png/file", files, np.uint8)
    store(out, "png/grey8", grey, np.uint8)
    store(out, "png/as_stored", deep, np.uint16)


def write_resizes(out, rng):
    cases, sources, bilinear, nearest = [], [], [], []
    for kind in (np.uint8, np.uint16):
        for source, target in RESIZES:
            image = rng.integers(0, np.iinfo(kind).max + 1, source).astype(kind)
            # Many values at the ends of the range, where rounding and saturation would show.
            image[rng.random(source) < 0.25] = 0
            image[rng.random(source) < 0.25] = np.iinfo(kind).max
            cases.append((*source, *target, np.iinfo(kind).max))
            sources.append(image)
            bilinear.append(cv2.resize(image, target[::-1], interpolation=cv2.INTER_LINEAR))
            nearest.append(cv2.resize(image, target[::-1], interpolation=cv2.INTER_NEAREST))
    out["resize/case"] = np.array(cases, np.int32)
    store(out, "resize/source", sources, np.uint16)
    store(out, "resize/bilinear", bilinear, np.uint16)
    store(out, "resize/nearest", nearest, np.uint16)


def store(out, name, arrays, kind):
    """All arrays, one behind the other."""
    values = np.concatenate([a.reshape(-1) for a in arrays]).astype(kind)
    out.create_dataset(name, data=values, compression="gzip", compression_opts=9, shuffle=True, track_times=False)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/images.h5"
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with h5py.File(path, "w", libver="latest") as out:
        out.attrs["made_with"] = f"OpenCV {cv2.__version__}"
        rng = np.random.default_rng(20250)
        write_pngs(out, rng)
        write_resizes(out, rng)


if __name__ == "__main__":
    main()
