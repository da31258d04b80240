#!/usr/bin/env bash
# cppcheck over the C code and shellcheck over the scripts: no finding but those excepted here. usage: scripts/check_static.sh
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0
for tool in cppcheck shellcheck; do
    command -v $tool > /dev/null || { echo "1 skipped: $tool is missing (scripts/setup.sh --tests)"; exit 0; }
done

# WHAT:FILE, each with its reason.
excepted=(
    # A loop over the places of a window, the threads or the stages fills these; none of them may be empty.
    uninitvar:autograd/op_max_pool.c uninitvar:core/kernels/pool.c uninitvar:bench/bench_scaling.c
    uninitvar:modules/networks/mshnet.c
    # A box of colours holds at least one cell, and a cell at least one pixel.
    zerodiv:core/draw/palette.c
    # One body for several widths of tile: the conditions are constant in each.
    incorrectLogicOperator:core/kernels/conv_weight_rows.c
    # LAPACK's work space: a block of doubles whose end serves as its list of integers.
    invalidPointerCast:core/linalg/linalg.c
    # The structure is an argument that lives as long as the call.
    danglingLifetime:eval/programs/main_evaluate.c
)
# One process: several do not follow calls from file to file.
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -I. \
    -D_GNU_SOURCE -D__x86_64__ -DKERNEL_ISA=portable "-DIRST_VERSION=\"0\"" --suppress=missingIncludeSystem \
    "${excepted[@]/#/--suppress=}" --error-exitcode=1 core autograd modules datasets train eval bench library examples || bad=1

# SC1091, SC2154, SC2034: what is sourced, and what it gives or takes. SC2015: A && B || C where B cannot fail. SC2012,
# SC2013: names that the test itself made.
mapfile -t scripts < <(git ls-files '*.sh' quickstart)
shellcheck --shell=bash --exclude=SC1091,SC2154,SC2034,SC2015,SC2012,SC2013 "${scripts[@]}" || bad=1
exit $bad
