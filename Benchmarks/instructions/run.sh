#!/usr/bin/env bash
# Instructions of a request, counted by callgrind. Options: count.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/packages.sh

install_missing valgrind haproxy nghttp2-client openssl util-linux binutils
install_missing_command python3 python3

# valgrind 3.19 can't run the shared libdispatch, and reads the debug information of a Swift program for minutes.
swift build -c release --static-swift-stdlib --scratch-path .build/static --product widget-gateway
strip -g -o .build/static/widget-gateway.stripped .build/static/release/widget-gateway
exec python3 Benchmarks/instructions/count.py .build/static/widget-gateway.stripped "$@"
