#!/bin/sh
# Builds and tests each package in Examples/ that has tests. They use this clone by path, and only public declarations.
# Arguments select packages.
set -eu
cd "$(dirname "$0")/.."
# One folder for all, so that what they have in common is built once.
scratch=$PWD/.build-examples
for example in ${*:-hummingbird-notes api-keys nio-adapter grpc-notes}; do
    echo "Examples/$example"
    swift test --package-path "Examples/$example" --scratch-path "$scratch"
done
