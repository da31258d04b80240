#!/usr/bin/env bash
# What users have and complain of, one small set or image each: what irst answers stands beside it. The inputs are made
# from the shared folder's generator. usage: test_cases.sh [FOLDER OF PROGRAMS]
generator=$(realpath -m "${IRST_SHARED:-../shared}/cases/make_cases.py")
. tests/programs/checks.sh

if [ ! -f "$generator" ]; then
    echo "$generator is missing"
    [ "${CI:-}" = true ] && exit 1
    exit 0
fi
if ! /usr/bin/python3 -c 'import numpy, PIL' 2> /dev/null; then
    echo "1 skipped: the cases need python3 with numpy and pillow (scripts/setup.sh --tests)"
    [ "${CI:-}" = true ] && exit 1
    exit 0
fi
/usr/bin/python3 "$generator" "$work/cases" > made 2>&1 || complain "the generator failed: $(tail -n 1 made)"
cd cases || exit 1

tiny_ini 1 64 > ../tiny.ini
cat >> ../tiny.ini << 'INI'
[train]
epochs = 1
batch_size = 4
crop_epochs = 0
INI

measure() { "$bin/evaluate" --method mpcm --size 64 --format json --data "$@"; }

# What does not depend on the name of the set or on the clock.
figures() { grep -oE '"(images|miou|f1|pd|fa|tp|fp|fn|targets)": [^,}]*' "$1"; }

measure ok > ../ok.json 2> /dev/null || complain "the plain case cannot be evaluated"
figures ../ok.json > ../ok.figures
[ -s ../ok.figures ] || complain "no figures of the plain case"
plain=../ok.figures

# run ACTION CASE CODE PATTERN: '=' after a code asks for the figures of the plain case too; the pattern is sought in
# all that is printed, and '-' asks for silence on stderr.
run() {
    local action=$1 case=$2 code=${3%=} pattern=$4 same=${3#"${3%=}"} got
    local -a options=()
    count=$((count + 1))
    read -ra options <<< "${action#* }"
    [ "${action#* }" = "$action" ] && options=()
    rm -rf ../out
    case ${action%% *} in
    check) "$bin/prepare" check "$case" ;;
    pack) "$bin/prepare" pack "$case" ../out.h5 "${options[@]}" ;;
    measure) measure "$case" "${options[@]}" ;;
    train) "$bin/train" ../tiny.ini "data.root=$case" --out ../out "${options[@]}" ;;
    detect) "$bin/detect" --method mpcm "$case" --out ../out "${options[@]}" ;;
    load) "$bin/evaluate" --checkpoint "ckpt/$case" --data ok --size 64 --format json ;;
    split) "$bin/prepare" split "$case" "${options[@]}" ;;
    esac > ../stdout 2> ../stderr < /dev/null
    got=$?
    [ "$got" -eq "$code" ] || complain "$action $case: exit code $got, expected $code: $(head -c 300 ../stderr)"
    if [ "$pattern" = - ]; then
        [ -s ../stderr ] && complain "$action $case: not silent: $(head -c 300 ../stderr)"
    else
        grep -qE -- "$pattern" ../stdout ../stderr || complain "$action $case: nothing says '$pattern': $(head -c 300 ../stderr)"
    fi
    if [ "$same" = = ]; then
        figures ../stdout | cmp -s - "$plain" || complain "$action $case: other figures than those of the plain case"
    fi
}

run_table() {
    local action case code pattern
    while IFS='|' read -r action case code pattern; do
        [ -z "$action" ] || [ "${action:0:1}" = '#' ] || run "$action" "$case" "$code" "$pattern"
    done
}

