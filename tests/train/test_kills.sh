#!/usr/bin/env bash
# A training killed at random moments, inside of writing checkpoints too, and resumed each time ends with the weights, the
# optimizer and the log of one that nobody disturbed. usage: test_kills.sh [BIN [MOMENTS]]
moments=${2:-30}
# shellcheck source=tests/programs/checks.sh
. "$(dirname "$0")/../programs/checks.sh" "${1:-bin}"
export OMP_NUM_THREADS=1
RANDOM=1

works "$bin/prepare" synthesize scenes --train 24 --test 6 --size 32 --seed 1
tiny_ini 1 > tiny.ini
cat >> tiny.ini << END
augment = flips
[train]
epochs = 6
batch_size = 2
evaluate_every = 2
average = 0.9
; a few milliseconds: most of the time is spent in saving
save_minutes = 0.0001
END

# The log without what depends on the time.
steps_of() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /second/) timed[i] = 1 }
        { line = ""; for (i = 1; i <= NF; i++) if (!(i in timed)) line = line "," $i; print line }' "$1/log.csv"
}

begun=$(date +%s%3N)
works "$bin/train" tiny.ini --out whole
whole=$(($(date +%s%3N) - begun))
steps_of whole > expected

# (all but what the training cost)
but=(--exclude-path /trainer/processor_seconds)
killed=0 finished=0
while [ "$killed" -lt "$moments" ]; do
    resume=()
    [ ! -f killed/last.h5 ] || resume=(--resume)
    moment=$((1 + (RANDOM * 32768 + RANDOM) % whole))
    # (in a shell of its own, which does not say that somebody was killed; without --foreground timeout kills itself too, and
    # the next training would meet the lock of one that is still dying; and it has an exit code of its own for a program that
    # ends as its time does)
    (
        timeout --foreground --preserve-status -s KILL "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))" \
            "$bin/train" tiny.ini --out killed "${resume[@]}" > stdout 2> stderr < /dev/null
        exit $?
    ) 2> /dev/null
    case $? in
    137) killed=$((killed + 1)) ;;
    0)
        finished=$((finished + 1)) count=$((count + 1))
        h5diff "${but[@]}" whole/last.h5 killed/last.h5 > differences || complain "other weights: $(head -n 5 differences)"
        h5diff "${but[@]}" whole/best.h5 killed/best.h5 > differences || complain "another best: $(head -n 5 differences)"
        steps_of killed | cmp -s - expected || complain "another log: $(steps_of killed | diff - expected | head -n 5)"
        [ -z "$(find killed -name '*.tmp' -o -name lock)" ] || complain "left: $(find killed -name '*.tmp' -o -name lock)"
        rm -rf killed
        ;;
    *)
        complain "after $killed kills: $(head -c 600 stderr)"
        break
        ;;
    esac
done
[ "$finished" -gt 0 ] || complain "no training came to its end in $killed attempts"
echo "$killed kills, $finished runs to their end, $bad wrong"
[ "$bad" -eq 0 ]
