#!/usr/bin/env bash
# The compared networks here and under PyTorch, on the same machine in one run: in turns, round by round, so that a
# disturbance falls on all; medians over the rounds, as a Markdown table on stdout.
# usage: scripts/bench_networks.sh [--rounds 3] [--threads N] [--size 256] [--batch B] [--infer-reps 5] [--train-reps 3]
#                                  [NAME ...]
# NAME is mshnet, agpcnet, uiunet, rpcanet_plusplus or drpcanet (all where none is given). Without --batch, a training
# step takes 2 images, with mshnet and agpcnet 4. PyTorch steps with the network's own optimizer, bin/bench with Adam
# for all, which keeps more numbers than the others. PyTorch is left out where it is not installed, with a line on
# stderr that says how to get it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/bench_table.sh
command_line="scripts/bench_networks.sh${*:+ $*}"
rounds=3 threads=$(nproc) size=256 batch='' infer_reps=5 train_reps=3
networks=()
while [ $# -gt 0 ]; do
    case $1 in
    --rounds | --threads | --size | --batch | --infer-reps | --train-reps)
        take_number "$@"
        shift 2
        ;;
    mshnet | agpcnet | uiunet | rpcanet_plusplus | drpcanet)
        networks+=("$1")
        shift
        ;;
    *)
        echo "bench_networks.sh: $1: unknown option or network; see the head of this file" >&2
        exit 2
        ;;
    esac
done
if [ ${#networks[@]} -eq 0 ]; then
    networks=(mshnet agpcnet uiunet rpcanet_plusplus drpcanet)
fi

make -s all >&2
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

torch=true
if ! /usr/bin/python3 -c 'import torch' 2> /dev/null; then
    torch=false
    echo "PyTorch is left out: apt-get install python3-torch" >&2
fi

batch_of() { # NETWORK
    case $1 in
    mshnet | agpcnet) echo "${batch:-4}" ;;
    *) echo "${batch:-2}" ;;
    esac
}

# --- the rounds: every program prints lines `name value unit`; names of a network's own get its name in front ---
measure() { # NETWORK
    local b
    b=$(batch_of "$1")
    bin/bench model "$1" --threads "$threads" --size "$size" --repeat "$infer_reps"
    bin/bench train "$1" --threads "$threads" --size "$size" --batch "$b" --repeat "$train_reps"
    if $torch; then
        OMP_NUM_THREADS=$threads scripts/network_peers.py "$1" --threads "$threads" --size "$size" --batch "$b" \
            --infer-reps "$infer_reps" --train-reps "$train_reps"
    fi
}

for round in $(seq "$rounds"); do
    for network in "${networks[@]}"; do
        echo "round $round of $rounds: $network" >&2
        measure "$network" | sed -E "s/^(model|train|torch)_/$network.&/" >> "$lines"
    done
done

# --- the table ---
cell() { # NAME
    if [ -n "$(median "$1")" ]; then
        echo "$(median "$1") ($(range "$1"))"
    else
        echo "-"
    fi
}

ratio_cell() { # OUR_NAME PEER_NAME ...: against the best of the peers
    local name theirs
    theirs=$(for name in "${@:2}"; do printf '%s\n' "$(median "$name")"; done | sort -g | awk 'NF && !found++')
    if [ -n "$theirs" ]; then
        ratio "$theirs" "$(median "$1")"
    else
        echo "-"
    fi
}

row() { # NETWORK
    local eager=$1.torch_infer_eager_ms fused=$1.torch_infer_fused_ms
    echo "| $1 | $(cell "$1.model_infer_ms") | $(cell "$eager") | $(cell "$fused") |" \
        "$(ratio_cell "$1.model_infer_ms" "$eager" "$fused") | $(batch_of "$1") |" \
        "$(cell "$1.train_ms_per_image") | $(cell "$1.torch_train_ms_per_image") |" \
        "$(ratio_cell "$1.train_ms_per_image" "$1.torch_train_ms_per_image") |" \
        "$(cell "$1.train_peak_memory_mib") | $(cell "$1.torch_peak_memory_mib") |" \
        "$(ratio_cell "$1.train_peak_memory_mib" "$1.torch_peak_memory_mib") |"
}

shares() { # "NETWORK n % (training n %), ..."
    local network
    for network in "${networks[@]}"; do
        printf ', %s %s %% (training %s %%)' "$network" "$(median "$network.model_infer_share")" \
            "$(median "$network.train_share")"
    done | cut -c 3-
}

pytorch="PyTorch"
if $torch; then
    pytorch="PyTorch $(torch_version)"
fi
echo "| network | one image of ${size}x$size, ms: irst | $pytorch, eager |" \
    "$pytorch, fused graph | PyTorch's best / irst |" \
    "batch | training, ms per image: irst | $pytorch | PyTorch / irst |" \
    "peak memory of training, MiB: irst | $pytorch | PyTorch / irst |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for network in "${networks[@]}"; do
    row "$network"
done
echo
footer "$(shares)"
