#!/usr/bin/env bash
# Every program answers misuse with one line, exit code 2 (usage, configuration) or 1 (run time), and leaves nothing
# behind; and the whole way from synthetic data to detections works. usage: test_programs.sh [FOLDER OF PROGRAMS]
. tests/programs/checks.sh

for program in "$bin"/*; do
    works "$program" --help
    grep -qi 'example' stdout || complain "$program --help shows no example"
    works "$program" --version
    grep -q '^irst ' stdout || complain "$program --version says '$(head -n 1 stdout)'"
    refuses 2 'no-such-option' "$program" --no-such-option
done

# --- data ---
works "$bin/prepare" synthesize scenes --train 12 --test 4 --size 64 --seed 3
works "$bin/prepare" check scenes
works "$bin/prepare" pack scenes scenes.h5
works "$bin/prepare" check scenes.h5
works "$bin/prepare" synthesize few --train 1 --test 1 --size 64 --seed 3
refuses 1 'scene_00000.*Misc_181' "$bin/prepare" sirst-aug few out/x # not SIRST
refuses 1 'missing-folder' "$bin/prepare" sirst-aug missing-folder out/x
refuses 2 'seed -1' "$bin/prepare" sirst-aug few out/x --seed -1
refuses 2 'size is for pack, synthesize, not for sirst-aug' "$bin/prepare" sirst-aug few out/x --size 128
refuses 2 'range is for check, pack, not for split' "$bin/prepare" split few --range 0,100
refuses 2 'mask is for check, pack, not for boxes' "$bin/prepare" boxes few few out/x --mask any
refuses 2 'fill is for boxes' "$bin/prepare" pack few out/x.h5 --fill box
refuses 2 'range' "$bin/prepare" check few --range banana
refuses 2 'mask' "$bin/prepare" check few --mask banana
cp -r scenes faulty
rm "faulty/masks/$(head -n 1 faulty/train.txt).png"
sed -n 2p faulty/train.txt >> faulty/test.txt
refuses 1 'faulty: 2 findings' "$bin/prepare" check faulty
[ "$(grep -c '^WRONG: ' stdout)" -eq 2 ] || complain "prepare check printed $(grep -c '^WRONG: ' stdout) findings, expected 2"
refuses 2 'prepare: expected check DIR, pack DIR OUT.h5, split DIR' "$bin/prepare"
refuses 2 'no-such-command' "$bin/prepare" no-such-command
refuses 1 'missing-folder' "$bin/prepare" pack missing-folder out/x.h5

# --- train: a network small enough to run in a moment ---
tiny_training > tiny.ini
works "$bin/train" tiny.ini --out run --check
grep -qE '^[0-9]+ steps, as long as 2 epochs of whole images; the largest takes [0-9.e-]+ GiB$' stdout || complain "train --check printed '$(cat stdout)'"
[ ! -e run ] || complain "train --check left $(ls -d run/*)"
refuses 2 'check and --emit: one at a time' "$bin/train" tiny.ini --out run --check --emit slurm
works "$bin/train" tiny.ini --out run
grep -qE '^epoch 2/2 .* images/s \([0-9]+ % of peak\)' stdout || complain "train printed '$(head -n 1 stdout)'"
for file in config.ini log.csv last.h5 best.h5 curves.png; do
    [ -s "run/$file" ] || complain "train left no run/$file"
done
grep -qE '^epoch 1/2  loss [0-9.]+ \(soft_iou [0-9.]+, fidelity [0-9.]+\)  gradient [0-9.e+-]+  rate .* in [0-9]+ s, ETA ' stdout ||
    complain "train does not say what is watched: '$(head -n 1 stdout)'"
works "$bin/train" tiny.ini --out averaged train.average=0.9 train.optimizer=muon train.prior=0.02 \
    'train.loss=dice2:batch + 0.01 mse' 'train.loss_after=1: bce' data.holdout=0.25
grep -qE '^epoch 2/2  loss [0-9.]+ \(bce_image [0-9.]+\)  gradient .* Fa [0-9.]+e-5' stdout ||
    complain "train does not tell the parts of a later loss: '$(tail -n 2 stdout)'"
grep -q 'best.h5 is epoch .*, chosen by miou on .* held out of the split train of scenes$' stderr ||
    complain "train does not say what best.h5 was chosen on"
grep -q ' averaged mIoU .* raw mIoU ' stdout || complain "train tells averaged and raw weights not apart"
works "$bin/train" tiny.ini --out averaged train.average=0.9 train.optimizer=muon train.prior=0.02 \
    'train.loss=dice2:batch + 0.01 mse' 'train.loss_after=1: bce' data.holdout=0.25 train.epochs=3 --resume
works "$bin/train" tiny.ini --out tuned train.init=averaged/best.h5 model.stages=2
grep -q 'train.init: .* tensors taken from averaged/best.h5; not, for example, decos.1' stderr ||
    complain "train.init does not say what it took: $(head -n 1 stderr)"
works "$bin/evaluate" --checkpoint averaged/last.h5 --data scenes --size 64 --raw-weights
works "$bin/evaluate" --checkpoint run/last.h5 --data scenes --size 64 --raw-weights
grep -q '^evaluate: run/last.h5 has no averaged weights: --raw-weights changes nothing$' stderr ||
    complain "evaluate --raw-weights is silent where there is no average: $(cat stderr)"
refuses 2 'raw-weights' "$bin/evaluate" --method mpcm --data scenes --raw-weights
refuses 2 'train.loss: "dice3".*dice2.*focal' "$bin/train" tiny.ini --out out train.loss=dice3
works "$bin/train" tiny.ini --out again data.root=scenes.h5
cmp -s <(h5dump -g /model run/last.h5 | tail -n +2) <(h5dump -g /model again/last.h5 | tail -n +2) ||
    complain "the same seed gave other parameters (folder and pack)"
refuses 2 'train: expected a configuration file' "$bin/train"
refuses 2 'nodes and --tasks need --emit slurm' "$bin/train" tiny.ini --out out --nodes 2
refuses 2 '--nodes 40 --tasks 40: train.batch_size = [0-9]+, expected at least one image for each process' \
    "$bin/train" tiny.ini --out out --emit slurm --nodes 40 --tasks 40
count=$((count + 1))
[ ! -e out.slurm ] || complain "a job that cannot begin is written"
refuses 2 'missing.ini' "$bin/train" missing.ini --out out
sed 's/epochs = 2/epochz = 2/' tiny.ini > unknown.ini
refuses 2 'unknown.ini:11.*epochz' "$bin/train" unknown.ini --out out
sed 's/epochs = 2/epochs = many/' tiny.ini > value.ini
refuses 2 'value.ini:11.*train.epochs' "$bin/train" value.ini --out out
refuses 2 'train.nonsense' "$bin/train" tiny.ini train.nonsense=1 --out out
refuses 2 'model.stages: unknown key: mshnet has no such option .see train' "$bin/train" tiny.ini model.name=mshnet --out out
refuses 1 'nowhere' "$bin/train" tiny.ini data.root=nowhere --out out
sed 's/rpcanet_plus/no_such_net/' tiny.ini > method.ini
refuses 2 'no_such_net' "$bin/train" method.ini --out out

# --- evaluate ---
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --split test --size native --format json
# What was trained on is known by another word for the split or the set, and after a conversion.
works "$bin/convert" weights run/best.h5 cut-down.h5
(mkdir -p deep && cd deep && ln -sfn ../scenes scenes)
works "$bin/train" tiny.ini data.root="$PWD/deep/scenes" train.epochs=1 --out deep/run
works "$bin/convert" weights deep/run/last.h5 deep/cut-down.h5
h5dump -a /data.root deep/cut-down.h5 | grep -q '"scenes"' || complain "weights tell where the images lay: $(h5dump -a /data.root deep/cut-down.h5)"
for way in 'scenes --split train' 'scenes --split Train' 'scenes --split all' 'scenes/. --split train' 'scenes.h5 --split train'; do
    for weights in run/best.h5 cut-down.h5; do
        # shellcheck disable=SC2086 # an option and its value
        works "$bin/evaluate" --checkpoint $weights --size 64 --data $way
        grep -q "$weights was trained on split train of scenes" stderr || complain "evaluate is silent about $way: $(cat stderr)"
    done
done
grep -q ' on scenes, ' stdout || complain "evaluate does not know the name of the set: $(head -n 1 stdout)"
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --split test --size native --format json
grep -q 'was trained on' stderr && complain "evaluate takes the test split for what it was trained on"
for key in method dataset split images params miou niou precision recall f1 pd fa auc tp fp fn targets \
    targets_detected ms_per_image; do
    grep -q "\"$key\"" stdout || complain "evaluate --format json lacks $key"
done
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes.h5 --rule logit --mask half --protocol centroid
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --format csv
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --metrics all --records rows.csv --against mpcm --intervals 50
grep -qE '^  mIoU .*%  \[.*\]  pixels: ' stdout || complain "evaluate --records prints no interval: $(head -n 4 stdout)"
grep -qE '^  mIoU .*\]  p [0-9.e-]+$' stdout || complain "evaluate --against prints no p"
grep -q '^difference to mpcm, rule max > 0.5, on the same images' stdout || complain "evaluate --against does not name its threshold"
grep -q 'hIoU' stdout || complain "evaluate --metrics all lacks hIoU"
[ "$(wc -l < rows.csv)" -eq 5 ] || complain "evaluate --records wrote $(wc -l < rows.csv) rows for 4 images"
[ "$(wc -l < rows_targets.csv)" -gt 4 ] || complain "evaluate --records wrote $(wc -l < rows_targets.csv) targets"
cp stdout first
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --metrics all --records rows.csv --against mpcm --intervals 50
diff <(grep '\[' first) <(grep '\[' stdout) > diff.txt || complain "the same seed gave other intervals: $(head -n 3 diff.txt)"
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --at-fa 0.01 --format json
at=$(sed -n 's/.*"threshold": \([^,]*\),/\1/p' stdout)
awk -F'[:,]' '/"fa_all"/ { exit !($2 <= 0.01) }' stdout || complain "evaluate --at-fa 0.01 has $(grep fa_all stdout)"
cp run/best.h5 set.h5
works "$bin/convert" set-threshold set.h5 "$at"
works "$bin/evaluate" --checkpoint set.h5 --data scenes --rule score --format json
grep -q "\"threshold\": $at," stdout || complain "evaluate --rule score does not use the checkpoint's threshold $at"
# The other is judged at its own threshold, or at its own operating point.
other() { sed -n 's/.*"against_threshold": \([^,]*\),*/\1/p' stdout; }
works "$bin/evaluate" --checkpoint run/best.h5 --data scenes --rule score --against set.h5 --format json --intervals 5
[ "$(other)" = "$at" ] || complain "evaluate --against takes the other at $(other), not at its own $at"
works "$bin/evaluate" --checkpoint set.h5 --data scenes --rule score --against run/best.h5 --format json --intervals 5
[ "$(other)" = 0.5 ] || complain "evaluate --against takes the other at $(other), the first one's"
works "$bin/evaluate" --method mpcm --data scenes --size 64 --at-fa 0.01 --against set.h5 --format json --intervals 5
[ "$(other)" = "$at" ] || complain "evaluate --at-fa --against: the other's threshold is $(other), expected $at"
works "$bin/evaluate" --checkpoint set.h5 --data scenes --rule score --threshold 0.25 --against set.h5 --format json --intervals 5
[ "$(other)" = 0.25 ] || complain "evaluate --threshold --against: the other's threshold is $(other)"
works "$bin/evaluate" --weights nudt-small --data scenes --size 64 --against nudt-small --intervals 5
works "$bin/evaluate" --method mpcm --data scenes --threshold 2
grep -q 'no pixel is predicted in any image' stderr || complain "evaluate says nothing of a threshold above every score"
works "$bin/evaluate" --method mpcm --data scenes --threshold=-1
grep -q 'more than half of the background is predicted' stderr || complain "evaluate says nothing of a threshold below every score"
refuses 1 'evaluate: nofile.h5: no such file' "$bin/evaluate" --method mpcm --data scenes --against nofile.h5
refuses 1 'evaluate: runs/x: no such file' "$bin/evaluate" --method mpcm --data scenes --against runs/x
refuses 2 "against is 'no-such', expected one of: general, .*, nudt-medium, mpcm, .*, FILE.h5" "$bin/evaluate" --method mpcm --data scenes --against no-such
refuses 2 "against is 'rpcanet_plus', expected" "$bin/evaluate" --method mpcm --data scenes --against rpcanet_plus
# What is wrong is said before the work, whose first error would be another; and nothing that is read is lost.
refuses 2 'mpcm has no logits' "$bin/evaluate" --checkpoint set.h5 --data scenes --rule logit --at-fa 2 --against mpcm
early=("$bin/evaluate" --method pstnn --data scenes --size native)
refuses 1 'nowhere/a.html: cannot be written' "${early[@]}" --report nowhere/a.html
refuses 1 'nowhere/a.csv: cannot be written' "${early[@]}" --roc nowhere/a.csv
refuses 1 'nowhere/a.csv: cannot be written' "${early[@]}" --records nowhere/a.csv
refuses 1 'tiny.ini: the folder cannot be created' "${early[@]}" --out tiny.ini
cp set.h5 a.csv
mkdir -p held
cp scenes.h5 held/scores.h5
refuses 2 'a.csv is read and would be lost: it cannot be --roc too' "$bin/evaluate" --checkpoint a.csv --data scenes --roc a.csv
refuses 2 'a.csv is read and would be lost: it cannot be --records too' "$bin/evaluate" --method mpcm --data scenes --size 64 --against a.csv --records ./a.csv
refuses 2 'held/scores.h5 is read and would be lost: it cannot be in --out too' "$bin/evaluate" --method mpcm --data held/scores.h5 --out held
# Nor is one output by another.
refuses 2 'same.csv would be written twice: it is --records and --roc' "$bin/evaluate" --method mpcm --data scenes --records same.csv --roc ./same.csv
refuses 2 'same_targets.csv would be written twice: it is --roc and of --records' "$bin/evaluate" --method mpcm --data scenes --records same.csv --roc same_targets.csv
mkdir -p once
refuses 2 'once/report.html would be written twice: it is --report and in --out' "$bin/evaluate" --method mpcm --data scenes --report "$PWD/once/report.html" --out once
refuses 2 'seed is of the draws of --intervals' "$bin/evaluate" --method mpcm --data scenes --seed 7
refuses 2 'intervals is -5, expected 0 or more' "$bin/evaluate" --method mpcm --data scenes --intervals -5
works "$bin/detect" --checkpoint set.h5 scenes/images --out at
grep -q '"threshold": 0.5,' at/detections.json && complain "detect does not use the checkpoint's threshold"
works "$bin/convert" weights set.h5 cut-down.h5
grep -q '^  threshold ' stdout || complain "convert weights dropped the threshold"
for name in $(cat scenes/test.txt); do
    mkdir -p predicted
    cp "at/${name}_mask.png" "predicted/$name.png"
