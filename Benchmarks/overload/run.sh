#!/usr/bin/env bash
# What becomes of requests past capacity: goodput and latency at 1, 2 and 4 times of it. Options: overload.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

scripts/install-build-packages.sh
install_missing nghttp2-client util-linux
install_missing_command python3 python3
[ -x "${WIDGET_GATEWAY_BINARY:-.build/release/widget-gateway}" ] || swift build -c release --product widget-gateway
exec python3 Benchmarks/overload/overload.py "$@"
