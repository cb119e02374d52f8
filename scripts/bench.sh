#!/bin/sh
# Prints the cost of a decision (in addition to the signature check, from the cache, on two threads, in memory, during a
# flood of unknown keys), the cost of a policy, what a verifier module adds, the memory that clients without a valid token
# can make a server use, and what authorization adds to a server. Arguments select benchmarks: decision, policy, module,
# bounds, middleware; the last one needs wrk.
set -eu
cd "$(dirname "$0")/.."
export MCPAUTH_BENCHMARKS=1
for benchmark in ${*:-decision policy module bounds middleware}; do
    case "$benchmark" in
    bounds | middleware) options="--scratch-path .build-bench-hosts --traits Hummingbird,NIO" ;;
    *) options="--scratch-path .build-bench" ;;
    esac
    # shellcheck disable=SC2086
    swift build -c release $options --product "$benchmark-benchmark"
    # shellcheck disable=SC2086
    if [ "$benchmark" = module ]; then swift build -c release $options --product benchmark-module; fi
    # shellcheck disable=SC2086
    if [ "$benchmark" = module ]; then swift build -c release $options --product mcp-auth-module; fi
    # shellcheck disable=SC2086
    program="$(swift build -c release $options --show-bin-path)/$benchmark-benchmark"
    if [ "$benchmark" = middleware ]; then
        python3 Benchmarks/middleware/measure.py "$program"
    else
        "$program"
    fi
done
