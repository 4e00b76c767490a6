#!/usr/bin/env bash
# What many users cost: a million tokens in rotation, and a burst of first-seen ones. Options: tokens.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

scripts/install-build-packages.sh
install_missing haproxy openssl util-linux
install_missing_command python3 python3
[ -x "${WIDGET_GATEWAY_BINARY:-.build/release/widget-gateway}" ] || swift build -c release --product widget-gateway
swift build -c release --package-path Benchmarks --product widget-load
exec python3 Benchmarks/tokens/tokens.py "$@"
