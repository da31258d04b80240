#!/usr/bin/env bash
# Disks that are full or read-only, limits on the size of files and their number, data that vanishes, kills and signals:
# each met by a program that ends as usual, with one line, exit code 1 (128 and the signal's number when interrupted), the
# previous file intact and no half of a new one. usage: test_faults.sh [FOLDER OF PROGRAMS]
published=$(pwd)/configs/published.ini
. tests/programs/checks.sh
export OMP_NUM_THREADS=1
RANDOM=1

works "$bin/prepare" synthesize scenes --train 6 --test 3 --size 64 --seed 3
tiny_ini 1 > tiny.ini
cat >> tiny.ini << 'INI'
[train]
epochs = 1
batch_size = 4
evaluate_every = 1
INI
works "$bin/train" tiny.ini --out run
works "$bin/prepare" pack scenes before.h5
works "$bin/convert" weights run/best.h5 weights.h5

# keeps FILE COPY: it is as it was; nothing half-written lies beside it
keeps() {
    count=$((count + 1))
    cmp -s "$1" "$2" || complain "$1 is not what it was"
    [ -z "$(find "$(dirname "$1")" -name '*.tmp' -o -name '*.unfinished-*')" ] ||
        complain "left: $(find "$(dirname "$1")" -name '*.tmp' -o -name '*.unfinished-*' | head -n 3)"
}

# Runs every program that writes, with its output in a folder where nothing can be written: $2 is the reason.
write_into() {
    local to=$1 reason=$2
    shift 2
    refuses 1 "cannot be written: $reason" "$@" "$bin/prepare" pack scenes "$to/pack.h5"
    refuses 1 "cannot be written: $reason" "$@" "$bin/convert" weights run/best.h5 "$to/weights.h5"
    refuses 1 "cannot be written: $reason" "$@" "$bin/convert" set-threshold "$to/weights.h5" 0.3
    refuses 1 "$reason" "$@" "$bin/detect" --checkpoint run/best.h5 scenes/images --out "$to/found" --raw "$to/maps.h5"
    refuses 1 "$reason" "$@" "$bin/evaluate" --method mpcm --data scenes --split all --size native --metrics all \
        --records "$to/rows.csv"
    "$@" "$bin/train" tiny.ini --out "$to/run" > stdout 2> stderr < /dev/null
    [ $? -eq 1 ] || complain "train into $to: not exit code 1: $(head -c 300 stderr)"
    tail -n 1 stderr | grep -qE "^train: .*$reason" || complain "train into $to says '$(tail -n 1 stderr)'"
    count=$((count + 1))
    keeps "$to/pack.h5" before.h5
    keeps "$to/weights.h5" weights.h5
}

# --- a limit on the size of files ---
mkdir limited
cp before.h5 limited/pack.h5
cp weights.h5 limited/weights.h5
limited() { # of 1 KiB, which would cut the counts of lines off, too (scripts/coverage.sh)
    GCOV_PREFIX=$work/cut GCOV_ERROR_FILE=/dev/null bash -c 'ulimit -f 1; exec "$@"' - "$@"
}
write_into limited 'File too large' limited

# --- a full disk, and one that is read-only ---
mkdir full
if mount -t tmpfs -o size=200k none full 2> /dev/null; then
    trap 'umount full; rm -rf "$work"' EXIT
    cp weights.h5 full/weights.h5
    cp before.h5 full/pack.h5 2> /dev/null
    head -c 1000000 /dev/zero > full/filler 2> /dev/null
    cmp -s full/pack.h5 before.h5 || complain "the disk of the test is too small"
    write_into full 'No space left on device' env
    mount -o remount,ro full
    rm -rf full/found full/run 2> /dev/null
    write_into full 'Read-only file system' env
else
    echo "2 skipped: no disk of a test's own can be mounted"
fi

# --- no file can be opened any more ---
# With so few descriptors even the libraries cannot be loaded (127); with some more, less and less is missing.
for most in 3 4 5 6 7 8 9 10 12 14; do
    for command in "prepare pack scenes few.h5" "convert weights run/best.h5 few.h5" "train tiny.ini --out few" \
        "detect --checkpoint run/best.h5 scenes/images --out few --raw few.h5" \
        "evaluate --checkpoint run/best.h5 --data scenes --records few.csv"; do
        rm -rf few few.*
        count=$((count + 1))
        # shellcheck disable=SC2086 # words of a command
        (ulimit -n $most && exec "$bin"/$command) > stdout 2> stderr < /dev/null
        case $? in
        0 | 1) ;;
        127) grep -q 'loading shared libraries' stderr || complain "$command, $most files: $(head -c 300 stderr)" ;;
        *) complain "$command, $most files: exit code $?: $(head -c 300 stderr)" ;;
        esac
        [ -z "$(find . -name 'few*.tmp' -o -path './few/*.tmp')" ] || complain "$command, $most files: left half a file"
    done
done

