#!/usr/bin/env bash
# The test suite under a sanitizer: the Swift tests, and the real binary under the end-to-end tests.
#
#   scripts/test-sanitized.sh                                 all of it, under both
#   scripts/test-sanitized.sh thread                          under one: address or thread
#   scripts/test-sanitized.sh address unit                    one stage: build, unit or end-to-end
#   scripts/test-sanitized.sh address unit DataPlaneTests     only Swift tests that match
#   scripts/test-sanitized.sh thread end-to-end test_limits   only these files of the end-to-end tests
#
# Each sanitizer has a build directory of its own. How long it takes, what it found, and what is left out and why:
# docs/reliability.md. Ends with 1 where a test failed, with 99 where a sanitizer found something, be it in a process that
# no test looks at the end of.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/test-postgres.sh

sanitizers=() stages=() files=() filters=()
for argument in "$@"; do
    case $argument in
        address | thread) sanitizers+=("$argument") ;;
        build | unit | end-to-end) stages+=("$argument") ;;
        test_*) files+=("Tests/EndToEnd/${argument%.py}.py") ;;
        *Tests*) filters+=(--filter "$argument") ;;
        *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
[ ${#sanitizers[@]} -gt 0 ] || sanitizers=(address thread)
[ ${#stages[@]} -gt 0 ] || stages=(build unit end-to-end)
[ ${#files[@]} -gt 0 ] || files=(Tests/EndToEnd)

findings=$(mktemp -d)
chmod 1777 "$findings"
trap 'code=$?; stop_postgres; rm -rf "$findings" "$findings.mutex.so"; exit $code' EXIT
export PYTHONDONTWRITEBYTECODE=1 SWIFT_BACKTRACE=enable=no
# A finding ends the process that it is in, and is written to a file of its own. Leaks aren't looked for: the leak
# detector has to stop the process as a debugger does, which the gateway forbids; `make soak` looks at memory instead.
export ASAN_OPTIONS="detect_leaks=0:detect_stack_use_after_return=1:exitcode=99:log_path=$findings/address"
export TSAN_OPTIONS="halt_on_error=1:exitcode=99:log_path=$findings/thread"

# Without it the sanitizer would take every lock that somebody waited for, for none.
make_preload() {
    clang -shared -fPIC -O1 -Wall -Werror -o "$findings.mutex.so" scripts/sanitizer-mutex.c -ldl
    export LD_PRELOAD="$findings.mutex.so"
}

# report WHAT STATUS: shows what was found, and ends with what it came to.
report() {
    local found
    found=$(find "$findings" -type f | sort)
    if [ -n "$found" ]; then
        # shellcheck disable=SC2086 # One argument a file.
        head -n 60 $found >&2
        echo "FOUND by the $sanitizer sanitizer in: $1" >&2
        exit 99
    fi
    [ "$2" = 0 ] || { echo "FAILED under the $sanitizer sanitizer: $1" >&2; exit 1; }
}

for sanitizer in "${sanitizers[@]}"; do
    options=(--scratch-path ".build/$sanitizer" "--sanitize=$sanitizer")
    for stage in "${stages[@]}"; do
        printf '\n==> %s sanitizer: %s\n' "$sanitizer" "$stage"
        start=$SECONDS status=0
        [ "$sanitizer" = address ] || [ "$stage" = build ] || make_preload
        case $stage in
            build) swift build "${options[@]}" --build-tests || status=$? ;;
            unit)
                start_postgres
                swift test "${options[@]}" --skip-build --disable-xctest "${filters[@]}" || status=$?
                stop_postgres
                ;;
            # Bounds on memory are a build's without shadow memory.
            end-to-end)
                WIDGET_GATEWAY_BINARY="$PWD/.build/$sanitizer/debug/widget-gateway" \
                    .venv/bin/python -m pytest --config-file Tests/pytest.ini --timeout=600 "${files[@]}" \
                    -m "not memory" || status=$?
                ;;
        esac
        unset LD_PRELOAD
        report "$stage" "$status"
        echo "==> $sanitizer sanitizer: $stage took $((SECONDS - start)) s"
    done
done
printf '\nNothing was found: %s under %s\n' "${stages[*]}" "${sanitizers[*]}"
