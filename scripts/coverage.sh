#!/usr/bin/env bash
# The share of lines of each folder that the tests run - unit tests, those of programs, golden data, failing allocations -
# and the files with most lines that they do not, from a build of its own. Takes as long as a test run.
# usage: scripts/coverage.sh [report]
#   report   measures nothing again
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export IRST_SHARED="${IRST_SHARED:-../shared}"
workers=$(nproc)
export OMP_NUM_THREADS=1
build=build/coverage least=92
merged=$build/merged next=$build/next

# Lines "NAME: COMMAND" of what is run.
list_tests() {
    local program script network method golden=$IRST_SHARED/reference
    for script in tests/programs/test_*.sh tests/train/test_*.sh; do
        echo "$script: bash $script $build/bin"
    done
    echo "allocations: bash tests/allocations/test_allocations.sh $build/failing 300"
    for program in "$build"/tests/test_*; do
        echo "$program: $program"
    done
    for network in rpcanet_plusplus drpcanet; do
        echo "$network: $build/tests/compare_network tests/golden/$network.h5"
    done
    [ -d "$golden" ] || return
    for network in uiunet1 agpcnet mshnet rpcanet rpcanet_plus; do
        echo "$network: $build/tests/compare_network $golden/$network.h5"
    done
    for method in mpcm pstnn ipi; do
        echo "$method: $build/tests/compare_model_driven $method $golden/model_driven.h5"
    done
    for script in "$golden"/checkpoints/*.pkl; do
        echo "$script: $build/bin/convert from-torch $script $build/$(basename "$script" .pkl).h5"
    done
    echo "training trace: $build/tests/replay_trace $golden/rpcanet_plus_train_carry.h5"
    echo "metrics: $build/tests/compare_metrics $golden/metrics.h5"
}

# add_counts FOLDER: to those in $merged. Where gcov-tool cannot read a file that was cut short, it would lose others, too:
# the folder is left out then, with a line that says so.
add_counts() {
    local said to=$merged
    [ -d $merged ] || to=$1 # the first ones are counted twice: whether a line ran is all that is asked
    if said=$(gcov-tool merge "$1" "$to" -o $next 2>&1); then
        rm -rf $merged
        mv $next $merged
    else
        rm -rf $next
        echo "$1 is left out: ${said:0:600}"
    fi
}

# Each test counts in a folder of its own: what it kills or cuts short damages no other's counts. What gcov says of
# damaged ones goes to a file, since tests look at stderr.
measure() {
    local run parts
    make -j"$workers" BUILD=$build BINDIR=$build/bin OPT='-O1 -g' CFLAGS=--coverage LDFLAGS=--coverage all tests \
        > $build.log 2>&1 || { tail -n 20 $build.log; exit 1; }
    find $build/obj -name '*.gcda' -delete
    rm -rf $build/runs $merged $next
    mkdir -p $build/runs
    ln -sfn "$PWD/weights" $build/weights # where the programs look for them
    parts=$(tr -cd / <<< "$PWD/$build" | wc -c)
    # shellcheck disable=SC2016 # the inner shell's variables
    list_tests | tr '\n' '\0' | GCOV_PREFIX_STRIP=$parts RUNS=$PWD/$build/runs xargs -0 -n 1 -P "$workers" bash -c '
        export GCOV_PREFIX=$RUNS/$$ GCOV_ERROR_FILE=$RUNS/$$.gcov
        ${0#*: } > $RUNS/$$.out 2>&1 || echo "${0%%: *} fails, see $RUNS/$$.out"'
    for run in "$build"/runs/*/obj; do
        add_counts "$run"
    done
    cp -r $merged/. $build/obj
}

# SOURCE:LINE COUNT of every line with code, the most of all objects that were made of it; 0 where none was ever loaded.
lines() {
    find $build/obj -name '*.gcno' -print0 | xargs -0 -n 16 gcov -t 2> /dev/null | awk '
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
