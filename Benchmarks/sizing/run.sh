#!/usr/bin/env bash
# What first-seen users cost with PostgreSQL. Options: sizing.py --help.
set -euo pipefail
cd "$(dirname "$0")/../.."

. Benchmarks/postgres-programs.sh
exec .venv/bin/python Benchmarks/sizing/sizing.py "$@"
