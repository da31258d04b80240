#!/usr/bin/env bash
# Odd but legal input: images of one pixel and of 4096x3000, sides that nothing divides, black and white ones, thousands
# of targets, names with blanks, UTF-8 and newlines. usage: test_odd_input.sh [FOLDER OF PROGRAMS]
# shellcheck source=tests/programs/checks.sh
. "$(dirname "$0")/checks.sh" "${1:-bin}"
export OMP_NUM_THREADS=1

# image FILE WIDTH HEIGHT VALUE [VALUE]: a binary PGM of that grey value, or with single pixels of the second.
image() {
    local pixels
    printf 'P5 %d %d 255\n' "$2" "$3" > "$1"
    pixels=$(($2 * $3))
    if [ $# -eq 4 ]; then
        head -c "$pixels" /dev/zero | tr '\0' "\\$(printf '%03o' "$4")" >> "$1"
    else
        # every 16th pixel of every 16th row, which touch one another nowhere
        awk -v w="$2" -v h="$3" 'BEGIN { for (y = 0; y < h; y++) for (x = 0; x < w; x++)
            printf "%s", x % 16 == 8 && y % 16 == 8 ? "Z" : "A" }' | tr AZ "\\$(printf '%03o' "$4")\\$(printf '%03o' "$5")" >> "$1"
    fi
}

# pair SET NAME WIDTH HEIGHT IMAGE MASK: the same values in an image and its mask.
pair() {
    mkdir -p "$1/images" "$1/masks"
    image "$1/images/$2.pgm" "$3" "$4" "$5"
    image "$1/masks/$2.pgm" "$3" "$4" "$6"
}

# try SET: what the programs make of it.
try() {
    works "$bin/prepare" check "$1"
    works "$bin/evaluate" --method mpcm --data "$1" --split all --size native
    works "$bin/evaluate" --method mpcm --data "$1" --split all --size 32
    works "$bin/prepare" pack "$1" "$1.h5" --size 32
    works "$bin/evaluate" --method mpcm --data "$1.h5" --split all
    rm -rf out
    works "$bin/detect" --method mpcm "$1/images" --out out
    [ "$(find out -name '*.png' | wc -l)" -ge "$(find "$1/images" -type f | wc -l)" ] || complain "$1: pictures are missing"
}

# A mask needs a target somewhere in the set, or nothing can be measured.
pair sizes one 1 1 200 0
pair sizes row 97 1 10 0
pair sizes column 1 89 10 0
pair sizes primes 53 61 30 0
image sizes/masks/primes.pgm 53 61 0 255
try sizes

pair flat black 33 35 0 0
pair flat white 33 35 255 0
pair flat grey 33 35 128 0
image flat/masks/grey.pgm 33 35 0 255
try flat

pair 'a set' 'two  blanks' 40 40 9 0
pair 'a set' 'Ünïcödé 目标' 40 40 10 0
pair 'a set' $'new\nline' 40 40 11 0
pair 'a set' "quotes '\" \$x;*" 40 40 12 0
image 'a set/masks/two  blanks.pgm' 40 40 0 255
try 'a set'

# Names that are not UTF-8: JSON has U+FFFD for their bytes.
pair 'a set' $'na\xefve' 40 40 13 0
try 'a set'
rm -rf out
works "$bin/detect" --method mpcm "a set/images" --out out
grep -q '^detect: 1 name is not UTF-8' stderr || complain "detect says of the name: $(head -c 300 stderr)"
grep -q $'na\xef\xbf\xbdve' out/detections.json || complain "the name is not in detections.json"
mv 'a set' $'a s\xe9t'
works "$bin/evaluate" --method mpcm --data $'a s\xe9t' --split all --size 32 --format json
grep -q $'a s\xef\xbf\xbdt' stdout || complain "the set is not in the report: $(head -c 300 stdout)"

# Pipes: an image, a set.
refuses 1 'neither a regular file nor a folder' "$bin/detect" --method mpcm <(echo P5) --out out
refuses 1 'neither a regular file nor a folder' "$bin/evaluate" --method mpcm --data <(echo P5)
mkdir pipes
mkfifo pipes/a.png
refuses 1 'neither a regular file nor a folder' timeout 20 "$bin/detect" --method mpcm pipes --out out

mkdir -p many/images many/masks
image many/images/m.pgm 1024 1024 20 220
image many/masks/m.pgm 1024 1024 0 255
works "$bin/evaluate" --method mpcm --data many --split all --size native --format json
grep -qE '"targets": 4096' stdout || complain "not 4096 targets: $(head -c 300 stdout)"
works "$bin/detect" --method mpcm many/images --out out

mkdir -p large
image large/l.pgm 4096 3000 77
works "$bin/detect" --method mpcm large --out out

for name in a b c d; do
    pair lists "$name" 20 20 60 0
    image "lists/masks/$name.pgm" 20 20 0 255
done
printf 'a\nb\n' > lists/trainval.txt
echo d > lists/test.txt
echo a > lists/train.txt
echo b > lists/val.txt
works "$bin/prepare" pack lists lists.h5
printf 'a\nc\n' > lists/train.txt # which trainval should hold
refuses 1 "trainval should hold split train and lacks 1 of its images, e.g. 'c'" "$bin/prepare" pack lists out/lists.h5

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
