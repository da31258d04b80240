#!/usr/bin/env bash
# Memory runs out at one allocation of ours, or from one on: the program says so in one line and ends with exit code 1,
# and each file is as it was before or as it is after a run that nobody disturbs. (A failure that changes nothing, as of a
# file that only tells how many processors there are, may pass.)
# usage: test_allocations.sh [FOLDER OF FAILING PROGRAMS [SHARE]]
#   SHARE   1: every allocation of each program (scripts/test.sh --full); N: every Nth, and the rarer the more there are
share=${2:-150}
root=$(pwd)
. "$(dirname "$0")/../programs/checks.sh" "${1:-build/failing}"
export OMP_NUM_THREADS=1 LSAN_OPTIONS=suppressions=$work/leaks:print_suppressions=0
echo leak:libfontconfig > leaks # it keeps what it read to the end of the process
RANDOM=1

works "$bin/prepare" synthesize scenes --train 2 --test 1 --size 32 --seed 1
cat > tiny.ini << INI
[model]
stages = 1
bottleneck_channels = 2
total_channels = 4
background_layers = 1
target_layers = 2
noise_layers = 1
reconstruction_layers = 1
se_reduction = 2
[data]
root = scenes
size = 32
[train]
epochs = 1
batch_size = 1
evaluate_every = 1
average = 0.9
INI
works "$bin/prepare" synthesize wide --train 1 --test 1 --size 96 --seed 1
works "$bin/train" tiny.ini --out trained
works "$bin/convert" set-threshold trained/best.h5 0.4

# What lies in out/, without what differs from run to run: times, and where a run was when it ended.
results() {
    find out -type f "${dated[@]}" -prune -o -type f -exec cksum {} + | LC_ALL=C sort -k 3
    find out -type f "${dated[@]}" | LC_ALL=C sort
}

# injure NAME COMMAND...: the command writes into out/, which is as previous/ before.
injure() {
    local name=$1 n last step word usual harmless=0 told=0 code
    shift
    rm -rf out && cp -r previous out
    results > allowed
    works env IRST_COUNT_ALLOCATIONS="$work/made" "$@"
    usual=$(wc -l < stderr) last=$(cat made)
    results > after
    cat after >> allowed
    step=$((share == 1 ? 1 : share + last / share))
    for ((n = 1 + RANDOM % (step < last ? step : last); n <= last; n += step)); do
        for word in "$n" "$n-"; do
            count=$((count + 1))
            rm -rf out && cp -r previous out
            IRST_FAIL_ALLOCATION=$word timeout 100 "$@" > stdout 2> stderr < /dev/null
            code=$?
            results > left
            if [ $code -eq 0 ]; then
                harmless=$((harmless + 1))
                cmp -s left after || complain "$name, $word: exit code 0, but other results"
                continue
            fi
            told=$((told + 1))
            [ $code -eq 1 ] || complain "$name, $word: exit code $code: $(head -c 900 stderr)"
            tail -n 1 stderr | grep -qE '^[a-z]+: .*([Oo]ut of memory|Cannot allocate memory|no thread|threads? .*cannot be started)' ||
                complain "$name, $word: says $(tail -n 1 stderr | head -c 600)"
            [ "$(wc -l < stderr)" -le $((usual + 1)) ] || complain "$name, $word: many lines: $(head -c 600 stderr)"
            grep -vxFf allowed left > odd
            # An image for which there is no memory is told and left out, as one that cannot be read is.
            ! grep -q 'images are left out' stderr || sed -i '/maps.h5$/d' odd
            [ ! -s odd ] || complain "$name, $word: neither as before nor as after: $(head -n 3 odd)"
        done
    done
    echo "$name: $last allocations; $((told + harmless)) failures, $harmless of them harmless"
}

mkdir previous
dated=(\( -name '*.csv' -o -name '*.json' -o -name '*.html' \))
cp trained/best.h5 previous/weights.h5
injure "convert weights" "$bin/convert" weights trained/best.h5 out/weights.h5
injure "convert to-onnx" "$bin/convert" to-onnx trained/best.h5 out/best.onnx
injure "convert set-threshold" "$bin/convert" set-threshold out/weights.h5 0.3
injure evaluate "$bin/evaluate" --checkpoint trained/best.h5 --data scenes --size 32 --records out/rows.csv \
    --report out/page.html --metrics all
injure detect "$bin/detect" --checkpoint trained/best.h5 scenes/images --out out --raw out/maps.h5
injure "detect, tiles" "$bin/detect" --checkpoint trained/best.h5 wide/images --out out --tiles 64,16
head -c 1024 /dev/urandom > frames.raw
injure "detect, video" "$bin/detect" --method mpcm --video frames.raw --y16 16x16 --track --annotate - --lines out/lines.json
injure "prepare pack" "$bin/prepare" pack scenes out/scenes.h5
rm -r previous && mkdir previous
dated=(-name '*')
injure train "$bin/train" tiny.ini --out out/run train.init=trained/best.h5

# Many allocations, of which a share is tried only; and so of the other networks, whose builders meet a missing node
# anywhere: in the long test, since each is trained once undisturbed.
pickle=$(find "${IRST_SHARED:-../shared}" "$root/${IRST_SHARED:-../shared}" -name 'rpcanet_plus_SIRST*.pkl' 2> /dev/null | head -n 1)
long=$([ "$share" -gt 1 ] || echo yes)
share=$((share + 100))
rm -r previous && mkdir previous
[ -z "$pickle" ] || injure "convert from-torch" "$bin/convert" from-torch "$pickle" out/w.h5
sed -i '/^\[model\]/,/^\[data\]/{/^\[data\]/!d}' tiny.ini
for network in ${long:+rpcanet rpcanet_plusplus drpcanet uiunet agpcnet mshnet}; do
    injure "train $network" "$bin/train" tiny.ini --out out/run "model.name=$network"
done

echo "$count failures, $bad wrong"
[ "$bad" -eq 0 ]