run_table << 'TABLE'
# --- images ---
check|ok|0|no totals
measure|ok|0=|-
train|ok|0|done
measure|img_rgb|0=|-
measure|img_la|0=|-
measure|img_bmp|0=|-
measure|img_tif|0=|-
measure|img_PNG|0=|-
measure|img_jpg|0|-
measure|img_jpg_named_png|0|-
measure|img_and_mask_bmp|0=|-
train|img_and_mask_bmp|0|done
measure|img_16bit_full|0|-
measure|img_14bit|0|fill 17 % of the range 0 to 65535.*--range 0,16383 .14 bits
train|img_14bit|0|fill 19 % of the range.*data.range = 0,16383
train data.range=0,16383|img_14bit|0|done
measure --range 0,16383|img_14bit|0|-
measure --range 9|img_14bit|2|--range is '9'; expected full, image
check|img_14bit|0|NOTE: .*--range 0,16383
pack --range percentile|img_14bit|0|6 images
# --- masks ---
measure|mask_01|0=|-
measure|mask_1bit|0=|-
measure|mask_16bit_255|0=|-
measure|mask_palette_voc|0=|-
measure|mask_pixels0|0=|-
measure|mask_suffix|0=|-
measure|mask_case|0=|-
measure --mask half|mask_01|1|no target at all: the largest value of a mask is 1
measure|mask_rgba_alpha_only|1|alpha channel
train|mask_rgba_alpha_only|1|alpha channel
check|mask_rgba_alpha_only|1|WRONG: .*alpha channel
measure|mask_instances|0|2 of 2 masks hold 1, 2, 3 .* give --mask any
measure --mask any|mask_instances|0|any value above 0
train|mask_instances|0|rewrite the masks
pack --mask any|mask_instances|0|6 images
pack --mask any|mask_instances|0|NOTE: .*any value above 0 is a target
pack --mask max|mask_instances|0|NOTE: .*only the last of each counts: give --mask any
pack --mask half|mask_instances|1|no target at all.*max or any takes it
pack --mask half|mask_01|1|no target at all
pack --mask any|mask_01|0|6 images
check|mask_instances|1|NOTE: .*numbered their targets
measure|mask_grey_edge|0|2 of 2 masks have values between 0 and their largest
train|mask_grey_edge|0|4 of 4 masks have values between
measure|mask_jpeg_noise|0|once saved as JPEG
measure|mask_inverted|1|masks/00000[56].png: targets cover .*inverted
train|mask_inverted|1|masks/000001.png: targets cover .*inverted
check|mask_inverted|1|WRONG: .*inverted
measure|mask_all_empty|1|no target at all: all 2 masks are empty
train|mask_all_empty|1|no target at all: all 4 masks are empty
check|mask_all_empty|1|WRONG: .*all 2 masks are empty
measure|mask_one_empty|0|images
check|mask_one_empty|0|empty masks +1
measure|mask_other_size|0|2 of 2 masks have another size
measure --size native|mask_other_size|1|100x80, but its image
pack|mask_other_size|1|100x80, but its image
check|mask_other_size|1|WRONG: .*100x80
# --- lists ---
measure|list_crlf|0=|-
measure|list_bom|0=|-
measure|list_utf16|1|UTF-16; save it as UTF-8
measure|list_ext|0=|-
measure|list_ext_bmp|0=|-
measure|list_prefix|0=|-
measure|list_pairs|0=|-
train|list_pairs|0|done
measure|list_sequence|0=|-
measure|list_only_train|1|no list test.txt; lists that are there: train.txt
measure --split all|list_only_train|0|-
measure|no_lists|1|lists that are there: none
measure --split all|no_lists|0|-
check|no_lists|0|NOTE: no list
pack|no_lists|0|6 images
split --val 0.2 --test 0.2|no_lists|0|no_lists: 4 images for training, 1 to choose on, 1 for test
split|no_lists|1|list of split train already
check|no_lists|0|split test
train|no_lists|0|done
split|ok|1|list of split train already
split --val 0.5 --test 0.5|frames_bmp|2|less than 1 together
split|frames_bmp|1|expected images/ and masks/
# --- layouts ---
measure|layout_img_idx_renamed|0=|-
measure|layout_img_idx_plain|0=|-
measure|layout_50_50|0=|-
train|layout_50_50|0|done
measure|layout_irstd1k_original|0=|-
measure|layout_irstd1k_original/IRSTD-1k|0=|-
measure|layout_img_label|0=|-
measure|labels_yolo|1|boxes have to be made masks
measure|labels_voc|1|images without masks; what is in labels_voc/Annotations
# --- damage ---
train|damaged_train|1|damaged_train/images/000002.png
train|damaged_test|1|damaged_test/images/000006.png
train|damaged_test_mask|1|damaged_test_mask/masks/000006.png
check|damaged_test|1|1 finding
train|missing_mask|1|missing_mask/masks/000002: no such mask
check|missing_mask|1|no such mask
pack|missing_mask|1|no such mask
pack|list_utf16|1|UTF-16
train|overlap|0|1 image of overlap is both trained on and evaluated on
check|overlap|1|same image
train|duplicate_line|1|names '000001' twice
# --- sizes ---
measure --size native|size_100x75|0|-
measure --size native|size_33|0|-
measure --size native|size_250x333|0|-
measure|size_mixed|0=|-
pack|size_mixed|1|pack with --size N
pack --size 32|size_mixed|0|6 images
# --- names ---
measure|names space and 红外 #1|0=|-
measure|names space and 红外 #1/set|0=|-
measure|names_dots|0=|-
train|five_train|0|done
# --- single images ---
detect|single/l8.png|0|-
detect|single/rgb.png|0|-
detect|single/la.png|0|-
detect|single/pal.png|0|-
detect|single/u16_full.png|0|-
detect|single/u16_14bit.png|0|--range 0,16383 .14 bits
detect|single/u16_12bit.png|0|--range 0,4095 .12 bits
detect --range image|single/u16_12bit.png|0|-
detect --range 0,4095|single/u16_12bit.png|0|-
detect --range 30000,40000|single/u16_12bit.png|0|the range 30000,40000 makes every pixel black: grey values run from
detect --range=-9,0|single/u16_12bit.png|0|the range -9,0 makes every pixel white: grey values run from
detect|single/x.bmp|0|-
detect|single/x.jpg|0|-
detect|single/x.tif|0|-
detect|single/f32.tif|0|-
detect|single/jpeg_named.png|0|-
detect|single/UPPER.PNG|0|-
detect|single/side1.png|0|1 image
detect|single/side2.png|0|1 image
detect|single/side7.png|0|1 image
detect|single/side15.png|0|1 image
detect|single/side16.png|0|1 image
detect|single/side17.png|0|1 image
detect|single/big2048.png|0|1 image, 12 detections
detect|single/big4096.png|0|cut into tiles of 1024, overlap 128
detect|single/black.png|0|every pixel is 0
detect|single/white.png|0|every pixel is 255
detect|single/no_target.png|0|1 image
detect|single/dpi_text.png|0|-
detect|single/rgba_opaque.png|0|-
detect|single/rgba_zero_alpha.png|0|-
detect|single/bit1.png|0|-
detect|single/black_hot.png|0|-
detect|single/trailing.png|0|-
detect|single/bitflip.png|1|bitflip.png: not a readable PNG
detect|single/empty.png|1|empty.png: the file is empty
detect|single/truncated.png|1|truncated.png: not a readable PNG
detect|single/video.mp4|1|video.mp4: not an image
detect|single/raw.raw|1|has to be given .--y16
detect --y16 160x64|single/raw.raw|0|1 image
detect --y16 160x60|single/raw.raw|1|20480 bytes
detect --y16 160|single/raw.raw|2|--y16 is '160'
detect --y16 4294967456x64|single/raw.raw|2|--y16 is '4294967456x64'
# --- folders of images ---
detect|frames_bmp|0|2 images
detect|frames_mixed|0|left out, as no images: frames_mixed/readme.txt
detect|frames_nested|1|--recursive
detect --recursive|frames_nested|0|4 images
TABLE

