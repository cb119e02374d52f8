#!/bin/sh
# Tests with real counterparts on loopback: the official MCP Python client and a third-party authorization server.
set -eu
cd "$(dirname "$0")/.."
exec Tests/Interop/run.sh
