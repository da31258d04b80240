#!/usr/bin/env bash
# Every place in core/kernels that asks a cache for memory ahead is an instruction in each object made of its file: a
# compiler that takes the calls for ones without effect drops them, and nothing but speed shows it. Needs debug
# information in the objects. usage: test_prefetch.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build}
if ! command -v objdump > /dev/null; then
    echo "1 skipped: objdump is missing"
    exit 0
fi

# FILE:LINE of each prefetch in some sources, headers first; of one inside of a macro, the lines that use the macro.
places() {
    awk '
        BEGIN { asks["__builtin_prefetch"] = 1 }
        /^#define / { macro = $2; sub(/\(.*/, "", macro) }
        {
            for (name in asks)
                if (index($0, name "(") && macro != "")
                    asks[macro] = 1
                else if (index($0, name "("))
                    print FILENAME ":" FNR
        }
        !/\\$/ { macro = "" }' "$@" | LC_ALL=C sort -u
}

# The same of the instructions of an object, for x86 or ARM.
instructions() {
    objdump -dl --no-show-raw-insn "$1" | awk '
        /:[0-9]+( \(discriminator [0-9]+\))?$/ { place = $1 }
        /\t(prefetch|prfm)/ { print place }' | sed 's|.*/core/kernels/|core/kernels/|' | LC_ALL=C sort -u
}

# Files that take transforms from winograd.h, but not its passes, which are what asks ahead.
without='winograd_tiles winograd_small_tiles'
asked=0 dropped=0
for object in "$build"/obj/core/kernels/*.o; do
    name=$(basename "$object") name=${name%%.*}
    [ -e "core/kernels/$name.c" ] || continue # the object of a source that is gone
    mapfile -t headers < <(sed -n 's|^\(core/kernels/.*\.h\):$|\1|p' "${object%.o}.d")
    [[ " $without " != *" $name "* ]] || headers=()
    mapfile -t wanted < <(places "${headers[@]}" "core/kernels/$name.c")
    asked=$((asked + ${#wanted[@]}))
    while IFS= read -r place; do
        echo "$place asks for memory ahead, but $object does not"
        dropped=$((dropped + 1))
    done < <(comm -23 <([ ${#wanted[@]} -eq 0 ] || printf '%s\n' "${wanted[@]}") <(instructions "$object"))
done
[ "$asked" -gt 0 ] || { echo "nothing in $build asks for memory ahead"; exit 1; }
[ "$dropped" -eq 0 ]
