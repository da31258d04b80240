#!/usr/bin/env bash
# Installs the Debian packages that are missing. Asks for nothing; does nothing where nothing is missing. On other systems
# it installs nothing, and names what building lacks.
# usage: scripts/setup.sh [--tests | --package | --static | --browser | --libraries]
#   (no option)  what building and running needs
#   --tests      also what `make test`, `make CC=clang` and `make format` need
#   --package    also what `make test-package` needs
#   --static     also what `make STATIC=1` needs
#   --browser    also what `make test-browser` needs: Chromium
#   --libraries  installs nothing: prints the packages with libraries and headers
set -euo pipefail

libraries=(libc6-dev libhdf5-dev libopenblas-dev zlib1g-dev libpng-dev libjpeg-dev libtiff-dev libzip-dev
    libjansson-dev libpopt-dev librandom123-dev libcairo2-dev libexpat1-dev libprotobuf-c-dev
    libmicrohttpd-dev)
packages=(gcc make pkg-config fonts-dejavu-core protobuf-c-compiler "${libraries[@]}")
case "${1:-}" in
'') ;;
--tests)
    packages+=(libcmocka-dev hdf5-tools cmake g++ clang libclang-rt-dev clang-format libomp-dev python3-numpy python3-pil
        ffmpeg doxygen mypy valgrind cppcheck clang-tidy shellcheck libopenmpi-dev openmpi-bin)
    ;;
--package)
    packages+=(debhelper debootstrap dh-python dpkg-dev libcmocka-dev lintian python3)
    ;;
--static)
    packages+=(g++ gfortran)
    ;;
--browser)
    packages+=(chromium)
    ;;
--libraries)
    printf '%s\n' "${libraries[@]}"
    exit 0
    ;;
*)
    echo "setup.sh: $1: unknown option; expected --tests, --package, --static, --browser, --libraries or none" >&2
    exit 2
    ;;
esac

if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
    # What is missing elsewhere, and what it is called there, is said by what looks for it.
    if [ $# -eq 0 ] && "$(dirname "$0")/find_libraries.sh" libs > /dev/null; then
        echo "all libraries are there"
        exit 0
    fi
    echo "setup.sh: this is not Debian: install what corresponds to ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "all packages are there"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    if ! sudo -n true 2> /dev/null; then
        echo "setup.sh: installing needs root; run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
fi

echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