done
works "$bin/evaluate" --predictions predicted --data scenes
grep -q ' size native$' stdout || complain "evaluate --predictions resizes: $(head -n 1 stdout)"
works "$bin/evaluate" --predictions predicted --data scenes --resize pillow
grep -q 'resize changes nothing: .*their own size' stderr || complain "evaluate does not say that --resize changes nothing"
works "$bin/evaluate" --predictions predicted --data scenes --size 256 --rule max
grep -q 'ms per image\|parameters' stdout && complain "evaluate --predictions times a detector that it does not have: $(tail -n 1 stdout)"
works "$bin/evaluate" --predictions predicted --data scenes --rule max --format json
[ "$(grep -cE '"(params|ms_per_image)": null' stdout)" -eq 2 ] || complain "evaluate --predictions knows a detector: $(grep -E 'params|ms_' stdout)"
cp "predicted/$name.png" "predicted/${name}_score.png"
works "$bin/evaluate" --predictions predicted --data scenes --size 256
grep -q 'of 1 images both NAME_score.png and NAME.png are there' stderr || complain "evaluate takes one of two predictions in silence"
rm "predicted/${name}_score.png"
grep -q ' size 256$' stdout || complain "evaluate --predictions does not resize: $(head -n 1 stdout)"
works "$bin/evaluate" --predictions predicted --data scenes --size native
[ "$(grep -cE '^  (max|score|minmax|sigma) > ' stdout)" -eq 8 ] || complain "evaluate --predictions has not 8 rows: $(cat stdout)"
works "$bin/evaluate" --predictions predicted --data scenes --size native --rule minmax --threshold 0.22
grep -q '^rule minmax > 0.22, ' stdout || complain "evaluate --threshold is not told: $(sed -n 2p stdout)"
refuses 1 'predicted.*missing' "$bin/evaluate" --predictions predicted --data scenes --split trainval
for option in '--method mpcm' '--against mpcm' --raw-weights '--precision float' '--tiles off' model.stages=2; do
    # shellcheck disable=SC2086 # an option and its value
    refuses 2 "stands alone: no (${option%% *}|model.KEY)" "$bin/evaluate" --predictions predicted --data scenes $option
