#!/usr/bin/env bash
# No two files of the code share a name, and none is longer than can be read at a sitting. usage: test_files.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1
most_lines=400
bad=0

mapfile -t files < <(find include core autograd modules datasets train eval bench library examples python tests scripts -type f \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' ! -name '__init__.py' \))
[ ${#files[@]} -gt 0 ] || { echo "no file found in $PWD"; exit 1; }
while read -r name; do
    echo "$name is the name of $(printf '%s\n' "${files[@]}" | grep "/$name\$" | tr '\n' ' ')"
    bad=1
done < <(printf '%s\n' "${files[@]##*/}" | sort | uniq -d)
for file in "${files[@]}"; do
    lines=$(wc -l < "$file")
    case $file in
    tests/* | scripts/*) ;;
    *)
        if [ "$lines" -gt $most_lines ]; then
            echo "$file has $lines lines; at most $most_lines"
            bad=1
        fi
        ;;
    esac
done
exit $bad
