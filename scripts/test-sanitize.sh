#!/bin/sh
# Runs the tests of the engine, which has all calls into C, under AddressSanitizer, and all tests under ThreadSanitizer.
# Skips the tests of programs, which are separate processes of code that is tested here, and the tests of generated
# policies, which only compute for a long time on one thread.
set -eu
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.suppressions:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$PWD/scripts/races.suppressions"
# One test after the other: a test that needs concurrency creates it itself.
echo "== address sanitizer"
swift test --sanitize address --scratch-path .build-address --no-parallel --skip 'ProgramTests|OracleTests|PolicyComparisonTests'
echo "== thread sanitizer"
swift test --enable-all-traits --sanitize thread --scratch-path .build-thread --no-parallel --skip 'ProgramTests|OracleTests|PolicyComparisonTests'
