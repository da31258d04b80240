#!/usr/bin/env bash
# Builds everything for 64-bit ARM with Debian's cross compiler and runs the tests of kernels and operations under
# qemu-user. The ARM libraries are unpacked under build/aarch64 and not installed. Ends with `N passed, N failed`
# programs.
# usage: scripts/test_aarch64.sh      (`make test-aarch64`; Debian and Ubuntu, installing the compiler needs root)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/aarch64
root=$folder/root
mkdir -p "$folder"
triple=aarch64-linux-gnu

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
for package in gcc-$triple libc6-dev-arm64-cross qemu-user; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package"
done

# An apt of its own, which believes that it stands on an empty ARM machine.
fetch_libraries() {
    local apt=$folder/apt suite
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : > "$apt/status"
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    local archive=http://deb.debian.org/debian part=main
    if grep -q '^ID=ubuntu' /etc/os-release; then
        archive=http://ports.ubuntu.com/ubuntu-ports part='main universe'
    fi
    echo "deb [signed-by=$(ls /usr/share/keyrings/{debian,ubuntu}-archive-keyring.gpg 2> /dev/null | head -n 1)] $archive $suite $part" \
        > "$apt/sources.list"
    cat > "$apt/apt.conf" << END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::SourceList "$apt/sources.list";
Debug::NoLocking "true";
END
    export APT_CONFIG=$apt/apt.conf
    apt-get update
    apt-get install -y --download-only "${packages[@]}"
    local file
    rm -rf "$root"
    mkdir -p "$root/usr/lib"
    ln -s usr/lib "$root/lib"
    for file in "$apt"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$file" | tar -x -C "$root" --keep-directory-symlink
    done
    # Links that begin at the root, such as libm.so, begin at this one.
    find "$root" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r file target; do
        ln -sfn "$root$target" "$file"
    done
    # An installed package would have set this link by update-alternatives.
    ln -s hdf5-serial.pc "$root/usr/lib/$triple/pkgconfig/hdf5.pc"
    echo "${packages[*]}" > "$folder/fetched"
}

mapfile -t packages < <(scripts/setup.sh --libraries)
packages+=(libgomp1 libcmocka-dev)
if [ "$(cat "$folder/fetched" 2> /dev/null)" != "${packages[*]}" ]; then
    echo "fetching ARM libraries; what apt says goes to $folder/apt.log"
    (fetch_libraries) > "$folder/apt.log" 2>&1
fi

lib=/usr/lib/$triple
blas=$lib/openblas-pthread
mapfile -t sources < <(find tests/core/tensor tests/core/kernels tests/core/conv tests/core/linalg tests/autograd \
    -name 'test_*.c' 2> /dev/null | sort)
programs=()
for source in "${sources[@]}"; do
    programs+=("$folder/tests/$(basename "$source" .c)")
done
PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root$lib/pkgconfig:$root$blas/pkgconfig:$root/usr/share/pkgconfig \
    make -j"$(nproc)" CC="$triple-gcc --sysroot=$root" BUILD="$folder" BINDIR="$folder/bin" \
    LDFLAGS="-Wl,-rpath-link,$root$lib:$root$blas" all tests

passed=0 failed=0
for program in "${programs[@]}"; do
    if qemu-aarch64 -L "$root" -E LD_LIBRARY_PATH="$lib:$blas" -E OMP_NUM_THREADS=1 "$program" > "$folder/out" 2>&1; then
        passed=$((passed + 1))
        echo "ok       $(basename "$program")"
    else
        failed=$((failed + 1))
        echo "FAILED   $(basename "$program")"
        tail -n 40 "$folder/out"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
