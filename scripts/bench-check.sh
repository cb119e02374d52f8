#!/bin/sh
# Runs the decision and policy benchmarks, and fails when a ratio within the run is beyond its limit. Times are not
# compared, because they depend on the machine.
set -eu
cd "$(dirname "$0")/.."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
# Fewer rounds than for figures that people read.
MCPAUTH_ROUNDS=15 scripts/bench.sh decision policy >"$output" || {
    cat "$output"
    exit 1
}
cat "$output"
python3 - "$output" <<'PYTHON'
import re
import sys

# The start of a line, and the largest ratio that it may print. A machine may become slower within a run by half, so
# the limits leave room for that; without its index, a policy has a ratio above 50.
LIMITS = [
    ("uncached +RS256", 2.5), ("uncached +ES256", 1.7), ("uncached +EdDSA", 1.5),
    ("cached, 2 threads, wall clock", 1.3), ("good tokens among 10,000 of unknown keys", 2.5),
    ("10, 100, 1,000 rules by name", 4.0), ("10, 100, 1,000 rules by pattern", 4.0),
    ("10, 100, 1,000 rules by URI pattern", 4.0), ("10, 100, 1,000 rules by method", 4.0),
    ("10, 100, 1,000, 10,000 resources", 6.0),
]
lines = open(sys.argv[1]).read().splitlines()
failed = False
for start, limit in LIMITS:
    found = [line for line in lines if re.match(start, line)]
    ratio = re.search(r"ratio ([0-9.]+)", found[0]) if found else None
    if ratio is None or float(ratio[1]) > limit:
        print(f"bench-check: `{start}` {f'has the ratio {ratio[1]}' if ratio else 'is missing'}, limit {limit}")
        failed = True
sys.exit(failed)
PYTHON
