import Benchmark

/// All benchmarks. Names are `what, whose`: the script that prints ratios pairs those that share the first part.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock], timeUnits: .nanoseconds, warmupIterations: 2, scalingFactor: .kilo,
        maxDuration: .seconds(2), maxIterations: 2000)
    verificationBenchmarks()
    authenticationBenchmarks()
    readingBenchmarks()
    requestBenchmarks()
    identityBenchmarks()
    cacheBenchmarks()
}
