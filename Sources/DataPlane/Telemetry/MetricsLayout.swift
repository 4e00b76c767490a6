import IdentityCore

/// Where each figure is in a `MetricsShard`, and in the sums of several.
///
/// Routes and upstreams have a fixed number of places, so that neither memory nor the number of time series depends on
/// what clients send: `MetricLabels` gives them out.
package enum MetricsLayout {
    package static let routes = 128
    package static let upstreams = 64

    /// The upper bounds of latencies, as Prometheus writes them and in nanoseconds; above the last there is one more
    /// bucket.
    package static let bounds: [(label: String, nanoseconds: UInt64)] = [
        ("0.0001", 100_000), ("0.00025", 250_000), ("0.0005", 500_000), ("0.001", 1_000_000),
        ("0.0025", 2_500_000), ("0.005", 5_000_000), ("0.01", 10_000_000), ("0.025", 25_000_000),
        ("0.05", 50_000_000), ("0.1", 100_000_000), ("0.25", 250_000_000), ("0.5", 500_000_000),
        ("1", 1_000_000_000), ("2.5", 2_500_000_000), ("5", 5_000_000_000), ("10", 10_000_000_000),
        ("30", 30_000_000_000),
    ]

    // How many there are of each, as numbers: a request's way asks for them, and a collection's count is a call.
    package static let boundCount = 17
    package static let stateCount = 4
    package static let outcomeCount = 5
    package static let faultCount = 4

    /// Cells of one histogram: its buckets, not cumulative, then the sum in nanoseconds.
    package static let histogramCells = boundCount + 2
    package static let sumCell = boundCount + 1

    /// Cells of one route: a number of requests for each state and outcome, then a histogram of their durations.
    package static let routeCells = outcomesOfRoute + histogramCells
    package static let outcomesOfRoute = stateCount * outcomeCount

    /// Cells of one upstream: a number for each way to fail, then a histogram of the time to the response's head.
    package static let upstreamCells = faultCount + histogramCells

    @inline(__always)
    package static func route(_ label: Int) -> Int { label * routeCells }
    @inline(__always)
    package static func outcome(_ state: AccessState, _ outcome: RequestOutcome) -> Int {
        state.rawValue * outcomeCount + outcome.rawValue
    }
    @inline(__always)
    package static func upstream(_ label: Int) -> Int { routes * routeCells + label * upstreamCells }

    package static let admission = routes * routeCells + upstreams * upstreamCells
    package static let loopLag = admission + histogramCells
    /// Responses by the first digit of their status; 0: there was none.
    package static let statusClass = loopLag + histogramCells
    package static let requestBytes = statusClass + 6
    package static let responseBytes = requestBytes + 1
    package static let count = responseBytes + 1
}

/// What the widget might do when its request was decided.
package enum AccessState: Int, CaseIterable, Sendable {
    /// Nobody asked: a public route, the gateway's own files, or a request that was refused before.
    case none
    case anonymous, locked, identified

    package var label: StaticString {
        switch self {
        case .none: "none"
        case .anonymous: "anonymous"
        case .locked: "locked"
        case .identified: "identified"
        }
    }

    /// By the initial, which no two share.
    @inline(__always)
    init(_ label: StaticString) {
        switch label.utf8Start.pointee {
        case 0x61: self = .anonymous
        case 0x6C: self = .locked
        case 0x69: self = .identified
        default: self = .none
        }
    }
}

/// What became of a request.
package enum RequestOutcome: Int, CaseIterable, Sendable {
    /// The upstream's response has reached the client, whatever its status.
    case forwarded
    /// The gateway's own answer.
    case answered
    /// Refused with a code that says what is wrong with the request (4xx).
    case refused
    /// The gateway, its storage or the upstream couldn't serve it (5xx), or the upstream's response broke off.
    case failed
    /// The client, or its connection, went away before the response was complete.
    case aborted

    package var label: StaticString {
        switch self {
        case .forwarded: "forwarded"
        case .answered: "answered"
        case .refused: "refused"
        case .failed: "failed"
        case .aborted: "aborted"
        }
    }
}

/// Why an upstream's response didn't come, or wasn't whole.
package enum UpstreamFault: Int, CaseIterable, Sendable {
    case unreachable, timeout, overloaded
    /// Its response broke off after the head had gone on.
    case broken

    package var label: StaticString {
        switch self {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .overloaded: "overloaded"
        case .broken: "broken"
        }
    }

    init(_ code: RejectionCode) {
        switch code {
        case .upstreamTimeout: self = .timeout
        case .overloaded: self = .overloaded
        default: self = .unreachable
        }
    }
}
