#!/usr/bin/env bash
# Every kind of page in headless Chromium, where that is installed (`make test-browser` installs it): no error, no request to
# the network, by keyboard, light and dark, narrow, without JavaScript. SHOTS=folder: screenshots go there.
# usage: test_browser.sh [FOLDER OF PROGRAMS]
root=$(pwd)
[ -z "${SHOTS:-}" ] || SHOTS=$(realpath "$SHOTS")
export SHOTS
. tests/programs/checks.sh
export OMP_NUM_THREADS=1
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
    echo "1 skipped: there is no Chromium"
    exit 0
fi

works "$bin/prepare" synthesize scenes --train 8 --test 8 --size 64 --seed 3
works "$bin/evaluate" --method mpcm --data scenes --size native --out results --intervals 50
works "$bin/evaluate" --method mpcm --data scenes --size native --rule max --threshold 0.25 --format json
cp stdout figures.json
tiny_ini 1 64 > tiny.ini
cat >> tiny.ini << 'INI'
[train]
epochs = 3
batch_size = 4
evaluate_every = 1
INI
works "$bin/train" tiny.ini --out run
printf '[data]\nA = scenes\n[methods]\nMPCM = mpcm\n[evaluate]\nsize = 48\nthreads = 1\n' > base.ini
{
    cat base.ini
    printf '[noise]\ngaussian = 0 0.01\nsalt_and_pepper =\nseeds = 4 7\nexamples = %s\n' "$(head -n 1 scenes/test.txt)"
} > noise.ini
works "$bin/eval-noise" noise.ini --out noise
works "$bin/eval-table" base.ini table.published="$root/configs/published.ini" --out table

"$bin/browse" results > address 2> stderr &
server=$!
until [ -s address ] || ! kill -0 $server 2> /dev/null; do sleep 0.1; done
works timeout 600 python3 "$root/tests/programs/browser_checks.py" "$chromium" "$(cat address)" figures.json \
    results/report.html run/report.html noise/report.html table/report.html table/cells/MPCM.A.html
cat stdout
kill -INT $server
wait $server || complain "browse ended with $?"
[ "$bad" -eq 0 ]
