#!/bin/sh
# Runs the tests, including those of the hosts, under AddressSanitizer and ThreadSanitizer.
# Skips the tests of programs, which are separate processes of code that is tested here, and the tests of generated
# policies, which only compute for a long time on one thread.
set -eu
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.suppressions:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$PWD/scripts/races.suppressions"
for sanitizer in address thread; do
    echo "== $sanitizer sanitizer"
    test="swift test --enable-all-traits --sanitize $sanitizer --scratch-path .build-$sanitizer"
    # One test after the other: a test that needs concurrency creates it itself.
    $test --no-parallel --skip 'ProgramTests|OracleTests'
done
