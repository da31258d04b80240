#!/usr/bin/env bash
# Installs what `make` built, or removes it again: programs, library, headers, man pages, completion, configurations and
# weights. Called by the Makefile. usage: install.sh install|install-strip|uninstall BUILD BINDIR VERSION PREFIX LIBDIR PRIVATE_LIBS
# $DESTDIR stands in front of every path.
set -euo pipefail
shopt -s inherit_errexit
action=$1 build=$2 bindir=$3 version=$4 prefix=$5 libdir=$6 private_libs=$7
root=${DESTDIR:-}
cd "$(dirname "$0")/.."
# What is installed names these folders, and DESTDIR stands right in front of them.
for folder in "PREFIX=$prefix" "LIBDIR=$libdir"; do
    [[ ${folder#*=} =~ ^(/.*)?$ ]] || { echo "install.sh: $folder: expected an absolute path" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

programs=()
for main in $(find train eval bench -name 'main_*.c' | sort); do
    name=$(basename "$main" .c)
    programs+=("$(tr _ - <<< "${name#main_}")")
done

# put MODE FILE PATH: installs the file, or removes it.
put() {
    if [ "$action" = uninstall ]; then
        rm -f "$root$3"
    else
        install -D -m "$1" "$2" "$root$3"
    fi
}

# link_to TARGET PATH
link_to() {
    if [ "$action" = uninstall ]; then
        rm -f "$root$2"
    else
        mkdir -p "$root$(dirname "$2")"
        ln -sf "$1" "$root$2"
    fi
}

# escaped PATH: as pkg-config wants it in its files, where words end at blanks.
# shellcheck disable=SC2001
escaped() { sed 's/[][ "'\''\\#&|;()<>*?{}]/\\&/g' <<< "$1"; }

# filled TEMPLATE PREFIX LIBDIR PATH: installs the file with paths and version in place.
filled() {
    local text
    if [ "$action" != uninstall ]; then
        text=$(< "$1")
        text=${text//@PREFIX@/"$2"}
        text=${text//@LIBDIR@/"$3"}
        text=${text//@VERSION@/"$version"}
        text=${text//@PRIVATE_LIBS@/"$private_libs"}
        printf '%s\n' "$text" > "$work/filled"
    fi
    put 644 "$work/filled" "$4"
}

for name in "${programs[@]}"; do
    put 755 "$bindir/$name" "$prefix/bin/irst-$name"
    if [ "$action" != uninstall ]; then
        ln -sf "$(realpath "$bindir/$name")" "$work/irst-$name"
        scripts/man_page.sh "$work/irst-$name" > "$work/irst-$name.1"
        echo "complete -F _irst irst-$name" >> "$work/complete"
    fi
    put 644 "$work/irst-$name.1" "$prefix/share/man/man1/irst-$name.1"
done
[ "$action" = uninstall ] || cat scripts/completion.bash "$work/complete" > "$work/irst"
put 644 "$work/irst" "$prefix/share/bash-completion/completions/irst"
for name in "${programs[@]}"; do
    link_to irst "$prefix/share/bash-completion/completions/irst-$name"
done

soname=libirst.so.${version%%.*}
put 755 "$build/lib/$soname" "$libdir/libirst.so.$version"
link_to "libirst.so.$version" "$libdir/$soname"
link_to "$soname" "$libdir/libirst.so"
put 644 "$build/lib/libirst.a" "$libdir/libirst.a"
for header in include/*.h; do
    put 644 "$header" "$prefix/include/$(basename "$header")"
done
pc_libdir=$(escaped "$libdir")
if [[ $libdir == "$prefix"/* ]]; then
    # shellcheck disable=SC2016 # pkg-config's variable
    pc_libdir='${prefix}'$(escaped "${libdir#"$prefix"}")
fi
filled library/irst.pc.in "$(escaped "$prefix")" "$pc_libdir" "$libdir/pkgconfig/irst.pc"
for file in irstConfig irstConfigVersion; do
    filled library/$file.cmake.in "$prefix" "$libdir" "$libdir/cmake/irst/$file.cmake"
done

for file in configs/*.ini weights/*.h5 weights/*.md; do
    put 644 "$file" "$prefix/share/irst/$file"
done
put 644 LICENSE "$prefix/share/doc/irst/LICENSE"
mapfile -t pages < <(find docs -type f; find weights -name '*.md') # to which these link
for file in README.md CHANGELOG.md CONTRIBUTING.md "${pages[@]}"; do
    put 644 "$file" "$prefix/share/doc/irst/$file"
done

case $action in
uninstall)
    for folder in share/irst/configs share/irst/weights share/irst share/doc/irst/{docs/results,docs,weights} share/doc/irst; do
        rmdir --ignore-fail-on-non-empty "$root$prefix/$folder" 2> /dev/null || true
    done
    rmdir --ignore-fail-on-non-empty "$root$libdir/cmake/irst" 2> /dev/null || true
    ;;
install-strip)
    strip "$root$prefix"/bin/irst-*
    strip --strip-unneeded "$root$libdir/libirst.so.$version"
    strip --strip-debug "$root$libdir/libirst.a"
    ;;
esac
