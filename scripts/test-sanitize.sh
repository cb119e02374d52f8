#!/bin/sh
# Runs the tests, those of both hosts among them, under AddressSanitizer and ThreadSanitizer.
# The programs are left out: they are separate processes, and what they are made of is tested here.
set -eu
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.suppressions:print_suppressions=0"
for sanitizer in address thread; do
    echo "== $sanitizer sanitizer"
    swift test --enable-all-traits --sanitize "$sanitizer" --scratch-path ".build-$sanitizer" --skip ProgramTests
done
