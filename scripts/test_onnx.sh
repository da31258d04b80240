#!/usr/bin/env bash
# Installs other runtimes and compares with them: ONNX models in ONNX Runtime and in OpenCV, PyTorch's checkpoints in
# PyTorch, trained networks on whole test lists. Ends with `N passed, N failed`.
# usage: scripts/test_onnx.sh      (`make test-onnx`; Debian and Ubuntu, installing packages needs root)
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
for package in nodejs npm python3-opencv python3-torch python3-numpy python3-pil; do
    case $package in
    nodejs | npm) ! command -v "${package/nodejs/node}" > /dev/null || continue ;; # from whatever source
    esac
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" || exit 1
done

# The package brings its library for the processor along; its script would only fetch one for graphics cards.
version=1.20.1 cache=build/onnx-runtimes
if ! grep -qs "\"version\": \"$version\"" $cache/node_modules/onnxruntime-node/package.json; then
    mkdir -p $cache
    npm install --ignore-scripts --no-audit --no-fund --no-save --prefix $cache "onnxruntime-node@$version" || exit 1
fi
scripts/setup.sh && make -j"$(nproc)" WERROR=1 all library build/tests/compare_onnx || exit 1

passed=0 failed=0
for command in "tests/onnx/test_runtimes.sh --full" "tests/onnx/test_torch.sh --full"; do
    # shellcheck disable=SC2086
    if bash $command; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED   $command"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
