"""State dicts through convert and back, compared to the bit in PyTorch.
usage: torch_checks.py CONVERT FOLDER OURS.h5 [PUBLISHED.pkl ...]"""

import json
import struct
import subprocess
import sys

import torch

CONVERT, FOLDER = sys.argv[1:3]
SAFE_TYPES = {"F32": torch.float32, "I64": torch.int64}


def convert(*words):
    subprocess.run([CONVERT, *words], check=True, stdout=subprocess.DEVNULL)


def read_safetensors(path):
    """By the description of the format: a length, a header in JSON, the bytes of the tensors."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__")
    assert metadata.pop("format") == "pt"
    assert all(key.startswith(("irst.model.", "irst.data.")) for key in metadata), metadata
    state, end = {}, 0
    for name, entry in header.items():
        begin, end_here = entry["data_offsets"]
        assert begin == end, f"{name} does not follow the tensor before it"
        end = end_here
        dtype = SAFE_TYPES[entry["dtype"]]
        state[name] = torch.frombuffer(data[begin:end], dtype=dtype).reshape(entry["shape"])
    assert end == len(data)
    return state


def write_safetensors(state, path):
    """In the order of names, as others do, not in that of the state dict."""
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, data = {}, b""
    for name in sorted(state):
        tensor = state[name].contiguous()
        raw = bytes(tensor.reshape(-1).numpy().tobytes())
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def same(a, b, what, in_order=True):
    """Equal names, shapes, types and bits."""
    assert (list(a) == list(b)) if in_order else (set(a) == set(b)), f"{what}: other names"
    for name, x in a.items():
        y = b[name]
        assert x.shape == y.shape and x.dtype == y.dtype, f"{what}: {name} is {x.dtype} {tuple(x.shape)}"
        bits = [t.contiguous().view(torch.int32) if t.dtype == torch.float32 else t for t in (x, y)]
        assert torch.equal(*bits), f"{what}: {name} has other values"


def module_of(state):
    """A module with such a state dict: parameters by floats, buffers by the rest."""
    root = torch.nn.Module()
    for name, tensor in state.items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if part not in dict(module.named_children()):
                module.add_module(part, torch.nn.Module())
            module = getattr(module, part)
        module.register_buffer(last, torch.zeros_like(tensor))
    return root


def check(state, source):
    """The state of a file, and what convert makes of it on every way."""
    ours, written, safe, back = (f"{FOLDER}/{name}" for name in ("ours.h5", "a.pth", "a.safetensors", "b.pth"))
    convert("to-torch", source, written)
    loaded = torch.load(written, weights_only=True)
    same(state, loaded, "to-torch")
    module_of(state).load_state_dict(loaded, strict=True)
    convert("to-torch", source, safe)
    same(state, read_safetensors(safe), "to-torch, safetensors")
    torch.save(state, f"{FOLDER}/new.pkl")
    torch.save(state, f"{FOLDER}/old.pkl", _use_new_zipfile_serialization=False)
    write_safetensors(state, f"{FOLDER}/other.safetensors")
    for path in ("a.pth", "a.safetensors", "new.pkl", "old.pkl", "other.safetensors"):
        convert("from-torch", f"{FOLDER}/{path}", ours)
        convert("to-torch", ours, back)
        same(state, torch.load(back, weights_only=True), path)


def main():
    own, *published = sys.argv[3:]
    convert("to-torch", own, f"{FOLDER}/own.pth")
    check(torch.load(f"{FOLDER}/own.pth", weights_only=True), own)
    for path in published:
        reference = torch.load(path, map_location="cpu")
        check(reference, path)
    print(f"{1 + len(published)} state dicts came back to the bit")


main()
