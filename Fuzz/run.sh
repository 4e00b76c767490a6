#!/usr/bin/env bash
# Fuzzes each target for a fixed number of executions, from its corpus; what once broke something is run first.
#   Fuzz/run.sh [--executions N] [--keep] [TARGET …]
# --keep adds inputs that reach new code to the corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
executions=1000000
keep=
targets=()
while [ $# -gt 0 ]; do
    case "$1" in
        --executions) executions="$2"; shift 2 ;;
        --keep) keep=yes; shift ;;
        *) targets+=("$1"); shift ;;
    esac
done
Fuzz/build.sh
binary=Fuzz/.build/release/gateway-fuzz
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd Fuzz/Corpus && ls -d */ | tr -d /)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The fuzzer reports crashes itself, and leaks of what lives as long as the process are none.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
failed=()
for target in "${targets[@]}"; do
    mkdir -p "$work/$target" "Fuzz/Crashes/$target"
    into="$work/$target"
    [ -z "$keep" ] || into="Fuzz/Corpus/$target"
    log="$work/$target.log"
    known=("Fuzz/Crashes/$target"/*)
    if [ -e "${known[0]}" ] && ! FUZZ_TARGET=$target "$binary" "${known[@]}" >"$log" 2>&1; then
        failed+=("$target")
        tail -40 "$log"
        continue
    fi
    if FUZZ_TARGET=$target "$binary" "$into" "Fuzz/Corpus/$target" -runs="$executions" -max_len=8192 -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="Fuzz/Crashes/$target/" >"$log" 2>&1; then
        awk -v target="$target" '/INITED|DONE/ { cov = $0; sub(/.*cov: /, "", cov); sub(/ .*/, "", cov) }
            /number_of_executed_units/ { runs = $2 } /average_exec_per_sec/ { rate = $2 }
            END { printf "%-16s %9d executions, %6d a second, %6d edges\n", target, runs, rate, cov }' "$log"
    else
        failed+=("$target")
        tail -40 "$log"
    fi
done
find Fuzz/Crashes -type d -empty -delete 2>/dev/null || true
if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz: failed: ${failed[*]}"
    exit 1
fi
echo "fuzz: ${#targets[@]} targets passed"
