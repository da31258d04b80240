#!/usr/bin/env bash
# browse on what evaluate and detect leave: figures as of evaluate, who may ask, how it ends. usage: test_browse.sh [FOLDER
# OF PROGRAMS]
root=$(pwd)
. tests/programs/checks.sh
export OMP_NUM_THREADS=1

serves() {
    count=$((count + 1))
    python3 "$root/tests/programs/browse_checks.py" "$bin/browse" "$bin/evaluate" "$@" > served 2>&1 || complain "browse $1: $(tail -n 25 served)"
}

works "$bin/prepare" synthesize scenes --train 4 --test 6 --size 64 --seed 3
weights=$root/weights/rpcanet_plus_nudt.h5
works "$bin/evaluate" --checkpoint "$weights" --data scenes --size 48 --out results --format json
works python3 "$root/tests/programs/page_checks.py" results/report.html
h5dump -a /method results/scores.h5 | grep -q '"rpcanet_plus"' || complain "scores.h5 does not say the method"
serves results scenes --checkpoint "$weights" --size 48 --rule max
works "$bin/evaluate" --method mpcm --data scenes --size native --protocol centroid --rule minmax --out others
serves others scenes --method mpcm --size native --protocol centroid --rule minmax

# --- of detect: scores of 16 bits, which evaluate --predictions reads too ---
works "$bin/detect" scenes/images --out found
serves found scenes --predictions found --size native --rule score
serves found scenes --predictions found --size native --rule score --protocol centroid

# From another folder the images are not where the list says.
mkdir elsewhere
count=$((count + 1))
(cd elsewhere && exec "$bin/browse" ../found) > address 2> stderr &
program=$!
for ((i = 0; i < 200; i++)); do
    [ -s address ] && break
    sleep 0.05
done
kill -INT $program
wait $program || complain "browse from another folder: exit code $?: $(cat stderr)"
grep -q '^browse: 10 of 10 images are shown black: scenes/images/.*: No such file' stderr ||
    complain "of images that are gone browse says: $(cat stderr)"

refuses 2 'expected one folder' "$bin/browse"
refuses 2 'expected one folder' "$bin/browse" found results
refuses 1 'nowhere: neither scores.h5' "$bin/browse" nowhere
refuses 1 'scenes: neither scores.h5' "$bin/browse" scenes
refuses 2 'results/scores.h5 holds the ground truth' "$bin/browse" results --data scenes
for option in '--mask any' '--split val'; do
    # shellcheck disable=SC2086 # an option and its value
    refuses 2 "results/scores.h5 holds the ground truth: no ${option%% *}" "$bin/browse" results $option
done
refuses 2 'found: --split needs --data' "$bin/browse" found --split val
refuses 2 'port is 70000' "$bin/browse" found --port 70000
refuses 1 'missing-set' "$bin/browse" found --data missing-set
rm found/scene_00005_score.png
refuses 1 'scene_00005.*no such file; 1 of the 6 predictions' "$bin/browse" found --data scenes
refuses 1 'scene_00005_score.png' "$bin/browse" found
head -c 20000 results/scores.h5 > others/scores.h5
refuses 1 'others/scores.h5' "$bin/browse" others

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
