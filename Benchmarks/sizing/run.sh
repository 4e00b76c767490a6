#!/usr/bin/env bash
# What first-seen users cost with PostgreSQL. Options: sizing.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/install-test-packages.sh
export WIDGET_GATEWAY_BINARY="${WIDGET_GATEWAY_BINARY:-$PWD/.build/release/widget-gateway}"
[ -x "$WIDGET_GATEWAY_BINARY" ] || swift build -c release --product widget-gateway
[ -n "${WIDGET_LOAD:-}" ] || swift build -c release --package-path Benchmarks --product widget-load
exec .venv/bin/python Benchmarks/sizing/sizing.py "$@"
