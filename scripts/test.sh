#!/bin/sh
# Builds the engine without the libraries of hosts, and runs every test of it.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${MCPAUTH_VECTORS:-}" ]; then
    echo "MCPAUTH_VECTORS is not set: the third-party vectors (Wycheproof, JOSE cookbook) are left out"
fi
# A folder of its own, so that the build with the hosts stays.
at='--scratch-path .build-core'
swift build $at --build-tests
# Tests that wait for something run one after the other: beside a hundred that compute, their deadlines would mean nothing.
computing='MCPAuthJSONTests|MCPAuthJOSETests|MCPAuthCoreTests|MCPAuthPolicyTests'
swift test $at --skip-build --filter "$computing" "$@"
swift test $at --skip-build --no-parallel --skip "$computing" "$@"
echo "All tests of the engine passed. \`make test-hosts\` runs those of the hosts and programs."
