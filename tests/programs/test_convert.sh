#!/usr/bin/env bash
# Checkpoints become others: weights alone, with ranges for int8, ONNX, PyTorch's files and back; nothing is lost in
# silence. usage: test_convert.sh [FOLDER OF PROGRAMS]
root=$(pwd)
. tests/programs/checks.sh

works "$bin/prepare" synthesize scenes --train 12 --test 4 --size 64 --seed 3
tiny_training > tiny.ini
works "$bin/train" tiny.ini --out run
cp run/best.h5 set.h5
works "$bin/convert" set-threshold set.h5 0.375

# --- weights alone ---
works "$bin/convert" verify run/best.h5
works "$bin/convert" weights run/best.h5 weights.h5
works "$bin/detect" scenes/images --checkpoint weights.h5 --out light
works "$bin/detect" scenes/images --checkpoint run/best.h5 --out heavy
cmp -s light/detections.csv heavy/detections.csv || complain "the weights alone do not detect what the checkpoint does"
[ "$(($(stat -c %s weights.h5) * 2))" -lt "$(stat -c %s run/best.h5)" ] || complain "the weights alone are not smaller"
refuses 1 'missing.h5' "$bin/convert" weights missing.h5 out/x.h5
refuses 2 'no command; expected from-torch, to-torch, to-onnx, weights, set-threshold, calibrate or verify' "$bin/convert"

# --- int8 ---
refuses 2 '^convert: set.h5: rpcanet_plus has no chain of 3x3 convolutions' "$bin/convert" calibrate set.h5 scenes out/x.h5
works "$bin/train" tiny.ini --out wide model.total_channels=16 train.epochs=1
cp wide/last.h5 wide.h5
works "$bin/convert" set-threshold wide.h5 0.25
refuses 2 'wide.h5 has no ranges of activations: convert calibrate wide.h5 DATA OUT.h5' \
    "$bin/detect" scenes/images --checkpoint wide.h5 --precision int8 --out out
works "$bin/convert" calibrate wide.h5 scenes bytes.h5 --images 3
grep -q '^ranges of 3 layers from 3 images of scenes, split train, at 64x64$' stdout || complain "convert calibrate said '$(head -n 1 stdout)'"
works "$bin/convert" calibrate wide.h5 'scenes, scenes' twice.h5 --images 3
[ "$(grep -c '^ranges of 3 layers from 3 images' stdout)" = 2 ] || complain "convert calibrate did not take two sets"
cmp bytes.h5 twice.h5 || complain "convert calibrate: the same images twice gave other ranges"
mkdir whole
cp -r scenes/images scenes/masks whole
works "$bin/convert" calibrate wide.h5 whole of_all.h5 --images 3
grep -q 'of whole, split all, at 64x64$' stdout || complain "convert calibrate does not take a set without lists"
# Masks are not looked at: a folder of the same images gives the same file.
works "$bin/convert" calibrate wide.h5 whole/images of_images.h5 --images 3
grep -q '^ranges of 3 layers from 3 images of the folder whole/images, at 64x64$' stdout || complain "convert calibrate takes no folder of images"
[ ! -s stderr ] || complain "convert calibrate is not silent: $(cat stderr)"
cmp -s of_all.h5 of_images.h5 || complain "convert calibrate: images without masks gave other ranges"
# Frames of 14 bits: --range makes of them what is calibrated with, and without it they are said to be nearly black.
mkdir deep
for name in a b; do
    { echo "P2 64 64 65535" && seq 0 4095 | awk -v n=$name '{ print int(4000 + 3 * ($1 % 64) + (n == "b") * ($1 / 64)) + ($1 == 1000) * 9000 }'; } > deep/$name.pgm
done
works "$bin/convert" calibrate wide.h5 deep dark.h5
grep -q '^convert: grey values run from 4000 to .* give --range 0,16383 (14 bits)' stderr || complain "of deep images convert calibrate says: $(cat stderr)"
works "$bin/convert" calibrate wide.h5 deep light.h5 --range 0,16383
[ ! -s stderr ] || complain "convert calibrate --range is not silent: $(cat stderr)"
cmp -s dark.h5 light.h5 && complain "convert calibrate passes --range over"
refuses 2 'range is .5., expected|range is .5.; expected' "$bin/convert" calibrate wide.h5 deep out/x.h5 --range 5
refuses 2 'range is for calibrate' "$bin/convert" verify wide.h5 --range image
cp deep/a.pgm kept.pgm
refuses 2 'deep/a.pgm is an image and would be lost' "$bin/convert" calibrate wide.h5 deep deep/a.pgm
cmp -s deep/a.pgm kept.pgm || complain "convert calibrate wrote over an image"
mkdir broken broken/images
cp deep/a.pgm broken
refuses 1 '^convert: broken: images without masks; expected masks/' "$bin/convert" calibrate wide.h5 broken out/x.h5
works "$bin/convert" weights bytes.h5 bytes-alone.h5
grep -q '^  ranges for int8 *3$' stdout || complain "convert weights dropped the ranges"
grep -q '^  threshold *0.25$' stdout || complain "convert calibrate dropped the threshold"
mv bytes-alone.h5 bytes.h5
for isa in portable ''; do
    works env ${isa:+IRST_ISA=$isa} "$bin/detect" scenes/images --checkpoint bytes.h5 --precision int8 --out "bytes$isa" --raw "maps$isa.h5"
    [ -z "$isa" ] || grep -q 'no AVX-512 VNNI.*slower' stderr || complain "detect does not say that int8 is slow: $(cat stderr)"
