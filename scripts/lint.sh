#!/usr/bin/env bash
# Formatting and style of every source in the repository. Changes nothing; any finding is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/swift-sources.sh

swift format lint --strict --recursive --parallel "${swift_sources[@]}"

# What review must not have to look for.
if grep -rnE '\b(try!|fatalError\()' Sources --include='*.swift'; then
    echo "Sources must not be able to crash on input: no try! and no fatalError." >&2
    exit 1
fi
for script in scripts/*.sh .ci/run Benchmarks/*/*.sh Fuzz/*.sh; do
    [ -e "$script" ] || continue
    bash -n "$script"
done
