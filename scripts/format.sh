#!/usr/bin/env bash
# Rewrites every Swift source in the house format (.swift-format).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/swift-sources.sh

swift format format --in-place --recursive --parallel "${swift_sources[@]}"