done
works "$bin/evaluate" --predictions predicted --data scenes --size native --metrics all
[ "$(grep -c '^rule .* protocol ' stdout)" -eq 8 ] && grep -q hIoU stdout || complain "evaluate --predictions --metrics all: $(cat stdout)"
refuses 2 'cannot both' "$bin/evaluate" --method mpcm --data scenes --threshold 0.5 --at-fa 0.1
refuses 2 "threshold is 'high'" "$bin/evaluate" --method mpcm --data scenes --threshold high
refuses 2 'rate of 2' "$bin/evaluate" --method mpcm --data scenes --at-fa 2
refuses 2 'rows.txt.*csv' "$bin/evaluate" --method mpcm --data scenes --records rows.txt
refuses 2 "convert: T is 'abc', expected a number" "$bin/convert" set-threshold set.h5 abc
refuses 2 'threshold of 1' "$bin/convert" set-threshold set.h5 1
refuses 1 'scenes.h5.*not a checkpoint' "$bin/convert" set-threshold scenes.h5 0.5
refuses 2 'give one of --checkpoint FILE.h5, --weights NAME and --method NAME' "$bin/evaluate" --data scenes
refuses 2 'rule' "$bin/evaluate" --checkpoint run/best.h5 --data scenes --rule sometimes
refuses 1 'missing.h5' "$bin/evaluate" --checkpoint missing.h5 --data scenes
refuses 1 'missing' "$bin/evaluate" --checkpoint run/best.h5 --data missing
head -c 5000 run/best.h5 > cut.h5
refuses 1 'cut.h5' "$bin/evaluate" --checkpoint cut.h5 --data scenes
cp -r scenes broken
first=$(head -n 1 broken/test.txt)
head -c 200 "scenes/images/$first.png" > "broken/images/$first.png"
refuses 1 "$first.png" "$bin/evaluate" --checkpoint run/best.h5 --data broken --size native
cp "scenes/images/$first.png" broken/images/
works "$bin/prepare" synthesize large --train 1 --test 1 --size 96 --seed 3
cp "large/masks/$(head -n 1 large/test.txt).png" "broken/masks/$first.png"
refuses 1 'masks.*96x96.*64x64' "$bin/evaluate" --checkpoint run/best.h5 --data broken --size native

