#!/usr/bin/env bash
# What convert writes for PyTorch is what PyTorch reads, to the bit, and what PyTorch writes, convert reads: with Debian's
# python3-torch. Skipped where that is missing (`make test-onnx`). Needs `make all`.
# usage: test_torch.sh [--full]
#   --full   every published checkpoint, not one of each network
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
python=/usr/bin/python3
if ! "$python" -c 'import torch' 2> /dev/null; then
    echo "1 skipped: python3-torch is missing (make test-onnx)"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
some='*NUDT*.pkl'
[ "${1:-}" != --full ] || some='*.pkl'
mapfile -t published < <(find "${IRST_SHARED:-../shared}/reference/checkpoints" -name "$some" 2> /dev/null | sort)
[ ${#published[@]} -gt 0 ] || echo "1 skipped: published checkpoints are missing"
"$python" tests/onnx/torch_checks.py bin/convert "$work" weights/rpcanet_plus_nudt.h5 "${published[@]}"
