#!/usr/bin/env bash
# The picture of docs/architecture.md: through which folders an image goes forward and a gradient backward. Prints SVG.
# usage: scripts/architecture_picture.sh > docs/architecture.svg
set -euo pipefail
cd "$(dirname "$0")/.."
left=20 column=430 gap=70 top=64 height=82 step=100
middle=$((left + column + gap))
width=$((2 * left + 2 * column + gap))

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' <<< "$1"; }

# box X Y CLASS FOLDERS LINE LINE: the folders must exist.
box() {
    local x=$1 y=$2 class=$3 folders=$4 folder
    for folder in ${folders//,/}; do
        [ -d "$folder" ] || { echo "architecture_picture.sh: there is no folder $folder" >&2; exit 1; }
    done
    echo "<rect class=\"$class\" x=\"$x\" y=\"$y\" width=\"$column\" height=\"$height\" rx=\"8\"/>"
    echo "<text class=\"folder\" x=\"$((x + 14))\" y=\"$((y + 24))\">$(escape "$folders")</text>"
    echo "<text x=\"$((x + 14))\" y=\"$((y + 46))\">$(escape "$5")</text>"
    echo "<text x=\"$((x + 14))\" y=\"$((y + 66))\">$(escape "$6")</text>"
}

arrow() { echo "<line class=\"$1\" x1=\"$2\" y1=\"$3\" x2=\"$4\" y2=\"$5\" marker-end=\"url(#$1)\"/>"; }

row=0
# layer FOLDERS LINE LINE   FOLDERS LINE LINE: what happens there on the way forward, and on the way back.
layer() {
    local y=$((top + row * step))
    box $left $y forward "$1" "$2" "$3"
    box $middle $y backward "$4" "$5" "$6"
    if [ $row -gt 0 ]; then
        arrow down $((left + column / 2)) $((y - step + height)) $((left + column / 2)) $((y - 3))
        arrow up $((middle + column / 2)) $y $((middle + column / 2)) $((y - step + height + 3))
    fi
    row=$((row + 1))
}

layers() {
    layer "core/io, datasets, datasets/vary" "file, folder or pack -> grey values in [0, 1] and labels," "resized or cropped, varied, gathered into a batch" \
        "core/io" "weights, the optimizer's state and the options" "-> one HDF5 file, replaced as a whole"
    layer "train, eval" "the trainer asks for a batch; evaluate and detect" "for one image at a time" \
        "train, train/rules" "a rule (Adam, Muon, ...) moves the weights, at a" "rate that falls with the work done"
    layer "modules, modules/networks" "the detector fills the input; its network recorded" "plain operations once, as its paper writes them" \
        "modules" "the gradient of each parameter has been added up," "under the name that published checkpoints use"
    layer "autograd, autograd/fused" "the plan put fused operations in the place of patterns;" "they run in the order of recording, to logit and loss" \
        "autograd, autograd/fused" "the same operations in reverse order: each adds to" "the gradients of its inputs"
    # What comes back begins with the loss.
    arrow up $((left + column)) $((top + 3 * step + height / 2)) $((middle - 3)) $((top + 3 * step + height / 2))
    echo "<text class=\"loss\" x=\"$((left + column + gap / 2))\" y=\"$((top + 3 * step + height / 2 - 8))\">loss</text>"
    layer "core/conv" "a plan per convolution: strategy, scratch, packed" "weights; direct, Winograd or matrix products" \
        "core/conv" "the same plan: gradient of the input," "gradient of the weights"
    layer "core/kernels, core/tensor" "rows of planar tensors; one body, compiled for each" "instruction set" \
        "core/kernels, core/tensor" "rows again, summed in a fixed order whatever the" "number of threads"
}

body=$(layers)
bottom=$((top + 6 * step))
cat << END
<svg xmlns="http://www.w3.org/2000/svg" width="$width" height="$((bottom + 72))" viewBox="0 0 $width $((bottom + 72))">
<style>
text { font: 15px "DejaVu Sans", sans-serif; fill: #303030 }
.folder { font: bold 15px "DejaVu Sans Mono", monospace }
.head { font: bold 17px "DejaVu Sans", sans-serif; text-anchor: middle }
.loss { text-anchor: middle }
.forward { fill: #e3eefb; stroke: #3b78b8 }
.backward { fill: #fbe9e3; stroke: #b85a3b }
.engine { fill: #eeeeee; stroke: #808080 }
line { stroke-width: 2.5 }
.down { stroke: #3b78b8 }
.up { stroke: #b85a3b }
</style>
<defs>
<marker id="down" markerUnits="userSpaceOnUse" markerWidth="14" markerHeight="12" viewBox="0 0 9 8" refX="7" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z" fill="#3b78b8"/></marker>
<marker id="up" markerUnits="userSpaceOnUse" markerWidth="14" markerHeight="12" viewBox="0 0 9 8" refX="7" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z" fill="#b85a3b"/></marker>
</defs>
<rect width="100%" height="100%" fill="white"/>
<text class="head" x="$((left + column / 2))" y="36">an image, forward</text>
<text class="head" x="$((middle + column / 2))" y="36">its gradient, backward</text>
$body
<rect class="engine" x="$left" y="$bottom" width="$((2 * column + gap))" height="52" rx="8"/>
<text class="folder" x="$((left + 14))" y="$((bottom + 22))">core/base</text>
<text x="$((left + 14))" y="$((bottom + 42))">the engine that all of them are given: threads, how work reaches them, the kernels of one instruction set</text>
</svg>
END
