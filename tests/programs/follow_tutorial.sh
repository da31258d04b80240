#!/usr/bin/env bash
# docs/tutorial.md as a new user would follow it: its commands, in their order, in a folder that stands for the source
# tree. Takes a processor minute for the training. Needs `make all library`. usage: follow_tutorial.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
tree=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for entry in bin configs examples python weights; do
    ln -s "$tree/$entry" "$work/$entry"
done
{
    echo "make() { env -u MAKEFLAGS -u MAKELEVEL make -s -C '$tree' WERROR=1 \"\$@\"; }"
    sed -n 's/^    //p' docs/tutorial.md | if scripts/find_libraries.sh static > /dev/null 2>&1; then cat; else grep -v board; fi
} > "$work/commands.sh"
cd "$work"
if ! bash -euo pipefail commands.sh > out 2>&1; then
    tail -n 20 out
    exit 1
fi

# The figures that the page gives of the test split: another processor rounds otherwise, and trains another network.
page=$(grep -oE 'mIoU [0-9]+ %, all 45 targets' "$tree/docs/tutorial.md" | grep -oE '[0-9]+ %' | tr -d ' %')
awk -v page="$page" '/split test: 20 images, size 96/ { here = 1 } here && $1 == "mIoU" { miou = $2 } here && $1 == "Pd" { split($4, n, "/"); found = n[1]; exit }
    END { exit !(page && miou > page - 5 && miou < page + 5 && found >= 42) }' out || {
    echo "docs/tutorial.md says mIoU $page % and 45 targets; its commands give: $(grep -A 10 'split test: 20 images, size 96' out)"
    exit 1
}

# What the page says is found, and that every way to detect finds it.
found=$(sed -n 's/^scene_00006,[0-9]*,//p' found/detections.csv | tr ',' ' ')
[ "$(grep -cE '^[0-9]+\.[0-9]+ [0-9. ]+$' out)" -eq "$(wc -l <<< "$found")" ] || {
    echo "the example in C finds something else than '$found'"
    exit 1
}
grep -qF "Detection(x=${found%%.*}." out || {
    echo "the example in Python finds something else than '$found'"
    exit 1
}
