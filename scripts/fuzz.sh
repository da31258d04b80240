#!/usr/bin/env bash
# Fuzzes the parsers, one after the other. What a target has found worth keeping stays in build/fuzz/corpus/TARGET and is
# where the next run begins; an input that is a finding lands in build/fuzz/findings, and the exit code is 1 then.
# usage: scripts/fuzz.sh   with these in the environment:
#   FUZZ_SECONDS  for each target; default 60
#   FUZZ_TARGETS  which, as in "png ini"; default all of tests/fuzz/fuzz_*.c
#   FUZZ_SHORT    1: a second or so for each instead, of the same inputs every time; they leave no corpus
#   FUZZ_RAW      1: of HDF5 files not only texts are changed but every byte; what is found then is mostly HDF5's own
#   FUZZ_BUILD    the folder of a build that has the targets; default: what `make CC=clang SANITIZE=fuzz fuzzers` builds
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
seconds=${FUZZ_SECONDS:-60}
build=${FUZZ_BUILD:-build/sanitize-fuzz}
targets=${FUZZ_TARGETS:-$(basename -s .c tests/fuzz/fuzz_*.c | sed 's/^fuzz_//')}
if [ -z "${FUZZ_BUILD:-}" ]; then
    make -j"$(nproc)" all && make -j"$(nproc)" CC=clang SANITIZE=fuzz fuzzers || exit 1
fi
build=$(realpath "$build")
kept=$(realpath -m build/fuzz)
inputs=$(realpath tests/fuzz/inputs)
# Parsers take files: each target has an empty folder, in memory where there is one.
work=$(mktemp -d -p /dev/shm 2> /dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/fuzz_seeds.sh "$work/seeds" || exit 1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# What HDF5 itself forgets in a damaged file is not ours to free, nor what fontconfig keeps to the end, nor is it ours
# what a file makes HDF5 ask for: that it gets, and does not use, or not.
printf 'leak:%s\n' libhdf5 libfontconfig > "$work/forgotten"
export LSAN_OPTIONS=suppressions=$work/forgotten:print_suppressions=0 ASAN_OPTIONS=allocator_may_return_null=1
# An input may cost 10 seconds and 1 GiB, and no single piece of memory may be of 640 MiB: the largest image has 512.
limits=(-timeout=10 -rss_limit_mb=1024 -max_len=200000)

# How many inputs take about a second of a processor.
short_of() {
    case $1 in
    train_state) echo 50 ;;
    checkpoint) echo 150 ;;
    torch | safetensors | scores | predictions | run_log) echo 500 ;;
    pack | tiff | ini | experiment) echo 1500 ;;
    *) echo 5000 ;;
    esac
}

# run TARGET OPTION...: what it says lands in $work/said.
run() {
    local target=$1
    shift
    (cd "$work/$target" && exec "$build/fuzz/fuzz_$target" "${limits[@]}" -print_final_stats=1 \
        -artifact_prefix="$kept/findings/$target-" "$@") > "$work/said" 2>&1
}

# fuzz TARGET: prints a line of what was done, or the end of what libFuzzer said.
fuzz() {
    local target=$1 code
    local -a folders=("$work/seeds/$target") how
    local most=640
    case $target in
    checkpoint | pack | scores | train_state) most=16777216 ;;
    esac
    [ ! -d "$inputs/$target" ] || folders+=("$inputs/$target")
    if [ -n "${FUZZ_SHORT:-}" ]; then
        how=(-runs="$(short_of "$target")" -seed=1 -reload=0)
    else
        how=(-max_total_time="$seconds")
        mkdir -p "$kept/corpus/$target"
        folders=("$kept/corpus/$target" "${folders[@]}")
    fi
    mkdir -p "$kept/findings" "$work/$target"
    TIMEFORMAT='%U %S'
    { time run "$target" -malloc_limit_mb=$most "${how[@]}" "${folders[@]}"; } 2> "$work/times"
    code=$?
    if [ $code -ne 0 ]; then
        tail -n 60 "$work/said"
        echo "fuzz_$target: a finding: $(sed -n 's/.*Test unit written to //p' "$work/said")"
        return 1
    fi
    awk -v target="$target" -v times="$(cat "$work/times")" '/number_of_executed_units/ { runs = $2 }
        /^#.* cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
        END {
            split(times, t, " ")
            printf "fuzz_%s: %d inputs in %.1f s of a processor, %d edges, no finding\n", target, runs, t[1] + t[2], edges
        }' "$work/said"
}

failed=0
for target in $targets; do
    fuzz "$target" || failed=1
done
exit $failed
