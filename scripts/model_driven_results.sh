#!/usr/bin/env bash
# Evaluates the model-driven methods and RPCANet on the three public test sets and writes the tables into a document,
# between its lines `<!-- tables -->` and `<!-- end of tables -->`.
# usage: scripts/model_driven_results.sh DATA CHECKPOINTS WORK DOCUMENT [--tabulate]
#   DATA         holds NUDT-SIRST, IRSTD-1k and SIRST
#   CHECKPOINTS  holds the converted rpcanet_*.h5
#   WORK         receives one JSON report per run; a run whose report is there is not repeated
#   --tabulate   runs nothing: the tables show the reports that are there
set -euo pipefail
if [ $# -lt 4 ] || [ $# -gt 5 ] || [ "${5:---tabulate}" != --tabulate ]; then
    sed -n '2,8s/^# //p' "$0" >&2
    exit 2
fi
data=$1 checkpoints=$2 work=$3 document=$4 tabulate=${5:-}
bin=$(dirname "$0")/../bin
for line in '<!-- tables -->' '<!-- end of tables -->'; do
    [ "$(grep -cx -- "$line" "$document")" -eq 1 ] || { echo "$document: needs one line '$line'" >&2; exit 1; }
done
mkdir -p "$work"

# evaluate NAME DATASET ARGUMENTS...
evaluate() {
    local report="$work/$2_$1.json" set=$2
    shift 2
    if [ -s "$report" ] || [ -n "$tabulate" ]; then
        return
    fi
    "$bin/evaluate" "$@" --data "$data/$set" --split test --size 256 --format json > "$report.new"
    mv "$report.new" "$report"
}

# row NAME DATASET LABEL: one line of a table from the report
row() {
    local report="$work/$2_$1.json"
    [ -s "$report" ] || return 0
    value() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p" "$report" | head -n 1; }
    awk -v label="$3" -v iou="$(value miou)" -v f1="$(value f1)" -v pd="$(value pd)" -v hit="$(value targets_detected)" \
        -v all="$(value targets)" -v fa="$(value fa)" -v auc="$(value auc)" 'BEGIN {
            printf "| %s | %.2f | %.2f | %.2f (%d/%d) | %.3f | %.4f |\n", label, 100 * iou, 100 * f1, 100 * pd, hit, all,
                1e5 * fa, auc
        }'
}

# published LABEL mIoU F1 Pd Fa
published() { echo "| *$1* | *$2* | *$3* | *$4* | *$5* | |"; }

# table DATASET CHECKPOINT
table() {
    printf '\n### %s\n\n' "$1"
    printf '| method | mIoU %% | F1 %% | Pd %% | Fa 1e-5 | AUC |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
    for method in ipi pstnn mpcm; do
        for preset in authors community; do
            evaluate "${method}_$preset" "$1" --method "$method" "model.preset=$preset"
            row "${method}_$preset" "$1" "$method, $preset"
        done
    done
    evaluate rpcanet "$1" --checkpoint "$checkpoints/$2.h5"
    row rpcanet "$1" "RPCANet, \`$2\`"
}

tables() {
    table NUDT-SIRST rpcanet_NUDT_SIRST_mIoU_89.31
    published 'IPI, talk' 34.83 51.49 92.58 7.14
    published 'PSTNN, talk' 25.46 40.58 78.52 7.95
    published 'MPCM, talk' 25.96 40.78 78.59 7.91
    published 'RPCANet, talk' 89.31 94.35 97.14 2.87
    published 'IPI, DRPCA-Net' 31.71 48.16 87.30 10.94
    published 'PSTNN, DRPCA-Net' 21.69 35.64 68.04 22.21
    published 'MPCM, DRPCA-Net' 9.25 16.94 67.30 31.71
    table IRSTD-1k rpcanet_IRSTD_1K_mIoU_63.21
    published 'IPI, talk' 18.67 31.48 78.54 11.11
    published 'PSTNN, talk' 14.87 25.89 68.73 6.51
    published 'MPCM, talk' 14.81 25.93 69.03 6.51
    published 'RPCANet, talk' 63.21 77.45 88.31 4.39
    published 'IPI, DRPCA-Net' 26.55 41.96 89.34 7.16
    published 'PSTNN, DRPCA-Net' 21.35 35.19 68.04 27.01
    published 'MPCM, DRPCA-Net' 15.52 26.88 61.85 10.93
    table SIRST rpcanet_SIRST_Aug_mIoU_72.54
    published 'RPCANet trained on SIRST, its README' 70.37 82.61 95.41 7.42
}

tables > "$work/tables"
awk -v tables="$work/tables" '
    /^<!-- end of tables -->/ { skip = 0 }
    !skip { print }
    /^<!-- tables -->/ { skip = 1; while ((getline line < tables) > 0) print line; print "" }
' "$document" > "$document.new"
mv "$document.new" "$document"
