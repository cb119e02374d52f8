#!/bin/sh
# Builds and tests modules as their authors do: the C modules in Plugins with the installed header only, and a new module
# in each language from its template. Tries each with `mcp-auth plugin test`.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
work=$root/.build-modules
program=${MCPAUTH_BIN:-$(swift build --enable-all-traits --show-bin-path)}/mcp-auth
mkdir -p "$work"
rm -rf "$work/prefix" "$work/new"
mkdir -p "$work/new"
make install-headers PREFIX="$work/prefix" >/dev/null
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH

echo "== hello-c"
rm -rf "$work/hello-c"
cp -R Plugins/hello-c "$work/hello-c"
make -C "$work/hello-c"
chmod go-w "$work/hello-c"
echo '{ "issuer": "urn:example:hello", "secrets": { "token": { "env": "HELLO_TOKEN" } } }' >"$work/hello.json"
HELLO_TOKEN=0123456789abcdef0123456789abcdef
export HELLO_TOKEN
echo "$HELLO_TOKEN" | "$program" plugin test "$work/hello-c/hello-c.so" --config "$work/hello.json" --token-file - |
    grep 'allow: subject'

echo "== tenant-claims-c"
rm -rf "$work/tenant-claims-c"
cp -R Plugins/tenant-claims-c "$work/tenant-claims-c"
make -C "$work/tenant-claims-c" all test
echo '{ "transformer": "tenant-claims", "config": { "from": "sub" } }' >"$work/tenant.json"
chmod go-w "$work/tenant-claims-c" "$work/tenant-claims-c/tenant-claims.so"
echo '{ "sub": "acme|alice", "tenant": "other" }' |
    "$program" plugin test "$work/tenant-claims-c/tenant-claims.so" --config "$work/tenant.json" --claims-file - |
    grep '"tenant": "acme"'

# Tries the library of a new module with its own token. Arguments: the name and the library.
try() {
    MODULE_TOKEN="$1_$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
    export MODULE_TOKEN
    echo "$MODULE_TOKEN" | "$program" plugin test "$2" --config "$1.json" --token-file - | grep 'allow: subject'
    if echo "$1_0123" | "$program" plugin test "$2" --config "$1.json" --token-file - >/dev/null 2>&1; then
        echo "the module $1 accepts a wrong token" >&2
        exit 1
    fi
}

for language in c rust swift; do
    name=new-$language
    if [ "$language" = rust ] && ! command -v cargo >/dev/null 2>&1; then
        echo "== $name: skipped, there is no cargo"
        continue
    fi
    echo "== $name"
    cd "$work/new"
    options=""
    if [ "$language" = swift ]; then options="--package $root"; fi
    # shellcheck disable=SC2086 # the options are several words
    "$program" plugin new "$name" --language "$language" $options
    cd "$name"
    case $language in
    c)
        make all test
        try "$name" "$name.so"
        ;;
    rust)
        cargo test --offline --quiet
        cargo build --offline --quiet --release
        try "$name" target/release/libverifier.so
        ;;
    swift)
        scratch=$work/swift
        rm -rf "$scratch"/*.yaml "$scratch"/debug/description.json "$scratch"/debug/*PackageTests*
        swift test --scratch-path "$scratch"
        try "$name" "$scratch/debug/libnew-swift.so"
        ;;
    esac
done
