#!/usr/bin/env bash
# Prints the flags for the libraries that irst is built on; where one is missing, says which and how it is called.
# usage: find_libraries.sh cflags|libs|public-libs|onnx-libs|server-libs|server-cflags|static
#   public-libs what libirst itself needs
#   onnx-libs   for what only bin/convert needs, to write ONNX
#   server-...  for what only bin/browse needs, to serve pages
#   static      for programs that are linked statically; what may be left out where its archive is missing, is, and a line
#               on stderr says so
# CC, PKG_CONFIG and H5CC name the compiler, pkg-config and HDF5's compiler wrapper where they are not the usual ones.
set -uo pipefail
pkg_config=${PKG_CONFIG:-pkg-config}
h5cc=${H5CC:-h5cc}
how=${1:-}
cflags=() libs=() missing=()
options=(--libs)
[ "$how" != static ] || options=(--static --libs)

# wanted PKG-CONFIG-NAME Debian's Fedora's Alpine's package
wanted() {
    local name=$1
    if "$pkg_config" --exists "$name" 2> /dev/null; then
        read -ra flags <<< "$("$pkg_config" --cflags "$name")"
        cflags+=("${flags[@]}")
        read -ra flags <<< "$("$pkg_config" "${options[@]}" "$name")"
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

# has_archive -lNAME: among the folders named so far, or where the compiler looks.
has_archive() {
    local folder file=lib${1#-l}.a
    for folder in "${libs[@]}"; do
        [[ $folder != -L* ]] || [ ! -e "${folder#-L}/$file" ] || return 0
    done
    [ "$(${CC:-gcc} -print-file-name="$file")" != "$file" ]
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
[ "$how" != static ] || has_archive -lzip || echo "static: without reading PyTorch's zip files, for there is no libzip.a" >&2
if [ "$how" != static ] || has_archive -lzip; then
    wanted libzip libzip-dev libzip-devel libzip-dev
fi
wanted jansson libjansson-dev jansson-devel jansson-dev
public=("${libs[@]}")
wanted popt libpopt-dev popt-devel popt-dev
wanted cairo libcairo2-dev cairo-devel cairo-dev
wanted expat libexpat1-dev expat-devel expat-dev
everyone=("${libs[@]}") libs=()
wanted libprotobuf-c libprotobuf-c-dev protobuf-c-devel protobuf-c-dev
command -v protoc-c > /dev/null ||
    missing+=("protoc-c (Debian, Ubuntu: protobuf-c-compiler; Fedora: protobuf-c-compiler; Alpine: protobuf-c-compiler)")
if [ "$how" = static ]; then
    libs=("${everyone[@]}" "${libs[@]}")
    # What HDF5 and, by way of libtiff, LERC need without saying so.
    for library in -lsz -laec; do
        ! has_archive $library || libs+=("$library")
    done
    libs+=(-lstdc++)
    while read -r library; do
        has_archive "$library" || missing+=("lib${library#-l}.a (Debian, Ubuntu: scripts/setup.sh --static)")
    done < <(printf '%s\n' "${libs[@]}" | grep '^-l' | sort -u)
fi
onnx=("${libs[@]}") common=("${cflags[@]}") libs=() cflags=()
wanted libmicrohttpd libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd-dev
server_libs=("${libs[@]}") server_cflags=("${cflags[@]}") libs=("${onnx[@]}") cflags=("${common[@]}")
# Headers only, without a file for pkg-config.
if ! echo '#include <Random123/philox.h>' | ${CC:-gcc} "${cflags[@]}" -E -x c - > /dev/null 2>&1; then
    missing+=("Random123/philox.h (Debian, Ubuntu: librandom123-dev; Fedora: Random123-devel; elsewhere: github.com/DEShawResearch/random123)")
fi
if [ ${#missing[@]} -gt 0 ]; then
    printf 'missing library: %s\n' "${missing[@]}" >&2
    echo "on Debian and Ubuntu, scripts/setup.sh installs what is missing" >&2
    exit 1
fi

case $how in
# Other people's headers are not ours to warn about.
cflags) printf '%s\n' "${cflags[*]/#-I/-isystem }" ;;
libs) printf '%s\n' "${everyone[*]}" ;;
public-libs) printf '%s\n' "${public[*]}" ;;
onnx-libs | static) printf '%s\n' "${libs[*]}" ;;
server-libs) printf '%s\n' "${server_libs[*]}" ;;
server-cflags) printf '%s\n' "${server_cflags[*]/#-I/-isystem }" ;;
*)
    echo "find_libraries.sh: expected cflags, libs, public-libs, onnx-libs, server-libs, server-cflags or static" >&2
    exit 2
    ;;
esac
