#!/bin/sh
# Builds and tests each package in Examples/ that has tests: they use the clone by path, and public declarations only.
# With names, only these.
set -eu
cd "$(dirname "$0")/.."
for example in ${*:-api-keys nio-adapter}; do
    echo "Examples/$example"
    swift test --package-path "Examples/$example"
done
