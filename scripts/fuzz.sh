#!/bin/sh
# Fuzzes the code that reads untrusted bytes, two targets at a time for FUZZ_SECONDS (60) each, and prints one line per
# target. FUZZ_TARGETS selects targets. Fails when one crashes, leaks, takes five seconds or breaks a promise.
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
targets=${FUZZ_TARGETS:-json base64url jws jwk-set request introspection policy exchange}
work=.build-fuzz

export MCPAUTH_FUZZ=1
# `--sanitize fuzzer` makes SwiftPM leave `main` to libFuzzer; the compiler accepts both sanitizers only in one list.
build() {
    swift build -c release --scratch-path "$work" --product mcp-auth-fuzz \
        --sanitize fuzzer -Xswiftc -sanitize=fuzzer,address "$@"
}
build
program="$(build --show-bin-path)/mcp-auth-fuzz"

# The backtracer of Swift reads memory that AddressSanitizer guards; libFuzzer prints the stack of a crash itself.
export SWIFT_BACKTRACE=enable=no
export LSAN_OPTIONS="suppressions=$PWD/Tests/Fuzz/leaks.suppressions:print_suppressions=0"

# Fuzzes one target.
fuzz() {
    target=$1
    export MCPAUTH_FUZZ_TARGET="$target"
    case $target in
        base64url) length=1024 dictionary="" ;;
        jws) length=4096 dictionary=jose ;;
        jwk-set) length=8192 dictionary=jose ;;
        exchange) length=4096 dictionary=request ;;
        *) length=4096 dictionary=$target ;;
    esac
    seeds="$work/seeds/$target"
    corpus="$work/corpus/$target"
    log="$work/$target.log"
    rm -rf "$seeds"
    mkdir -p "$seeds" "$corpus" "$work/crashes"
    MCPAUTH_FUZZ_WRITE_SEEDS="$seeds" "$program"
    if "$program" ${dictionary:+"-dict=Tests/Fuzz/Dictionaries/$dictionary.dict"} -max_len=$length \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -detect_leaks=1 -print_final_stats=1 \
        -artifact_prefix="$work/crashes/$target-" "$corpus" "$seeds" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
        reached=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 edges, \2 features/p' "$log" | tail -1)
        echo "$target: $runs runs, $rate/s, $reached"
    else
        sed -n 's/.*\(broken promise: .*\)/\1/p; s/^SUMMARY: //p; s/.*libFuzzer: \(run interrupted\).*/\1/p' "$log" >&2
        input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
        echo "$target: failed, see $log${input:+; the input is $input}" >&2
        echo "    again: MCPAUTH_FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no $program ${input:-INPUT}" >&2
        return 1
    fi
}

failed=0
# shellcheck disable=SC2086 # the targets are several words
set -- $targets
while [ $# -gt 0 ]; do
    fuzz "$1" &
    first=$!
    shift
    if [ $# -gt 0 ]; then
        fuzz "$1" || failed=1
        shift
    fi
    wait "$first" || failed=1
done
exit $failed
