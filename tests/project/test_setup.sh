#!/usr/bin/env bash
# scripts/setup.sh where the system is not Debian: it is content where the libraries are there, and says by other systems'
# names what is missing. usage: test_setup.sh
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
mkdir "$work/bin"
ln -s /usr/bin/* "$work/bin"
rm -f "$work/bin/apt-get" "$work/bin/dpkg-query"

# setup CODE WORDS ASSIGNMENT...: its exit code and what it says.
setup() {
    local code
    env PATH="$work/bin" "${@:3}" scripts/setup.sh > "$work/said" 2>&1
    code=$?
    [ $code -eq "$1" ] && grep -q -- "$2" "$work/said" || {
        echo "setup.sh ${*:3}: exit code $code, says '$(head -n 1 "$work/said")'; expected $1 and '$2'"
        bad=1
    }
}
setup 0 '^all libraries are there$'
setup 1 '^missing library: .*Fedora: libpng-devel; Alpine: libpng-dev' PKG_CONFIG_LIBDIR="$work"
exit $bad
