#!/usr/bin/env bash
# What is written as ONNX computes in ONNX Runtime and in OpenCV's dnn what it computes here: networks at several sizes.
# Skipped where a runtime is missing; `make test-onnx` installs both. Needs `make all library tests`.
# usage: test_runtimes.sh [--full]
#   --full   all networks, the largest too, and trained ones: the shipped weights on every image of NUDT-SIRST's test
#            list, published ones on some
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 NODE_PATH=$PWD/build/onnx-runtimes/node_modules PYTHONPATH=$PWD/python PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3
shared=${IRST_SHARED:-../shared}
bad=0 skipped=0

complain() {
    echo "$*"
    bad=1
}

runtimes=()
if [ -d "$NODE_PATH/onnxruntime-node" ]; then
    runtimes+=("node tests/onnx/onnxruntime_scores.js")
else
    skipped=$((skipped + 1))
fi
if "$python" -c 'import cv2' 2> /dev/null; then
    runtimes+=("$python tests/onnx/opencv_scores.py")
else
    skipped=$((skipped + 1))
fi
[ $skipped -eq 0 ] || echo "$skipped skipped: ONNX Runtime or python3-opencv is missing (make test-onnx)"
[ ${#runtimes[@]} -gt 0 ] || exit 0

# Every model of the folder within a share of the range of our scores, and at no pixel on the other side of the threshold:
# the scores of formula weights lie closely together, where 1e-4 itself would hide a patch cut elsewhere.
# OpenCV 4.6 takes no sizes that are computed while a model runs: of the models for any size it reads those that need
# none, of those for one size all but AGPCNet's, whose attention it cannot reshape.
must_read() {
    case $1 in
    agpcnet*) return 1 ;;
    *rpcanet* | *[0-9]x[0-9]*) return 0 ;;
    *) return 1 ;;
    esac
}
# "NaN" is nothing that awk compares.
is_small() {
    [[ $1 =~ ^[0-9.]+e[-+][0-9]+$ ]] && awk "BEGIN { exit !($1 <= $2) }"
}
check_folder() {
    local folder=$1 limit=${2:-1e-4} runtime name model images deviation share others
    for runtime in "${runtimes[@]}"; do
        $runtime "$folder" > "$work/lines" 2> "$work/errors" || complain "$runtime: $(tail -n 3 "$work/errors")"
        cat "$work/lines"
        [ -s "$work/lines" ] || complain "$runtime ran nothing"
        while read -r name model images deviation share others; do
            if [ "$images" = unread ]; then
                [[ $name == opencv ]] && ! must_read "$model" || complain "$name does not read $model"
            elif ! is_small "$share" "$limit" || [ "$others" != 0 ]; then
                complain "$name, $model: $deviation from ours, $share of their range, $others pixels on the other side of the threshold"
            fi
        done < "$work/lines"
    done
}

mkdir "$work/formula"
networks=(rpcanet_plus rpcanet_plusplus drpcanet mshnet)
[ ! -d "$NODE_PATH/onnxruntime-node" ] || networks+=(rpcanet agpcnet)
[ "${1:-}" != --full ] || networks=()
build/tests/compare_onnx "$work/formula" "${networks[@]}" || complain "compare_onnx failed"
check_folder "$work/formula"

# A score that is no number counts, wherever it stands.
mkdir "$work/odd"
grep -m 1 '"rpcanet_plus.onnx"' "$work/formula/cases.jsonl" > "$work/odd/cases.jsonl"
read -r model image score < <(sed 's/.*"model": *"\([^"]*\)".*"image": *"\([^"]*\)".*"score": *"\([^"]*\)".*/\1 \2 \3/' "$work/odd/cases.jsonl")
cp "$work/formula/"{"$model","$image","$score"} "$work/odd"
printf '\0\0\300\177' | dd of="$work/odd/$score" bs=4 seek=1 conv=notrunc status=none
for runtime in "${runtimes[@]}"; do
    $runtime "$work/odd" 2> "$work/errors" | grep -qiE ' nan nan 1$' || complain "$runtime overlooks a score that is no number"
done

# check_trained CHECKPOINT STEP [LIMIT]: every STEPth image of the test list. Networks trained on other data sets amplify
# rounding there, that of the runtimes' means over all pixels and that of our Winograd sums (docs/deploy.md): the detections
# must be the same, the scores less so.
check_trained() {
    local name limit=2e-2
    [[ ${1,,} != *nudt* ]] || limit=1e-4
    limit=${3:-$limit}
    name=$(basename "${1%.*}")
    mkdir "$work/$name"
    bin/convert to-onnx "$1" "$work/$name/$name.onnx" > /dev/null || complain "$1 is not written"
    IRST_LIBRARY=build/lib/libirst.so.0 "$python" tests/onnx/trained_cases.py "$1" "$shared/data/NUDT-SIRST" "$2" \
        "$work/$name" "$name.onnx" || complain "no cases for $1"
    check_folder "$work/$name" "$limit"
    rm -r "${work:?}/$name"
}

if [ "${1:-}" = --full ]; then
    if [ -d "$shared/data/NUDT-SIRST" ]; then
        check_trained weights/rpcanet_plus_nudt.h5 1 2e-3 # 9.6e-4 on one of 664 images
        for checkpoint in "$shared"/reference/checkpoints/*.pkl; do
            check_trained "$checkpoint" 40
        done
    else
        echo "7 skipped: $shared/data/NUDT-SIRST is missing"
    fi
fi
exit $bad
