#!/usr/bin/env bash
# Checks the models in docs/models with spin (Debian: spin, gcc): the true ones hold, each broken variant is found out.
set -euo pipefail

models=$(cd "$(dirname "$0")/../docs/models" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# run NAME MODEL DEFINES…: prints spin's verdict, true where no error was found.
run() {
    name=$1
    model=$2
    shift 2
    rm -f pan pan.* ./*.trail
    spin -a "$@" "$models/$model" >spin.log 2>&1 || { cat spin.log; exit 2; }
    gcc -O2 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=6000 -o pan pan.c
    ./pan -m8000000 -w24 >pan.log 2>&1 || true
    if grep -q "search depth too small\|max search depth\|out of memory\|reached -DMEMLIM" pan.log; then
        cat pan.log
        echo "$name: not searched to the end"
        exit 2
    fi
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log | head -1)
    if grep -q "errors: 0" pan.log; then
        verdict="holds"
    elif grep -q "assertion violated" pan.log && grep -q "errors: 1" pan.log; then
        verdict="is refuted"
    else
        cat pan.log
        exit 2
    fi
    echo "$name: $verdict ($states states)"
    [ "$verdict" = "holds" ]
}

holds() { run "$@" || { cat pan.log; exit 1; }; }
refuted() { if run "$@"; then echo "spin should have refuted it"; exit 1; fi; }

holds "nodes, two workers" cache-nodes.pml -DWORKERS=2 -DNODES=3
holds "nodes, three workers" cache-nodes.pml -DWORKERS=3 -DNODES=1
refuted "nodes, freed an epoch too early" cache-nodes.pml -DGRACE=2
refuted "nodes, read before the line is written" cache-nodes.pml -DBROKEN_ONLINE
refuted "nodes, quiescent while holding one" cache-nodes.pml -DBROKEN_QUIET
refuted "nodes, retired by two" cache-nodes.pml -DBROKEN_OWNER

holds "revocation" cache-revocation.pml
refuted "revocation, stamped when stored" cache-revocation.pml -DBROKEN_LATE_STAMP
refuted "revocation, directory changed last" cache-revocation.pml -DBROKEN_ORDER
