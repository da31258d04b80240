#!/usr/bin/env bash
# eval-noise, eval-figures, eval-speed and eval-pareto on a tiny synthetic set: files, resuming, figures that agree with evaluate,
# misuse. usage: test_eval_programs.sh [FOLDER OF PROGRAMS]
root=$(pwd)
. tests/programs/checks.sh

# expects WHAT IS SHOULD
expects() {
    count=$((count + 1))
    [ "$2" = "$3" ] || complain "$1: '$2', expected '$3'"
}

# picture FILE...: a whole PNG or SVG
picture() {
    local file
    for file in "$@"; do
        count=$((count + 1))
        case $file in
        *.png) [ "$(tail -c 8 "$file" 2> /dev/null | head -c 4)" = IEND ] || complain "$file is no whole PNG" ;;
        *.svg) tail -n 1 "$file" 2> /dev/null | grep -q '</svg>' || complain "$file is no whole SVG" ;;
        esac
    done
}

# column NAME FILE: its number
column() {
    head -n 1 "$2" | tr , '\n' | grep -nx "$1" | cut -d: -f1
}

# page FILE COUNT: a page with so many plots
page() {
    works python3 "$root/tests/programs/page_checks.py" "$1"
    expects "plots in $1" "$(grep -o '<figure class="plot">' "$1" | wc -l)" "$2"
}

works "$bin/prepare" synthesize scenes --train 4 --test 3 --size 48 --seed 3
first=$(head -n 1 scenes/test.txt)
cat > base.ini << 'INI'
[data]
A = scenes
[methods]
MPCM = mpcm
net = rpcanet_plus stages=1 bottleneck_channels=2 total_channels=4 se_reduction=2
[evaluate]
size = 48
threads = 1
[sweep]
keep = last
[train]
epochs = 1
batch_size = 4
INI

# --- noise ---
{
    cat base.ini
    printf '[noise]\ngaussian = 0 0.001 0.2\nsalt_and_pepper = 0.01\nseeds = 4 7\nexamples = %s\n' "$first"
} > noise.ini
works "$bin/eval-noise" noise.ini --out noise
cp stdout first
expects "cells evaluated" "$(grep -c '^evaluated ' stdout)" 14 # 2 methods: clean, and 3 levels with 2 seeds
expects "networks trained" "$(grep -c '^trained ' stdout)" 1
for name in A_gaussian A_salt_and_pepper; do
    picture noise/$name.png noise/$name.svg "noise/${name/A_/A_${first}_}.png"
done
page noise/report.html 8
grep -q "<h3>Gaussian noise on A</h3>" noise/report.html || complain "noise/report.html has no curves of Gaussian noise"
[ "$(grep -c '<img' noise/report.html)" -eq 2 ] || complain "noise/report.html shows no examples"
expects "rows of noise_seeds.csv" "$(wc -l < noise/noise_seeds.csv)" 17
clean=$("$bin/evaluate" --method mpcm --data scenes --size 48 --format csv | tail -n 1 | cut -d, -f10)
expects "the clean mIoU, in eval-noise and in evaluate" \
    "$(awk -F, '$2 == "MPCM" && $4 == 0 { printf "%.6f", $7; exit }' noise/noise_seeds.csv)" "$(printf %.6f "$clean")"
figure() { awk -F, -v level="$1" -v seed="$2" '$2 == "MPCM" && $3 == "gaussian" && $4 == level && $5 == seed { print $11 }' "$3"; }
[ "$(figure 0.2 4 noise/noise_seeds.csv)" != "$(figure 0.2 7 noise/noise_seeds.csv)" ] || complain "two seeds have the same Fa"
grep -qE '^\| MPCM, 0\.2 \| [0-9.]+ ± [0-9.]+ \|' noise/noise.md || complain "noise.md has no mean and deviation"
grep -qE '^- A, Salt-and-pepper noise: .* keeps, .* MPCM [0-9.]+ %' noise/noise.md || complain "noise.md has no verdict"

