#!/usr/bin/env bash
# Breaks the code in one place after the other, in a copy, as tests/mutation/mutations.txt says, and runs the tests that
# ought to notice. Prints the changes that nobody noticed; fails if there are more than five in fifty.
# usage: scripts/mutate.sh [WORD]   only the lines of the table with that word
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
table=$PWD/tests/mutation/mutations.txt word=${1:-}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
scripts/source_files.sh | xargs -0 cp -a --parents -t "$copy"
cd "$copy" || exit 1
export IRST_SHARED="${IRST_SHARED:-../shared}" OMP_NUM_THREADS=1
tried=0 survived=0

# Replaces the only place in the file; fails if there is none or another one.
change() {
    awk -v from="$2" -v to="$3" '
        { at = index($0, from) }
        at { found++; $0 = substr($0, 1, at - 1) to substr($0, at + length(from)) }
        { print }
        END { exit found != 1 }' "$1" > changed
}

while IFS= read -r line; do
    IFS=$'\x1f' read -r file from to programs < <(sed 's/\\|/\x1e/g; s/|/\x1f/g; s/\x1e/|/g' <<< "$line")
    tried=$((tried + 1))
    if ! change "$file" "$from" "$to"; then
        echo "$file: '$from' does not stand there once"
        survived=$((survived + 1))
        continue
    fi
    cp -p "$file" before
    cp changed "$file"
    noticed=
    for program in $programs; do
        # A change that does not compile proves nothing.
        if ! make -j"$(nproc)" "build/tests/$program" > log 2>&1; then
            echo "$file: '$to' cannot be built: $(grep -m 1 error log)"
            break
        fi
        if ! timeout 60 "build/tests/$program" > /dev/null 2>&1; then
            noticed=$program
            break
        fi
    done
    if [ -z "$noticed" ]; then
        echo "not noticed by $programs: $file: $from -> $to"
        survived=$((survived + 1))
    fi
    cp before "$file"
done < <(grep -v '^#' "$table" | grep -F -- "$word")
echo "$tried changes, $survived not noticed"
[ $((survived * 10)) -le "$tried" ] && [ "$tried" -gt 0 ]
