#!/usr/bin/env bash
# The pages that programs write are whole, well formed and hold the figures that the programs print; names out of files
# stay names. usage: test_reports.sh [FOLDER OF PROGRAMS]
root=$(pwd)
. tests/programs/checks.sh
export OMP_NUM_THREADS=1

pages() {
    count=$((count + 1))
    python3 "$root/tests/programs/page_checks.py" "$@" > checked || complain "$(grep -v ' 0 faults$' checked | head -c 900)"
}

# holds FILE TEXT...: each stands in it
holds() {
    local file=$1 text
    shift
    for text in "$@"; do
        count=$((count + 1))
        grep -qF -- "$text" "$file" || complain "$file lacks '$text'"
    done
}

# --- evaluate ---
works "$bin/prepare" synthesize scenes --train 4 --test 8 --size 64 --seed 3
mkdir -p odd/test/images odd/test/masks
evil=$'<img src=x onerror=alert(1)>&"\'\n</script>'
evil=${evil//\//-}
first=$(head -n 1 scenes/test.txt)
for name in $(cat scenes/test.txt); do
    for kind in images masks; do
        cp "scenes/$kind/$name.png" "odd/test/$kind/$([ "$name" = "$first" ] && echo "$evil" || echo "$name").png"
    done
done
works "$bin/evaluate" --method mpcm --data odd --size native --report a.html --intervals 100 --records a.csv
pages a.html
miou=$(awk '$1 == "mIoU" { print $2 }' stdout)
holds a.html "mpcm on odd, split test" "<dt title=\"pixels right / (right + false + missed), over all images\">mIoU</dt><dd>$miou " \
    '&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;�&lt;-script&gt;' 'Missed targets' 'False alarms' 'Sample images'
[ "$(grep -c '<img' a.html)" -eq 0 ] || complain "a name became a tag"
works "$bin/evaluate" --method mpcm --data odd --size native --against pstnn --report b.html --threshold 0.2 --protocol centroid
pages b.html
holds b.html 'Differences are to pstnn, rule score &gt; 0.2.' 'protocol centroid'
works "$bin/evaluate" --predictions scenes/masks --data scenes --size native --report c.html
pages c.html
holds c.html 'No target was missed.' 'There was no false alarm.' 'IoU 100.0 % (pixels: 0 false, 0 missed), '
# Figures that say nothing are called so: the detector's, the other one's, and those of a rule.
works "$bin/evaluate" --method mpcm --data scenes --size native --against pstnn --threshold 1 --report d.html
pages d.html
holds d.html 'mpcm: no pixel is predicted in any image.' 'pstnn: no pixel is predicted in any image.'
holds stderr 'evaluate: no pixel is predicted in any image' 'evaluate: pstnn: no pixel is predicted in any image'
python3 - > black.png << 'PY'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)) +
                        chunk(b"IDAT", zlib.compress(bytes(65 * 64))) + chunk(b"IEND", b""))
PY
mkdir black
for name in $(cat scenes/test.txt); do
    cp black.png "black/$name.png"
done
works "$bin/evaluate" --predictions black --data scenes
holds stderr 'evaluate: rule max: no pixel is predicted in any image' 'evaluate: rule score: no pixel is predicted in any image'
refuses 2 'a.txt: a report goes to a file that ends in .html' "$bin/evaluate" --method mpcm --data odd --report a.txt
refuses 1 'no/such/a.html' "$bin/evaluate" --method mpcm --data odd --report no/such/a.html

# --- train: the page, and what TensorBoard is shown ---
tiny_ini 1 64 > tiny.ini
cat >> tiny.ini << 'INI'
[train]
epochs = 3
batch_size = 4
evaluate_every = 2
average = 0.9
INI
works "$bin/train" tiny.ini --out "run <b>"
pages "run <b>/report.html"
holds "run <b>/report.html" 'Run run &lt;b&gt;' 'After epoch 3 of 3; evaluated on 8 images' 'averaged weights' 'epochs = 3'
works python3 "$root/tests/train/event_checks.py" "run <b>/events.out.tfevents.irst"
[ "$(grep -c '^pictures scenes/[0-9_a-z]*: 2, steps 2 to 3, ' stdout)" -eq 4 ] || complain "TensorBoard is shown $(cat stdout)"
[ "$(grep -c '^scalar loss: 3 values' stdout)" -eq 1 ] || complain "the losses are not there"

echo "$count checks, $bad wrong"
[ "$bad" -eq 0 ]
