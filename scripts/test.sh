#!/usr/bin/env bash
# Every test: unit tests (plain, under clang's AddressSanitizer + UBSan, and with the kernels of lesser processors),
# golden data, the command lines, the layout of the code. Installs what is missing first. Ends with `N passed, N failed`;
# exit code 1 if anything failed. usage: scripts/test.sh [--full]
#   --full   the published figures on every image of the test sets, not on an eighth of them; the tests that start
#            threads under ThreadSanitizer; memory running out at every single allocation; 20 seconds of fuzzing for each
#            parser, not one; 300 kills of a training; the tutorial as it is written
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
share=eighth
case "$*" in
'') ;;
--full) share=all ;;
*)
    echo "test.sh: $*: unknown option; expected --full or none" >&2
    exit 2
    ;;
esac
export IRST_SHARED="${IRST_SHARED:-../shared}"
workers=$(nproc)
# Programs run side by side, so each computes with one thread; tests of threads ask for more themselves. (nproc, too,
# goes by this variable.)
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=0

# --- jobs: they run in the background, their output is kept apart, and each leaves three counts ---

# start FUNCTION NAME COMMAND...: as soon as fewer run than there are processors.
start() {
    while [ "$(jobs -rp | wc -l)" -ge "$workers" ]; do
        wait -n
    done
    started=$((started + 1))
    echo "$2" > "$work/$started.name"
    "$@" > "$work/$started.out" 2>&1 &
}

# The processor seconds of what this job has run: who keeps the whole short wants to know where they go.
seconds() {
    times > "$work/$started.times" # in a pipe it would tell of a shell that has run nothing
    tail -n 1 "$work/$started.times" | tr 'ms' '  ' | awk '{ printf "%.1f", 60 * ($1 + $3) + $2 + $4 }'
}

# finish PASSED FAILED SKIPPED TEXT: the end of the job's output is shown if something failed.
finish() {
    local out=$work/$started.out word=ok
    [ $(($1 + $2)) -gt 0 ] || word=skipped
    [ "$2" -eq 0 ] || word=FAILED
    echo "$1 $2 $3" > "$work/$started.counts"
    seconds > "$work/$started.seconds"
    {
        flock 9
        printf '%-8s %6s s  %s\n' "$word" "$(cat "$work/$started.seconds")" "$4" >&3
        [ "$2" -eq 0 ] || grep -vE '^\[ (RUN     |      OK) \]' "$out" | tail -n 60 >&3
    } 9> "$work/lock"
}

# One check that is a command: passes if it exits 0. Of its lines "N skipped: WHY" the numbers are added up.
check() {
    local name=$1 good=0 missed
    shift
    "$@" && good=1
    missed=$(sed -n 's/^\([0-9]*\) skipped: .*/\1/p' "$work/$started.out" | awk '{ n += $1 } END { print n + 0 }')
    finish $good $((1 - good)) "$missed" "$name$([ "$missed" -gt 0 ] && echo ", $missed skipped")"
}

# The number in cmocka's lines `[  WORD  ] N test(s).`, one for each group.
cmocka_count() {
    sed -n "s/^\[  $1\] \([0-9]*\) test(s).*/\1/p" "$work/$started.out" | awk '{ n += $1 } END { print n + 0 }'
}

# A cmocka program: its own counts are added up. A crash counts as one failure, and so does a program without a test.
unit() {
    local name=$1 code good bad missed
    shift
    timeout 900 "$@"
    code=$?
    good=$(cmocka_count 'PASSED  ') bad=$(cmocka_count 'FAILED  ') missed=$(cmocka_count 'SKIPPED ')
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    if [ "$code" -eq 0 ] && [ $((good + missed)) -eq 0 ]; then
        echo "$name ran no test"
        bad=1
    fi
    finish "$good" "$bad" "$missed" "$name: $good passed$([ "$bad" -gt 0 ] && echo ", $bad failed (exit code $code)")$(
        [ "$missed" -gt 0 ] && echo ", $missed skipped")"
}

