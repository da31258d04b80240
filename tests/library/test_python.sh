#!/usr/bin/env bash
# The Python package as its wheel installs it, with Debian's Python and numpy. Needs `make all library`.
# usage: test_python.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3
if ! "$python" -c 'import numpy' 2> /dev/null; then
    echo "1 skipped: $python or its numpy is missing"
    exit 0
fi
export OMP_NUM_THREADS=1
if command -v mypy > /dev/null; then
    (cd python && mypy --strict --no-error-summary --cache-dir="$work/mypy" irst)
else
    echo "1 skipped: mypy is missing"
fi

"$python" - "$PWD" "$work" << 'PYTHON'
import sys

root, work = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path.insert(0, root + "/python/build_backend")
import irst_wheel

irst_wheel.build_wheel(work, {"library": root + "/build/lib/libirst.so.0"})

# What is packed is what was built, whatever BUILD means to the user's environment.
called = []
irst_wheel.subprocess.run = lambda command, check: called.append((command, check))
packed = irst_wheel._library(None)
assert called[0][1] and f"BUILD={packed.parent.parent.relative_to(root)}" in called[0][0], called
PYTHON
"$python" -m zipfile -e "$work"/irst-*.whl "$work/site"
bin/prepare synthesize "$work/scenes" --train 1 --test 3 --size 64 > /dev/null
bin/evaluate --checkpoint weights/rpcanet_plus_nudt.h5 --data "$work/scenes" --size native --format json \
    > "$work/figures.json" 2> /dev/null
bin/convert to-torch weights/rpcanet_plus_nudt.h5 "$work/state.pth" > /dev/null
PYTHONPATH=$work/site "$python" tests/library/python_checks.py weights/rpcanet_plus_nudt.h5 "$work/scenes" \
    "$work/figures.json" "$work/state.pth"
