#!/usr/bin/env bash
# Installs what the tests need beyond the build: HTTP clients, a browser, node and a Python environment in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

scripts/install-build-packages.sh
install_missing nghttp2-client chromium openssl
install_missing_command curl curl
install_missing_command node nodejs
install_missing_command tsc node-typescript
install_missing_command esbuild esbuild
# The samples of docs/signing-tokens.md; those in Go, Java and C# are run where the machine has these languages.
install_missing_command php php-cli
install_missing_command ruby ruby
install_promtool
install_postgres
install_pgbouncer

# A Python that can make an environment: the first on PATH, else Debian's own.
usable_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}
usable_python >/dev/null || install_missing python3 python3-venv
python=$(usable_python)

requirements=Tests/requirements.txt
stamp=.venv/requirements.installed
if ! cmp -s "$requirements" "$stamp" || ! .venv/bin/python -c 'import pytest' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r "$requirements"
    cp "$requirements" "$stamp"
fi
