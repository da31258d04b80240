#!/usr/bin/env bash
# docs/architecture.md and docs/methods.md name files that exist, comments name documents that exist, and the picture is
# what its script draws. usage: test_documents.sh [ROOT]
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1
bad=0

complain() {
    echo "$*"
    bad=1
}

# `folder/file` in backquotes; NAME stands for any, and so does a star.
names=0
tick='`'
while IFS=: read -r document path; do
    names=$((names + 1))
    compgen -G "${path//NAME/*}" > /dev/null || complain "$document names $path, which does not exist"
done < <(grep -oE "$tick(include|core|autograd|modules|datasets|train|eval|library|tests|scripts|docs)/[A-Za-z0-9_./*-]+$tick" \
    docs/architecture.md docs/methods.md | tr -d "$tick")
[ "$names" -gt 0 ] || complain "the documents name no file"

while IFS=: read -r file line document; do
    [ -e "$document" ] || complain "$file:$line: $document does not exist"
done < <(grep -rnoE --include='*.[ch]' --include='*.def' --exclude-dir=build '\bdocs/[a-z_/]+\.md\b' .)

scripts/architecture_picture.sh | cmp -s - docs/architecture.svg ||
    complain "docs/architecture.svg is not what scripts/architecture_picture.sh draws"
exit $bad
