#!/usr/bin/env bash
# Puts the tables of an experiment's run folder into a page of docs/results, as the program wrote them, and their CSV
# beside it: no figure of such a table is typed. A page holds the place of NAME.md between the lines
#   <!-- begin NAME: FILE.csv -->
#   <!-- end NAME -->
# usage: results_page.sh PAGE RUN_FOLDER, for instance results_page.sh docs/results/table.md runs/table
set -euo pipefail
if [ $# -ne 2 ]; then
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
fi
page=$1 run=$2 found=0
new=$(mktemp)
trap 'rm -f "$new"' EXIT

while read -r name csv; do
    [ -f "$run/$name.md" ] || continue
    for end in begin end; do
        [ "$(grep -c "^<!-- $end $name\b" "$page")" -eq 1 ] || { echo "$page: needs one line '<!-- $end $name' for $name.md" >&2; exit 1; }
    done
    awk -v name="$name" -v table="$run/$name.md" '
        $2 == "end" && $3 == name { inside = 0 }
        !inside
        $2 == "begin" && $3 == name ":" { while ((getline line < table) > 0) print line; inside = 1 }' "$page" > "$new"
    cp "$new" "$page"
    cp "$run/$name.csv" "$(dirname "$page")/$csv"
    echo "$page: $name.md of $run, and $csv"
    found=$((found + 1))
done < <(sed -n 's/^<!-- begin \([^:]*\): \(.*\) -->$/\1 \2/p' "$page")
[ "$found" -gt 0 ] || { echo "$page has no place for a table of $run" >&2; exit 1; }