# Each training is measured under every noise, under the name of its seed.
works "$bin/eval-noise" noise.ini --out noise sweep.seeds='1 2' methods.MPCM= noise.salt_and_pepper=
expects "trainings beside the first" "$(grep -c '^trained ' stdout)" 1
expects "cells of them" "$(grep -c '^evaluated ' stdout)" 5 # clean, and 2 levels with 2 seeds
expects "rows of two trainings" "$(awk -F, '$6 == 1 || $6 == 2' noise/noise_seeds.csv | wc -l)" 10
expects "figures of the noisiest with each training" \
    "$(awk -F, '$4 == 0.2 { print $6, $5 }' noise/noise_seeds.csv | tr '\n' ' ')" '1 4 1 7 2 4 2 7 '
for cell in net.A.seed1 net.A.seed2 net.A.seed2.gaussian_0.2.seed7; do
    [ -s "noise/cells/$cell.json" ] || complain "noise/cells/$cell.json is missing"
done

# Again: nothing is done twice, and another order or choice of levels and methods changes no figure.
works "$bin/eval-noise" noise.ini --out noise
expects "cells evaluated again" "$(grep -c '^evaluated ' stdout)" 0
works "$bin/eval-noise" noise.ini methods.net= noise.gaussian=0.2 noise.seeds=7 noise.salt_and_pepper= --out alone
expects "the same noise alone" "$(figure 0.2 7 alone/noise_seeds.csv)" "$(figure 0.2 7 noise/noise_seeds.csv)"
works "$bin/eval-noise" noise.ini methods.net= noise.place=before noise.range=unclipped evaluate.size=24 --out noise
expects "cells evaluated under other conditions" "$(grep -c '^evaluated ' stdout)" 7
sed "s/^A = scenes/&\nB = scenes/; s/^examples = .*/examples = A\/$first B\/$first/" noise.ini > two.ini
works "$bin/eval-noise" two.ini data.B= methods.net= noise.gaussian=0.2 noise.seeds=7 noise.salt_and_pepper= --out without
[ -s "without/A_${first}_gaussian.png" ] && [ -z "$(find without -name 'B_*')" ] || complain "examples of a set left out"
# Nothing is said of a method that is not measured.
works "$bin/eval-noise" noise.ini methods.net= --out partly
works "$bin/eval-noise" noise.ini --tabulate --out partly
grep -qE '^- A, Gaussian noise: .* over the levels, MPCM [0-9.]+ %\.$' partly/noise.md ||
    complain "a method that is not measured is judged: $(grep '^- A' partly/noise.md)"
refuses 2 'noise.gaussian = 1 0.5: .*increasing' "$bin/eval-noise" noise.ini 'noise.gaussian=1 0.5' --out out
refuses 2 'noise.salt_and_pepper = 1.5: .*0..1' "$bin/eval-noise" noise.ini noise.salt_and_pepper=1.5 --out out
refuses 2 'both empty' "$bin/eval-noise" noise.ini noise.salt_and_pepper= noise.gaussian= --out out
refuses 2 "evaluate.resize = pillow: noisy images are resized by OpenCV's rules only" "$bin/eval-noise" noise.ini noise.place=before \
    evaluate.resize=pillow evaluate.size=24 --out out
refuses 2 'noise.seeds is empty' "$bin/eval-noise" noise.ini noise.seeds= --out out
refuses 2 'noise.place = during: .*after, before' "$bin/eval-noise" noise.ini noise.place=during --out out
refuses 2 "noise.examples: A has no sample 'nobody'" "$bin/eval-noise" noise.ini noise.examples=nobody --out out
expects "what misuse left" "$(ls out 2> /dev/null)" ""

