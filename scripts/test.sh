#!/usr/bin/env bash
# All tests, one stage after the other; stops at the first stage that fails and says which.
#
#   scripts/test.sh                  every stage (what CI runs)
#   scripts/test.sh unit end-to-end  only these stages
#
# WIDGET_GATEWAY_BINARY   the binary that end-to-end and browser tests start (default: the debug build,
#                         which `unit` has to build anyway; a second, optimised build would double the time)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/test-postgres.sh

stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(packages lint build unit sdk end-to-end attacks browser fuzz)
# Backtraces of a crashed test are wanted; an interactive debugger in CI isn't.
export SWIFT_BACKTRACE=enable=yes,interactive=no,color=no
export PYTHONDONTWRITEBYTECODE=1

packages() { scripts/install-test-packages.sh; }

lint() { scripts/lint.sh; }

build() { swift build --build-tests; }

# With a PostgreSQL of their own, so that the directory's conformance tests run against it too.
unit() {
    start_postgres
    swift test --skip-build --disable-xctest
}

sdk() {
    local tests
    tests=$(find widget-sdk -name '*.test.js' -o -name '*.test.mjs' | sort)
    # Unquoted on purpose: one argument for each file, and our own names have no blanks.
    [ -z "$tests" ] || node --test $tests
    [ ! -e widget-sdk/tsconfig.json ] || tsc --project widget-sdk/tsconfig.json --noEmit
}

binary() {
    export WIDGET_GATEWAY_BINARY="${WIDGET_GATEWAY_BINARY:-$PWD/.build/debug/widget-gateway}"
    [ -x "$WIDGET_GATEWAY_BINARY" ] || { echo "There is no $WIDGET_GATEWAY_BINARY: build first." >&2; return 1; }
}

# Real processes on a busy machine: a test that fails is tried once more, and one that passes then is named as RERUN in the
# summary. It is a defect all the same, of the test or of what it tests.
with_pytest() {
    binary
    .venv/bin/python -m pytest --config-file Tests/pytest.ini --reruns 1 -raR "$@"
}

end-to-end() { with_pytest Tests/EndToEnd; }

# At full length, with figures for the documentation: `make attacks`.
attacks() { with_pytest Tests/Attacks; }

browser() { with_pytest Tests/Browser; }

# Few inputs: that each target still builds, and that its corpus and what once broke something still pass.
fuzz() { Fuzz/run.sh --executions 20000; }

stage=none
trap 'code=$?; stop_postgres; [ $code = 0 ] || echo "FAILED in stage: $stage" >&2' EXIT
for stage in "${stages[@]}"; do
    printf '\n==> %s\n' "$stage"
    start=$SECONDS
    # Not in a condition: `set -e` must hold inside the stage.
    $stage
    echo "==> $stage took $((SECONDS - start)) s"
done
printf '\nAll stages passed: %s\n' "${stages[*]}"
