#!/usr/bin/env bash
# The test suite under a sanitizer: the Swift tests, and the real binary under the end-to-end tests.
#   scripts/test-sanitized.sh [address|thread …]     both, where none is named
# Each has a build directory of its own, and takes several times as long as `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address thread
export PYTHONDONTWRITEBYTECODE=1 SWIFT_BACKTRACE=enable=no
# A finding ends the process with this status, which every test of a gateway's end notices.
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 TSAN_OPTIONS=halt_on_error=1:exitcode=99
for sanitizer in "$@"; do
    printf '\n==> %s sanitizer\n' "$sanitizer"
    build=(--scratch-path ".build/$sanitizer" "--sanitize=$sanitizer")
    swift build "${build[@]}" --build-tests
    swift test "${build[@]}" --skip-build --disable-xctest
    # Bounds on memory are a build's without shadow memory.
    WIDGET_GATEWAY_BINARY="$PWD/.build/$sanitizer/debug/widget-gateway" \
        .venv/bin/python -m pytest --config-file Tests/pytest.ini Tests/EndToEnd -m "not memory"
done