done
works "$bin/detect" scenes/images --checkpoint bytes.h5 --out floats --raw floats.h5
first=$(head -n 1 scenes/test.txt)
differs() { ! h5diff -q "$@" > /dev/null; }
differs floats.h5 maps.h5 "/$first/reconstruction" || complain "int8 gives the bits of float"
differs -d 0.01 floats.h5 mapsportable.h5 "/$first/score" && complain "int8 gives other scores than float"
differs -d 0.001 maps.h5 mapsportable.h5 "/$first/score" && complain "portable kernels give other scores in int8"
works "$bin/evaluate" --checkpoint bytes.h5 --precision int8 --data scenes --size 64
refuses 2 'int8 is for networks, not for mpcm' "$bin/evaluate" --method mpcm --precision int8 --data scenes
refuses 2 "precision is 'int4', expected one of: float, int8" "$bin/detect" scenes/images --checkpoint bytes.h5 --precision int4 --out out
refuses 2 'images is 0, expected at least 1' "$bin/convert" calibrate wide.h5 scenes out/x.h5 --images 0
refuses 2 'images is for calibrate' "$bin/convert" verify wide.h5 --images 3
refuses 2 'calibrate takes three words' "$bin/convert" calibrate wide.h5 scenes
refuses 1 'missing-folder' "$bin/convert" calibrate wide.h5 missing-folder out/x.h5

# --- ONNX ---
works "$bin/convert" to-onnx set.h5 set.onnx
grep -q "threshold 0.375" stdout || complain "convert to-onnx does not tell the threshold: $(cat stdout)"
grep -qa "set.h5" set.onnx || complain "set.onnx does not name its checkpoint"
works "$bin/convert" to-onnx set.h5 set.onnx --size 40x24
refuses 2 'size is .40., expected WxH' "$bin/convert" to-onnx set.h5 set.onnx --size 40
refuses 2 'size is for to-onnx' "$bin/convert" verify set.h5 --size 40x24
refuses 1 'missing.h5' "$bin/convert" to-onnx missing.h5 out/x.onnx
refuses 1 'nowhere/x.onnx' "$bin/convert" to-onnx set.h5 /nowhere/x.onnx
refuses 2 'to-onnx takes two words: IN.h5 OUT.onnx' "$bin/convert" to-onnx set.h5

# --- PyTorch ---
mkdir -p out
for ending in pth safetensors; do
    works "$bin/convert" to-torch set.h5 "there.$ending"
    grep -q "there.$ending: .* tensors of" stdout || complain "convert to-torch says $(cat stdout)"
    works "$bin/convert" from-torch "there.$ending" back.h5
    works "$bin/convert" to-torch back.h5 "again.$ending"
    cmp -s "there.$ending" "again.$ending" || complain "weights come back from $ending otherwise than they went"
    refuses 1 "nowhere/x.$ending: cannot be written" "$bin/convert" to-torch set.h5 "/nowhere/x.$ending"
done
mkdir -p out
# carry_noise, which no tensor tells: kept by safetensors, given to .pth, or assumed
works "$bin/convert" from-torch there.pth carry.h5 model.carry_noise=true
[ "$(grep -c 'model.carry_noise  *true$' stdout)" = 1 ] || complain "convert from-torch took no option: $(cat stdout)"
works "$bin/convert" to-torch carry.h5 carry.safetensors
works "$bin/convert" from-torch carry.safetensors carry.h5
grep -q 'model.carry_noise  *true$' stdout || complain "safetensors forgot an option: $(cat stdout)"
# What figures depend on beside the weights comes back from safetensors, and is named where it stays behind.
works "$bin/train" tiny.ini --out noted train.epochs=1 data.range=0,200
works "$bin/convert" set-threshold noted/last.h5 0.35
works "$bin/convert" verify noted/last.h5
grep -q '^  range of grey values *0,200$' stdout || complain "convert verify keeps the range to itself: $(cat stdout)"
grep -E '^  (threshold|range of grey|trained on)' stdout > noted.txt
works "$bin/convert" to-torch noted/last.h5 noted.safetensors
[ -s stderr ] && complain "convert to-torch is not silent: $(cat stderr)"
works "$bin/convert" from-torch noted.safetensors noted.h5
grep -E '^  (threshold|range of grey|trained on)' stdout | cmp -s - noted.txt || complain "safetensors forgot a note: $(cat stdout)"
for file in noted/last.h5 noted.h5 noted.safetensors; do
    works "$bin/evaluate" --checkpoint $file --data scenes --rule score --format csv
    cut -d, -f 2-16 stdout > figures.csv
    [ $file != noted/last.h5 ] || cp figures.csv noted/
    cmp -s noted/figures.csv figures.csv || complain "$file has other figures than what it was made of"
