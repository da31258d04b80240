#!/usr/bin/env bash
# The tables of docs/results are those of the CSV files beside them, which the programs wrote (scripts/results_page.sh).
# usage: test_results.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1
python3 tests/project/results_checks.py docs/results/*.md
