#!/usr/bin/env bash
# Three gateways on one PostgreSQL under load, of which one is killed, and the database restarted: is any answer wrong?
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/install-test-packages.sh
export WIDGET_GATEWAY_BINARY="${WIDGET_GATEWAY_BINARY:-$PWD/.build/release/widget-gateway}"
[ -x "$WIDGET_GATEWAY_BINARY" ] || swift build -c release --product widget-gateway
[ -n "${WIDGET_LOAD:-}" ] || swift build -c release --package-path Benchmarks --product widget-load
exec .venv/bin/python Benchmarks/cluster/cluster.py "$@"