# --- a result that cannot be printed ---
for to in '> /dev/full' '>&-'; do
    for command in "evaluate --method mpcm --data scenes --split all --format json" "detect --weights list" \
        "prepare check scenes" "train --help-config" "detect --method mpcm scenes/images --out printed" "convert verify weights.h5"; do
        count=$((count + 1))
        eval "\"$bin\"/$command $to" 2> stderr < /dev/null
        code=$?
        [ $code -eq 1 ] || complain "$command $to: exit code $code"
        grep -q "^${command%% *}: standard output cannot be written: " stderr || complain "$command $to: $(head -c 300 stderr)"
    done
    # What a training prints is no result: it stands in the run folder, which no line of the console gets into.
    count=$((count + 1))
    rm -rf silent
    eval "\"$bin\"/train tiny.ini --out silent $to <&-" 2> stderr || complain "train $to: exit code $?"
    grep -q 'standard output cannot be written: .*; the run is complete' stderr || complain "train $to: $(head -c 300 stderr)"
    cmp -s <(cut -d, -f1-4 silent/log.csv) <(cut -d, -f1-4 run/log.csv) || complain "train $to: another log.csv"
done

# --- data that goes away while a training runs ---
cp -r scenes going
"$bin/train" tiny.ini --out vanished data.root=going train.epochs=100000 > stdout 2> stderr < /dev/null &
program=$!
for ((turn = 0; turn < 600; turn++)); do
    [ ! -s vanished/best.h5 ] || break
    sleep 0.05
done
mv going gone
wait $program
[ $? -eq 1 ] || complain "the data is gone, and train ends with another exit code than 1"
tail -n 1 stderr | grep -q '^train: going/.*: cannot be opened: No such file' || complain "train says '$(tail -n 1 stderr)'"
mv gone going
works "$bin/convert" verify vanished/last.h5
count=$((count + 1))

# --- killed at any moment: the previous file or the new one, and the next run works ---
# kill_often NAME OUT COMMAND...
kill_often() {
    local name=$1 out=$2 whole i
    shift 2
    rm -f "$out"
    whole=$(date +%s%N)
    works "$@"
    whole=$((($(date +%s%N) - whole) / 1000000 + 1))
    cp "$out" new
    for ((i = 0; i < 12; i++)); do
        cp older "$out"
        count=$((count + 1))
        (
            timeout --foreground -s KILL "0.$(printf '%03d' $((1 + RANDOM % (whole < 999 ? whole : 999))))" "$@" > /dev/null 2>&1 < /dev/null
            exit 0
        ) 2> /dev/null
        cmp -s "$out" older || cmp -s "$out" new || complain "$name: killed, and the file is neither the old nor the new one"
    done
    works "$@"
    cmp -s "$out" new || complain "$name: after kills another file comes out"
    rm -f "$(dirname "$out")"/*.tmp
}
cp before.h5 older
kill_often "prepare pack" killed.h5 "$bin/prepare" pack scenes killed.h5 --size 128
kill_often "convert weights" killed.h5 "$bin/convert" weights run/best.h5 killed.h5
cp run/best.h5 older

# --- told to end: at the next image it does ---
# tell NAME FILE COMMAND...: once FILE is there, or the program runs for a while
tell() {
    local name=$1 file=$2 signal program turn code
    shift 2
    for signal in INT TERM; do
        rm -rf told told.*
        count=$((count + 1))
        "$@" > stdout 2> stderr < /dev/null &
        program=$!
        for ((turn = 0; turn < 10; turn++)); do
            ! compgen -G "$file" > /dev/null || break
            sleep 0.05
        done
        kill -$signal $program
        wait $program
        code=$?
        case $signal in
        INT) [ $code -eq 130 ] || complain "$name: SIGINT: exit code $code: $(head -c 300 stderr)" ;;
        TERM) [ $code -eq 143 ] || complain "$name: SIGTERM: exit code $code: $(head -c 300 stderr)" ;;
        esac
        grep -qE '^[a-z-]+: .*interrupted' stderr || complain "$name: SIG$signal: says '$(head -c 300 stderr)'"
        [ -z "$(find . -maxdepth 1 -name 'told*.tmp' -o -maxdepth 1 -name 'told*unfinished*' -o -name 'told.*')" ] ||
            complain "$name: SIG$signal: left $(find . -maxdepth 1 -name 'told*')"
    done
}
tell "prepare pack" 'told.h5*.tmp' "$bin/prepare" pack scenes told.h5 --size 4096
tell "prepare synthesize" 'told.unfinished*' "$bin/prepare" synthesize told --train 5000 --test 1 --size 256
tell "evaluate" '/proc/no' "$bin/evaluate" --method ipi --data scenes --size 256 --records told.csv
tell "detect" '/proc/no' "$bin/detect" --method ipi scenes/images --size 256 --out told
printf '[data]\nscenes = scenes\n[methods]\nIPI = ipi\n[evaluate]\nsize = 256\n[table]\npublished = %s\n' "$published" > table.ini
tell "eval-table" 'told/cells' "$bin/eval-table" table.ini --out told
[ -z "$(find told/cells -name '*.json' 2> /dev/null)" ] || complain "eval-table stored a cell that was not finished"

echo "$count checks, $bad wrong"
[ "$bad" -eq 0 ]
