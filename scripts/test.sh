#!/bin/sh
# Builds everything and runs every test that needs no other program.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${MCPAUTH_VECTORS:-}" ]; then
    echo "MCPAUTH_VECTORS is not set: the third-party vectors (Wycheproof, JOSE cookbook) are left out"
fi
swift build --enable-all-traits --build-tests
# Tests with servers come one after the other: beside a hundred that compute, their time limits would mean nothing.
servers='MCPAuthHostTests|MCPAuthDevIssuerTests|ProgramTests'
swift test --enable-all-traits --skip-build --skip "$servers" "$@"
swift test --enable-all-traits --skip-build --no-parallel --filter "$servers" "$@"
"$(swift build --enable-all-traits --show-bin-path)/mcp-auth-dev" demo --check