# --- detect ---
works "$bin/detect" --checkpoint run/best.h5 "scenes/images/$first.png" --out found --raw maps.h5 --raw-stages
for file in "${first}_score.png" "${first}_mask.png" "${first}_labels.png" "${first}_overlay.png" detections.json detections.csv \
    detections.coco.json; do
    [ -s "found/$file" ] || complain "detect left no $file"
done
h5ls -r maps.h5 | grep -q "/$first/stage1/B" || complain "detect --raw-stages stored no stage1/B"
works "$bin/detect" --checkpoint run/best.h5 scenes/images --out all --size 64
works "$bin/detect" --checkpoint run/best.h5 large/images --out cut --tiles 64,16
grep -q '96x96 pixels.*tiles of 64, overlap 16' stderr || complain "detect cut an image without a word: $(cat stderr)"
works "$bin/evaluate" --checkpoint run/best.h5 --data large --size native --tiles 64,16
grep -q 'was cut into tiles of 64, overlap 16' stderr || complain "evaluate cut images without a word: $(cat stderr)"
refuses 2 "tiles is 'some'" "$bin/evaluate" --checkpoint run/best.h5 --data large --tiles some
refuses 2 'stage maps' "$bin/detect" --checkpoint run/best.h5 large/images --out out --tiles 64,16 --raw out/m.h5 --raw-stages
works "$bin/prepare" boxes scenes/images found/detections.coco.json boxes --fill box # what detect found, as masks
grep -q '15 images without annotation: left out' stdout || complain "prepare boxes: $(cat stdout)"
works "$bin/prepare" pack boxes packed_boxes.h5
works "$bin/prepare" pack packed_boxes.h5 again.h5 --mask any
h5dump -a /description again.h5 | grep -q 'Masks were made from boxes: every pixel' || complain "packs do not say that masks were made from boxes"
refuses 2 'fill is' "$bin/prepare" boxes scenes/images found/detections.coco.json out/x --fill some
refuses 1 'none of its images.*has an annotation .YOLO' "$bin/prepare" boxes scenes/images scenes out/x # lists are no boxes
refuses 1 'no boxes' "$bin/prepare" boxes scenes/images scenes/masks out/x
works "$bin/detect" scenes/images --out shipped
[ -s shipped/detections.json ] || complain "detect with the weights that come with it left no detections.json"
grep -q "the weights 'general'" stderr || complain "detect does not say whose weights it took: $(cat stderr)"
works "$bin/detect" --weights general scenes/images --out named
cmp shipped/detections.csv named/detections.csv || complain "the weights called general find something else than those without a name"
[ ! -s stderr ] || complain "detect explains weights that were asked for: $(cat stderr)"
works "$bin/evaluate" --weights nudt --data scenes
grep -q rpcanet_plus stdout || complain "evaluate --weights nudt: $(cat stdout)"
for program in detect evaluate; do
    works "$bin/$program" --weights list
    grep -qE '^nudt +RPCANet.*M parameters.*NUDT-SIRST: mIoU [0-9.]+ % \[' stdout || complain "--weights list: $(cat stdout)"