# What cannot run here, as that many skipped checks; where CI is true that is a failure.
leave_out() {
    local count=$1 why=$2
    if [ "${CI:-}" = true ]; then
        finish 0 1 0 "$why"
    else
        finish 0 0 "$count" "$count checks skipped: $why"
    fi
}

# Waits for every job; adds their counts up. A job without counts was killed.
total() {
    wait
    local passed=0 failed=0 skipped=0 good bad missed i
    for ((i = 1; i <= started; i++)); do
        if ! read -r good bad missed 2> /dev/null < "$work/$i.counts"; then
            echo "FAILED   $(cat "$work/$i.name"): did not come to its end"
            good=0 bad=1 missed=0
        fi
        passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + missed))
    done
    [ "$skipped" -gt 0 ] && echo "$skipped skipped"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# --- building ---

# Hundreds of test programs are linked, which a faster linker halves: -fuse-ld=NAME of the first that COMPILER finds.
linker() {
    local name
    for name in lld gold; do
        ! "$1" -fuse-ld=$name -Wl,--version > "$work/linker" 2>&1 || { echo "-fuse-ld=$name"; return; }
    done
}
gcc_linker=$(linker gcc) clang_linker=$(linker clang)

build() {
    local link=$gcc_linker
    [[ " $* " != *" CC=clang "* ]] || link=$clang_linker
    echo "building: make $*"
    if ! make -j"$workers" WERROR=1 TEST_LDFLAGS="$link" "$@" > "$work/build" 2>&1; then
        grep -E -A4 'error|Error|missing' "$work/build" | head -n 60
        echo "0 passed, 1 failed"
        exit 1
    fi
}

if ! scripts/setup.sh --tests; then
    echo "0 passed, 1 failed"
    exit 1
fi
# The program of a test's source file.
program_of() {
    basename "$1" .c
}

exec 3>&1
mapfile -t sources < <(find tests -name 'test_*.c' | sort)
threaded=()
if [ $share = all ]; then
    mapfile -t threaded < <(grep -l -e pthread_create -e pipeline_run "${sources[@]}")
fi

build all library tests
build CC=clang SANITIZE=1 tests fuzzers
for source in "${threaded[@]}"; do
    build CC=clang SANITIZE=thread "build/sanitize-thread/tests/$(program_of "$source")"
done

fuzzing=(FUZZ_SHORT=1 FUZZ_BUILD=build/sanitize) # without libFuzzer's counters in the library, which take a build of their own
if [ $share = all ]; then
    build CC=clang SANITIZE=fuzz fuzzers
    fuzzing=(FUZZ_SECONDS=20 FUZZ_BUILD=build/sanitize-fuzz)
fi

# --- the longest first, so that no processor is left waiting at the end ---

golden=$IRST_SHARED/reference
if [ -d "$golden" ]; then
    for file in "$golden"/checkpoints/*.pkl; do
        name=$(basename "$file" .pkl)
        start check "convert $name" bin/convert from-torch "$file" "$work/$name.h5"
    done
    wait
    start check "published figures and those of the shipped weights on the real test sets ($share of the images)" \
        bash tests/programs/published_figures.sh "$work" "$share"
fi
start check "check_static" scripts/check_static.sh
start check "fuzzing of the parsers" env "${fuzzing[@]}" scripts/fuzz.sh
for script in tests/*/test_*.sh; do
    start check "$(basename "$script" .sh)" bash "$script"
done
start check "test_allocations, leaks watched" bash tests/allocations/test_allocations.sh build/sanitize/failing 600
if [ $share = all ]; then
    start check "the tutorial" bash tests/programs/follow_tutorial.sh
    start check "test_kills, 300 moments" bash tests/train/test_kills.sh bin 300
    start check "test_allocations, each one" bash tests/allocations/test_allocations.sh build/failing 1
    start check "test_allocations, more leaks" bash tests/allocations/test_allocations.sh build/sanitize/failing 25
