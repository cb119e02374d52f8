#!/bin/sh
# Runs the tests of the engine, which has all calls into C, under AddressSanitizer, and the tests of what runs on several
# threads under ThreadSanitizer. Skips the tests of programs, which are separate processes of code that is tested here,
# and the tests of generated policies, which only compute for a long time on one thread.
set -eu
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.suppressions:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$PWD/scripts/races.suppressions log_path=$PWD/.build-thread/report"
long='ProgramTests|OracleTests|PolicyComparisonTests'
# As in scripts/test.sh: tests that wait run one after the other; a test that needs concurrency creates it itself.
computing='MCPAuthJSONTests|MCPAuthJOSETests|MCPAuthCoreTests|MCPAuthPolicyTests'
echo "== address sanitizer"
at='--sanitize address --scratch-path .build-address'
swift build $at --build-tests
swift test $at --skip-build --filter "$computing" --skip "$long"
swift test $at --skip-build --no-parallel --skip "$computing|$long"
echo "== thread sanitizer"
at='--enable-all-traits --sanitize thread --scratch-path .build-thread'
swift build $at --build-tests
# A library in Swift that is built for ThreadSanitizer cannot be loaded: it needs a symbol that programs do not export.
rm -f .build-thread/report.*
swift test $at --skip-build --no-parallel --skip "$long|MCPAuthJSONTests|MCPAuthPolicyTests|LoadedModuleTests" || {
    # After all other output, where it is found.
    cat .build-thread/report.* 2>/dev/null || true
    exit 1
}
