#!/usr/bin/env bash
# docs/architecture.md, docs/methods.md and CONTRIBUTING.md name files that exist, comments name documents that exist, links
# lead to files, the picture is what its script draws, the cards are those of the shipped weights, and the version is the
# same everywhere.
# usage: test_documents.sh [ROOT]
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
    docs/architecture.md docs/methods.md CONTRIBUTING.md | tr -d "$tick")
[ "$names" -gt 0 ] || complain "the documents name no file"

while IFS=: read -r file line document; do
    [ -e "$document" ] || complain "$file:$line: $document does not exist"
done < <(grep -rnoE --include='*.[ch]' --include='*.def' --exclude-dir=build '\bdocs/[a-z_/]+\.md\b' .)

# Links inside the tree, from the folder of the page: [text](path#place).
while IFS=: read -r document link; do
    [ -e "$(dirname "$document")/$link" ] || complain "$document links to $link, which does not exist"
done < <(grep -oHE '\]\([^)#: ]+[)#]' ./*.md docs/*.md docs/results/*.md | sed 's/\](//; s/[)#]$//')

# Each shipped network has a card, made for these very weights by scripts/model_card.sh, and a name.
for weights in weights/*.h5; do
    card=${weights%.h5}.md
    grep -q "$(sha256sum < "$weights" | cut -d ' ' -f 1)" "$card" || complain "$card is not the card of $weights: run scripts/model_card.sh"
    grep -q ", \"$(basename "$weights" .h5)\")$" eval/programs/shipped_weights.def || complain "$weights has no name"
done

version=$(sed -n 's/^VERSION *:= *//p' Makefile)
grep -qx "version: $version" CITATION.cff || complain "CITATION.cff is of another version than $version"
[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)" = "$version" ] || complain "debian/changelog is of another version"
for package in $(scripts/setup.sh --libraries); do
    [ "$package" = libc6-dev ] || grep -qE "^ +${package}(,| |$)" debian/control || complain "debian/control does not build with $package"
done
twice=$(awk '/^[A-Z]/ { field = $1 } /^ +[a-z0-9]/ && field == "Build-Depends:" { print $1 }' debian/control | tr -d , | sort | uniq -d)
[ -z "$twice" ] || complain "debian/control builds with $twice twice"
# Whoever looks for a method by its name finds the package.
while read -r title; do
    tr ' ,.' '\n' < debian/control | grep -qxF -- "$title" || complain "debian/control does not tell of $title"
done < <(grep -rhoE '\.title = "[^ "]*' modules | sed 's/.*"//')
grep -qx '## \[Unreleased\]' CHANGELOG.md || complain "CHANGELOG.md has no section for what is not released"

scripts/architecture_picture.sh | cmp -s - docs/architecture.svg ||
    complain "docs/architecture.svg is not what scripts/architecture_picture.sh draws"
exit $bad
