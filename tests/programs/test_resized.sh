#!/usr/bin/env bash
# A network that was trained on images made smaller knows targets at that scale: whoever searches images at their own
# size with it is told. usage: test_resized.sh [FOLDER OF PROGRAMS]
# shellcheck source=tests/programs/checks.sh
. "$(dirname "$0")/checks.sh" "${1:-bin}"
export OMP_NUM_THREADS=1
remark='was trained on images of 64x64 resized to 32x32; these are searched at their own size'

says() {
    works "$@"
    grep -q "$remark" stderr || complain "$* says nothing of the size of the images trained on"
}

is_quiet() {
    works "$@"
    ! grep -q "$remark" stderr || complain "$* speaks of a size that is no matter"
}

works "$bin/prepare" synthesize scenes --train 4 --test 2 --size 64 --seed 3
{ tiny_ini 1 && printf '[train]\nepochs = 1\nbatch_size = 2\n'; } > small.ini
works "$bin/train" small.ini --out run
says "$bin/detect" scenes/images --checkpoint run/last.h5 --out found
is_quiet "$bin/detect" scenes/images --checkpoint run/last.h5 --size 32 --out found
says "$bin/evaluate" --checkpoint run/last.h5 --data scenes --size native
is_quiet "$bin/evaluate" --checkpoint run/last.h5 --data scenes --size 32

# It stays with the weights.
works "$bin/convert" weights run/last.h5 weights.h5
says "$bin/detect" scenes/images --checkpoint weights.h5 --out found
works "$bin/convert" verify weights.h5
grep -q '^  trained on images of *64x64 pixels, resized to 32x32$' stdout || complain "convert verify does not say it"

# Where nobody says a size, images are measured as the network was trained.
works "$bin/evaluate" --checkpoint weights.h5 --data scenes
grep -q ' size 32$' stdout || complain "evaluate takes another size than the training: $(head -n 1 stdout)"
works "$bin/evaluate" --checkpoint weights.h5 --data scenes --size 64
grep -q 'was trained at 32x32 and sees images at 64x64' stderr || complain "another size than trained at is not said"
works "$bin/evaluate" --method mpcm --data scenes
grep -q ' size 256$' stdout || complain "evaluate takes another size than the published tables: $(head -n 1 stdout)"

# At their own size nothing was resized.
works "$bin/train" small.ini data.size=64 --out whole
is_quiet "$bin/detect" scenes/images --checkpoint whole/last.h5 --out found

# What a checkpoint is compared with sees the images at the size of the first.
works "$bin/evaluate" --checkpoint run/last.h5 --data scenes --against whole/last.h5 --intervals 5
grep -q 'whole/last.h5 was trained at 64x64 and sees images at 32x32' stderr || complain "the size that the other was trained at is not said"
works "$bin/evaluate" --checkpoint run/last.h5 --data scenes --against weights.h5 --intervals 5
! grep -q 'was trained at' stderr || complain "evaluate speaks of a size where both were trained at the same"

echo "$count commands, $bad wrong"
[ "$bad" -eq 0 ]
