#!/bin/sh
# Prints what a decision costs (beyond the signature check itself, remembered, on two threads, in memory, beside a flood
# of unknown keys) and what a policy costs.
set -eu
cd "$(dirname "$0")/.."
for benchmark in decision-benchmark policy-benchmark; do
    swift build -c release --scratch-path .build-bench --product "$benchmark"
    "$(swift build -c release --scratch-path .build-bench --show-bin-path)/$benchmark"
done
