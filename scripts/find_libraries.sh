#!/usr/bin/env bash
# Prints the flags for the libraries that irst is built on; where one is missing, says which and how it is called.
# usage: find_libraries.sh cflags|libs|onnx-libs
#   onnx-libs   for what only bin/convert needs, to write ONNX
# CC, PKG_CONFIG and H5CC name the compiler, pkg-config and HDF5's compiler wrapper where they are not the usual ones.
set -uo pipefail
pkg_config=${PKG_CONFIG:-pkg-config}
h5cc=${H5CC:-h5cc}
cflags=() libs=() missing=()

# wanted PKG-CONFIG-NAME Debian's Fedora's Alpine's package
wanted() {
    local name=$1
    if "$pkg_config" --exists "$name" 2> /dev/null; then
        read -ra flags <<< "$("$pkg_config" --cflags "$name")"
        cflags+=("${flags[@]}")
        read -ra flags <<< "$("$pkg_config" --libs "$name")"
        libs+=("${flags[@]}")
    else
        missing+=("$name (Debian, Ubuntu: $2; Fedora: $3; Alpine: $4)")
    fi
}

# HDF5 built with autotools, as Fedora and Alpine have it, comes without hdf5.pc, but with a compiler that knows where
# it is. That one names static libraries where there are some: the shared one beside them is what is wanted.
hdf5() {
    if "$pkg_config" --exists hdf5 2> /dev/null || ! command -v "$h5cc" > /dev/null; then
        wanted hdf5 libhdf5-dev hdf5-devel hdf5-dev
        return
    fi
    local word
    for word in $("$h5cc" -show); do
        case $word in
        -I* | -D*) cflags+=("$word") ;;
        -L*) libs+=("$word") ;;
        esac
    done
    libs+=(-lhdf5)
}

if ! command -v "$pkg_config" > /dev/null; then
    echo "find_libraries.sh: $pkg_config is missing (Debian, Ubuntu: pkg-config; Fedora, Alpine: pkgconf)" >&2
    exit 1
fi
hdf5
wanted openblas libopenblas-dev openblas-devel openblas-dev
wanted zlib zlib1g-dev zlib-devel zlib-dev
wanted libpng libpng-dev libpng-devel libpng-dev
wanted libjpeg libjpeg-dev libjpeg-turbo-devel libjpeg-turbo-dev
wanted libtiff-4 libtiff-dev libtiff-devel tiff-dev
wanted inih libinih-dev inih-devel inih-dev
wanted libzip libzip-dev libzip-devel libzip-dev
wanted jansson libjansson-dev jansson-devel jansson-dev
wanted popt libpopt-dev popt-devel popt-dev
wanted cairo libcairo2-dev cairo-devel cairo-dev
wanted expat libexpat1-dev expat-devel expat-dev
everyone=("${libs[@]}") libs=()
wanted libprotobuf-c libprotobuf-c-dev protobuf-c-devel protobuf-c-dev
command -v protoc-c > /dev/null ||
    missing+=("protoc-c (Debian, Ubuntu: protobuf-c-compiler; Fedora: protobuf-c-compiler; Alpine: protobuf-c-compiler)")
# Headers only, without a file for pkg-config.
if ! echo '#include <Random123/philox.h>' | ${CC:-gcc} "${cflags[@]}" -E -x c - > /dev/null 2>&1; then
    missing+=("Random123/philox.h (Debian, Ubuntu: librandom123-dev; Fedora: Random123-devel; elsewhere: github.com/DEShawResearch/random123)")
fi
if [ ${#missing[@]} -gt 0 ]; then
    printf 'missing library: %s\n' "${missing[@]}" >&2
    echo "on Debian and Ubuntu, scripts/setup.sh installs what is missing" >&2
    exit 1
fi

case "${1:-}" in
# Other people's headers are not ours to warn about.
cflags) printf '%s\n' "${cflags[*]/#-I/-isystem }" ;;
libs) printf '%s\n' "${everyone[*]}" ;;
onnx-libs) printf '%s\n' "${libs[*]}" ;;
*)
    echo "find_libraries.sh: expected cflags, libs or onnx-libs" >&2
    exit 2
    ;;
esac