done
refuses 2 "weights is 'nutd', expected .*nudt, .*list" "$bin/detect" --weights nutd scenes/images --out out
refuses 2 'one of --weights, --checkpoint and --method' "$bin/evaluate" --weights nudt --method mpcm --data scenes
refuses 2 'one of --weights, --checkpoint and --method' "$bin/detect" --weights nudt --checkpoint run/best.h5 scenes/images --out out
mkdir -p installed
cp "$bin/detect" installed
refuses 1 'weights/rpcanet_plus_general.h5' installed/detect scenes/images --out out
# What is read is never written over.
refuses 2 'scenes/images is an INPUT and cannot be --out too' "$bin/detect" --method mpcm scenes/images --out scenes/images
refuses 2 'scenes/images is the folder of an INPUT' "$bin/detect" --method mpcm "scenes/images/$first.png" --out scenes/images
refuses 2 '_score.png is read and would be lost' "$bin/detect" --method mpcm at --out out --raw "at/${first}_score.png"
refuses 2 'set.h5 is read and would be lost: it cannot be --raw too' "$bin/detect" --checkpoint set.h5 at --out out --raw set.h5
for command in to-torch to-onnx weights from-torch; do
    refuses 2 'set.h5 is read and would be lost: it cannot be OUT too' "$bin/convert" $command set.h5 ./set.h5
