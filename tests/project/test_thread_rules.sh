#!/usr/bin/env bash
# Every header says at its head which threads may call what, but for those of programs (eval/programs, bench), whose main
# thread calls it.
# usage: test_thread_rules.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1

violations=0 headers=0
while IFS= read -r header; do
    headers=$((headers + 1))
    sed '/\*\//q' "$header" | grep -q 'Thread rule: ' && continue
    echo "$header: its first comment lacks a line 'Thread rule: '"
    violations=$((violations + 1))
done < <(find core autograd modules datasets train eval library -name '*.h' ! -path 'eval/programs/*')
[ "$headers" -gt 0 ] || { echo "no header found in $PWD"; exit 1; }
[ "$violations" -eq 0 ]
