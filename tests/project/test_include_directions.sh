#!/usr/bin/env bash
# A folder includes only the folders below it: core <- autograd <- modules, core <- datasets, both <- eval <- train, and
# so within each of them; the library stands on all but train. usage: test_include_directions.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1

# Where a file belongs: its folder, but in some folders a few files stand on the shoulders of the subfolders.
place_of() {
    case $1 in
    autograd/op_* | autograd/ops.c) place=autograd/operations ;;
    modules/registry.*) place=modules/registry ;;
    datasets/loader.*) place=datasets/loader ;;
    tests/*) place=tests ;;
    *) place=${1%/*} ;;
    esac
}

# PLACE: the places that it may include beside itself, each of them in a line above; FOLDER/* stands for all in it.
declare -A may
while IFS=: read -r place allowed; do
    may[$place]=$allowed
    for one in $(tr " " "\n" <<< "$allowed" | grep -v "[*]"); do
        [ -n "${may[$one]+known}" ] || { echo "$place may include $one, which comes later or not at all"; exit 1; }
    done
done << 'PLACES'
include:
core/base:
core/io: core/base
core/log: core/base core/io
core/config: core/base core/io
core/draw: core/base core/io
core/html: core/base core/io core/draw
core/tensor: core/base
core/kernels: core/base core/tensor
core/conv: core/base core/tensor
core/linalg: core/base core/tensor
autograd: core/base core/tensor core/conv
autograd/losses: core/base core/tensor autograd
autograd/shared: core/base core/tensor core/conv autograd
autograd/fused: core/base core/tensor core/conv autograd autograd/shared
autograd/operations: core/base core/tensor core/conv autograd autograd/losses autograd/shared
modules: core/* autograd
modules/networks: core/* autograd modules
modules/classic: core/* modules
modules/classic/ipi: core/* modules modules/classic
modules/classic/pstnn: core/* modules modules/classic
modules/torch: core/* modules
modules/onnx: core/* autograd modules
modules/registry: core/* modules
datasets: core/*
datasets/vary: core/* datasets
datasets/check: core/* datasets
datasets/make: core/* datasets datasets/check
datasets/loader: core/* datasets datasets/vary
eval/measure: core/* datasets datasets/* modules modules/torch
eval/report: core/* datasets modules eval/measure
eval/detect: core/* datasets datasets/* modules eval/measure
eval/experiments: core/* datasets datasets/* modules modules/* eval/measure eval/detect eval/report
eval/video: core/* datasets datasets/* modules eval/measure eval/detect
eval/figures: core/* datasets datasets/* modules modules/* eval/measure eval/detect eval/experiments
eval/browse: core/* datasets datasets/* modules eval/measure
eval/programs: core/* datasets datasets/* modules modules/* eval/*
train/rules: core/* modules
train: core/* autograd datasets datasets/* modules modules/torch eval/measure eval/report train/rules
bench: core/* autograd modules train
library: include core/* datasets datasets/* modules modules/torch eval/measure eval/detect
tests: include core/* autograd autograd/* modules modules/* datasets datasets/* eval/* train train/* bench library
PLACES

# FILE: INCLUDED FILE, with the reason. One that nothing uses any more is a fault.
declare -A exceptions=(
    ["autograd/ops.h: autograd/losses/mask_loss.h"]="a mask loss is built from its terms"
    ["core/base/engine.c: core/tensor/kernels.h"]="an engine holds the kernels of its instruction set"
    ["modules/detector_private.h: modules/classic/model_driven.h"]="a detector is a network or one of these methods"
    ["modules/loss_spec.h: autograd/losses/mask_loss.h"]="a loss is specified by the names of its terms"
    ["train/rules/adam.h: train/optimizer.h"]="a rule is one of the optimizer's"
    ["train/rules/adagrad.c: train/optimizer.h"]="as above"
    ["train/rules/sgd.c: train/optimizer.h"]="as above"
    ["train/rules/schedule_free.c: train/optimizer.h"]="as above"
    ["train/rules/schedule.h: train/crop_plan.h"]="the rate falls with the work that the plan of crops is"
)
declare -A used

# Whether `place` may include `other`.
allowed() {
    local one
    [ "$place" = "$other" ] && return 0
    for one in ${may[$place]}; do
        # An entry is a pattern where it ends in a star.
        # shellcheck disable=SC2053
        [[ $other == $one ]] && return 0
    done
    return 1
}

violations=0 includes=0
set -f
while IFS=: read -r file line text; do
    file=${file#./}
    path=${text#*\"}
    path=${path%%\"*}
    [[ $file != include/* ]] || path=include/$path # installed, these lie side by side
    includes=$((includes + 1))
    place_of "$path"
    other=$place
    place_of "$file"
    if [ ! -e "$path" ]; then
        why="is not a path from the root to a file"
    elif [ -z "${may[$place]+known}" ]; then
        why="stands in a folder that this test does not know"
    elif allowed; then
        continue
    elif [ -n "${exceptions[$file: $path]:-}" ]; then
        used[$file: $path]=1
        continue
    else
        why="points the wrong way: $place may include only ${may[$place]:-itself}"
    fi
    echo "$file:$line: #include \"$path\" $why"
    violations=$((violations + 1))
done < <(grep -rnE --include='*.[ch]' --include='*.def' --exclude-dir=build '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' .)

for exception in "${!exceptions[@]}"; do
    if [ -z "${used[$exception]:-}" ]; then
        echo "the exception for $exception (${exceptions[$exception]}) is out of date"
        violations=$((violations + 1))
    fi
done

# Without any include there is nothing that this test could have seen.
[ "$includes" -gt 0 ] || { echo "no include found in $PWD"; exit 1; }
[ "$violations" -eq 0 ]
