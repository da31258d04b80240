#!/usr/bin/env bash
# What fuzzing starts from: small files of every kind, written by the programs in bin/ and by tests/fuzz/seeds.py.
# usage: scripts/fuzz_seeds.sh OUT   (OUT/TARGET/...)
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
out=$(realpath "$1")
bin=$(realpath bin)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

# Beside the seeds, for the target that resumes such a training.
cat > "$out/tiny.ini" << END
[model]
stages = 1
bottleneck_channels = 1
total_channels = 2
se_reduction = 1
[data]
root = $work/scenes
size = 32
[train]
epochs = 1
batch_size = 2
average = 0.9
END
# put TARGET NAME FILE: a file in HDF5 without the checksum after it, which no change would get past.
put() {
    mkdir -p "$out/$1"
    head -c -16 "$3" > "$out/$1/$2"
}

{
    "$bin/prepare" synthesize "$work/scenes" --train 2 --test 1 --size 32
    "$bin/train" "$out/tiny.ini" --out "$work/run"
    "$bin/convert" weights "$work/run/best.h5" "$work/weights.h5"
    "$bin/convert" set-threshold "$work/weights.h5" 0.25
    "$bin/train" "$out/tiny.ini" --out "$work/wide" model.total_channels=16
    "$bin/convert" calibrate "$work/wide/last.h5" "$work/scenes" "$work/ranges.h5"
    "$bin/prepare" pack "$work/scenes" "$work/pack.h5"
    "$bin/prepare" pack "$work/scenes" "$work/binary.h5" --mask any --size 5
    "$bin/evaluate" --method mpcm --data "$work/scenes" --size 12 --out "$work/scores"
    h5repack -l CONTI -f NONE "$work/scores/scores.h5" "$work/scores.h5"
    "$bin/detect" "$work/scenes/images" --method mpcm --out "$work/found"
    h5ls -r "$work/weights.h5" > "$work/tensors"
} > "$work/said" 2>&1 || {
    cat "$work/said"
    exit 1
}
put checkpoint weights "$work/weights.h5"
put checkpoint ranges "$work/ranges.h5"
put checkpoint training "$work/run/last.h5"
put train_state last "$work/run/last.h5"
put pack scenes "$work/pack.h5"
put pack small "$work/binary.h5"
mkdir -p "$out/scores" "$out/detections" "$out/experiment"
cp "$work/scores.h5" "$out/scores/scores"
sed 's/"image": "[^"]*"/"image": "a"/' "$work/found/detections.json" > "$out/detections/found"
{ printf '\1' && cat configs/published.ini; } > "$out/experiment/published"
/usr/bin/python3 tests/fuzz/seeds.py "$out" "$work/tensors"
mkdir -p "$out/ini"
cp configs/*.ini "$out/ini"
