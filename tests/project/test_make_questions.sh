#!/usr/bin/env bash
# To ask make what it would do does not change what it does next: the files that stand for flags stay as they are.
# usage: test_make_questions.sh
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
unset MAKEFLAGS MAKELEVEL
folders=("BUILD=$work/build" "BINDIR=$work/bin")
stamps=("$work/build/flags" "$work/bin/.linking")

complain() {
    echo "WRONG: $*"
    bad=$((bad + 1))
}

# asks OPTION...: about a build with other flags.
asks() {
    make "$@" "${folders[@]}" CFLAGS=-DOTHER all > "$work/answer" 2>&1
}
asks -n
grep -q 'DOTHER.* -o .*/obj/core/base/status\.o' "$work/answer" || complain "of an empty folder: $(tail -n 1 "$work/answer")"
[ ! -e "$work/build" ] || complain "make -n made $(find "$work/build")"
make -s "${folders[@]}" "$work/bin/.linking" > /dev/null 2>&1
cat "${stamps[@]}" > "$work/before" || complain "no files stand for flags"
for options in -n -q "-s -n --no-print-directory"; do
    read -ra words <<< "$options"
    asks "${words[@]}" && [ "$options" = -q ] && complain "with other flags all is up to date"
    cat "${stamps[@]}" | cmp -s - "$work/before" || complain "make $options changed the flags that are kept"
done
make -s --no-print-directory "${folders[@]}" CFLAGS=-DOTHER "$work/bin/.linking" > /dev/null 2>&1
grep -q DOTHER "${stamps[0]}" || complain "a build with other flags does not keep them"
exit $bad
