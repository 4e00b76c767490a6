#!/usr/bin/env bash
# Server CPU per request, side by side with HAProxy's jwt_verify on this machine. Options: compare.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

install_missing haproxy nghttp2-client openssl util-linux
install_missing_command python3 python3
[ -x "${WIDGET_GATEWAY_BINARY:-.build/release/widget-gateway}" ] || swift build -c release --product widget-gateway
exec python3 Benchmarks/peers/compare.py "$@"
