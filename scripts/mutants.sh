#!/bin/sh
# Makes small security-relevant changes to Sources, all in one build, and checks that a test detects each.
# Arguments select changes by the beginning of their names; without arguments, all are tried.
set -eu
cd "$(dirname "$0")/.."
exec python3 Tests/Mutants/run.py "$@"