# --- figures ---
{
    cat base.ini
    printf '[checkpoint]\nnet = noise/train/net.A.seed1/last.h5\n[figures]\nimages = %s\nstages = net\n' "$first"
} > figures.ini
works "$bin/eval-figures" figures.ini --out figures
picture "figures/A_${first}_methods.png" "figures/A_${first}_stages_net.png"
works "$bin/eval-figures" figures.ini figures.format=svg figures.columns=2 evaluate.size=0 --out figures
page figures/report.html 0
[ "$(grep -c '<img src="data:image/svg+xml;' figures/report.html)" -eq 2 ] || complain "figures/report.html has no SVG"
picture "figures/A_${first}_methods.svg" "figures/A_${first}_stages_net.svg"
works "$bin/eval-figures" figures.ini figures.images= figures.convergence='net' figures.more_stages=2 --out figures
picture figures/convergence.A.png figures/convergence.A.svg
expects "stages in convergence.A.csv" "$(cut -d, -f1-3 figures/convergence.A.csv | tail -n 2)" "net,2,repeated
net,3,repeated"
large=$(stat -c %s "figures/A_${first}_stages_net.png")
works "$bin/eval-figures" figures.ini figures.colours=16 --out figures
picture "figures/A_${first}_stages_net.png"
[ "$(stat -c %s "figures/A_${first}_stages_net.png")" -lt "$large" ] || complain "16 colours take no less space"
refuses 2 'tabulate' "$bin/eval-figures" figures.ini --tabulate --out out
refuses 2 "figures.images: A has no sample 'x'.*first is '$first'" "$bin/eval-figures" figures.ini figures.images=x --out out
refuses 2 'figures.images is empty' "$bin/eval-figures" figures.ini figures.images= --out out
refuses 2 'figures.images: B/x: \[data\] has no data set' "$bin/eval-figures" figures.ini figures.images=B/x --out out
refuses 2 'figures.stages: nobody: \[methods\] has no method' "$bin/eval-figures" figures.ini figures.stages=nobody --out out
refuses 2 'figures.convergence: nobody: \[methods\] has no method' "$bin/eval-figures" figures.ini figures.convergence=nobody --out out
refuses 2 'mpcm has neither stages nor iterations' "$bin/eval-figures" figures.ini figures.convergence=MPCM --out other
refuses 2 'figures.more_stages = 40: .*0..31' "$bin/eval-figures" figures.ini figures.convergence=net figures.more_stages=40 --out other
refuses 2 'the method has no stages' "$bin/eval-figures" figures.ini figures.stages=MPCM --out other
refuses 2 'mpcm has no logits' "$bin/eval-figures" figures.ini evaluate.rule=logit --out other
refuses 1 'missing.h5' "$bin/eval-figures" figures.ini checkpoint.net=missing.h5 --out other

# --- speed: figures that parse; no time is judged ---
{
    cat base.ini
    printf '[speed]\nsizes = 32 48\nruns = 6\nwarm = 1\n'
} > speed.ini
works "$bin/eval-speed" speed.ini --out speed
grep -qE '^\| net \| 0\.00[0-9] \| [0-9.]+ \| [0-9.]+ \|$' speed/speed.md || complain "speed.md lacks the network: $(cat speed/speed.md)"
page speed/report.html 0
grep -q 'on 1 thread of ' speed/speed.md || complain "speed.md does not state the threads"
expects "rows of speed_runs.csv" "$(grep -cE '^(MPCM|net),[0-9]+,(32|48),1,6,[0-9.e-]+,[0-9.e-]+,[0-9.e-]+,' speed/speed_runs.csv)" 4
grep -q 'images of A in turn' speed/speed.md || complain "speed.md does not name the data set"
sed 's/^A = scenes/&\nB = scenes/' speed.ini > two_speeds.ini
works "$bin/eval-speed" two_speeds.ini methods.net= speed.sizes=32 --out two_speeds
grep -q 'images of each data set in turn' two_speeds/speed.md || complain "speed.md names one data set of two: $(cat two_speeds/speed.md)"
refuses 2 'speed.sizes = 48 32: .*increasing whole numbers' "$bin/eval-speed" speed.ini 'speed.sizes=48 32' --out out
refuses 2 'speed.sizes: expected 1 to' "$bin/eval-speed" speed.ini speed.sizes= --out out
refuses 2 'speed.runs = 0: .*1..' "$bin/eval-speed" speed.ini speed.runs=0 --out out

# --- mIoU against time: which methods are on the front follows from the table, whatever the times are ---
{
    cat base.ini
    printf '[checkpoint]\nnet = noise/train/net.A.seed1/last.h5\n'
} > pareto.ini
works "$bin/eval-pareto" pareto.ini --out pareto
picture pareto/pareto.A.png pareto/pareto.A.svg
page pareto/report.html 1
front=$(tail -n +2 pareto/pareto.csv | sort -t , -g -k "$(column cpu_seconds pareto/pareto.csv)" |
    awk -F, -v miou="$(column miou_percent pareto/pareto.csv)" 'BEGIN { best = -1 } $miou > best { best = $miou; print $2 }' | paste -sd ' ')
expects "methods that the table has on the front, and that its note names" \
    "$(sed -n 's/^No other method is both as fast and as good on A: \(.*\)\.$/\1/p' pareto/pareto.md | sed 's/ ([^)]*)//g; s/,//g')" "$front"

# --- a checkpoint that carries a threshold is judged at it by the rule score, as by evaluate ---
works "$bin/evaluate" --checkpoint noise/train/net.A.seed1/last.h5 --data scenes --size 48 --at-fa 0.2 --format csv
threshold=$(tail -n 1 stdout | cut -d, -f"$(column threshold stdout)")
cp noise/train/net.A.seed1/last.h5 carries.h5
works "$bin/convert" set-threshold carries.h5 "$threshold"
miou_of() { tail -n 1 "$1" | cut -d, -f"$(column "$2" "$1")"; }
for checkpoint in noise/train/net.A.seed1/last.h5 carries.h5; do
    works "$bin/evaluate" --checkpoint $checkpoint --data scenes --size 48 --rule score --format csv
    printf '%.5f\n' "$(awk -v x="$(miou_of stdout miou)" 'BEGIN { print 100 * x }')" >> alone.txt
    works "$bin/eval-pareto" pareto.ini evaluate.rule=score methods.MPCM= checkpoint.net=$checkpoint --out judged
    printf '%.5f\n' "$(miou_of judged/pareto.csv miou_percent)" >> judged.txt
done
expects "mIoU by the rule score, in eval-pareto and in evaluate" "$(cat judged.txt)" "$(cat alone.txt)"
expects "figures at 0.5 and at the threshold carried" "$(sort -u alone.txt | wc -l)" 2
grep -q 'rule score (> 0.5, or the threshold that a checkpoint carries)' judged/pareto.md || complain "pareto.md does not say at which threshold"
grep -q "rule score &gt; ${threshold:0:6}" judged/cells/net.A.html || complain "the page of a cell has another threshold"

works "$bin/eval-pareto" pareto.ini evaluate.size=0 evaluate.resize=pillow methods.net= --out native
grep -q '^evaluate.resize = pillow changes nothing' stderr || complain "eval-pareto does not say that evaluate.resize changes nothing"

# --- of several seeds the ROC shows one, and says so ---
works "$bin/eval-table" base.ini "table.published=$root/configs/published.ini" methods.MPCM= --out roc
! grep -q 'first seed' roc/report.html || complain "the ROC of one seed speaks of several"
works "$bin/eval-table" base.ini "table.published=$root/configs/published.ini" methods.MPCM= sweep.seeds='1 2' --out roc
grep -q 'ROC on A, first seed of each method' roc/report.html || complain "the ROC does not say which of two seeds it is of"

# --- misuse that all share ---
for program in eval-noise eval-figures eval-speed eval-pareto; do
    works "$bin/$program" --help-config
    grep -q '^\[evaluate\]' stdout || complain "$program --help-config lacks [evaluate]"
    refuses 2 'expected a configuration file' "$bin/$program"
    refuses 2 'missing.ini' "$bin/$program" missing.ini
    refuses 2 'unknown key' "$bin/$program" base.ini evaluate.nonsense=1
done

echo "$count commands and files, $bad wrong"
[ "$bad" -eq 0 ]
