#!/bin/sh
# Runs `mcp-auth serve` behind real proxies under load, while what it depends on is killed and changed, for SOAK_SECONDS
# (600). Installs nginx and python3-venv from Debian where they are missing. Envoy is a second proxy if it is in the folder
# $MCPAUTH_PROXIES, or where scripts/test-proxies.sh has put it.
#
# If MCPAUTH_BIN names a folder with a release build of mcp-auth, nothing is built.
set -eu
cd "$(dirname "$0")/.."
missing=""
command -v nginx >/dev/null || missing="$missing nginx-light"
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # the packages are several words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends $missing >/dev/null
fi
venv=$PWD/.build-soak/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r Tests/Soak/requirements.txt

if [ -n "${MCPAUTH_BIN:-}" ]; then
    bin=$MCPAUTH_BIN
else
    swift=${SWIFT:-swift}
    set -- -c release --scratch-path .build-server --traits Programs --product mcp-auth
    $swift build "$@"
    bin=$($swift build "$@" --show-bin-path)
fi
proxies=$PWD/.build-proxies/programs
[ -n "${MCPAUTH_PROXIES:-}" ] || [ ! -x "$proxies/envoy" ] || export MCPAUTH_PROXIES="$proxies"
exec "$venv/bin/python" Tests/Soak/soak.py "$bin/mcp-auth"
