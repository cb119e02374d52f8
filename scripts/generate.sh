#!/bin/sh
# Writes what is generated from the sources: the JSON Schemas and the tables of docs/configuration.md.
set -eu
cd "$(dirname "$0")/.."
MCPAUTH_GENERATE=1 swift test --filter SchemaTests
