#!/usr/bin/env bash
# Installs what `make` built, or removes it again: programs, library, headers, man pages, completion, configurations and
# weights. Called by the Makefile. usage: install.sh install|install-strip|uninstall BUILD BINDIR VERSION PREFIX LIBDIR PRIVATE_LIBS
# $DESTDIR stands in front of every path.
set -euo pipefail
action=$1 build=$2 bindir=$3 version=$4 prefix=$5 libdir=$6 private_libs=$7
root=${DESTDIR:-}
cd "$(dirname "$0")/.."
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

# filled TEMPLATE: the file with paths and version in place.
filled() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@LIBDIR@|${libdir/#$prefix/\${prefix\}}|g" -e "s|@VERSION@|$version|g" \
        -e "s|@PRIVATE_LIBS@|$private_libs|g" "$1" > "$work/$(basename "$1" .in)"
    echo "$work/$(basename "$1" .in)"
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
put 644 "$(filled library/irst.pc.in)" "$libdir/pkgconfig/irst.pc"
put 644 "$(filled library/irstConfig.cmake.in)" "$libdir/cmake/irst/irstConfig.cmake"
put 644 "$(filled library/irstConfigVersion.cmake.in)" "$libdir/cmake/irst/irstConfigVersion.cmake"

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
