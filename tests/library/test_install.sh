#!/usr/bin/env bash
# `make install` into an empty folder: what is there, the examples built with it by pkg-config, statically and by CMake,
# and the programs, which find what comes with them; then `make uninstall`. Needs `make all library` as scripts/test.sh
# builds them. usage: test_install.sh
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

complain() {
    echo "$*"
    bad=1
}

# must WHAT COMMAND...
must() {
    local what=$1
    shift
    "$@" > "$work/out" 2>&1 || {
        complain "$what: exit code $?"
        tail -n 5 "$work/out"
    }
}

root=$work/root prefix=$work/root/usr
make_it() {
    env -u MAKEFLAGS -u MAKELEVEL make -s WERROR=1 "$1" DESTDIR="$root" PREFIX=/usr
}
make_it install > "$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }

# --- what is visible, and how large it is ---

library=$prefix/lib/libirst.so.0
[ "$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" = libirst.so.0 ] || complain "the soname is wrong"
nm -D --defined-only "$library" | awk '$3 !~ /^irst_/ { print "libirst.so shows " $3; n++ } END { exit n > 0 || NR < 8 }' ||
    bad=1
nm -D --defined-only "$library" | awk '{ print $3 }' | sort > "$work/symbols"
sed -n 's/^ \(irst_[a-z_]*\)@Base .*/\1/p' debian/libirst0.symbols | sort | cmp -s - "$work/symbols" ||
    complain "debian/libirst0.symbols lists other functions than libirst.so shows: a new one needs the version it is new in"
nm -g --defined-only "$prefix/lib/libirst.a" |
    awk 'NF == 3 && $3 !~ /^irst_/ { print "libirst.a shows " $3; n++ } END { exit n > 0 }' || bad=1
# What ends or forks the process, prints, or changes settings of the host is not even called for.
nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2)
    if ($2 ~ /^(_?exit|_Exit|quick_exit|abort|atexit|printf|vprintf|puts|putchar|perror|signal|sigaction|sigprocmask|fork|execv|system|setlocale|setenv|putenv|umask|chdir|srand)$/) {
        print "libirst.so calls " $2; n++ } } END { exit n > 0 || NR < 100 }' || bad=1