done
for file in noted/last.h5 noted.safetensors; do
    works "$bin/detect" --checkpoint $file scenes/images --out found-noted
    cut -d, -f 2- found-noted/detections.csv > found.csv
    [ $file != noted/last.h5 ] || cp found.csv noted/
    cmp -s noted/found.csv found.csv || complain "$file detects something else than what it was made of"
done
works "$bin/convert" to-torch noted/last.h5 noted.pth
grep -q '^convert: detect.threshold = 0.35, data.range = 0,200, data.seen = 64 are left behind: .safetensors keeps them$' stderr ||
    complain "convert to-torch does not say what a .pth lacks: $(cat stderr)"
sed 's/"0.35"/"1.35"/' noted.safetensors > odd.safetensors
refuses 1 "odd.safetensors: detect.threshold is '1.35'; expected" "$bin/convert" from-torch odd.safetensors out/x.h5
works "$bin/convert" to-torch carry.h5 carry.pth
grep -q '^model.carry_noise = true is not kept' stdout || complain "convert to-torch does not say what is lost: $(cat stdout)"
works "$bin/convert" from-torch carry.pth back.h5
grep -q '^model.carry_noise = false is assumed' stdout || complain "convert from-torch assumes in silence: $(cat stdout)"
for command in 'to-onnx carry.pth assumed.onnx' 'to-torch carry.pth assumed.safetensors'; do
    # shellcheck disable=SC2086 # words
    works "$bin/convert" $command
    grep -q '^model.carry_noise = false is assumed' stdout || complain "convert $command assumes in silence: $(cat stdout)"
done
works "$bin/evaluate" --checkpoint carry.h5 --data scenes --size 64 --format csv
cut -d, -f 2-16 stdout > carry.csv
works "$bin/evaluate" --checkpoint carry.pth model.carry_noise=true --data scenes --size 64 --format csv
cut -d, -f 2-16 stdout | cmp -s - carry.csv || complain "evaluate takes no option for a .pth"
refuses 2 'model.stages is [0-9]* by the tensors; it cannot be set to 31' "$bin/convert" from-torch carry.pth out/x.h5 model.stages=31
refuses 2 'model.stages=3 is for from-torch' "$bin/convert" verify carry.h5 model.stages=3
for command in 'verify carry.pth' 'weights carry.safetensors out/x.h5' 'set-threshold carry.pth 0.3'; do
    # shellcheck disable=SC2086 # words
    refuses 1 'carry.[a-z]*: a file of PyTorch.s; expected a checkpoint of irst, which from-torch makes' "$bin/convert" $command
done
refuses 1 'missing.pkl' "$bin/convert" from-torch missing.pkl out/x.h5
refuses 1 'tiny.ini' "$bin/convert" from-torch tiny.ini out/x.h5
pickle=$(ls "$root/${IRST_SHARED:-../shared}"/reference/checkpoints/rpcanet_plus_SIRST*.pkl \
    "${IRST_SHARED:-../shared}"/reference/checkpoints/rpcanet_plus_SIRST*.pkl 2> /dev/null | head -n 1)
if [ -n "$pickle" ]; then
    works "$bin/convert" from-torch "$pickle" converted.h5
    head -c 100000 "$pickle" > cut.pkl
    refuses 1 'cut.pkl' "$bin/convert" from-torch cut.pkl out/x.h5
    works "$bin/evaluate" --checkpoint converted.h5 --data scenes --format csv
    cut -d, -f 1-16 stdout > converted.csv
    works "$bin/evaluate" --checkpoint "$pickle" --data scenes --format csv
    cut -d, -f 1-16 stdout | cmp -s - converted.csv || complain "evaluate scores a .pkl otherwise than what convert makes of it"
    works "$bin/train" tiny.ini --out pickled train.epochs=1 "train.init=$pickle" "train.teacher=$pickle"
    grep -q 'train.init: .* tensors taken from .*.pkl' stderr || complain "train.init took nothing from a .pkl: $(cat stderr)"
    cat > pickled.ini << 'INI'
[data]
scenes = scenes
[methods]
RPCANet+ = rpcanet_plus
INI
    works "$bin/eval-table" pickled.ini "table.published=$root/configs/published.ini" "checkpoint.RPCANet+=$pickle" --out pickled
    grep -q "RPCANet+ on scenes: .*.pkl" pickled/table.md || complain "eval-table does not name its .pkl"
fi

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
