#!/usr/bin/python3
"""Times one of the compared networks under PyTorch (Debian's python3-torch 1.13): the peer of `bin/bench model NAME`
and `bin/bench train NAME`. Prints lines `name value unit`.

PyTorch gets its best chance: denormals are flushed, and the allocator keeps memory, since with glibc's defaults every
large tensor is mapped afresh and page faults cost more than the work.

usage: scripts/network_peers.py NAME [--threads N] [--size 256] [--batch B] [--infer-reps 5] [--train-reps 3]
"""
import argparse
import multiprocessing
import os
import statistics
import sys
import time
import warnings

import torch

from peers import agpcnet, drpcanet, mshnet, rpcanet_plusplus, uiunet

# Module, class, parameters, images of a training step, channels of the image.
NETWORKS = {
    "mshnet": (mshnet, mshnet.MSHNet, 4065513, 4, 3),
    "agpcnet": (agpcnet, agpcnet.AGPCNet, 12360461, 4, 3),
    "uiunet": (uiunet, uiunet.UIUNet, 50541461, 2, 3),
    "rpcanet_plusplus": (rpcanet_plusplus, rpcanet_plusplus.RPCANetPlusPlus, 1434551, 2, 1),
    "drpcanet": (drpcanet, drpcanet.DRPCANet, 1168980, 2, 1),
}
# glibc reads these when a process starts.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 35), "MALLOC_TOP_PAD_": str(1 << 29)}
TARGET_PIXELS = 0.001


def median_ms(run, repeats):
    run()  # touches all memory
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds)


def peak_memory_mib():
    """Unlike getrusage's figure it does not start from that of the process that launched this one."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def report(name, value, unit):
    print(name, f"{value:.6g}", unit, flush=True)


def prepare(options):
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    return NETWORKS[options.name][1]()


def images_of(options, count):
    return torch.rand(count, NETWORKS[options.name][4], options.size, options.size)


# --- each in a process of its own ---

def time_fused(net, image, repeats):
    """Traced, frozen and fused; left out where PyTorch cannot, or where that changes the result."""
    try:
        fused = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, image)))
        if not torch.allclose(fused(image)[0], net(image)[0], rtol=1e-2, atol=1e-3):
            raise RuntimeError("the result differs from that of the eager network")
    except RuntimeError as error:
        print(f"the fused graph is left out: {error}", file=sys.stderr)
        return
    report("torch_infer_fused_ms", median_ms(lambda: fused(image), repeats), "ms")


def infer(options):
    warnings.simplefilter("ignore", torch.jit.TracerWarning)  # sizes become constants, as they should
    net, image = prepare(options).eval(), images_of(options, 1)
    with torch.no_grad():
        report("torch_infer_eager_ms", median_ms(lambda: net(image), options.infer_reps), "ms")
        time_fused(net, image, options.infer_reps)


def train(options):
    net, module = prepare(options).train(), NETWORKS[options.name][0]
    optimizer = module.optimizer(net.parameters())
    images = images_of(options, options.batch)
    masks = (torch.rand(options.batch, 1, options.size, options.size) < TARGET_PIXELS).float()

    def step():
        optimizer.zero_grad(set_to_none=True)
        module.loss(net(images), masks).backward()
        optimizer.step()

    report("torch_train_ms_per_image", median_ms(step, options.train_reps) / options.batch, "ms")
    report("torch_peak_memory_mib", peak_memory_mib(), "MiB")


def check_parameters(name):
    _, build, expected, *_ = NETWORKS[name]
    count = sum(p.numel() for p in build().parameters())
    print("torch_parameters", count, "count", flush=True)
    if count != expected:
        sys.exit(f"network_peers.py: {name}: expected {expected} parameters")


def run_apart(work, options):
    process = multiprocessing.get_context("spawn").Process(target=work, args=(options,))
    process.start()
    process.join()
    if process.exitcode != 0:
        sys.exit(f"network_peers.py: {work.__name__} of {options.name} failed")


def above_zero(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 0")
    return int(text)


def read_options():
    parser = argparse.ArgumentParser(description="Times one of the compared networks under PyTorch.")
    parser.add_argument("name", choices=NETWORKS)
    defaults = {"threads": len(os.sched_getaffinity(0)), "size": 256, "batch": None, "infer-reps": 5, "train-reps": 3}
    for option, default in defaults.items():
        parser.add_argument("--" + option, type=above_zero, default=default)
    options = parser.parse_args()
    options.batch = options.batch or NETWORKS[options.name][3]
    return options


def main():
    options = read_options()
    check_parameters(options.name)
    os.environ.update(KEEP_MEMORY)
    run_apart(infer, options)
    run_apart(train, options)


if __name__ == "__main__":
    main()
