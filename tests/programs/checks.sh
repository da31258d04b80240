# Sourced from the root of the project by the tests of programs: a folder to work in, checks that are counted, and $bin,
# the folder of programs given as the test's argument.
set -uo pipefail
bin=$(cd "${1:-bin}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0 count=0

complain() {
    echo "WRONG: $*"
    bad=$((bad + 1))
}

works() {
    count=$((count + 1))
    "$@" > stdout 2> stderr < /dev/null || complain "$*: exit code $?: $(head -c 600 stderr)"
}

# tiny_ini STAGES [SIZE]: a network that trains in milliseconds, on the folder scenes; [train] is up to the test.
tiny_ini() {
    cat << INI
[model]
name = rpcanet_plus
stages = $1
bottleneck_channels = 2
total_channels = 4
se_reduction = 2
[data]
root = scenes
size = ${2:-32}
INI
}

# tiny_training: that network of one stage, and two epochs on scenes of 64 x 64.
tiny_training() {
    tiny_ini 1 64
    cat << INI
[train]
epochs = 2
batch_size = 4
learning_rate = 0.001
evaluate_every = 1
seed = 5
INI
}

# refuses CODE PATTERN COMMAND...: the exit code, one line on stderr that matches, nothing left in out/
refuses() {
    local code=$1 pattern=$2 got
    shift 2
    count=$((count + 1))
    [ "${#pattern}" -ge 4 ] || complain "$*: '$pattern' would match nearly any message"
    rm -rf out
    "$@" > stdout 2> stderr < /dev/null
    got=$?
    [ "$got" -eq "$code" ] || complain "$*: exit code $got, expected $code: $(head -c 300 stderr)"
    [ "$(wc -l < stderr)" -eq 1 ] || complain "$*: $(wc -l < stderr) lines on stderr: $(head -c 600 stderr)"
    grep -qE -- "$pattern" stderr || complain "$*: the message lacks '$pattern': $(head -c 300 stderr)"
    [ -z "$(find out -type f 2> /dev/null)" ] || complain "$*: left files: $(find out -type f | head -n 3)"
}
