#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and AddressSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."
# SwiftPM's own --sanitize flags alone would drop coverage silently.
swift build --package-path Fuzz -c release --product gateway-fuzz \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -sanitize-coverage=edge,trace-cmp,inline-8bit-counters,pc-table
