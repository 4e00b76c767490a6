#!/bin/sh
# Builds widget-sdk/dist, the Swift file that carries it, and the one that carries the demo's pages. The results are committed, so that building the gateway
# needs no node; widget-sdk/test/built.test.js fails when they are stale.
#
# Usage: scripts/build-sdk.sh [output directory, default: the repository itself]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root}
sdk=$root/widget-sdk

mkdir -p "$out/widget-sdk/dist" "$out/Sources/WidgetSDK" "$out/Sources/Demo"

# One line of origin; the rest is what a browser needs and nothing else.
esbuild "$sdk/src/index.js" --bundle --minify --format=iife --target=es2019 --charset=ascii --log-level=warning \
    --banner:js='/* Widget Gateway SDK */' --outfile="$out/widget-sdk/dist/sdk.js"
esbuild "$sdk/src/loader.js" --minify --target=es5 --charset=ascii --log-level=warning \
    --outfile="$out/widget-sdk/dist/loader.js"
node "$root/scripts/embed-sdk.mjs" "$out/widget-sdk/dist/sdk.js" "$out/Sources/WidgetSDK/SDKBundle.swift"
node "$root/scripts/embed-demo.mjs" "$root/Sources/Demo/Pages" "$out/Sources/Demo/DemoPages.swift"