# --- checkpoints of PyTorch: one network, saved in all the ways that are met ---
cat > ../checkpoints << 'TABLE'
load|legacy.pth|0=|-
load|dataparallel.pth|0=|-
load|basicirstd_model_prefix.pth|0=|-
load|wrap_state_dict.pth|0=|-
load|wrap_net.pth|0=|-
load|wrap_model.pth|0=|-
load|wrap_model_state_dict.pth|0=|-
load|wrap_weights.pth|0=|-
load|wrap_params.pth|0=|-
load|wrap_state_dict_module.pth|0=|-
load|mshnet_checkpoint.pkl|0=|-
load|mshnet_checkpoint_float.pkl|0=|-
load|half.pth|0|-
load|double.pth|0=|-
load|bfloat16.pth|0|-
load|parameters.pth|0=|-
load|missing_two.pth|1|missing_two.pth: .* is missing
load|thop_extra.pth|0=|-
load|extra_key.pth|1|extra.head.weight
load|wrong_shape.pth|1|has shape .*, expected
load|nan.pth|1|not finite
load|whole_module.pth|1|whole_module.pth: 
load|other_net.pth|1|other_net.pth: 
load|torchscript.pt|1|torchscript.pt: 
load|truncated.pth|1|truncated.pth: 
load|lfs_pointer.pth|1|lfs_pointer.pth: 
load|html.pkl|1|html.pkl: 
load|empty.pkl|1|empty.pkl: 
TABLE
if [ -d ckpt ]; then
    works "$bin/evaluate" --checkpoint ckpt/plain.pth --data ok --size 64 --format json
    figures stdout > ../plain.figures
    plain=../plain.figures
    run_table < ../checkpoints
