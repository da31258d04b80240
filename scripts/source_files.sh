#!/usr/bin/env bash
# The files of the project, each ended by a zero byte: those that git knows or does not ignore; where the tree is no
# working tree of git, such as what `make dist` packs, all but what .gitignore names. usage: source_files.sh [PATTERN...]
#   PATTERN   of a file's name, as in '*.c' or quickstart; none: every file
set -euo pipefail
cd "$(dirname "$0")/.."
if git ls-files --error-unmatch Makefile > /dev/null 2>&1; then
    exec git ls-files -z --cached --others --exclude-standard -- "$@"
fi
ignored=(-name .git)
while read -r path; do
    path=${path%/}
    case $path in
    /*) ignored+=(-o -path ".$path") ;;
    *) ignored+=(-o -name "$path") ;;
    esac
done < .gitignore
wanted=(-false)
for pattern in "${@:-*}"; do
    wanted+=(-o -name "$pattern")
done
find . \( "${ignored[@]}" \) -prune -o \( -type f -o -type l \) \( "${wanted[@]}" \) -printf '%P\0'
