#!/usr/bin/env bash
# The README's two commands are programs of the project that install what they need themselves, and continuous
# integration runs exactly the second one.
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1
bad=0

complain() {
    echo "$*"
    bad=1
}

# The first block of the README: a command a line, and behind it a comment.
mapfile -t commands < <(awk '/^    [^ ]/ { print $1; seen = 1; next } seen { exit }' README.md)
[ "${#commands[@]}" -eq 2 ] || complain "the README's first block has ${#commands[@]} commands, expected 2: ${commands[*]}"
for command in "${commands[@]}"; do
    [ -x "$command" ] || complain "$command, named in the README, is no program of the project"
    grep -qE '^(if ! )?scripts/setup\.sh( --tests)?(;|$)' "$command" || complain "$command does not install what it needs"
done
ci=$(grep -vE '^[[:space:]]*(#|$)' .ci/run)
[ "$ci" = "${commands[1]:-}" ] || complain ".ci/run does '$ci', the README says '${commands[1]:-}'"
grep -qE '^[[:space:]]scripts/test\.sh$' Makefile || complain "make test is something else than scripts/test.sh"
exit $bad
