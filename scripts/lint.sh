#!/bin/sh
# Checks the format, forbidden constructs, the tests that documents name, and what the core links. Prints every finding,
# then fails if there was one.
set -u
cd "$(dirname "$0")/.."
failed=0
finding() { echo "lint: $*" >&2; failed=1; }

swift format lint --strict --recursive --parallel Sources Tests Benchmarks Plugins Package.swift || finding "swift-format"

if grep -rnE 'fatalError\(|try!|as! ' Sources --include='*.swift'; then finding "a force operation in Sources"; fi
grep -rn -B4 '@unchecked Sendable' Sources --include='*.swift' | grep -q 'SAFETY' || finding "no safety argument anywhere"
# A caller that no verifier has seen: only for tools that ask what a policy would decide.
if grep -rln 'AuthInfo.assumed' Sources --include='*.swift' | grep -v '^Sources/MCPAuthPolicyTools/Comparison/'; then
    finding "AuthInfo.assumed outside of the comparison of policies"
fi
for file in $(grep -rlE '@unchecked Sendable' Sources --include='*.swift'); do
    grep -q 'SAFETY:' "$file" || finding "$file: @unchecked Sendable without a SAFETY argument"
done
for file in $(grep -rlE '^(internal |package |public )?import Foundation' \
    Sources/MCPAuthJSON Sources/MCPAuthJOSE Sources/MCPAuthCore Sources/MCPAuthPolicy --include='*.swift'); do
    finding "$file imports Foundation"
done
for file in $(git ls-files --cached --others --exclude-standard 'Sources/*.swift' 'Tests/*.swift' 'Plugins/*.swift'); do
    grep -q 'SPDX-License-Identifier: Apache-2.0' "$file" || finding "$file has no licence line"
done
python3 scripts/field-cases.py check || finding "a table of tests that is wrong, see above"

# A program that links only the core must need neither Foundation nor NIO, and build in under a minute.
scratch=.build-linkage
start=$(date +%s)
if swift build --package-path scripts/linkage --scratch-path "$scratch" >"/tmp/linkage.$$" 2>&1; then
    taken=$(($(date +%s) - start))
    program="$(swift build --package-path scripts/linkage --scratch-path "$scratch" --show-bin-path)/linkage"
    if ldd "$program" | grep -E 'libFoundation|NIO'; then finding "the core links Foundation or NIO"; fi
    if nm "$program" 2>/dev/null | grep -q 'NIOCore'; then finding "the core contains NIO"; fi
    echo "core built in $taken s"
    if [ "$taken" -ge 60 ]; then finding "the core took $taken s to build"; fi
else
    tail -20 "/tmp/linkage.$$" >&2
    finding "the linkage probe does not build"
fi
rm -f "/tmp/linkage.$$"
exit $failed
