#!/usr/bin/env bash
# RPCANet+ (K = 6, BC = 4, TC = 32) here, under PyTorch and under ONNX Runtime, on the same machine in one run: in turns,
# round by round, so that a disturbance falls on all; medians over the rounds, as a Markdown table on stdout.
# usage: scripts/bench_peers.sh [--rounds 3] [--threads N] [--size 256] [--batch 8] [--infer-reps 15] [--train-reps 3]
# environment: IRST_SHARED         folder that holds peers/ (default ../shared)
#              ORT_NODE_MODULES    node_modules folder with onnxruntime-node
# A peer that is not installed is left out, with a line on stderr that says how to get it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/bench_table.sh
command_line="scripts/bench_peers.sh${*:+ $*}"
peers=${IRST_SHARED:-../shared}/peers
rounds=3 threads=$(nproc) size=256 batch=8 infer_reps=15 train_reps=3
while [ $# -gt 0 ]; do
    case $1 in
    --rounds | --threads | --size | --batch | --infer-reps | --train-reps)
        take_number "$@"
        shift 2
        ;;
    *)
        echo "bench_peers.sh: $1: unknown option; see the head of this file" >&2
        exit 2
        ;;
    esac
done

make -s all >&2
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# --- who takes part ---
torch=true ort=true
if ! /usr/bin/python3 -c 'import torch' 2> /dev/null; then
    torch=false
    echo "PyTorch is left out: apt-get install python3-torch" >&2
fi
if ! command -v node > /dev/null || [ ! -d "${ORT_NODE_MODULES:-}/onnxruntime-node" ]; then
    ort=false
    echo "ONNX Runtime is left out: mkdir ort && cd ort && npm install --ignore-scripts onnxruntime-node, then" >&2
    echo "  ORT_NODE_MODULES=\$PWD/node_modules" >&2
fi
if [ "$size" -ne 256 ] && $ort; then
    ort=false
    echo "ONNX Runtime is left out: its model is laid out for 256x256" >&2
fi
if [ ! -d "$peers" ]; then
    torch=false ort=false
    echo "no peers take part: $peers is missing; set IRST_SHARED" >&2
fi

# --- the rounds: every program prints lines `name value unit` ---
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    bin/bench model --threads "$threads" --size "$size" --repeat "$infer_reps" >> "$lines"
    if $ort; then
        NODE_PATH=$ORT_NODE_MODULES node "$peers/ort_peer.mjs" "$peers/rpcanet_plus_bc4.onnx" "$threads" "$infer_reps" \
            "$size" >> "$lines"
    fi
    bin/bench train --threads "$threads" --size "$size" --batch "$batch" --repeat "$train_reps" >> "$lines"
    if $torch; then
        OMP_NUM_THREADS=$threads "$peers/torch_peer.py" --threads "$threads" --size "$size" --batch "$batch" \
            --infer-reps "$infer_reps" --train-reps "$train_reps" >> "$lines"
    fi
done

# --- the table ---
row() { # WHAT OUR_NAME PEER PEER_NAME UNIT
    local ours theirs
    ours=$(median "$2") theirs=$(median "$4")
    if [ -n "$theirs" ]; then
        echo "| $1 | $ours $5 ($(range "$2")) | $3 | $theirs $5 ($(range "$4")) | $(ratio "$theirs" "$ours") |"
    fi
}

ort_version=$(version_of node -p "require('${ORT_NODE_MODULES:-}/onnxruntime-node/package.json').version")
pytorch="PyTorch $(torch_version)" onnx="ONNX Runtime $ort_version"
map="${size}x$size"

echo "| what | irst | peer | peer's | peer's / irst |"
echo "| --- | ---: | --- | ---: | ---: |"
row "one image of $map, T and D" model_infer_full_ms "$onnx" ort_infer_ms ms
row "one image of $map, T and D" model_infer_full_ms "$pytorch, fused graph" torch_infer_fused_ms ms
row "one image of $map, T and D" model_infer_full_ms "$pytorch, eager" torch_infer_eager_ms ms
row "one image of $map, T only (all that detection needs)" model_infer_ms "$onnx (T and D)" ort_infer_ms ms
row "training, per image, batch $batch" train_ms_per_image "$pytorch" torch_train_ms_per_image ms
row "peak memory of training, batch $batch" train_peak_memory_mib "$pytorch" torch_peak_memory_mib MiB
echo
footer "T and D $(median model_infer_full_share) %, training $(median train_share) %"
