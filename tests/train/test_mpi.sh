#!/usr/bin/env bash
# A training by several processes under mpirun: the run of one process, whoever resumes it, and an end with a word of
# what to do for all when one dies or fails. An evaluation by several: every file and figure of one process.
# usage: test_mpi.sh [BIN]
# shellcheck source=tests/programs/checks.sh
. "$(dirname "$0")/../programs/checks.sh" "${1:-bin}"
export OMP_NUM_THREADS=1
if ! command -v mpirun > /dev/null || ! ldd "$bin/train" | grep libmpi > /dev/null; then
    echo "1 skipped: no mpirun, or bin/train is built without MPI"
    exit 0
fi
# Ranks may outnumber the processors here: who waits gives way.
together() {
    local ranks=$1
    shift
    timeout 120 mpirun --oversubscribe --allow-run-as-root --bind-to none --mca mpi_yield_when_idle 1 \
        --mca btl self,vader,tcp -np "$ranks" "$@"
}
# column NAME FOLDER: of log.csv
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR > 1 { print $at }' "$2/log.csv"
}
# near FOLDER: its losses are those of alone
near() {
    paste <(column loss alone) <(column loss "$1") | awk '{ d = $1 - $2; d = d < 0 ? -d : d } $2 == "" || d > 1e-5 * $1 { bad = 1 }
        END { exit bad || NR == 0 }' || complain "$1: losses $(column loss "$1" | tr '\n' ' ')alone $(column loss alone | tr '\n' ' ')"
}

# Nineteen images in batches of eight: the third has fewer images than there are ranks.
works "$bin/prepare" synthesize scenes --train 19 --test 6 --size 32 --seed 1
tiny_ini 2 > tiny.ini
cat >> tiny.ini << END
augment = flips
[train]
epochs = 4
batch_size = 8
evaluate_every = 2
END
works "$bin/train" tiny.ini --out alone
for ranks in 2 4; do
    works together $ranks "$bin/train" tiny.ini --out by$ranks
    near by$ranks
    [ "$(column miou by$ranks | tail -n 1 | cut -c -5)" = "$(column miou alone | tail -n 1 | cut -c -5)" ] ||
        complain "by$ranks: another mIoU"
    [ "$(wc -l < stdout)" -eq 5 ] || complain "more than rank 0 speaks: $(cat stdout)"
done

# end_one SIGNAL OUT PATTERN: one of two processes gets the signal once something is saved; both end, and say so.
end_one() {
    local code i
    together 2 "$bin/train" tiny.ini train.epochs=4000 --out "$2" > stdout 2> stderr &
    for ((i = 0; i < 600; i++)); do
        [ ! -f "$2/last.h5" ] || break
        sleep 0.1
    done
    kill "-$1" "$(pgrep -n -f "$bin/train tiny.ini train.epochs=4000 --out $2")"
    wait $!
    code=$?
    count=$((count + 1))
    { [ $code -ne 0 ] && grep -q -e "$3" stderr; } || complain "$2: exit code $code: $(head -c 600 stderr)"
}

# One process, told to stop, stops all; others go on.
end_one INT stopped 'interrupted; .--resume. goes on'
# One process dies.
end_one KILL dead '--resume'
epochs=$(($(wc -l < dead/log.csv) + 1))
works together 4 "$bin/train" tiny.ini train.epochs=$epochs --out dead --resume
[ "$(column loss dead | wc -l)" -eq $epochs ] || complain "dead: resumed to $(column loss dead | wc -l) epochs, expected $epochs"

# What all processes find wrong, one says.
count=$((count + 1))
together 2 "$bin/train" tiny.ini train.batch_size=1 --out never > stdout 2> stderr && complain "one image for two processes"
[ "$(grep -c 'train.batch_size = 1 for 2 processes' stderr)" -eq 1 ] || complain "$(head -c 600 stderr)"
[ ! -e never ] || complain "a folder was left"

# As a job of Slurm's: srun starts the processes.
mkdir path
cat > path/srun << 'END'
#!/bin/sh
[ "$1" = --mpi=pmix ] && shift && exec mpirun --oversubscribe --allow-run-as-root --bind-to none -np 2 "$@"
END
chmod +x path/srun
works "$bin/train" tiny.ini train.epochs=1 --out "runs/by slurm" --emit slurm --nodes 2 --tasks 4
for line in nodes=2 ntasks-per-node=4; do
    grep -qx "#SBATCH --$line" "runs/by slurm.slurm" || complain "runs/by slurm: $(cat "runs/by slurm.slurm")"
done
works env "PATH=$work/path:$PATH" SLURM_CPUS_PER_TASK=1 bash "runs/by slurm.slurm"
[ -f "runs/by slurm/last.h5" ] || complain "runs/by slurm: nothing was trained"
works env "PATH=$work/path:$PATH" SLURM_CPUS_PER_TASK=1 bash "runs/by slurm.slurm" # goes on with what is done
count=$((count + 1))
"$bin/train" tiny.ini --emit slurm --nodes 0 2> stderr && complain "no machine"
grep -q -e '--nodes 0' stderr || complain "no machine: $(cat stderr)"

# An evaluation: what a page says of the time apart, all is the same to the byte; four processes have six images.
evaluated() { # FOLDER COMMAND...
    local folder=$1
    shift
    mkdir "$folder"
    works "$@" --checkpoint alone/last.h5 --data scenes --size native --against alone/best.h5 --intervals 20 --at-fa 1e-2 \
        --rule logit --metrics all --format json --records "$folder/images.csv" --out "$folder" --roc "$folder/roc.csv"
    grep -v ms_per_image stdout > "$folder/figures"
    sed -i 's/[0-9.]* ms//g' "$folder/report.html"
}
evaluated one "$bin/evaluate"
for ranks in 2 4; do
    evaluated by$ranks-figures together $ranks "$bin/evaluate"
    for file in figures images.csv images_targets.csv roc.csv report.html scores.h5; do
        cmp one/$file by$ranks-figures/$file || complain "$file of $ranks processes is another"
    done
    [ "$(grep -c 'find the threshold' stderr)" -le 1 ] || complain "more than rank 0 shows how far it is: $(cat stderr)"
done
"$bin/detect" scenes/images --checkpoint alone/last.h5 --out found > /dev/null 2>&1
mkdir pictures
for file in found/*_score.png; do cp "$file" "pictures/$(basename "$file" _score.png).png"; done
works "$bin/evaluate" --predictions pictures --data scenes --size native --format csv
cp stdout expected
works together 3 "$bin/evaluate" --predictions pictures --data scenes --size native --format csv
cmp <(cut -d , -f -20 stdout) <(cut -d , -f -20 expected) || complain "predictions: $(cat stdout)"
# What one process meets, all end with.
cp -r scenes damaged
echo 'no picture' > "damaged/images/$(sed -n 2p damaged/test.txt).png"
count=$((count + 1))
together 2 "$bin/evaluate" --method mpcm --data damaged --size native > stdout 2> stderr && complain "an image that cannot be read"
[ "$(grep -c '^evaluate: .*PNG' stderr)" -eq 1 ] || complain "damaged: $(head -c 600 stderr)"
count=$((count + 1))
together 2 "$bin/evaluate" --method mpcm --data nowhere > stdout 2> stderr && complain "a set that is not there"
[ "$(grep -c '^evaluate: .*nowhere' stderr)" -eq 1 ] || complain "nowhere: $(head -c 600 stderr)"

echo "$count checks, $bad wrong"
[ "$bad" -eq 0 ]
