import Testing

@testable import DataPlane

@Suite struct MetricsShardTests {
    @Test(
        arguments: [
            (0, 0), (100_000, 0), (100_001, 1), (1_000_000, 3), (1_000_001, 4), (30_000_000_000, 16),
            (30_000_000_001, 17), (UInt64.max / 2, 17),
        ] as [(UInt64, Int)])
    func `a duration is counted in the first bucket whose bound it doesn't exceed`(nanoseconds: UInt64, bucket: Int) {
        let shard = MetricsShard()
        shard.observe(nanoseconds: nanoseconds, in: MetricsLayout.admission)
        let cells = shard.copy
        #expect(cells[MetricsLayout.admission + bucket] == 1)
        #expect(cells[MetricsLayout.admission + MetricsLayout.sumCell] == nanoseconds)
        #expect(cells.reduce(0, &+) == 1 &+ nanoseconds)
    }

    @Test func `every figure has a place of its own`() {
        var taken: Set<Int> = []
        func take(_ cells: Range<Int>) {
            for cell in cells {
                #expect(taken.insert(cell).inserted)
                #expect((0..<MetricsLayout.count).contains(cell))
            }
        }
        for route in 0..<MetricsLayout.routes {
            let start = MetricsLayout.route(route)
            for state in AccessState.allCases {
                for outcome in RequestOutcome.allCases {
                    let cell = start + MetricsLayout.outcome(state, outcome)
                    take(cell..<cell + 1)
                }
            }
            let histogram = start + MetricsLayout.outcomesOfRoute
            take(histogram..<histogram + MetricsLayout.histogramCells)
        }
        for upstream in 0..<MetricsLayout.upstreams {
            take(MetricsLayout.upstream(upstream)..<MetricsLayout.upstream(upstream) + MetricsLayout.upstreamCells)
        }
        take(MetricsLayout.admission..<MetricsLayout.admission + MetricsLayout.histogramCells)
        take(MetricsLayout.loopLag..<MetricsLayout.loopLag + MetricsLayout.histogramCells)
        take(MetricsLayout.statusClass..<MetricsLayout.statusClass + 6)
        take(MetricsLayout.requestBytes..<MetricsLayout.requestBytes + 1)
        take(MetricsLayout.responseBytes..<MetricsLayout.responseBytes + 1)
        #expect(taken.count == MetricsLayout.count)
    }

    @Test func `the numbers in the layout are what there is`() {
        #expect(MetricsLayout.boundCount == MetricsLayout.bounds.count)
        #expect(MetricsLayout.stateCount == AccessState.allCases.count)
        #expect(MetricsLayout.outcomeCount == RequestOutcome.allCases.count)
        #expect(MetricsLayout.faultCount == UpstreamFault.allCases.count)
    }

    @Test func `bounds rise, and are what their labels say`() {
        for (label, nanoseconds) in MetricsLayout.bounds {
            #expect(Double(label).map { ($0 * 1e9).rounded() } == Double(nanoseconds))
        }
        #expect(MetricsLayout.bounds.map(\.nanoseconds) == MetricsLayout.bounds.map(\.nanoseconds).sorted())
    }
}

@Suite struct MetricLabelsTests {
    @Test func `a name keeps its place, and those that come too late share the first`() {
        let labels = MetricLabels()
        let first = labels.route("/")
        #expect(first != MetricLabels.other && labels.route("/") == first)
        let places = (0..<200).map { labels.route("/r\($0)/") }
        #expect(Set(places).count == MetricsLayout.routes - first)
        #expect(places.last == MetricLabels.other && labels.routes.count == MetricsLayout.routes)
        #expect(labels.routes[labels.route("/r5/")] == "/r5/")
        #expect(labels.route("/_widget/state") == Endpoint.state.metricLabel)
    }

    @Test(
        arguments: [
            ("none", AccessState.none), ("anonymous", .anonymous), ("locked", .locked), ("identified", .identified),
        ]
            as [(StaticString, AccessState)])
    func `states are told apart by their names`(name: StaticString, state: AccessState) {
        #expect(AccessState(name) == state && "\(state.label)" == "\(name)")
    }
}
