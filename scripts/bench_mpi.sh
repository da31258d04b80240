#!/usr/bin/env bash
# The parts of the model in docs/scaling.md, measured here: a training step by images of it on one processor, and what two
# processes wait for, through shared memory and through TCP. Lines `name value unit`. usage: bench_mpi.sh [BIN [CPU]]
set -euo pipefail
bin=${1:-$(dirname "$0")/../bin} cpu=${2:-0}
export OMP_NUM_THREADS=1
for batch in 1 2 4; do
    taskset -c "$cpu" "$bin/bench" train rpcanet_plus --threads 1 --size 64 --batch $batch --repeat 3 | sed "s/^/batch$batch./"
done
for way in vader tcp; do
    mpirun --oversubscribe --allow-run-as-root --bind-to none --mca mpi_yield_when_idle 1 --mca btl "self,$way" \
        --mca btl_tcp_if_include lo -np 2 "$bin/bench" peers | sed "s/^/$way./"
done
