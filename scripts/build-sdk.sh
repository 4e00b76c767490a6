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

# The interface's styles go in as a string: nothing is fetched, and no style element needs a policy's leave.
css=$(esbuild "$sdk/src/interface.css" --minify --charset=ascii --log-level=warning | node -e '
    process.stdout.write(JSON.stringify(require("fs").readFileSync(0, "utf8").trim()))')

# Names that only the SDK's own parts call each other by. None of them is in widget-sdk.d.ts, which a test makes sure of.
internal='address|asked|clear|configure|deliver|emit|isReady|isSomebody|known|logout|look|note|owns|renew|settled'
internal="$internal|showLauncher|signer|start|trigger|ui|update|visitor|wake"

# One line of origin; the rest is what a browser needs and nothing else.
esbuild "$sdk/src/index.js" --bundle --minify --format=iife --target=es2020 --charset=ascii --log-level=warning \
    --define:WIDGET_CSS="$css" --mangle-props="^($internal)\$" --banner:js='/* Widget Gateway */' --outfile="$out/widget-sdk/dist/sdk.js"
esbuild "$sdk/src/loader.js" --minify --target=es5 --charset=ascii --log-level=warning \
    --outfile="$out/widget-sdk/dist/loader.js"
node "$root/scripts/embed-sdk.mjs" "$out/widget-sdk/dist/sdk.js" "$out/Sources/WidgetSDK/SDKBundle.swift"
node "$root/scripts/embed-demo.mjs" "$root/Sources/Demo/Pages" "$out/Sources/Demo/DemoPages.swift"
