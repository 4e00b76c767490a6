#!/usr/bin/env bash
# Micro-benchmarks, ours beside what the ecosystem offers for the same, as a table of ratios. Arguments: ratios.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/install-build-packages.sh
exec python3 Benchmarks/micro/ratios.py "$@"
