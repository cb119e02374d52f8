#!/bin/sh
# Compares the public API of the core with that of the last tag. Without a tag there is nothing to compare.
#
# Before 1.0.0, a minor version may break the API. `docs/api-breakages.txt` then lists each break as the tool prints it,
# and CHANGELOG.md says what to change. The file is emptied when a version is tagged.
set -eu
cd "$(dirname "$0")/.."
tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
if [ -z "$tag" ]; then
    echo "there is no tag to compare the public API with"
    exit 0
fi
swift package --scratch-path .build-core diagnose-api-breaking-changes "$tag" \
    --breakage-allowlist-path docs/api-breakages.txt
