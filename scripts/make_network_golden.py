#!/usr/bin/python3
"""Writes tests/golden/NAME.h5: maps, losses, gradients and running statistics of a network under PyTorch
(python3-torch 1.13) in float64, with weights that are a function of their names (tests/formula.c). The networks are
those of scripts/peers/, written on their own.

Needed only to make the files anew; tests/modules/compare_network.c reads them.

usage: scripts/make_network_golden.py NAME ...
"""
import sys

import h5py
import numpy as np
import torch

from peers import drpcanet, rpcanet_plusplus

# Class, module and stages: fewer than published where the file would grow large.
NETWORKS = {
    "rpcanet_plusplus": (rpcanet_plusplus.RPCANetPlusPlus, rpcanet_plusplus, 3),
    "drpcanet": (drpcanet.DRPCANet, drpcanet, 2),
}
EVALUATED = {"eval_a": (24, 24), "eval_b": (40, 37)}
ETA = 0.1  # what compare_network trains with
SIDE = 20

# --- weights by formula ---


def uniform(name, count):
    """Numbers in [-1, 1): a hash of the name and of their place."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    with np.errstate(over="ignore"):
        z = (np.uint64(seed) << np.uint64(32)) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24 * 2 - 1


def by_formula(name, shape, names):
    u = uniform(name, int(np.prod(shape)))
    layer, part = name.rsplit(".", 1)
    if part == "num_batches_tracked":
        value = np.zeros_like(u)
    elif len(shape) >= 2:
        value = u * np.sqrt(3.0 / np.prod(shape[1:]))
    elif part == "running_mean":
        value = 0.05 * u
    elif part == "running_var":
        value = 1 + 0.2 * np.abs(u)
    elif part == "weight" and layer + ".running_mean" in names:
        value = 1 + 0.1 * u
    else:
        value = 0.05 * u
    return value.astype(np.float32).reshape(shape)


def fresh(name, kind):
    build, _, stages = NETWORKS[name]
    net = build(stages)
    state = net.state_dict()
    net.load_state_dict({key: torch.from_numpy(by_formula(key, tuple(value.shape), state)).to(value.dtype)
                         for key, value in state.items()})
    return net.to(kind)


# --- images ---

def scene(rng, height, width):
    """Grey levels 0 .. 255 of a slope with noise and a small bright target, and its mask."""
    y, x = np.mgrid[:height, :width]
    grey = 60 + 2 * x + y + rng.normal(0, 12, (height, width))
    row, column = rng.integers(3, height - 5), rng.integers(3, width - 5)
    mask = np.zeros((height, width), np.float32)
    mask[row:row + 2, column:column + 3] = 1
    return np.clip(np.round(grey + 90 * mask), 0, 255).astype(np.float32), mask


# --- what the file holds ---

def store(out, name, array, kind=np.float32):
    out.create_dataset(name, data=np.asarray(array, kind), compression="gzip", compression_opts=9, track_times=False)


def write_state(out, net):
    state = net.state_dict()
    out["state/names"] = list(state)
    out["state/shape"] = np.array([[*value.shape, *[0] * (4 - value.dim())] for value in state.values()], np.int32)
    out["state/ndim"] = np.array([value.dim() for value in state.values()], np.int32)
    out.attrs["parameters"] = sum(p.numel() for p in net.parameters())
    out.attrs["loss"] = f"soft_iou + {ETA} mse"
    out.attrs["preprocessing"] = "image / 255"
    out.attrs["torch"] = str(torch.__version__)


def write_evaluation(out, name, group, rng):
    image, _ = scene(rng, *EVALUATED[group])
    store(out, f"{group}/image", image)
    store(out, f"{group}/input", (image / np.float32(255))[None, None])
    for kind, label in ((torch.float64, "f64"), (torch.float32, "f32")):
        with torch.no_grad():
            seen = torch.from_numpy(image / np.float32(255))[None, None].to(kind)
            logits, rebuilt, _ = fresh(name, kind).eval()(seen)
        if label == "f64":
            store(out, f"{group}/f64/T", logits[0, 0])
            store(out, f"{group}/f64/D", rebuilt[0, 0])
        else:  # compare_network goes by the names that are here
            store(out, f"{group}/f32/T", logits[0, 0, :1, :1])
            store(out, f"{group}/f32/D", rebuilt[0, 0, :1, :1])


def step(name, kind, images, masks, frozen):
    net = fresh(name, kind).train(not frozen)
    images, masks = torch.from_numpy(images).to(kind), torch.from_numpy(masks).to(kind)
    iou, fidelity = NETWORKS[name][1].loss_parts(net(images), masks)
    total = iou + ETA * fidelity
    total.backward()
    return net, {"softiou": iou.item(), "mse": fidelity.item(), "total": total.item()}


def write_gradients(out, group, gradients):
    store(out, f"{group}/grad_l2", [np.linalg.norm(g) for g in gradients], np.float64)
    store(out, f"{group}/grad_sum", [g.sum() for g in gradients], np.float64)
    store(out, f"{group}/grad_first8", [np.resize(np.append(g, np.zeros(8))[:8], 8) for g in gradients], np.float64)


def write_training(out, name, group, images, masks):
    frozen = group == "train_frozen"
    store(out, f"{group}/input", images)
    store(out, f"{group}/mask", masks)
    net, losses = step(name, torch.float64, images, masks, frozen)
    near, _ = step(name, torch.float32, images, masks, frozen)
    for part, value in losses.items():
        out[f"{group}/f64/loss/{part}"] = value
    exact = [p.grad.numpy().reshape(-1) for p in net.parameters()]
    rough = [p.grad.numpy().reshape(-1).astype(np.float64) for p in near.parameters()]
    out[f"{group}/param_names"] = [key for key, _ in net.named_parameters()]
    write_gradients(out, f"{group}/f64", exact)
    store(out, f"{group}/f32/grad_l2", [np.linalg.norm(g) for g in rough], np.float64)
    store(out, f"{group}/grad_relerr_f32",
          [np.linalg.norm(a - b) / max(np.linalg.norm(a), 1e-300) for a, b in zip(exact, rough)], np.float64)
    if not frozen:
        statistics = {key: value.numpy().reshape(-1) for key, value in net.named_buffers() if value.dim() == 1}
        out[f"{group}/buffer_names"] = list(statistics)
        out[f"{group}/buffer_offset"] = np.cumsum([0] + [v.size for v in statistics.values()]).astype(np.int32)
        store(out, f"{group}/f64/buffer_values", np.concatenate(list(statistics.values())))


def write(name):
    rng = np.random.default_rng(11)
    with h5py.File(f"tests/golden/{name}.h5", "w", libver="latest") as out:
        write_state(out, fresh(name, torch.float32))
        for group in EVALUATED:
            write_evaluation(out, name, group, rng)
        scenes = [scene(rng, SIDE, SIDE) for _ in range(4)]
        images = np.stack([grey / np.float32(255) for grey, _ in scenes])[:, None]
        masks = np.stack([mask for _, mask in scenes])[:, None]
        write_training(out, name, "train_frozen", images[:2], masks[:2])
        write_training(out, name, "train4", images, masks)


def main():
    if not sys.argv[1:] or set(sys.argv[1:]) - set(NETWORKS):
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        write(name)


if __name__ == "__main__":
    main()
