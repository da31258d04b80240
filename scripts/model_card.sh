#!/usr/bin/env bash
# Rewrites what a card of shipped weights says of the network and of its figures, and the figures that
# tests/programs/published_figures.sh holds the weights to, where it has a line for them; all else in the card stays. A new
# card is a title, a line of anything, and the headings Network and Figures. Takes the time of an evaluation of each set.
# usage: model_card.sh NAME DATA..., for instance model_card.sh nudt DATA/NUDT-SIRST
set -euo pipefail
if [ $# -lt 2 ]; then
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
fi
name=$1
shift
# Folders as given, for the last part of their path names the set: links are not followed.
sets=()
for data in "$@"; do
    [[ $data == /* ]] || data=$PWD/$data
    sets+=("$data")
done
cd "$(dirname "$0")/.."
file=$(sed -n "s/^WEIGHTS(\"$name\", \"\(.*\)\")$/\1/p" eval/programs/shipped_weights.def)
[ -n "$file" ] || { echo "model_card.sh: $name is not in eval/programs/shipped_weights.def" >&2; exit 2; }
weights=weights/$file.h5 card=weights/$file.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bin/convert verify "$weights" | sed "1s/^[^:]*: //" > "$work/network"

# option KEY: of the network
option() { awk -v key="$1" '$1 == key { print $2 }' "$work/network"; }
settings=
for pair in K:model.stages BC:model.bottleneck_channels TC:model.total_channels; do
    value=$(option "${pair#*:}")
    [ -z "$value" ] || settings+="${settings:+, }${pair%%:*} = $value"
done
{
    printf '%s%s, ' "$(sed '1s/ (.*//;q' "$work/network")" "${settings:+ ($settings)}"
    awk -v parameters="$(option parameters)" -v bytes="$(stat -c %s "$weights")" \
        'BEGIN { printf "%.3g M parameters, %.2f MB", parameters / 1e6, bytes / 1e6 }'
} > "$work/summary"
{
    printf '    %s verify %s\n    sha256sum %s\n\n' bin/convert "$weights" "$weights"
    sed 's/^/    /' "$work/network"
    printf '    %-28s %s\n' sha256 "$(sha256sum < "$weights" | cut -d ' ' -f 1)"
} > "$work/Network"

# The figures of all images, and the counts of every eighth: what the test wants.
held() {
    awk -F, -v OFS=' ' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        {
            for (name in at) { all[name] += $at[name]; if (NR % 8 == 2) eighth[name] += $at[name] }
        }
        END {
            tp = all["tp"]; wrong = all["fp"] + all["fn"]
            printf "%.4f %.4f %d %d %.3f ", tp / (tp + wrong), 2 * tp / (2 * tp + wrong), all["targets_detected"],
                all["targets"], 1e5 * all["false_pixels"] / all["area_pixels"]
            printf "%d %d %d %d %d %.3f\n", eighth["tp"], eighth["fp"], eighth["fn"], eighth["targets_detected"],
                eighth["targets"], 1e5 * eighth["false_pixels"] / eighth["area_pixels"]
        }' "$work/images.csv"
}

between=
for data in "${sets[@]}"; do
    bin/evaluate --checkpoint "$weights" --data "$data" --records "$work/images.csv" > "$work/evaluated"
    set=$(sed -n '1s/.* on \(.*\), split.*/\1/p' "$work/evaluated")
    images=$(sed -n '1s/.*: \([0-9]*\) images.*/\1/p' "$work/evaluated")
    printf ', %s: mIoU %s on its %s test images' "$set" \
        "$(awk '$1 == "mIoU" { print $2, $3, $4, $5 }' "$work/evaluated")" "$images" >> "$work/summary"
    {
        printf '%s' "$between"
        printf '    bin/evaluate --weights %s --data DATA/%s --records images.csv\n\n' "$name" "$set"
        sed -e '/ ms per image/d' -e 's/^\(.\)/    \1/' "$work/evaluated" | cat -s
    } >> "$work/Figures"
    between=$'\n'
    sed -i "/^run $file $set /{n;s/.*/    $(held)/}" tests/programs/published_figures.sh
done
echo >> "$work/summary"

awk -v work="$work" '
    function insert(name,    line) { while ((getline line < (work "/" name)) > 0) print line }
    /^## / { skipping = 0 }
    !skipping && !/^#/ && !/^$/ && !summed { insert("summary"); summed = 1; next }
    !skipping { print }
    /^## (Network|Figures)$/ { print ""; insert($2); if ($2 == "Network") print ""; skipping = 1 }' "$card" > "$work/card"
cp "$work/card" "$card"
cat "$work/summary"
