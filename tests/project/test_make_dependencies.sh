#!/usr/bin/env bash
# Whatever is compiled with the headers that it reads written down is compiled anew when one of them changes: make reads
# what was written down for every object. And make says so where it cannot work: from another folder, and for what is not
# to be installed. usage: test_make_dependencies.sh
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
unset MAKEFLAGS MAKELEVEL
build=$work/build

complain() {
    echo "WRONG: $*"
    bad=$((bad + 1))
}

make -n BUILD="$build" BINDIR="$work/bin" all library tests fuzzers bench-dnnl > "$work/commands" 2> "$work/said" ||
    complain "make -n: $(tail -n 1 "$work/said")"
grep -oE -- "-MMD .* -o $build/[^ ]*\.o" "$work/commands" | sed 's/.* -o //; s/\.o$/.d/' | sort -u > "$work/written"
make -pn BUILD="$build" BINDIR="$work/bin" all 2> /dev/null | grep -oE "$build/[^ ]*\.d\b" | sort -u > "$work/read"
[ "$(wc -l < "$work/written")" -gt 300 ] || complain "make compiles $(wc -l < "$work/written") files only"
while read -r file; do
    complain "make does not read ${file#"$build/"}: its object stays as it is when a header changes"
done < <(comm -23 "$work/written" "$work/read")

# refuses WHAT WORDS COMMAND...
refuses() {
    local what=$1 words=$2
    shift 2
    "$@" > "$work/said" 2>&1 && complain "$what passes"
    grep -qF -- "$words" "$work/said" || complain "$what says: $(tail -n 1 "$work/said")"
}
refuses "make -f from another folder" "make -C" make -C "$work" -f "$PWD/Makefile" -n all
refuses "installing a static program" "nothing to install" make -n STATIC=1 BUILD="$build" BINDIR="$work/bin" install
exit $bad
