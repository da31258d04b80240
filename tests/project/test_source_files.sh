#!/usr/bin/env bash
# What checks and packages take as the project's files is the same in a working tree of git and outside of one, as a
# release is. usage: test_source_files.sh
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
bad=0

# listed PATTERN...: one file a line; as without git where GIT_DIR leads nowhere.
listed() {
    scripts/source_files.sh "$@" | tr '\0' '\n' | LC_ALL=C sort
}
[ "$(GIT_DIR=/nowhere listed '*.c' '*.h' | wc -l)" -gt 100 ] || { echo "without git there are no sources"; bad=1; }
for patterns in "" "*.c *.h" "*.sh quickstart"; do
    read -ra words <<< "$patterns"
    difference=$(diff <(listed "${words[@]}") <(GIT_DIR=/nowhere listed "${words[@]}")) ||
        { echo "without git, of '$patterns': ${difference:0:600}"; bad=1; }
done
# What asks git itself finds nothing in a release.
if grep -rnE '\bgit ls-files' Makefile scripts tests quickstart .ci | grep -v '^scripts/source_files.sh:' | grep -v '^tests/project/test_source_files.sh:'; then
    echo "scripts/source_files.sh is what lists files"
    bad=1
fi
exit $bad
