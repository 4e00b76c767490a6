# Sourced by benchmarks that run gateways on a PostgreSQL: what they need, installed and built where it is missing.
scripts/install-test-packages.sh
export WIDGET_GATEWAY_BINARY="${WIDGET_GATEWAY_BINARY:-$PWD/.build/release/widget-gateway}"
[ -x "$WIDGET_GATEWAY_BINARY" ] || swift build -c release --product widget-gateway
[ -n "${WIDGET_LOAD:-}" ] || swift build -c release --package-path Benchmarks --product widget-load
