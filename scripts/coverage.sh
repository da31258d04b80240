#!/usr/bin/env bash
# The share of lines of each folder that the unit tests and the tests of programs run, and the files with most lines that
# they do not, from a build of its own. Takes as long as a test run. usage: scripts/coverage.sh [report]
#   report   measures nothing again
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export IRST_SHARED="${IRST_SHARED:-../shared}" OMP_NUM_THREADS=1
build=build/coverage least=92

measure() {
    make -j"$(nproc)" BUILD=$build BINDIR=$build/bin OPT='-O1 -g' CFLAGS=--coverage LDFLAGS=--coverage all tests \
        > $build.log 2>&1 || { tail -n 20 $build.log; exit 1; }
    find $build -name '*.gcda' -delete
    local program script network golden=$IRST_SHARED/reference
    for program in "$build"/tests/test_*; do
        "$program" > /dev/null 2>&1 || echo "$program fails"
    done
    for script in tests/programs/test_*.sh tests/train/test_*.sh; do
        bash "$script" $build/bin > /dev/null 2>&1 || echo "$script fails"
    done
    for network in rpcanet_plusplus drpcanet; do
        $build/tests/compare_network tests/golden/$network.h5 > /dev/null 2>&1 || echo "$network fails"
    done
    [ -d "$golden" ] || return
    for network in uiunet1 agpcnet mshnet rpcanet rpcanet_plus; do
        $build/tests/compare_network "$golden/$network.h5" > /dev/null 2>&1 || echo "$network fails"
    done
}

# SOURCE:LINE COUNT of every line with code, the most of all objects that were made of it.
lines() {
    find $build/obj -name '*.gcda' -print0 | xargs -0 -n 16 gcov -t 2> /dev/null | awk '
        $2 ~ /^0:Source:/ { source = $2; sub(/^0:Source:/, "", source) }
        { split($0, part, ":"); number = part[2] + 0; count = part[1]; gsub(/[ *]/, "", count) }
        number > 0 && count != "-" {
            place = source ":" number
            ran = count !~ /^[#=]/
            seen[place] = seen[place] || ran
            known[place] = 1
        }
        END { for (place in known) print place, seen[place] + 0 }'
}

[ "${1:-}" = report ] || measure
lines | awk -v least=$least '
    { file = $1; sub(/:[0-9]*$/, "", file); folder = file; sub(/\/.*/, "", folder) }
    folder !~ /^(core|autograd|modules|datasets|train|eval)$/ { next }
    { all[folder]++; ran[folder] += $2; total++; hit += $2; missed[file] += !$2 }
    END {
        for (folder in all) {
            printf "%-10s %5d of %5d lines, %.1f %%\n", folder, ran[folder], all[folder], 100 * ran[folder] / all[folder]
        }
        printf "%-10s %5d of %5d lines, %.1f %%, expected at least %d\n", "all", hit, total, 100 * hit / total, least
        fflush()
        command = "sort -rn | head -n 25"
        for (file in missed)
            if (missed[file])
                printf "%5d not run in %s\n", missed[file], file | command
        close(command)
        exit hit * 100 < least * total
    }'
