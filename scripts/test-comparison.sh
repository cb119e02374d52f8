#!/bin/sh
# Compares 2,000 pairs of random policies by search and by brute force; `make test` compares fewer. This is the only
# build of the tests without traits, so it also runs the test of the programs without their trait.
set -eu
cd "$(dirname "$0")/.."
MCPAUTH_PAIRS=200 exec swift test --scratch-path .build-core \
    --filter 'PolicyComparisonTests|ProgramWithoutTraitTests' "$@"