fi
for network in rpcanet_plusplus drpcanet; do
    start check "$network with formula weights" build/tests/compare_network "tests/golden/$network.h5"
done
if [ -d "$golden" ]; then
    start check "training trace" build/tests/replay_trace "$golden/rpcanet_plus_train.h5"
    start check "training trace, noise carried" build/tests/replay_trace "$golden/rpcanet_plus_train_carry.h5"
    for network in uiunet1 agpcnet mshnet; do
        start check "$network with formula weights, sanitized" \
            build/sanitize/tests/compare_network "$golden/$network.h5" eval_a
    done
    for network in uiunet3 uiunet1 agpcnet mshnet rpcanet rpcanet_plus; do
        start check "$network with formula weights" build/tests/compare_network "$golden/$network.h5"
    done
    for method in mpcm pstnn ipi; do
        start check "score maps of $method" build/tests/compare_model_driven $method "$golden/model_driven.h5"
    done
    start check "forward pass of the published RPCANet+" \
        build/tests/compare_forward "$work/rpcanet_plus_SIRST_Aug_mIoU_74.56.h5" "$golden/rpcanet_plus_forward.h5"
    start check "forward pass of the published RPCANet" \
        build/tests/compare_forward "$work/rpcanet_NUDT_SIRST_mIoU_89.31.h5" "$golden/rpcanet_forward.h5"
    start check "metrics" build/tests/compare_metrics "$golden/metrics.h5"
else
    start leave_out 26 "golden data: $golden is missing"
fi
for source in "${sources[@]}"; do
    start unit "$(program_of "$source"), sanitized" "build/sanitize/tests/$(program_of "$source")"
done
for source in "${threaded[@]}"; do
    steps=()
    [ "$(program_of "$source")" != test_engine ] || steps=(1000)
    start unit "$(program_of "$source"), threads watched" "build/sanitize-thread/tests/$(program_of "$source")" "${steps[@]}"
done
for source in "${sources[@]}"; do
    start unit "$(program_of "$source")" "build/tests/$(program_of "$source")"
done
# Sanitizers do not see what libraries read: HDF5 calls us back while it closes a file.
for program in test_hdf5_io test_hdf5_hostile test_checkpoint; do
    start unit "$program, under valgrind" env IRST_ISA=avx2 valgrind -q --error-exitcode=9 build/tests/$program
done
# The tests of whatever calls a kernel, with the kernels of lesser processors; those that name the sets of kernels go
# through all of them anyway.
for isa in portable avx2; do
    if [ "$isa" = avx2 ] && ! grep -qw avx2 /proc/cpuinfo; then
        continue
    fi
    [ ! -d "$golden" ] || start check "training trace, noise carried, $isa" \
        env IRST_ISA=$isa build/tests/replay_trace "$golden/rpcanet_plus_train_carry.h5"
    for network in uiunet3 agpcnet; do
        [ "$isa" != avx2 ] || [ ! -d "$golden" ] || start check "$network with formula weights, $isa" \
            env IRST_ISA=$isa build/tests/compare_network "$golden/$network.h5"
    done
    for source in "${sources[@]}"; do
        case $source in
        tests/core/tensor/* | tests/core/conv/* | tests/core/kernels/* | tests/core/linalg/* | tests/autograd/* | \
            tests/modules/test_recomputed_networks.c)
            grep -q '"portable"' "$source" ||
                start unit "$(program_of "$source"), $isa" env IRST_ISA=$isa "build/tests/$(program_of "$source")"
            ;;
        esac
    done
done
start check "the reference of the headers" make api-docs
# Another version lays out some lines differently.
if clang-format --version | grep -q 'version 14\.'; then
    start check "layout of the code" make format-check
else
    start leave_out 1 "layout of the code: clang-format is not version 14"
fi
total
