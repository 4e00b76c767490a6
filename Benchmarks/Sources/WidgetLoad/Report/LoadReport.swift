import Histogram

/// What a run came to: the JSON file as it is, and all that the table and the page show.
struct LoadReport: Codable {
    /// In milliseconds.
    struct Latency: Codable {
        var count: UInt64
        var p50, p90, p99, p999, max: Double

        init?(_ histogram: Histogram<UInt64>) {
            count = histogram.totalCount
            guard count > 0 else { return nil }
            func milliseconds(_ percentile: Double) -> Double {
                LoadReport.milliseconds(histogram.valueAtPercentile(percentile))
            }
            p50 = milliseconds(50)
            p90 = milliseconds(90)
            p99 = milliseconds(99)
            p999 = milliseconds(99.9)
            max = LoadReport.milliseconds(histogram.max)
        }
    }

    struct Point: Codable {
        var percentile: Double
        var milliseconds: Double
    }

    struct Second: Codable {
        var answers: Int
        var errors: Int
        /// In milliseconds.
        var p50, p99: Double
    }

    struct Gateway: Codable {
        var pid: Int
        var cpuMicrosecondsPerRequest: Double
        var cpuCores: Double
        var residentMiB: Double
        /// How much it grew meanwhile.
        var residentGrowthMiB: Double
    }

    /// The first request of each token, where those were sent apart.
    struct FirstSeen: Codable {
        var seconds: Double
        var errors: Int
        var latency: Latency
        var gateway: Gateway?
    }

    var target: String
    var path: String
    var mode: String
    var connections: Int
    var streams: Int
    var seconds: Double
    /// Requests a second that were asked for; nil: closed loop.
    var rate: Double?
    var users: Int
    var zipf: Double?
    var mix: [String: Int]
    var requestsPerConnection: Int?
    var tokenBytes: Int

    var answers: Int
    var errors: Int
    var wrongAnswers: Int
    var answersPerSecond: Double
    var latency: Latency?
    var latencyByKind: [String: Latency]
    var handshakes: Latency?
    var outcomes: [String: Int]
    var wrong: [String: Int]
    var gateway: Gateway?
    var firstSeen: FirstSeen?
    var latencyCurve: [Point]
    var perSecond: [Second]

    init(_ plan: LoadPlan, tokens: TokenStock, _ run: LoadRun, gateway: Gateway?, firstSeen: Gateway?) {
        let measured = run.measurements
        target = (plan.target.isTLS ? "https://" : "http://") + plan.target.authority
        path = plan.path
        mode = plan.rate == nil ? "closed loop" : "open loop"
        connections = plan.connections
        streams = plan.streams
        seconds = run.sentFor
        rate = plan.rate
        users = plan.users
        zipf = plan.zipf
        mix = [:]
        for kind in RequestKind.allCases where plan.mix.contains(kind) {
            mix[kind.name] = plan.mix.weights[kind.rawValue]
        }
        requestsPerConnection = plan.requestsPerConnection
        tokenBytes = tokens.tokenLength

        answers = measured.answers
        errors = measured.errors
        wrongAnswers = measured.wrongAnswers + run.warmUp.wrongAnswers
        answersPerSecond = run.sentFor > 0 ? Double(measured.answers) / run.sentFor : 0
        latency = Latency(measured.latency)
        latencyByKind = [:]
        for kind in RequestKind.allCases { latencyByKind[kind.name] = Latency(measured.byKind[kind.rawValue]) }
        handshakes = Latency(measured.handshakes)
        outcomes = measured.outcomes
        wrong = measured.wrong.merging(run.warmUp.wrong, uniquingKeysWith: +)
        self.gateway = gateway
        self.firstSeen = Latency(run.warmUp.latency).map {
            FirstSeen(seconds: run.warmedFor, errors: run.warmUp.errors, latency: $0, gateway: firstSeen)
        }
        latencyCurve = LoadReport.curve(measured.latency)
        perSecond = measured.seconds.map { Second(answers: $0.answers, errors: $0.errors, p50: $0.p50, p99: $0.p99) }
    }

    static func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e6 }

    /// Percentiles that lie evenly in 'nines', as far as there are answers to tell them apart.
    private static func curve(_ latency: Histogram<UInt64>) -> [Point] {
        guard latency.totalCount > 0 else { return [] }
        var points: [Point] = []
        var rest = 1.0
        while rest >= 1 / Double(latency.totalCount) {
            let percentile = 100 * (1 - rest)
            points.append(
                Point(percentile: percentile, milliseconds: milliseconds(latency.valueAtPercentile(percentile))))
            rest /= 1.2589254117941673  // Ten steps for each further nine.
        }
        points.append(
            Point(percentile: 100 * (1 - 1 / Double(latency.totalCount)), milliseconds: milliseconds(latency.max)))
        return points
    }
}