strip --strip-unneeded -o "$work/stripped" "$library"
# irst.pc names for static linking what the library needs and nothing else: users would have to install it.
named=$(sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/irst.pc" | tr ' ' '\n' | grep '^-l' | grep -vxE -- '-l(m|pthread)' | sort -u)
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(lib(c|m|gomp)\.so|ld-)')
[ "$(wc -l <<< "$named")" -eq "$(wc -l <<< "$needed")" ] || complain "irst.pc names ${named//$'\n'/ } and libirst.so needs ${needed//$'\n'/ }"
[ "$(stat -c %s "$work/stripped")" -lt 3000000 ] || complain "libirst.so has $(stat -c %s "$work/stripped") bytes"

# --- the image of Dockerfile that has every program: the packages of what they are linked to, and all of the weights ---

owner_of() { # of the library's file, known by its path before or after /lib became /usr/lib
    local file
    file=$(realpath "$(ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }')")
    { dpkg-query -S "$file" || dpkg-query -S "${file#/usr}"; } 2> /dev/null | sed -n '1s/:.*//p'
}
if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
    listed=$(sed -n '/^FROM .* AS full/,/^FROM scratch/p' Dockerfile | grep -oE '\b(lib[a-z0-9.+-]+|zlib1g)\b' | sort -u)
    linked=$(readelf -d "$prefix"/bin/* "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(lib(c|m|mpi)\.so|ld-)' |
        sort -u | while read -r name; do owner_of "$name"; done | sort -u)
    [ "$listed" = "$linked" ] || complain "Dockerfile installs ${listed//$'\n'/ }, the programs need ${linked//$'\n'/ }"
fi
[ "$(grep -oE 'weights/\*\.[a-z0-9]+' Dockerfile | sort)" = "$(grep -oE 'weights/\*\.[a-z0-9]+' scripts/install.sh | sort)" ] ||
    complain "Dockerfile takes something else of weights/ than make install"

# --- header, examples ---

for header in "$prefix"/include/*.h; do
    must "$header as C" gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c "$header"
    must "$header as C++" g++ -std=c++98 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ "$header"
done
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG="pkg-config --define-prefix" LD_LIBRARY_PATH=$prefix/lib
cp -r examples "$work/examples"
must "the examples with pkg-config" env -u MAKEFLAGS make -C "$work/examples" CC=gcc \
    CFLAGS="-O1 -Wall -Wextra -Werror" CXXFLAGS="-O1 -Wall -Wextra -Werror"
# shellcheck disable=SC2046
must "the example with the static library" gcc -o "$work/detect_static" examples/detect_pgm.c \
    $($PKG_CONFIG --cflags irst) "$prefix/lib/libirst.a" -Wl,--as-needed $($PKG_CONFIG --static --libs irst)
readelf -d "$work/detect_static" | grep libirst && complain "what was linked statically still needs libirst.so"
if command -v cmake > /dev/null; then
    must "the examples with CMake" cmake -S examples -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix"
    must "the examples built by CMake" cmake --build "$work/cmake"
else
    cp "$work/examples/detect_pgm" "$work/examples/detect_frames" "$work" # nothing to compare
    echo "1 skipped: cmake is missing"
fi

# A frame with a spot, and the same twice as raw frames of 16 bits.
LC_ALL=C awk 'BEGIN { printf "P5\n96 80\n255\n"; for (y = 0; y < 80; y++) for (x = 0; x < 96; x++)
    printf("%c", x >= 40 && x < 43 && y >= 30 && y < 32 ? 150 : 60 + int((x + y) / 8)) }' > "$work/frame.pgm"
for _ in 1 2 3; do
    tail -c 7680 "$work/frame.pgm" | od -An -v -tu1 -w1 | LC_ALL=C awk '{ printf "%c%c", 1, $1 }'
done > "$work/frames.raw"
weights=$prefix/share/irst/weights/rpcanet_plus_nudt.h5
found=$("$work/examples/detect_pgm" "$weights" "$work/frame.pgm")
read -r x y left top right bottom area peak <<< "$found"
[[ ${x%.*} == 4[0-2] && ${y%.*} == 3[01] && $area -ge 4 && ${peak%.*} == [01] ]] || complain "the C example finds '$found'"
for other in "$work/detect_static" "$work/cmake/detect_pgm"; do
    [ ! -x "$other" ] || [ "$("$other" "$weights" "$work/frame.pgm")" = "$found" ] || complain "$other finds something else"
done
frames=$("$work/examples/detect_frames" mpcm 96 80 range=image < "$work/frames.raw" | tr '\n' ' ')
[ "$frames" = "frame 1: 1 frame 2: 1 frame 3: 1 " ] || complain "the C++ example finds '$frames'"
"$work/examples/detect_pgm" "$work/absent.h5" "$work/frame.pgm" 2> "$work/error" && complain "an absent file passes"
grep -q absent.h5 "$work/error" || complain "an absent file is not named"

# --- programs ---

cd "$work" || exit 1
must "irst-detect" "$prefix/bin/irst-detect" frame.pgm --weights nudt --out found
grep -q ",$x,$y,$left,$top,$right,$bottom,$area," found/detections.csv || complain "irst-detect finds something else"
"$prefix/bin/irst-detect" --weights list | grep '^nudt .*mIoU' > /dev/null || complain "irst-detect --weights list says nothing of nudt"
must "irst-detect --weights" "$prefix/bin/irst-detect" --weights nudt frame.pgm --out named
"$prefix/bin/irst-train" configs/nudt.ini data.root=absent > out 2>&1
grep -q 'absent' out || complain "irst-train does not find configs/nudt.ini: $(cat out)"
must "irst-prepare synthesize" "$prefix/bin/irst-prepare" synthesize scenes --train 2 --test 1 --size 32
must "irst-train from weights that come with it" "$prefix/bin/irst-train" configs/nudt_short.ini data.root=scenes data.size=32 \
    data.holdout=0 model.stages=2 model.total_channels=8 train.epochs=1 train.crop_epochs=0 train.crop_size=16 \
    train.init=weights/rpcanet_plus_nudt_small.h5 --out tuned
grep -oE '\]\([^):# ]+' "$prefix/share/doc/irst/README.md" | cut -c3- | grep -v '^https' | while read -r page; do
    [ -e "$prefix/share/doc/irst/$page" ] || echo "README.md, as installed, links to $page, which is not"
done | grep . && bad=1
"$prefix/bin/irst-detect" --help | grep '^usage: irst-detect ' > /dev/null || complain "irst-detect --help calls it otherwise"
"$prefix/bin/irst-detect" > out 2>&1
grep -q 'irst-detect --help' out || complain "irst-detect does not name itself"
for program in "$prefix"/bin/*; do
    name=$(basename "$program")
    page=$prefix/share/man/man1/$name.1
    for option in $("$program" --help | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p'); do
        grep -qF -- "${option//-/\\-}" "$page" || complain "$page lacks $option"
    done
    # Examples are commands that can be copied: in each, whoever is called is called as installed.
    "$program" --help | sed '1,/^examples:$/d; s/ *#.*//' | tr '|' '\n' |
        sed -E 's/^ *((mpirun -np [0-9]+|[A-Z_]+=[^ ]*) )*//' | grep -vE '^(irst-[a-z-]+( |$)|grabber |ffplay |$)' |
        grep . && complain "$name --help has an example that is no command"
    if command -v groff > /dev/null; then
        groff -man -Tutf8 -ww "$page" 2>&1 > /dev/null | grep . && complain "$page has faults"
    fi
done

# completed WORD...: what the shell offers for the last word.
completed() {
    bash -c 'source "$0/share/bash-completion/completions/irst"
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _irst "$1"
        echo "${COMPREPLY[*]}"' "$prefix" "$prefix/bin/$1" "${@:2}"
}
[ "$(completed irst-detect --th)" = --threshold ] || complain "--th is not completed"
[ "$(completed irst-evaluate --mask h)" = half ] || complain "--mask h is not completed"
[ "$(completed irst-detect --weights n)" = "nudt nudt-small nudt-medium" ] || complain "--weights n is not completed"
[ "$(completed irst-detect fra)" = "frame.pgm frames.raw" ] || complain "files are not completed"
[ "$(completed irst-convert to-)" = "to-torch to-onnx" ] || complain "what irst-convert can do is not completed"
[ "$(completed irst-prepare b)" = boxes ] || complain "what irst-prepare can do is not completed"
[ "$(completed irst-detect --a/b fra 2>&1)" = "frame.pgm frames.raw" ] || complain "an odd word stops completion"

cd "$OLDPWD" || exit 1
must "uninstall" make_it uninstall
left=$(find "$root" ! -type d)
[ -z "$left" ] || complain "uninstall leaves $left"

# --- a place whose name means something to sed, the shell and pkg-config ---

odd="$work/a & b|c"
install_at() { env -u PKG_CONFIG -u MAKEFLAGS -u MAKELEVEL make -s WERROR=1 "$1" PREFIX="$odd" "${@:2}"; }
must "install to '$odd'" install_at install
export PKG_CONFIG_PATH=$odd/lib/pkgconfig
for how in "pkg-config" "pkg-config --define-prefix"; do
    must "an example by $how from '$odd'" env -u MAKEFLAGS make -B -C "$work/examples" PKG_CONFIG="$how" detect_pgm
done
must "uninstall from '$odd'" install_at uninstall
left=$(find "$odd" ! -type d)
[ -z "$left" ] || complain "uninstall leaves $left"
# DESTDIR would run into a folder that does not begin with a slash.
for place in PREFIX=usr LIBDIR=lib; do
    install_at install "$place" DESTDIR="$work/none" > "$work/out" 2>&1 && complain "make install $place passes"
    grep -q "$place: expected an absolute path" "$work/out" || complain "make install $place: $(cat "$work/out")"
    [ -z "$(compgen -G "$work/none*")" ] || complain "make install $place leaves $(compgen -G "$work/none*")"
done
exit $bad
