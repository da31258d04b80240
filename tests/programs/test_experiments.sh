#!/usr/bin/env bash
# eval-table, eval-stages and eval-channels on a tiny synthetic set: trainings, tables, killing and starting again, a job
# array, misuse. usage: test_experiments.sh [FOLDER OF PROGRAMS]
published=$(pwd)/configs/published.ini
root=$(pwd)
. tests/programs/checks.sh

# holds FILE PATTERN
holds() {
    count=$((count + 1))
    grep -qE -- "$2" "$1" || complain "$1 lacks '$2': $(head -c 1500 "$1")"
}

# lacks FILE PATTERN
lacks() {
    count=$((count + 1))
    ! grep -E -- "$2" "$1" || complain "$1 holds '$2'"
}

# figures FOLDER: what was measured, without times and keys
figures() {
    local cell
    for cell in "$1"/cells/*.json; do
        echo "$(basename "$cell")" "$(grep -vE '"(key|ms_per_image)"' "$cell" | tr -d ' \n')"
    done
}

# same WHAT FOLDER FOLDER
same() {
    count=$((count + 1))
    [ -n "$(figures "$2")" ] && [ "$(figures "$2")" = "$(figures "$3")" ] || complain "$1: the figures differ"
}

"$bin/prepare" synthesize scenes --train 8 --test 3 --size 32 --seed 3 > /dev/null || exit 1
cat > stages.ini << INI
[data]
NUDT-SIRST = scenes
[methods]
K1 = rpcanet_plus stages=1 bottleneck_channels=2 total_channels=4 se_reduction=2
K2 = rpcanet_plus stages=2 bottleneck_channels=2 total_channels=4 se_reduction=2
[evaluate]
size = 32
threads = 1
[sweep]
seeds = 1 2
[train]
epochs = 1
batch_size = 4
learning_rate = 1e-2
[table]
published = $published
INI
{
    cat stages.ini
    printf '[augment]\nNUDT-SIRST = perhaps\n'
} > augment.ini
cat > channels.ini << INI
[data]
A = scenes
[published]
A = SIRST-Aug
[methods]
4x32 = rpcanet_plus stages=1
8x32 = rpcanet_plus stages=1 bottleneck_channels=8
[evaluate]
size = 32
[train]
epochs = 1
[table]
published = $published
INI
cat > table.ini << INI
[data]
NUDT-SIRST = scenes
IRSTD-1k = scenes
[methods]
RPCANet+ = rpcanet_plus
MPCM = mpcm
[checkpoint]
RPCANet+ = stages/train/K1.NUDT-SIRST.seed1/best.h5
[evaluate]
size = 32
[table]
published = $published
INI

# --- a sweep, and the same again: nothing is done twice ---
works "$bin/eval-stages" stages.ini --out stages
[ "$(grep -c '^trained ' stdout)" -eq 4 ] || complain "eval-stages trained $(grep -c '^trained ' stdout) of 4"
[ "$(grep -c '^evaluated ' stdout)" -eq 4 ] || complain "eval-stages evaluated $(grep -c '^evaluated ' stdout) of 4"
holds stages/stages.md '^\| 2 \| 0\.00[0-9]+ \| 0\.0720 \| -0\.06[0-9]+ \| [0-9.]+ ± [0-9.]+ \| 91\.61 \| -[0-9.]+ \|'
holds stages/stages.md '^The best checkpoint on NUDT-SIRST is chosen on 10 % of the training split\.'
holds stages/stages.md "^- K2 on NUDT-SIRST, seed 2: [0-9]+ epochs? in 0\.[0-9] processor minutes, $(uname -m | sed 's/x86_64/[A-Z]/')"
holds stages/train/K1.NUDT-SIRST.seed1.done '^holdout = 0.1$'
holds stages/stages.md '^Published:.*permutes the headings'
holds stages/stages.md '^- mIoU: of 2 published figures 0 within 0\.01'
holds stages/stages.csv '^NUDT-SIRST,2,2,NUDT-SIRST,0\.00'
holds stages/stages.tex '\$\\pm\$ .* & 95\.62 & '
for picture in stages/stages.png stages/stages.svg; do
    [ -s "$picture" ] || complain "$picture is missing"
done
cp stages/stages.md first.md
works "$bin/eval-stages" stages.ini --out stages
lacks stdout '^(training|trained|evaluated)'
cmp -s stages/stages.md first.md || complain "the second table differs from the first"

# --- a network that is trained as its own ini says ---
printf '[model]\nstages = 1\n[data]\nroot = elsewhere\naugment = none\n[train]\nbatch_size = 2\noptimizer = sgd\n' > own.ini
works "$bin/eval-stages" stages.ini --out recipes recipe.K1=own.ini sweep.seeds=1
for line in 'root = scenes' 'augment = none' 'optimizer = sgd' 'batch_size = 4'; do
    holds recipes/train/K1.NUDT-SIRST.seed1.done "^$line\$"
done
lacks recipes/train/K1.NUDT-SIRST.seed1.done '^(root = elsewhere|batch_size = 2)$'
lacks recipes/train/K2.NUDT-SIRST.seed1.done '^optimizer'
holds recipes/stages.md '^K1 is trained as own\.ini says\.$'
refuses 2 'own\.ini: it trains a network with model\.stages = 1, but methods\.K2 has 2' \
    "$bin/eval-stages" stages.ini --out recipes recipe.K2=own.ini

# --- what a training took is all of it, also where its best epoch was an early one ---
works "$bin/eval-stages" stages.ini --out early sweep.seeds=1 methods.K2= train.epochs=4 train.evaluate_every=1 train.learning_rate=1e-9
holds early/train/K1.NUDT-SIRST.seed1.log 'best\.h5 is epoch [1-3],'
holds early/stages.md '^- K1 on NUDT-SIRST, seed 1: 4 epochs'
holds stderr '^K1.NUDT-SIRST.seed1: more than half of the background is predicted' # it has learnt nothing
holds early/stages.md '^- K 1 on NUDT-SIRST: more than half of the background is predicted'
rm early/stages.md
works "$bin/eval-stages" stages.ini --out early sweep.seeds=1 methods.K2= train.epochs=4 train.evaluate_every=1 train.learning_rate=1e-9 --tabulate
holds early/stages.md '^- K 1 on NUDT-SIRST: more than half of the background is predicted'

# --- a damaged cell is evaluated anew, another seed trained ---
echo '{' > stages/cells/K1.NUDT-SIRST.seed1.json
works "$bin/eval-stages" stages.ini --out stages "sweep.seeds=1 2 3" methods.K2=
[ "$(grep -c '^trained ' stdout)" -eq 1 ] || complain "the third seed: trained $(grep -c '^trained ' stdout) of 1"
[ "$(grep -c '^evaluated ' stdout)" -eq 2 ] || complain "the third seed: evaluated $(grep -c '^evaluated ' stdout) of 2"

# --- the data under the same name have changed: nothing measured before counts, and trainings on other data are named ---
cp -r scenes moved
works "$bin/eval-stages" stages.ini --out moves data.NUDT-SIRST=moved sweep.seeds=1
cp moved/test.txt test.txt
head -n "$(wc -l < test.txt)" moved/train.txt > moved/test.txt
works "$bin/eval-stages" stages.ini --out moves data.NUDT-SIRST=moved sweep.seeds=1 --tabulate
holds moves/stages.md '^2 of 2 cells are missing'
works "$bin/eval-stages" stages.ini --out moves data.NUDT-SIRST=moved sweep.seeds=1
[ "$(grep -c '^evaluated ' stdout)" -eq 2 ] || complain "another list: evaluated $(grep -c '^evaluated ' stdout) of 2"
lacks stderr 'was trained on' # another list to evaluate on is no other training
mask=$(head -n 1 moved/train.txt) other=$(sed -n 2p moved/train.txt)
cp "moved/masks/$other.png" "moved/masks/$mask.png"
works "$bin/eval-stages" stages.ini --out moves data.NUDT-SIRST=moved sweep.seeds=1 --tabulate
[ "$(grep -c 'was trained on' stderr)" -eq 2 ] || complain "two trainings on other masks, and said is: $(cat stderr)"
holds stderr '^moves/train/K2.NUDT-SIRST.seed1 was trained on other images or masks than split trainval of moved holds now'

# --- several at a time, to the same bits; a job array, too ---
works "$bin/eval-stages" stages.ini --out parallel --jobs 3
works "$bin/eval-stages" stages.ini --out array --jobs 2 --emit slurm
holds array/sweep.slurm '^#SBATCH --array=0-3%2$'
[ -z "$(find array -name '*.h5')" ] || complain "--emit slurm has trained"
mkdir path
printf '#!/bin/sh\nexec "$@"\n' > path/srun
chmod +x path/srun
for task in 0 1 2 3; do
    works env "PATH=$work/path:$PATH" SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=1 bash array/sweep.slurm
done
works "$bin/eval-stages" stages.ini --out array
lacks stdout '^training'
works "$bin/eval-stages" stages.ini --out array --emit slurm
holds stdout 'nothing is left to train'
rm -rf stages/cells
works "$bin/eval-stages" stages.ini --out stages
same "--jobs" stages parallel
same "--emit slurm" stages array

# --- killed in the middle of a training, and started again: the same figures as without ---
# kills SIGNAL CODE FOLDER: once a first epoch is saved
kills() {
    local program waited=0
    count=$((count + 1))
    "$bin/eval-stages" stages.ini --out "$3" train.epochs=20 sweep.seeds=1 train.evaluate_every=5 > stdout 2> stderr &
    program=$!
    until [ -s "$3/train/K2.NUDT-SIRST.seed1/last.h5" ] || [ $waited -gt 600 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
    kill "-$1" $program
    { wait $program; } 2> /dev/null # without word of who was killed
    [ $? -eq "$2" ] || complain "SIG$1: not exit code $2: $(head -c 300 stderr)"
}
kills TERM 143 killed
holds stderr 'interrupted'
holds killed/train/K2.NUDT-SIRST.seed1.log 'interrupted; .--resume. goes on from step'
[ -s killed/train/K1.NUDT-SIRST.seed1.done ] || complain "the first training was finished and is not marked"
[ ! -e killed/train/K2.NUDT-SIRST.seed1.done ] || complain "the training that was killed is marked as finished"
works "$bin/eval-stages" stages.ini --out killed train.epochs=20 sweep.seeds=1 train.evaluate_every=5 --tabulate
lacks stdout '^(training|evaluated)'
holds killed/stages.md '^2 of 2 cells are missing'
works "$bin/eval-stages" stages.ini --out killed train.epochs=20 sweep.seeds=1 train.evaluate_every=5
[ "$(grep -c '^trained ' stdout)" -eq 1 ] || complain "after SIGTERM: trained $(grep -c '^trained ' stdout) of 1"
kills KILL 137 dead
run=dead/train/K2.NUDT-SIRST.seed1 # its training, told to end, may still be saving when the sweep starts again
while [ -e "$run/lock" ]; do sleep 0.05; done
flock "$run/lock" -c 'touch held; sleep 1' &
until [ -e held ]; do sleep 0.05; done
works "$bin/eval-stages" stages.ini --out dead train.epochs=20 sweep.seeds=1 train.evaluate_every=5
works "$bin/eval-stages" stages.ini --out straight train.epochs=20 sweep.seeds=1 train.evaluate_every=5
same "SIGTERM" killed straight
same "SIGKILL" dead straight

# --- the other programs ---
works "$bin/eval-channels" channels.ini --out channels
holds channels/channels.md '^\| 8x32 \| 0\.0[0-9]+ \| [0-9.]+ \[[0-9.]+, [0-9.]+\] \| \(73\.96\) \| [0-9.]+ \[.*\] \| \(85\.03\) \|$'
holds channels/channels.md 'in brackets beside A were published on SIRST-Aug'
holds channels/channels.md '^- Nothing here has a published counterpart'
works "$bin/eval-table" table.ini --out table
lacks stdout '^training'
holds table/table.md '^\| RPCANet\+ \| [0-9.]+ \| 0\.216 \| -[0-9.]+ \| [0-9.]+ \[[0-9.]+, [0-9.]+\] \| 92\.37 \|'
holds table/table.md '^\| MPCM \| 0\.000 \|.*\| 25\.96 \|'
holds table/table.md '^## all data sets, averaged'
holds table/table.csv '^"all data sets, averaged",RPCANet\+,1,.*,78\.525,'
holds table/table.md '^Published F1 that differ .*: MPCM on NUDT-SIRST -0\.44, MPCM on IRSTD-1k \+0\.13\.$'
works python3 "$root/tests/programs/page_checks.py" table/report.html table/cells/*.html channels/report.html
holds table/report.html '<caption>NUDT-SIRST</caption>'
[ "$(grep -c '<ul class="thumbs">' table/report.html)" -ge 2 ] || complain "table/report.html shows no misses and false alarms"
[ "$(grep -c '<article class="scene">' table/report.html)" -eq "$(ls table/cells/*.html | wc -l)" ] || complain "table/report.html lacks images"
holds table/report.html '<a href="cells/RPCANet%2B.NUDT-SIRST.html">RPCANet\+.NUDT-SIRST</a>'
[ -s table/roc.IRSTD-1k.svg ] || complain "eval-table drew no ROC curve"


# --- what is published once for a method is one figure to meet, on a set that has a published row ---
sed -e 's/^\[data\]$/[data]\nmine = scenes/' -e '/^MPCM/d' table.ini > once.ini
works "$bin/eval-table" once.ini --out once
holds once/table.md '^- #params: of 1 published figures 0 within .*farthest: method RPCANet\+ on NUDT-SIRST,'
holds once/table.md '^- mIoU: of 2 published figures'
lacks once/table.md '^- method RPCANet\+ on (IRSTD-1k|mine|all data sets, averaged): #params'
works "$bin/eval-table" once.ini data.mine= --out once # the average of both, too
holds once/table.md '^- #params: of 1 published figures'
holds once/table.md '^- mIoU: of 3 published figures'

# --- a row of ours beside what is published of another method ---
sed -e 's/^\[methods\]$/&\nRPCANet+here = rpcanet_plus/' -e 's/^\[checkpoint\]$/&\nRPCANet+here = stages\/train\/K1.NUDT-SIRST.seed1\/best.h5/' \
    -e 's/^\[table\]$/[published_method]\nRPCANet+here = RPCANet+\n&/' table.ini > beside.ini
works "$bin/eval-table" beside.ini --out beside
holds beside/table.md '^\| RPCANet\+here \| [0-9.]+ \| 0\.216 \| -[0-9.]+ \| [0-9.]+ \[[0-9.]+, [0-9.]+\] \| 92\.37 \|'
holds beside/table.csv '^"all data sets, averaged",RPCANet\+here,1,.*,78\.525,'
refuses 2 'published_method.RPCANet\+here = RPCANett: nothing is published of it' "$bin/eval-table" beside.ini \
    published_method.RPCANet+here=RPCANett --out beside

works "$bin/eval-stages" stages.ini --out test sweep.select=test sweep.seeds=1 methods.K2=
holds test/stages.md 'is chosen on the split test, which is then evaluated'
lacks test/train/K1.NUDT-SIRST.seed1.done 'holdout|validation_split'
works "$bin/eval-stages" stages.ini --out val val_split.NUDT-SIRST=train sweep.seeds=1 methods.K2=
holds val/train/K1.NUDT-SIRST.seed1.done '^validation_split = train$'
refuses 2 'val_split.NUDT-SIRST = train: sweep.select = test chooses on the split test' "$bin/eval-stages" stages.ini \
    --out val val_split.NUDT-SIRST=train sweep.select=test

# --- the ini that docs/experiments.md shows, with data sets of our own and without a checkpoint that is not there ---
awk '/^## / { here = /^## The ini/ } here && sub(/^    /, "")' "$root/docs/experiments.md" > shown.ini
works "$bin/eval-table" shown.ini data.NUDT-SIRST=scenes data.SIRST=scenes data.Aug=scenes checkpoint.RPCANet+/NUDT-SIRST= \
    "recipe.MSHNet=$root/configs/mshnet_nudt.ini" --emit slurm --out shown
holds stdout '^12 trainings: sbatch shown/sweep.slurm'

# --- misuse ---
refuses 2 'expected a configuration file' "$bin/eval-table"
refuses 2 'nowhere.ini' "$bin/eval-table" nowhere.ini
refuses 2 "command line: data.SIRST: unknown key" "$bin/eval-table" table.ini data.SIRST=scenes --out out
refuses 1 'data.IRSTD-1k: nowhere' "$bin/eval-table" table.ini data.IRSTD-1k=nowhere --out out
refuses 1 'RPCANet\+ for NUDT-SIRST: nowhere.h5: no such file' "$bin/eval-table" table.ini checkpoint.RPCANet+=nowhere.h5 \
    --out out
refuses 2 'has model.stages = 1, but methods.RPCANet\+ says 2' "$bin/eval-table" table.ini \
    "methods.RPCANet+=rpcanet_plus stages=2" --out out
# What cannot be evaluated or tabulated is refused before anything is trained.
refuses 2 'methods.K1: mpcm has no stages' "$bin/eval-stages" stages.ini methods.K1=mpcm --out out
refuses 2 'methods.4x32: mpcm has no bottleneck' "$bin/eval-channels" channels.ini methods.4x32=mpcm --out out
refuses 2 'evaluate.rule = logit: methods.MPCM: mpcm has no logits' "$bin/eval-table" table.ini checkpoint.RPCANet+= \
    evaluate.rule=logit --out out
refuses 2 'has model.stages = 1, but methods.K2 says 2' "$bin/eval-stages" stages.ini --out out \
    checkpoint.K2=stages/train/K1.NUDT-SIRST.seed1/best.h5
refuses 1 'stages.ini' "$bin/eval-stages" stages.ini checkpoint.K2=stages.ini --out out
# The trainer finds these, looked at before the first training; that leaves inis, so they have a folder of their own.
refuses 2 'K1.NUDT-SIRST.seed1.*train.epocs: unknown key .did you mean train.epochs' "$bin/eval-stages" stages.ini \
    train.epocs=3 --out kept
refuses 2 'data.augment = perhaps: expected one of' "$bin/eval-stages" augment.ini --out kept
sed 's/^\[data\]$/[data]\nfirst = scenes/' stages.ini > two.ini
refuses 2 'K1.NUDT-SIRST.seed1.*data.augment = perhaps: expected one of' "$bin/eval-stages" two.ini --out two \
    data.NUDT-SIRST=scenes augment.NUDT-SIRST=perhaps
[ ! -e two/train/K1.first.seed1 ] || complain "something was trained before the last training was looked at"
refuses 1 'K1.NUDT-SIRST.seed1.*scenes: no list nothing.txt' "$bin/eval-stages" two.ini --out two \
    train_split.NUDT-SIRST=nothing
left=$(find two/train -mindepth 1 ! -name '*.ini' -printf '%f\n')
[ "$left" = K1.NUDT-SIRST.seed1.check ] || complain "a look at the trainings left $left"
refuses 2 'was begun with train.batch_size = 4, not 2' "$bin/eval-stages" stages.ini train.batch_size=2 --out stages
refuses 2 'nowhere.ini: cannot be opened' "$bin/eval-table" table.ini table.published=nowhere.ini --out out
refuses 2 'emit.*slurm' "$bin/eval-stages" stages.ini --emit pbs --out out
refuses 2 'emit and --tabulate cannot both' "$bin/eval-stages" stages.ini --emit slurm --tabulate --out out
refuses 2 'jobs' "$bin/eval-stages" stages.ini --jobs 0 --out out

echo "$count checks, $bad wrong"
[ "$bad" -eq 0 ]
