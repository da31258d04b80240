#!/usr/bin/env bash
# cppcheck, clang-tidy and gcc's -fanalyzer over the C code, shellcheck over the scripts: no finding but those excepted
# here and in .clang-tidy. usage: scripts/check_static.sh
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0
for tool in cppcheck clang-tidy shellcheck; do
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
    # Vectors, of whose lanes it counts one.
    bufferAccessOutOfBounds:core/kernels/byte_rows.c
    # LAPACK's work space: a block of doubles whose end serves as its list of integers.
    invalidPointerCast:core/linalg/linalg.c
)
folders=(core autograd modules datasets train eval bench library)
options=(-I. -D_GNU_SOURCE -D__x86_64__ -DKERNEL_ISA=portable '-DIRST_VERSION="0"')

# One process: several do not follow calls from file to file.
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr "${options[@]}" \
    --suppress=missingIncludeSystem "${excepted[@]/#/--suppress=}" --error-exitcode=1 "${folders[@]}" examples || bad=1

# gcc 12 loses sight of what a growing list or the caller's structure keeps, and of what loops fill.
unfollowed=(-Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -Wno-analyzer-use-of-uninitialized-value)
# WHAT:FILE for -fanalyzer. Most are loops that it believes to do nothing, or a condition that holds at both ends.
unlikely=(
    null-dereference:autograd/fused/op_gated_conv2d.c null-argument:autograd/fused/op_gated_conv2d.c
    null-dereference:autograd/op_adaptive_max_pool.c null-dereference:autograd/op_max_pool.c
    null-dereference:autograd/op_resize_bilinear.c null-dereference:datasets/check/set_check.c
    null-dereference:core/kernels/winograd_rows.c null-dereference:core/kernels/winograd_small_rows.c
    null-dereference:core/kernels/winograd_weight_rows.c
    shift-count-overflow:core/kernels/conv_byte_rows.c # of vectors, whose lanes it does not know
    possible-null-dereference:core/config/config.c
)
read -ra libraries < <(CC=clang scripts/find_libraries.sh cflags)
read -ra mpi < <(scripts/find_mpi.sh mpicc cflags)
options+=(-std=c11 -fopenmp -DKERNEL_X86 -isystem build/onnx "${libraries[@]}" "${mpi[@]}")
mapfile -t sources < <(find "${folders[@]}" -name '*.c' ! -name 'dnnl_*')

# analyse WHICH: every file of one of as many shares as there are processors. Of a failure's code, analysers know by
# __clang_analyzer__ (core/base/status.h).
processors=$(nproc)
analyse() {
    local i what file code=0
    for ((i = $1; i < ${#sources[@]}; i += processors)); do
        local -a allowed=()
        for what in "${unlikely[@]}"; do
            file=${what#*:}
            [ "$file" != "${sources[i]}" ] || allowed+=("-Wno-analyzer-${what%%:*}")
        done
        clang-tidy --quiet "${sources[i]}" -- "${options[@]}" 2> /dev/null || code=1
        gcc -fanalyzer -D__clang_analyzer__ -O1 -Werror "${unfollowed[@]}" "${allowed[@]}" "${options[@]}" -S -o /dev/null \
            "${sources[i]}" || code=1
    done
    return $code
}
for ((share = 0; share < processors; share++)); do
    analyse $share &
done
for ((share = 0; share < processors; share++)); do
    wait -n || bad=1
done

# SC1091, SC2154, SC2034: what is sourced, and what it gives or takes. SC2015: A && B || C where B cannot fail. SC2012,
# SC2013: names that the test itself made.
mapfile -d '' -t scripts < <(scripts/source_files.sh '*.sh' quickstart)
shellcheck --shell=bash --exclude=SC1091,SC2154,SC2034,SC2015,SC2012,SC2013 "${scripts[@]}" || bad=1
exit $bad
