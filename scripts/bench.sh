#!/bin/sh
# Prints what a decision costs: beyond the signature check itself, remembered, on two threads, in memory.
set -eu
cd "$(dirname "$0")/.."
swift build -c release --scratch-path .build-bench --product decision-benchmark
"$(swift build -c release --scratch-path .build-bench --show-bin-path)/decision-benchmark"
