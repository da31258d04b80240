#!/usr/bin/env bash
# Every test: unit tests (plain and under AddressSanitizer + UBSan), golden data, the command lines. Installs what is
# missing first. Ends with `N passed, N failed`; exit code 1 if anything failed. Takes no options.
set -uo pipefail
cd "$(dirname "$0")/.."
export IRST_SHARED="${IRST_SHARED:-../shared}"
jobs=$(nproc)
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%-8s %s\n' "$1" "$2"; }

# One check that is a command: passes if it exits 0; its output is shown only if it fails.
check() {
    local name=$1
    shift
    if "$@" > "$work/out" 2>&1; then
        passed=$((passed + 1))
        say ok "$name"
    else
        failed=$((failed + 1))
        say FAILED "$name"
        tail -n 40 "$work/out"
    fi
}

# A cmocka program: its own counts are added up. A crash counts as one failure.
unit() {
    local program=$1 label=$2 good bad missed
    timeout 900 "$program" > "$work/out" 2>&1
    local code=$?
    # cmocka closes a group with `[  PASSED  ] N test(s).`, and with SKIPPED and FAILED lines where there are any.
    good=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$work/out" | awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$work/out" | awk '{ n += $1 } END { print n + 0 }')
    missed=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test(s).*/\1/p' "$work/out" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    if [ "$code" -eq 0 ] && [ "$good" -eq 0 ] && [ "$missed" -eq 0 ]; then
        echo "$program ran no test" > "$work/out"
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + missed))
    if [ "$bad" -eq 0 ]; then
        say ok "$label: $good passed$([ "$missed" -gt 0 ] && echo ", $missed skipped")"
    else
        say FAILED "$label: $good passed, $bad failed (exit code $code)"
        grep -vE '^\[ (RUN     |      OK) \]' "$work/out" | tail -n 60
    fi
}

if ! scripts/setup.sh --tests; then
    echo "0 passed, 1 failed"
    exit 1
fi
echo "building"
if ! make -j"$jobs" all tests > "$work/build" 2>&1 || ! make -j"$jobs" SANITIZE=1 all tests >> "$work/build" 2>&1; then
    grep -E -A4 'error|Error' "$work/build" | head -n 60
    echo "0 passed, 1 failed"
    exit 1
fi

for program in build/tests/test_*; do
    case $program in *.d) continue ;; esac
    unit "$program" "$(basename "$program")"
done
for program in build/sanitize/tests/test_*; do
    unit "$program" "$(basename "$program"), sanitized"
done
for script in tests/*/test_*.sh; do
    check "$(basename "$script" .sh)" bash "$script"
done

golden="$IRST_SHARED/reference"
if [ -d "$golden" ]; then
    for name in rpcanet_plus_SIRST_Aug_mIoU_74.56 rpcanet_plus_NUDT_SIRST_mIoU_92.37 \
        rpcanet_plus_IRSTD_1K_mIoU_64.68 rpcanet_SIRST_Aug_mIoU_72.54 rpcanet_NUDT_SIRST_mIoU_89.31 \
        rpcanet_IRSTD_1K_mIoU_63.21; do
        check "convert $name" bin/convert from-torch "$golden/checkpoints/$name.pkl" "$work/$name.h5"
    done
    check "forward pass of the published RPCANet+" \
        build/tests/compare_forward "$work/rpcanet_plus_SIRST_Aug_mIoU_74.56.h5" "$golden/rpcanet_plus_forward.h5"
    check "forward pass of the published RPCANet" \
        build/tests/compare_forward "$work/rpcanet_NUDT_SIRST_mIoU_89.31.h5" "$golden/rpcanet_forward.h5"
    for network in rpcanet_plus rpcanet mshnet agpcnet uiunet3 uiunet1; do
        check "$network with formula weights" build/tests/compare_network "$golden/$network.h5"
    done
    for network in mshnet agpcnet uiunet1; do
        check "$network with formula weights, sanitized" \
            build/sanitize/tests/compare_network "$golden/$network.h5" eval_a
    done
    for method in mpcm pstnn ipi; do
        check "score maps of $method" build/tests/compare_model_driven $method "$golden/model_driven.h5"
    done
    check "training trace" build/tests/replay_trace "$golden/rpcanet_plus_train.h5"
    check "training trace, noise carried" build/tests/replay_trace "$golden/rpcanet_plus_train_carry.h5"
    check "metrics" build/tests/compare_metrics "$golden/metrics.h5"
    check "published figures and those of the shipped weights on the real test sets" bash tests/programs/published_figures.sh "$work"
elif [ "${CI:-}" = true ]; then
    failed=$((failed + 1))
    say FAILED "golden data: $golden is missing"
else
    skipped=$((skipped + 24))
    say skipped "24 checks against golden data: $golden is missing"
fi

[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