done
refuses 2 'set.h5 is read and' "$bin/convert" calibrate set.h5 scenes set.h5
refuses 2 'scenes.h5 is read and' "$bin/convert" calibrate set.h5 scenes,scenes.h5 scenes.h5
refuses 2 'scenes.h5 is read and' "$bin/prepare" pack scenes.h5 scenes.h5
cp -r scenes/images frames
for turn in 1 2; do
    works "$bin/detect" --method mpcm frames --recursive --out frames/found
    grep -q '^16 images' stdout || complain "detect, run $turn into its own input: $(cat stdout)"
done
refuses 2 'no INPUT is given' "$bin/detect" --checkpoint run/best.h5 --out out
refuses 1 'missing.png' "$bin/detect" --checkpoint run/best.h5 missing.png --out out
head -c 200 "scenes/images/$first.png" > cut.png
refuses 1 'cut.png' "$bin/detect" --checkpoint run/best.h5 cut.png --out out
refuses 1 'tiny.ini' "$bin/detect" --checkpoint run/best.h5 tiny.ini --out out

# --- bench: figures that parse; no time is judged ---
figures() { # every line on stdout is `name value unit`, the named ones among them
    grep -qvE '^[a-z0-9_]+ ([-+.e0-9]+|portable|avx2|avx512) [A-Za-z/%]+$' stdout &&
        complain "bench printed '$(grep -vE '^[a-z0-9_]+ ([-+.e0-9]+|portable|avx2|avx512) [A-Za-z/%]+$' stdout | head -n 1)'"
    for figure in "$@"; do
        grep -q "^$figure " stdout || complain "bench lacks $figure"
    done
}
small=(model.stages=2 model.bottleneck_channels=2 model.total_channels=4 --size 32 --repeat 1)
works "$bin/bench" conv --size 32 --repeat 1
figures fma_peak_gflops fma_peak_isa conv3x3_16_32_forward_share conv3x3_32_1_input_gradient_ms \
    conv1x1_1_4_weight_gradient_gflops
