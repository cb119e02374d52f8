#!/bin/sh
# Builds and tests each package in Examples/ that has tests. They use this clone by path, and only public declarations.
# Arguments select packages.
set -eu
cd "$(dirname "$0")/.."
# One folder for all, so that what they have in common is built once.
scratch=$PWD/.build-examples

# SwiftPM would take the build plan of the package before this one, and run its tests.
forget_plan() {
    rm -rf "$scratch"/*.yaml "$scratch"/debug/description.json "$scratch"/debug/plugin-tools-description.json \
        "$scratch"/debug/*PackageTests*
}

# Builds a copy of the example whose policy or test has a mistake. The build must fail, with an error at the line.
# Arguments: the file, a text in it, another one in its place, and the error without the path.
expect_broken_policy() {
    # From here, `../..` is this clone too.
    copy=$scratch/checked-policies-broken
    policies=Sources/CheckedPolicies/Policies
    rm -rf "$copy"
    mkdir -p "$copy"
    # Without the folder `.build` that may be there.
    cp -R Examples/checked-policies/[A-Z]* "$copy"
    sed "s|$2|$3|" "Examples/checked-policies/$policies/$1" >"$copy/$policies/$1"
    forget_plan
    if swift build --package-path "$copy" --scratch-path "$scratch" >"$copy/output" 2>&1; then
        echo "the build accepted a mistake in $1" >&2
        exit 1
    fi
    if ! grep -F "/$policies/$1:$4" "$copy/output"; then
        tail -20 "$copy/output" >&2
        echo "the build did not show the mistake in $1" >&2
        exit 1
    fi
}

for example in ${*:-hummingbird-notes api-keys nio-adapter grpc-notes checked-policies}; do
    echo "Examples/$example"
    forget_plan
    swift test --package-path "Examples/$example" --scratch-path "$scratch"
    if [ ! -x "$scratch/debug/${example}PackageTests.xctest" ]; then
        echo "the tests of Examples/$example did not run" >&2
        exit 1
    fi
    if [ "$example" = checked-policies ]; then
        expect_broken_policy notes.json '"tools": ."create_note"' '"tool": ["create_note"' \
            '7:41: error: MA002: unknown key `tool`'
        expect_broken_policy notes.test.json '"tools/list", "expect": { "decision": "deny"' \
            '"tools/list", "expect": { "decision": "allow"' '12:5: error: MA014: test `eve sees nothing`'
    fi
done
