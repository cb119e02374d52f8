#!/bin/sh
# Installs the C libraries that the build needs, when one is missing, on Debian and Ubuntu; elsewhere prints what to do.
set -eu
if command -v pkg-config >/dev/null 2>&1 && pkg-config --exists 'libcrypto >= 3.0' 'jansson >= 2.14' zlib; then
    exit 0
fi
packages="libssl-dev libjansson-dev zlib1g-dev pkg-config"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing libraries: install OpenSSL 3, Jansson 2.14, zlib and pkg-config (brew install openssl@3 jansson pkg-config)" >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
echo "installing $packages"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
