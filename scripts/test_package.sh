#!/usr/bin/env bash
# The Debian packages as a user gets them: built from a copy of this tree, judged by lintian, installed into a clean root
# made by debootstrap, where the programs, a program built with the library and the Python module detect. Needs root and
# Debian's mirror; what was downloaded stays in build/package, so a second run is cheap. usage: scripts/test_package.sh
set -euo pipefail
cd "$(dirname "$0")/.."
release=bookworm
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
place=$PWD/build/package
tree=$place/irst-$version

step() { printf '\n== %s\n' "$*"; }

[ "$(id -u)" -eq 0 ] || { echo "test_package.sh: making a root needs root" >&2; exit 1; }
scripts/setup.sh --package
mkdir -p "$place/archives"

step "build"
rm -rf "$tree" "$place"/*.deb
mkdir "$tree"
scripts/source_files.sh | tar -c --null --files-from=- | tar -x -C "$tree"
# From here on as where nobody has set anything, but for where the compiler is found.
clean=(env -i PATH="$PATH" HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive)
if ! (cd "$tree" && "${clean[@]}" DEB_BUILD_OPTIONS="parallel=$(nproc)" dpkg-buildpackage -us -uc -b) > "$place/build.log" 2>&1; then
    tail -n 40 "$place/build.log"
    exit 1
fi
grep -E 'warning: ' "$place/build.log" || true
hardened=$(readelf -dlW "$tree/debian/irst/usr/bin/irst-detect" | grep -cE 'GNU_RELRO|BIND_NOW|FLAGS_1.*PIE') || true
[ "$hardened" -ge 3 ] || { echo "irst-detect is not hardened"; exit 1; }
for package in irst libirst0 libirst-dev python3-irst; do
    printf '%9d bytes  %s\n' "$(stat -c %s "$place/$package"_*.deb)" "$(basename "$place/$package"_*.deb)"
done

step "lintian"
printf '%s\n' "$(lintian --version)"
lintian --allow-root --fail-on error "$place"/irst_"$version"_*.changes

step "a clean root"
if [ ! -f "$place/root.tar" ]; then
    base=$(mktemp -d)
    debootstrap --variant=minbase $release "$base" > "$place/debootstrap.log" || { tail "$place/debootstrap.log"; exit 1; }
    tar -cf "$place/root.tar.part" -C "$base" .
    mv "$place/root.tar.part" "$place/root.tar"
    rm -rf "$base"
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tar -xf "$place/root.tar" -C "$root"
# What apt removes after installing would have to be fetched anew next time.
rm -f "$root/etc/apt/apt.conf.d/docker-clean"
echo 'Binary::apt::APT::Keep-Downloaded-Packages "true"; APT::Keep-Downloaded-Packages "true";' \
    > "$root/etc/apt/apt.conf.d/keep"
cp "$place"/archives/* "$root/var/cache/apt/archives" 2> /dev/null || true
cp /etc/resolv.conf "$root/etc"
cp "$place"/{irst,libirst0,libirst-dev,python3-irst}_*.deb "$root/tmp"

# inside COMMAND...: in the root, with a /proc of its own that goes when the command ends.
inside() {
    unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" "${clean[@]}" PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# install PACKAGE...: what was built of that name, else Debian's.
install() {
    local name deb
    for name in "$@"; do
        deb=$(find "$root/tmp" -name "${name}_*.deb" -printf '/tmp/%f')
        set -- "$@" "${deb:-$name}"
        shift
    done
    inside apt-get install -y --no-install-recommends "$@" > "$place/install.log" 2>&1 || { tail -n 20 "$place/install.log"; exit 1; }
    cp "$root"/var/cache/apt/archives/*.deb "$place/archives" 2> /dev/null || true
}

# try NAME: one of the packages' own tests.
try() {
    cp "debian/tests/$1" "$root/tmp"
    inside mkdir "/tmp/$1.work"
    inside AUTOPKGTEST_TMP="/tmp/$1.work" sh -x "/tmp/$1" > "$place/$1.log" 2>&1 || { tail -n 20 "$place/$1.log"; exit 1; }
    echo "$1: passed"
}

inside apt-get update > "$place/install.log" 2>&1 || { tail -n 20 "$place/install.log"; exit 1; }
install irst
try programs
install libirst0 libirst-dev g++ gcc libc6-dev make pkg-config
try library
install libirst0 python3-irst
try python
inside dpkg --purge irst libirst0 libirst-dev python3-irst > "$place/purge.log" 2>&1
left=$(find "$root/usr" "$root/etc" "$root/var/lib" -name '*irst*' ! -name '*first*' ! -path '*/apt/*')
[ -z "$left" ] || { echo "purging leaves $left"; exit 1; }

step "the packages build, install, detect and go"
