#!/usr/bin/env bash
# A folder includes only the folders below it: core <- autograd <- modules <- {train, eval},
# core <- datasets <- {train, eval}, eval <- train. usage: test_include_directions.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1

declare -A may=(
    [core]="core"
    [autograd]="autograd core"
    [modules]="modules autograd core"
    [datasets]="datasets core"
    [eval]="eval modules autograd datasets core"
    [train]="train eval modules autograd datasets core"
    [bench]="bench train eval modules autograd datasets core"
    [tests]="tests bench train eval modules autograd datasets core"
    [include]="include"
)
violations=0 includes=0

while IFS=: read -r file line text; do
    file=${file#./}
    from=${file%%/*}
    path=${text#*\"}
    path=${path%%\"*}
    to=${path%%/*}
    includes=$((includes + 1))
    if [ ! -e "$path" ]; then
        why="is not a path from the root to a file"
    elif [ -z "${may[$from]:-}" ]; then
        why="stands in a folder that this test does not know"
    elif [[ " ${may[$from]} " != *" $to "* ]]; then
        why="points the wrong way: $from may include only ${may[$from]}"
    else
        continue
    fi
    echo "$file:$line: #include \"$path\" $why"
    violations=$((violations + 1))
done < <(grep -rnE --include='*.[ch]' --include='*.def' --exclude-dir=build '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' .)

# Without any include there is nothing that this test could have seen.
[ "$includes" -gt 0 ] || { echo "no include found in $PWD"; exit 1; }
[ "$violations" -eq 0 ]
