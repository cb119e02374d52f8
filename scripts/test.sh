#!/bin/sh
# Builds everything and runs every test that needs no other program.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${MCPAUTH_VECTORS:-}" ]; then
    echo "MCPAUTH_VECTORS is not set: the third-party vectors (Wycheproof, JOSE cookbook) are left out"
fi
swift build --enable-all-traits --build-tests
# Tests that wait for something run one after the other: beside a hundred that compute, their deadlines would mean nothing.
computing='MCPAuthJSONTests|MCPAuthJOSETests|MCPAuthCoreTests|MCPAuthPolicyTests'
swift test --enable-all-traits --skip-build --filter "$computing" "$@"
swift test --enable-all-traits --skip-build --no-parallel --skip "$computing" "$@"
"$(swift build --enable-all-traits --show-bin-path)/mcp-auth-dev" demo --check
