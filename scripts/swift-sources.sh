# Sourced by lint.sh and format.sh: where Swift sources are.
swift_sources=()
for place in Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Tests; do
    if [ -e "$place" ]; then swift_sources+=("$place"); fi
done
