#!/usr/bin/env bash
# No state of the process but in programs: the object files of the folders have no writable data but what is listed here,
# each with its reason. usage: test_globals.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build}

declare -A reasons=(
    ["core/base/status message"]="the last message of each thread, as errno"
    ["core/base/blas_threads lock"]="OpenBLAS counts its threads per process"
    ["core/base/blas_threads holders"]="the same"
    ["core/base/blas_threads before"]="the same"
    ["core/base/blas_threads watched"]="a fork must not leave a child the lock taken"
    ["core/base/job_mpi job"]="MPI is the process's; only programs have it"
    ["core/base/parallel threads_are_lost"]="a fork takes OpenMP's threads from the whole process"
    ["core/base/parallel watched"]="the same"
    ["core/base/process received"]="signals and their handlers are the process's"
    ["core/base/process children"]="the same: a handler passes signals on"
    ["core/base/process before_int"]="the same: the handlers before ours"
    ["core/base/process before_term"]="the same"
    ["core/io/file_io calls"]="numbers temporary files of the process apart, atomic"
    ["core/io/tiff_pages last"]="of each thread: where it found a page, for the next one stands behind it"
    ["core/io/hdf5_heap known"]="HDF5's table of conversions is the process's"
    ["core/io/hdf5_io library"]="HDF5 lets one thread in at a time"
    ["core/io/hdf5_io watched"]="a fork must not leave a child the turn taken"
    ["core/io/hdf5_io turns_taken"]="the same: of each thread"
    ["eval/browse/browse_server begun"]="only its address counts"
    ["library/irst last_error"]="the last message of each thread, as errno"
    ["library/irst last_code"]="the same"
    ["train/trainer interrupted"]="set by a handler of signals, which are the process's"
)
violations=0 objects=0
declare -A seen=()

# Writable sections; .data.rel.ro holds constants with addresses in them.
writable() {
    objdump -t "$1" | awk '{
        for (i = 3; i <= 5; i++)
            if ($i ~ /^(\.(data|bss|tdata|tbss)|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/ && $NF !~ /^\./)
                print $NF
    }'
}

for folder in core autograd modules datasets train eval library; do
    while IFS= read -r source; do
        for object in "$build/obj/${source%.c}".o "$build/obj/${source%.c}".*.o; do
            [ -f "$object" ] || continue
            objects=$((objects + 1))
            while IFS= read -r symbol; do
                name="${source%.c} ${symbol%%.*}" # a static of a function has a number behind a dot
                seen[$name]=1
                if [ -z "${reasons[$name]:-}" ]; then
                    echo "$source: $symbol can be written, and belongs to no engine, tape or detector"
                    violations=$((violations + 1))
                fi
            done < <(writable "$object")
        done
    done < <(find "$folder" -name '*.c' ! -name 'main_*' ! -path 'eval/programs/*' ! -name experiment_program.c)
done

for name in "${!reasons[@]}"; do
    if [ -z "${seen[$name]:-}" ]; then
        echo "\"$name\" is listed here, but not in the object files"
        violations=$((violations + 1))
    fi
done
[ "$objects" -gt 0 ] || { echo "no object file in $build"; exit 1; }
[ "$violations" -eq 0 ]
