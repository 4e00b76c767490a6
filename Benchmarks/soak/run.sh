#!/usr/bin/env bash
# Memory and descriptors over millions of requests with faults. Options: soak.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

scripts/install-build-packages.sh
install_missing openssl util-linux
install_missing_command python3 python3
[ -x "${WIDGET_GATEWAY_BINARY:-.build/release/widget-gateway}" ] || swift build -c release --product widget-gateway
swift build -c release --package-path Benchmarks --product widget-load
exec python3 Benchmarks/soak/soak.py "$@"
