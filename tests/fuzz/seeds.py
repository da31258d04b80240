"""Writes what the fuzzing of each parser starts from, as far as no program of the project writes such files.

usage: seeds.py OUT TENSORS    from the root of the project; OUT/TARGET/NAME; TENSORS: lines "NAME Dataset {SHAPE}" as
                               h5ls prints them of a checkpoint
"""
import collections
import io
import json
import pickle
import re
import struct
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

out = Path(sys.argv[1])


def put(target, name, content):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# --- images ---

grey = (np.arange(9 * 7).reshape(7, 9) * 37 % 251).astype(np.uint8)
colour = np.stack([grey, 255 - grey, grey // 2], axis=2)
deep = grey.astype(np.uint16) * 257
modes = {
    "grey": Image.fromarray(grey),
    "colour": Image.fromarray(colour),
    "alpha": Image.fromarray(np.dstack([colour, grey]), "RGBA"),
    "grey_alpha": Image.fromarray(np.dstack([grey, grey]), "LA"),
    "palette": Image.fromarray(colour).quantize(5),
    "bits": Image.fromarray(grey > 99),
    "deep": Image.fromarray(deep),
    "float": Image.fromarray(grey.astype(np.float32) / 3),
}


def encode(mode, kind, **options):
    stream = io.BytesIO()
    try:
        modes[mode].save(stream, kind, **options)
    except OSError:
        return  # the format has no such images
    target = {"PNG": "png", "JPEG": "jpeg", "TIFF": "tiff"}.get(kind, "plain_image")
    put(target, "_".join([mode, kind.lower(), *map(str, options.values())][:3]).replace(" ", ""), stream.getvalue())


# EXIF of one entry: stored by columns.
turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
for mode in modes:
    encode(mode, "PNG")
    encode(mode, "BMP")
    encode(mode, "PPM")
    for compression in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate"):
        encode(mode, "TIFF", compression=compression)
    encode(mode, "JPEG", quality=80)
    encode(mode, "JPEG", quality=81, progressive=True)
    encode(mode, "JPEG", quality=82, restart_marker_blocks=1)
    encode(mode, "JPEG", quality=83, exif=turned)
stream = io.BytesIO()
modes["grey"].save(stream, "TIFF", save_all=True, append_images=[modes["deep"], modes["float"]])
put("tiff", "pages", stream.getvalue())
stream = io.BytesIO()
modes["deep"].save(stream, "TIFF", tiffinfo={274: 6})
put("tiff", "turned", stream.getvalue())
put("plain_image", "frames_pgm", "P5 2 1 255\nabP5 2 1 255\ncd")
put("plain_image", "text_pgm", "P2 # a comment\n3 2\n100\n0 1 2\n98 99 100\n")
put("plain_image", "text_ppm", "P3\n2 1 7\n1 2 3 7 6 5\n")
put("plain_image", "raw", bytes(range(48)))

# --- video ---

for name, kind, row in (
    ("mono", "Cmono", 2),
    ("mono12", "F30000:1001 Ip A1:1 Cmono12 XCOLORRANGE=FULL", 4),
    ("colour", "F25:1 C420jpeg XYSCSS=420JPEG", 3),
    ("alpha", "C444alpha XCOLORRANGE=LIMITED", 8),
    ("deep", "F0:0 C422p10", 8),
):
    put("y4m", name, f"YUV4MPEG2 W2 H2 {kind}\n".encode() + 2 * (b"FRAME Ip\n" + bytes(range(2 * row))))

# --- checkpoints of PyTorch: its names without PyTorch ---

utils, torch = types.ModuleType("torch._utils"), types.ModuleType("torch")
sys.modules.update({"torch": torch, "torch._utils": utils})


def _rebuild_tensor_v2(*arguments):
    return arguments


_rebuild_tensor_v2.__module__ = "torch._utils"
utils._rebuild_tensor_v2 = _rebuild_tensor_v2
for kind in ("FloatStorage", "LongStorage", "HalfStorage"):
    setattr(torch, kind, type(kind, (), {"__module__": "torch"}))


class Storage:
    def __init__(self, kind, key, count):
        self.id = ("storage", getattr(torch, kind), key, "cpu", count)


class Tensor:
    def __init__(self, kind, key, shape):
        self.shape, self.count = shape, int(np.prod(shape))
        self.storage, self.kind = Storage(kind, key, self.count), kind

    def __reduce__(self):
        strides = tuple(int(np.prod(self.shape[i + 1:])) for i in range(len(self.shape)))
        return _rebuild_tensor_v2, (self.storage, 0, self.shape, strides, False, collections.OrderedDict())

    def content(self):
        return bytes(self.count * {"FloatStorage": 4, "LongStorage": 8, "HalfStorage": 2}[self.kind])


class Pickler(pickle.Pickler):
    legacy = False

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        return value.id + ((None,) if self.legacy else ())


def pickled(value, legacy=False):
    stream = io.BytesIO()
    pickler = Pickler(stream, 2)
    pickler.legacy = legacy
    pickler.dump(value)
    return stream.getvalue()


def zipped(value, tensors):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/data.pkl", pickled(value))
        archive.writestr("a/byteorder", "little")
        for tensor in tensors:
            archive.writestr(f"a/data/{tensor.storage.id[2]}", tensor.content())
    return stream.getvalue()


def legacy(value, tensors):
    parts = [pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), pickle.dumps({"little_endian": True}, 2)]
    parts += [pickled(value, True), pickle.dumps([tensor.storage.id[2] for tensor in tensors], 2)]
    for tensor in tensors:
        parts += [struct.pack("<q", tensor.count), tensor.content()]
    return b"".join(parts)


def safetensors(tensors, **more):
    header, at, content = dict(more), 0, b""
    for name, tensor in tensors.items():
        data = tensor.content()
        kind = {"FloatStorage": "F32", "LongStorage": "I64", "HalfStorage": "F16"}[tensor.kind]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        at, content = at + len(data), content + data
    text = json.dumps(header).encode() + b"\n"
    return struct.pack("<Q", len(text)) + text + content


network = collections.OrderedDict()
for line in Path(sys.argv[2]).read_text().splitlines():
    found = re.match(r"/model/(\S+) +Dataset \{(.*)\}", line)
    if found:
        shape = tuple(int(size) for size in re.findall(r"\d+", found[2]))
        kind = "LongStorage" if found[1].endswith("num_batches_tracked") else "FloatStorage"
        network[found[1]] = Tensor(kind, str(len(network)), shape)
two = collections.OrderedDict(a=Tensor("HalfStorage", "0", (2, 3)), b=Tensor("LongStorage", "1", ()))
for name, tensors in (("network", network), ("two", two)):
    wrapped = {"epoch": 3, "state_dict": tensors, "loss": 0.5, "names": ["x", None, True, (1, 2)]}
    put("torch", f"{name}_zip", zipped(tensors, tensors.values()))
    put("torch", f"{name}_legacy", legacy(tensors, tensors.values()))
    put("safetensors", name, safetensors(tensors))
    put("pickle", name, pickled(tensors))
    put("pickle", f"{name}_wrapped", pickled(wrapped))
put("torch", "wrapped_zip", zipped({"model": two, "epoch": 1}, two.values()))
put("safetensors", "metadata", safetensors(two, __metadata__={"format": "pt"}))
others = {"best": 1 << 80, "sets": {1, 2}, "lists": collections.defaultdict(list, a=[1]), "at": 1j}
put("pickle", "others", pickled({"net": two, **others}))
put("torch", "others_zip", zipped({"net": two, **others}, two.values()))
put("pickle", "plain", pickle.dumps([1, -1, 1 << 40, 0.5, "x", None, True, (1, 2, 3, 4), {"a": []}], 2))

# --- labels: the first byte names the format ---

xml = """<annotation><filename>../a.png</filename><size><width>12</width></size><object><name>t</name>
<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>4</xmax><ymax>5</ymax></bndbox></object>{}</annotation>"""
entity = '<!DOCTYPE a [<!ENTITY b "4">]>' + xml.replace(">4<", ">&b;<")
put("labels", "voc", "\0" + xml.format(""))
put("labels", "voc_entity", "\0" + entity.format("<object><bndbox/></object>"))
put("labels", "yolo", "\x01" + "0 0.5 0.5 0.1 0.2\nship 0.1 0.9 0.01 0.01 0.97\n\n")
boxes = {
    "images": [{"id": 1, "file_name": "x/a.png", "width": 12, "height": 9}],
    "annotations": [{"image_id": 1, "bbox": [2, 3, 4.5, 1e0]}, {"image_id": 1, "bbox": [0, 0, 12, 9]}],
}
put("labels", "coco", "\x02" + json.dumps(boxes))

# --- what runs leave for those that resume them ---

points = dict(re.findall(r"#define (\w+) (\d+)\n", Path("eval/measure/metrics.h").read_text()))
cell = {"key": "key", "params": 9, "ms_per_image": 1.5, "runs": 0, "ms_low": 0.0, "ms_high": 0.0}
counts = Path("eval/measure/counts.def").read_text()
for kind, name, size in re.findall(r"^(COUNT|SUM|CURVE)\((\w+)(?:, (\w+))?\)", counts, re.M):
    cell[name] = {"COUNT": 5, "SUM": 0.75, "CURVE": [3] * int(points.get(size, 0))}[kind]
put("cell", "whole", json.dumps(cell, indent=2))
put("cell", "short", json.dumps({name: cell[name] for name in ("key", "params", "images")}))
rows = "1,2,1e-3,0.5,1,20,0.1,,,,,\n3,6,0.001,0.25,inf,20,1e-1,0.5,0.5,0.5,1,1e-5\n"
put("run_log", "rows", "\1" + rows + "4,8,,,,,,,,,,\n3")
put("run_log", "torn", "\1" + rows + "1,2,1e-3,0.5,1,20,0.1,1e300,-1e300,nan,,\n2,4,")
put("run_log", "table", "\0" + "epoch,step,learning_rate\n1,2,3\n")


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(event):
    head = struct.pack("<Q", len(event))
    return head + crc32c(head) + event + crc32c(event)


version = record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2")
value = b"\x2a\x0a\x0a\x08\x0a\x01a\x15\0\0\x80?"
values = [record(b"\x09" + bytes(8) + b"\x10" + bytes([step]) + value) for step in (1, 3, 9)]
put("run_log", "events", b"\2" + version + b"".join(values))
put("run_log", "events_torn", b"\2" + version + values[0] + values[1][:-3])
Image.fromarray((np.arange(12 * 9).reshape(9, 12) * 2).astype(np.uint8)).save(stream := io.BytesIO(), "PNG")
put("predictions", "fits", stream.getvalue())
for mode in ("grey", "deep", "bits", "alpha", "palette"):
    modes[mode].save(stream := io.BytesIO(), "PNG")
    put("predictions", mode, stream.getvalue())
scenes = [{"image": "a", "file": "../a.pgm", "width": 6, "height": 5, "detections": []}, {"image": "a", "file": "x"}]
put("detections", "two", json.dumps({"method": "m", "threshold": 0.5, "images": scenes}))

# --- texts ---

put("experiment", "whole", "\0" + """[data]
A = set
[split]
A = test
[published]
A = B (reconstructed)
[methods]
net = rpcanet_plus stages=1 bottleneck_channels=1 total_channels=2
mpcm = mpcm scales=2
[checkpoint]
net/A = set/test.txt
[evaluate]
rule = logit
[sweep]
seeds = 3, 1 2
[noise]
gaussian = 0.001 0.5
seeds = 1 2
[train]
epochs = 5
""")

put("list", "plain", "a\na.pgm\n./images/a\n\n")
put("list", "windows", b"\xef\xbb\xbfimages/a.pgm masks/a.pgm\r\na,a\r\n")
put("list", "missing", "../../etc/passwd\nb\na b\n")
for name, words in {
    "options": "--flag --size 12 --y16 640x512 --tiles 256,32 --number -3 --real 1e-3 a b",
    "ranges": "--range 0,16383 --word a --size=native model.scales=3 -- --flag",
    "percentile": "--range percentile:0.5 --tiles off --word=b --range image",
    "help": "--help",
    "version": "--version",
}.items():
    put("arguments", name, words.replace(" ", "\0"))
