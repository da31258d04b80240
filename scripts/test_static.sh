#!/usr/bin/env bash
# `make STATIC=1`: the one file detects in an empty root that holds nothing else but weights and an image, and finds what
# the dynamically linked program finds. Needs root. usage: scripts/test_static.sh
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "test_static.sh: an empty root needs root" >&2; exit 1; }
scripts/setup.sh --static
make -j"$(nproc)" all
make -j"$(nproc)" STATIC=1 BINDIR=build/static
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root/bin"
cp build/static/detect "$root/bin"
strip "$root/bin/detect"
if readelf -lW "$root/bin/detect" | grep -qE 'INTERP|DYNAMIC'; then
    echo "detect asks for a loader or a library"
    exit 1
fi
bin/prepare synthesize "$root/scenes" --train 1 --test 1 --size 96 > /dev/null
cp weights/rpcanet_plus_nudt.h5 "$root"

# search CHECKPOINT IMAGE: what both programs find.
search() {
    rm -rf "$root/found" "$root/same"
    chroot "$root" /bin/detect --checkpoint "$1" "$2" --out /found
    bin/detect --checkpoint "$root/$1" "$root/$2" --out "$root/same" > /dev/null
    [ "$(wc -l < "$root/found/detections.csv")" -gt 1 ] || { echo "nothing is found"; exit 1; }
    sed "s|$root||" "$root/same/detections.csv" | cmp - "$root/found/detections.csv"
    for map in score mask; do
        cmp "$root/found/"*_$map.png "$root/same/"*_$map.png
    done
}
search rpcanet_plus_nudt.h5 scenes/images/scene_00000.png

bin/convert to-torch weights/rpcanet_plus_nudt.h5 "$root/zip.pth" > /dev/null
if chroot "$root" /bin/detect --checkpoint zip.pth scenes/images/scene_00000.png --out /zip 2> "$root/error"; then
    cmp "$root/zip/detections.csv" "$root/found/detections.csv" # where there is a static libzip
else
    grep -q 'zip.pth: .*from-torch' "$root/error" || { cat "$root/error"; exit 1; }
fi
stat -c '%s bytes, statically linked, stripped' "$root/bin/detect"