else
    echo "$(wc -l < ../checkpoints) skipped: the checkpoints of the cases need python3-torch"
fi

# --- the other kinds of wrong answers ---
longer=(train.epochs=40 train.learning_rate=1e-2 train.evaluate_every=40) # until scores differ
works "$bin/train" ../tiny.ini data.root=img_14bit data.range=0,16383 "${longer[@]}" --out ../ranged
works "$bin/evaluate" --checkpoint ../ranged/last.h5 --data img_14bit --size 64
[ -s stderr ] && complain "evaluate does not take data.range from the checkpoint: $(head -c 200 stderr)"
works "$bin/convert" weights ../ranged/last.h5 ../ranged.h5
works "$bin/detect" img_14bit/images --checkpoint ../ranged.h5 --out ../found
[ -s stderr ] && complain "detect does not take data.range from converted weights: $(head -c 200 stderr)"
works "$bin/evaluate" --checkpoint ../ranged/last.h5 --data img_14bit --size 64 --split train
grep -q 'was trained on split train of img_14bit' stderr || complain "evaluate is silent about the split trained on"
works "$bin/train" ../tiny.ini data.root=img_14bit "${longer[@]}" --out ../plain
# value NAME: a figure of the last JSON
value() { sed -n "s/^ *\"$1\": *\([-0-9.e+]*\),*/\1/p" stdout; }
works "$bin/evaluate" --checkpoint ../plain/last.h5 --data img_14bit --size 64 --format json
full=$(value auc)
works "$bin/evaluate" --checkpoint ../ranged/last.h5 --data img_14bit --size 64 --format json
ranged=$(value auc)
works "$bin/evaluate" --checkpoint ../plain/last.h5 --data img_14bit --size 64 --format json --against ../ranged/last.h5 --intervals 10
awk -v one="$full" -v other="$ranged" -v difference="$(value auc_difference)" \
    'BEGIN { d = one - other - difference; exit !(one != other && d < 1e-9 && d > -1e-9) }' ||
    complain "evaluate --against does not take the other's range: $full, $ranged, difference $(value auc_difference)"
works "$bin/prepare" pack img_14bit ../spread.h5 --range 0,16383
works "$bin/train" ../tiny.ini data.root=../spread.h5 "${longer[@]}" --out ../spread
cat > ../figures.ini << 'INI'
[data]
camera = img_14bit
[methods]
net = rpcanet_plus
[evaluate]
size = 64
[figures]
images = 000005
stages = net
INI
works "$bin/eval-figures" ../figures.ini checkpoint.net=../ranged/last.h5 --out ../figures
works "$bin/eval-figures" ../figures.ini data.camera=../spread.h5 checkpoint.net=../spread/last.h5 --out ../same
cmp -s ../figures/camera_000005_stages_net.png ../same/camera_000005_stages_net.png ||
    complain "eval-figures does not take data.range from the checkpoint"
refuses 2 'nothing to resume' "$bin/train" ../tiny.ini data.root=ok --out out --resume
works "$bin/detect" single/l8.png --out ../found
grep -q 'know their training images only' stderr || complain "detect is silent about the weights it comes with"

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
