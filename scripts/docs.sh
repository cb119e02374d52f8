#!/bin/sh
# Builds the documentation from the sources: docs/api.md, and the DocC pages with every warning as an error. Fails when
# a public declaration has no documentation, or docs/api.md was not the current one.
set -eu
cd "$(dirname "$0")/.."
graphs=.build/symbol-graphs
swift build --enable-all-traits
modules="$(swift build --enable-all-traits --show-bin-path)"
rm -rf "$graphs"
mkdir -p "$graphs"
maps=""
for map in "$modules"/*.build/module.modulemap $(find .build/checkouts -path '*include/module.modulemap') \
    Sources/C*/module.modulemap Sources/C*/include/module.modulemap; do
    if [ -e "$map" ]; then maps="$maps -Xcc -fmodule-map-file=$map"; fi
done
triple=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["triple"])')
tools="$(dirname "$(command -v swift)")"
for module in MCPAuth MCPAuthCore MCPAuthJSON MCPAuthJOSE MCPAuthVerification MCPAuthHTTP MCPAuthHummingbird \
    MCPAuthFlyingFox MCPAuthNIO MCPAuthGRPC MCPAuthModule MCPAuthAPIKeys MCPAuthTesting; do
    # shellcheck disable=SC2086 # the flags are several words
    "$tools/swift-symbolgraph-extract" -module-name "$module" -I "$modules/Modules" $maps -target "$triple" \
        -minimum-access-level public -skip-synthesized-members -output-dir "$graphs"
done
before=$(cat docs/api.md 2>/dev/null || true)
python3 scripts/api.py "$graphs" docs/api.md
if [ "$before" != "$(cat docs/api.md)" ]; then
    echo "docs/api.md was not the current one; it is now: commit it" >&2
    exit 1
fi
"$tools/docc" convert Sources/MCPAuth/MCPAuth.docc --additional-symbol-graph-dir "$graphs" --warnings-as-errors \
    --fallback-display-name MCPAuth --fallback-bundle-identifier MCPAuth --output-path .build/documentation
echo "documentation built in .build/documentation"
