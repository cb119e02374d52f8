#!/bin/sh
# Builds the hosts and programs, runs their tests on loopback, and runs the whole demonstration.
set -eu
cd "$(dirname "$0")/.."
swift build --enable-all-traits --build-tests
hosts='MCPAuthDevIssuerTests|MCPAuthHostTests|MCPAuthServerTests|MCPAuthGRPCTests|ProgramTests'
swift test --enable-all-traits --skip-build --no-parallel --filter "$hosts" "$@"
"$(swift build --enable-all-traits --show-bin-path)/mcp-auth-dev" demo --check
