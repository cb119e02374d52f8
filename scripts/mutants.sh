#!/bin/sh
# Makes small security-relevant changes to Sources, all in one build, and looks whether a test notices each.
# Arguments are beginnings of the names of changes; all are tried when there are none.
set -eu
cd "$(dirname "$0")/.."
exec python3 Tests/Mutants/run.py "$@"
