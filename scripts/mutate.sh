#!/usr/bin/env bash
# Breaks the code in one place after the other, in a copy, as tests/mutation/mutations.txt says, and runs the tests that
# ought to notice: by failing or crashing, or by taking more than ten times the processor seconds that they take of the
# code as it is, which a busy machine does not change. Prints the changes that nobody noticed; fails if there are more
# than five in fifty. usage: scripts/mutate.sh [WORD]
#   WORD    only the lines of the table with that word
#   check   changes nothing: only whether each line of the table fits the code and the tests as they are
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
table=$PWD/tests/mutation/mutations.txt word=${1:-}

# FILE, FROM, TO and PROGRAMS of a line of the table, in variables of these names.
parse() {
    IFS=$'\x1f' read -r file from to programs < <(sed 's/\\|/\x1e/g; s/|/\x1f/g; s/\x1e/|/g' <<< "$1")
}

# Of the whole table: what has moved away would be found only after an hour.
check_table() {
    local line file from to programs program bad=0 places
    while IFS= read -r line; do
        parse "$line"
        places=$(grep -cF -- "$from" "$file")
        [ "$places" = 1 ] || { echo "$table: $file has ${places:-no} lines with '$from'; expected 1"; bad=1; }
        [ "$from" != "$to" ] || { echo "$table: $file: '$from' is not changed"; bad=1; }
        for program in ${programs:-none}; do
            compgen -G "tests/*/$program.c" > /dev/null || compgen -G "tests/*/*/$program.c" > /dev/null ||
                { echo "$table: $file: there is no test $program"; bad=1; }
        done
    done < <(grep -v '^#' "$table")
    return $bad
}

check_table || exit 1
[ "$word" != check ] || exit 0
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
scripts/source_files.sh | xargs -0 cp -a --parents -t "$copy"
cd "$copy" || exit 1
export IRST_SHARED="${IRST_SHARED:-../shared}" OMP_NUM_THREADS=1
tried=0 survived=0 hung=0
declare -A limit # of a program: processor seconds

# Replaces the only place in the file.
change() {
    awk -v from="$2" -v to="$3" '
        { at = index($0, from) }
        at { $0 = substr($0, 1, at - 1) to substr($0, at + length(from)) }
        { print }' "$1" > changed
}

# Of the code as it is: a test that fails then would notice anything.
measure() {
    local TIMEFORMAT='%U %S' times
    make -j"$(nproc)" "build/tests/$1" > log 2>&1 || { tail -n 20 log; exit 1; }
    times=$({ time "build/tests/$1" > /dev/null 2> failed; } 2>&1) || { echo "$1 fails without any change"; exit 1; }
    limit[$1]=$(awk '{ print int(10 * ($1 + $2)) + 2 }' <<< "$times")
}

# Whether the test fails; 2 if it was ended for its processor seconds, or waited for ten minutes.
fails() {
    (
        ulimit -c 0 -t "${limit[$1]}"
        exec timeout -s KILL 600 "build/tests/$1" > /dev/null 2>&1
    )
    case $? in
    0) return 1 ;;
    137 | 152) return 2 ;;
    *) return 0 ;;
    esac
}

while IFS= read -r line; do
    parse "$line"
    tried=$((tried + 1))
    for program in $programs; do
        [ -n "${limit[$program]:-}" ] || measure "$program"
    done
    change "$file" "$from" "$to"
    cp -p "$file" before
    cp changed "$file"
    noticed=
    for program in $programs; do
        # A change that does not compile proves nothing.
        if ! make -j"$(nproc)" "build/tests/$program" > log 2>&1; then
            echo "$file: '$to' cannot be built: $(grep -m 1 error log)"
            break
        fi
        fails "$program" 2> /dev/null # the shell tells of what was killed
        case $? in
        1) continue ;;
        2) hung=$((hung + 1)) ;;
        esac
        noticed=$program
        break
    done
    if [ -z "$noticed" ]; then
        echo "not noticed by $programs: $file: $from -> $to"
        survived=$((survived + 1))
    fi
    cp before "$file"
done < <(grep -v '^#' "$table" | grep -F -- "$word")
echo "$tried changes, $survived not noticed; of the others $hung by a test that did not end"
[ $((survived * 10)) -le "$tried" ] && [ "$tried" -gt 0 ]