works "$bin/bench" model "${small[@]}" --stages
figures model_infer_ms model_infer_full_ms model_infer_64_ms model_infer_1_thread_ms model_infer_gflop \
    model_infer_share model_thread_scaling model_infer_k2_per_stage_ms
works "$bin/bench" train rpcanet_plus "${small[@]}" --batch 2 --scaling
figures train_ms_per_image train_peak_memory_mib train_activation_memory_mib train_share train_thread_scaling
refuses 2 'expected conv, model, train, scaling or peers' "$bin/bench" no-such-part
refuses 2 'no_such_net' "$bin/bench" model no_such_net
refuses 2 'model.nonsense' "$bin/bench" train model.nonsense=1
refuses 2 'repeat' "$bin/bench" conv --repeat -1
refuses 2 'conv takes no arguments' "$bin/bench" conv rpcanet_plus
refuses 2 '--checkpointing is for train, not for scaling' "$bin/bench" scaling --checkpointing
refuses 2 '--write-expected is for conv, not for model' "$bin/bench" model --write-expected
refuses 2 '--size is for conv, model, train, scaling, not for peers' "$bin/bench" peers --size 64
mkdir bench
works "$bin/bench" conv --write-expected --repeat 1 --threads 1
grep -q '^conv3x3_4_4_forward = [0-9]' bench/expected_shares.ini || complain "bench conv --write-expected stored no share"
sed -i 's/^conv3x3_4_4_forward = .*/conv3x3_4_4_forward = 999999/' bench/expected_shares.ini
works "$bin/bench" conv --repeat 1 --threads 1
grep -q '^warning: conv3x3_4_4_forward is .* under its stored share' stderr || complain "bench conv did not warn"
refuses 2 'expected_shares.ini:[0-9]*: .*expected "' bash -c "echo nonsense >> bench/expected_shares.ini; '$bin/bench' conv"

# --- methods without parameters ---
for method in mpcm pstnn ipi; do
    works "$bin/evaluate" --method $method --data scenes --size native
    grep -q "$method on scenes" stdout || complain "evaluate --method $method does not name its method"
done
refuses 1 '20x20 is smaller.*40x40' "$bin/detect" scenes/images --method pstnn --size 20 --out out
refuses 1 '40x40 is smaller.*50x50' "$bin/detect" scenes/images --method ipi --size 40 --out out
refuses 1 'too few windows' "$bin/detect" scenes/images --method ipi --size 50 --out out
refuses 2 'model.patch_step is 60' "$bin/evaluate" --method ipi model.patch_step=60 --data scenes
works "$bin/evaluate" --method mpcm model.preset=community --data scenes --format json
refuses 2 'no logits' "$bin/evaluate" --method mpcm --data scenes --rule logit
refuses 2 'model.preset.*authors' "$bin/evaluate" --method mpcm model.preset=mine --data scenes
refuses 2 'model.nonsense' "$bin/evaluate" --method mpcm model.nonsense=1 --data scenes
refuses 2 'rubbish' "$bin/evaluate" --method mpcm rubbish --data scenes
refuses 2 'model.preset.*--method' "$bin/evaluate" --checkpoint run/best.h5 model.preset=authors --data scenes
refuses 2 'no_such_method.*mpcm' "$bin/evaluate" --method no_such_method --data scenes
works "$bin/detect" model.scales=2 scenes/images --method mpcm model.preset=authors --out raw --raw maps.h5
[ -s raw/detections.json ] || complain "detect --method mpcm left no detections.json"
refuses 2 'model.scales' "$bin/detect" scenes/images --method mpcm model.scales=many --out out
sed 's/rpcanet_plus/mpcm/; /stages\|channels\|se_/d' tiny.ini > untrainable.ini
refuses 2 'mpcm has no parameters' "$bin/train" untrainable.ini --out out

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
