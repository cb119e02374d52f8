#!/bin/sh
# Prints what a decision costs (beyond the signature check itself, remembered, on two threads, in memory, beside a flood
# of unknown keys), what a policy costs, and how much memory strangers can make a server use. With names, only these:
# decision, policy, bounds.
set -eu
cd "$(dirname "$0")/.."
for benchmark in ${*:-decision policy bounds}; do
    case "$benchmark" in
    bounds) options="--scratch-path .build-bench-hosts --traits Hummingbird" ;;
    *) options="--scratch-path .build-bench" ;;
    esac
    # shellcheck disable=SC2086
    swift build -c release $options --product "$benchmark-benchmark"
    # shellcheck disable=SC2086
    "$(swift build -c release $options --show-bin-path)/$benchmark-benchmark"
done
