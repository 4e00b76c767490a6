#!/usr/bin/env bash
# Three gateways on one PostgreSQL under load, of which one is killed, and the database restarted: is any answer wrong?
set -euo pipefail
cd "$(dirname "$0")/../.."

. Benchmarks/postgres-programs.sh
exec .venv/bin/python Benchmarks/cluster/cluster.py "$@"
