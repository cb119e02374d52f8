#!/bin/sh
# Runs the tests that Tests/field-cases.md names, and no others, and prints one line for each case of the table.
# Fails when one of them does not exist, did not run or failed.
set -eu
cd "$(dirname "$0")/.."
python3 scripts/field-cases.py check
swift build --enable-all-traits --build-tests
exec python3 scripts/field-cases.py run
