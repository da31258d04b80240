#!/usr/bin/env bash
# Each change that scripts/mutate.sh would make fits the code as it is. usage: test_mutations.sh
set -uo pipefail
cd "$(dirname "$0")/../.." && exec scripts/mutate.sh check
