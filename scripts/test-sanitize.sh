#!/bin/sh
# Runs the tests, those of both hosts among them, under AddressSanitizer and ThreadSanitizer.
# The programs are left out: they are separate processes, and what they are made of is tested here. So is what only
# computes on one thread for long: the generated policies.
set -eu
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.suppressions:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$PWD/scripts/races.suppressions"
for sanitizer in address thread; do
    echo "== $sanitizer sanitizer"
    test="swift test --enable-all-traits --sanitize $sanitizer --scratch-path .build-$sanitizer"
    # One after the other: a test that runs at once what is to be tried at once does so by itself.
    $test --no-parallel --skip 'ProgramTests|OracleTests'
done
