#!/bin/sh
# Builds the engine without the libraries of hosts, and runs all its tests.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${MCPAUTH_VECTORS:-}" ]; then
    echo "MCPAUTH_VECTORS is not set: the third-party vectors (Wycheproof, JOSE cookbook) are skipped"
fi
# A separate folder, so that the build with the hosts is kept.
at='--scratch-path .build-core'
swift build $at --build-tests
# Tests that wait for something run one after the other: next to many that compute, they would miss their deadlines.
computing='MCPAuthJSONTests|MCPAuthJOSETests|MCPAuthCoreTests|MCPAuthPolicyTests'
swift test $at --skip-build --filter "$computing" "$@"
swift test $at --skip-build --no-parallel --skip "$computing" "$@"
# The contract of modules is the same when they run in processes of their own.
MCPAUTH_ISOLATED_MODULES=1 swift test $at --skip-build --no-parallel --filter MCPAuthModuleHostTests "$@"
echo "All tests of the engine passed. \`make test-hosts\` runs those of the hosts and programs."
